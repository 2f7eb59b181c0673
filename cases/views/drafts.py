"""The drafts of forms: kept by script while somebody types, thrown away on request."""

from __future__ import annotations

from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.contrib import messages
from django.forms import BaseForm, BaseFormSet
from django.forms.utils import ErrorDict
from django.http import HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.access import no_permission
from accounts.http import ActorRequest
from cases.actions.drafts import forget_draft, save_draft
from cases.models import Draft
from common.errors import RuleViolation

HIDDEN = {"csrfmiddlewaretoken", "draft_key", "password"}
TITLES = {
    "consultation": "相談受付", "note": "支援経過", "referral": "つなぎ", "close": "終結", "turn": "見守り",
    "plan": "プラン", "outreach": "アウトリーチ",
}  # fmt: skip
FormT = TypeVar("FormT", bound=BaseForm)


def begun(request: ActorRequest, key: str) -> QueryDict | None:
    """The fields of one's own draft under ``key``, if a form is opened and one was begun."""
    if request.method != "GET":
        return None
    return fields_of(Draft.objects.visible_to(request.actor).filter(key=key).first())


def drafted(request: ActorRequest) -> QueryDict | None:
    """The fields of the draft that ``?draft=`` names, if it is one's own."""
    wanted = request.GET.get("draft", "") if request.method == "GET" else ""
    return fields_of(
        Draft.objects.visible_to(request.actor).filter(pk=wanted).first() if wanted.isdigit() else None
    )


def fields_of(draft: Draft | None) -> QueryDict | None:
    if draft is None:
        return None
    data = QueryDict(mutable=True)
    for name, values in draft.data.items():
        data.setlist(name, values)
    return data


def unjudged(form: FormT) -> FormT:
    """A draft fills the form without judging it: unfinished is not wrong."""
    form._errors = ErrorDict()  # type: ignore[attr-defined]
    return form


def unjudged_rows(rows: BaseFormSet[Any]) -> None:
    """The same for the rows of a table."""
    rows._errors = [unjudged(form).errors for form in rows.forms]  # type: ignore[attr-defined]
    rows._non_form_errors = rows.error_class()  # type: ignore[attr-defined]


def _title(key: str, data: dict[str, list[str]]) -> str:
    """「相談受付: 夫の介護で眠れ…」"""
    texts = (data.get(name, [""])[0].strip() for name in ("text", "purpose", "note", "long_goal", "worry"))
    text = next((words for words in texts if words), "")
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
