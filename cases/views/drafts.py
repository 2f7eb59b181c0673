"""The drafts of forms: kept by script while somebody types, thrown away on request."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.access import no_permission
from accounts.http import ActorRequest
from cases.actions.drafts import forget_draft, save_draft
from cases.models import Draft
from common.errors import RuleViolation

HIDDEN = {"csrfmiddlewaretoken", "draft_key", "password"}
TITLES = {"consultation": "相談受付", "note": "支援経過", "plan": "プラン", "referral": "つなぎ"}


def _title(key: str, data: dict[str, list[str]]) -> str:
    """「相談受付: 夫の介護で眠れ…」"""
    text = (data.get("text") or data.get("purpose") or data.get("long_goal") or [""])[0].strip()
    kind = TITLES.get(key.split(":")[0], "書きかけ")
    who = (data.get("person_text") or [""])[0].strip()
    words = "　".join(part for part in (who, text.replace("\n", " ")[:30]) if part)
    return f"{kind}: {words}" if words else kind


@require_POST
@no_permission("one's own drafts only")
def save(request: ActorRequest) -> HttpResponse:
    """Keep the posted fields under ``draft_key``; the page to go on writing is the one that posted."""
    data = {name: request.POST.getlist(name) for name in request.POST if name not in HIDDEN}
    key = request.POST.get("draft_key", "")
    address = urlsplit(request.META.get("HTTP_REFERER", ""))
    page = (address.path or "/") + (f"?{address.query}" if address.query else "")
    try:
        draft = save_draft(
            key=key, title=_title(key, data), url=page, data=data, actor=request.actor, at=timezone.now()
        )
    except RuleViolation as violation:
        return JsonResponse({"detail": violation.message}, status=violation.status)
    return HttpResponse(status=204, headers={"X-Draft": str(draft.pk)} if draft else {})


@require_POST
@no_permission("one's own drafts only")
def delete(request: ActorRequest, pk: int) -> HttpResponse:
    """Throw a draft away."""
    draft = Draft.objects.visible_to(request.actor).filter(pk=pk).first()
    if draft is not None:
        forget_draft(key=draft.key, actor=request.actor)
        messages.success(request, "書きかけを捨てました。")
    return redirect("home")
