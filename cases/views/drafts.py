"""The drafts of forms: kept by script while somebody types, thrown away on request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
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
from cases.actions.drafts import Page, forget_draft, save_draft
from cases.models import Draft
from cases.selectors.drafts import household_of, texts_of, title_of
from common.errors import RuleViolation, StaleRecord
from households.templatetags.contact import shield_of

KEPT = "別の画面で書いた書きかけは、この保存に入っていません。消さずに、ホームの「書きかけ」に残しています。"
HIDDEN = {"csrfmiddlewaretoken", "draft_key", "draft_base", "draft_window", "password"}
FormT = TypeVar("FormT", bound=BaseForm)


@dataclass(frozen=True, slots=True)
class DraftPlace:
    """Where a form keeps its draft, for components/draft.html: ``base`` names the draft that fills the page, ``windows``
    the openings of the page whose words it goes on with; ``data`` are the fields of a draft that was begun, last ``at``.
    """

    key: str
    base: str = ""
    windows: str = ""
    data: QueryDict | None = None
    at: datetime | None = None


def page_of(request: ActorRequest) -> Page:
    """What the form that was sent says of the draft that it held."""
    return Page(request.POST.get("draft_base", ""), tuple(request.POST.getlist("draft_window")))


def place(request: ActorRequest, key: str, draft: Draft | None = None) -> DraftPlace:
    """The place of a form, filled from ``draft``; a form that comes back with errors goes on with what it held."""
    if request.method == "POST":
        page = page_of(request)
        return DraftPlace(key, page.base, " ".join(page.windows))
    if draft is None:
        return DraftPlace(key)
    return DraftPlace(key, draft.base, data=fields_of(draft), at=draft.updated_at)


def begun(request: ActorRequest, key: str) -> DraftPlace:
    """The place of a form with one's own draft under ``key``, if it is opened and one was begun."""
    if request.method != "GET":
        return place(request, key)
    draft = Draft.objects.visible_to(request.actor).filter(key=key).first()
    if draft is not None:
        check_readable(request, draft)
    return place(request, key, draft)


def drafted(request: ActorRequest) -> Draft | None:
    """The draft that ``?draft=`` names, if it is one's own."""
    wanted = request.GET.get("draft", "") if request.method == "GET" else ""
    if not (wanted.isascii() and wanted.isdecimal() and len(wanted) < 19):
        return None
    return Draft.objects.visible_to(request.actor).filter(pk=int(wanted)).first()


def left_words(request: ActorRequest) -> str:
    """The words of the note that ``?draft=`` names, for a page that has no composer (any more): they are read there, at
    least, after somebody has closed the case.
    """
    draft = drafted(request)
    if draft is None or not draft.key.startswith("note:"):
        return ""
    check_readable(request, draft)
    return "".join(draft.data.get("text", [])[:1])


def check_readable(request: ActorRequest, draft: Draft) -> None:
    """The words of a record that a draft corrects may have become protected from its writer since."""
    shield = shield_of(request)
    if shield.read_in:
        shield.check_readable(household_of(draft, request.actor), *texts_of(draft))


def fields_of(draft: Draft) -> QueryDict:
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


def typed_fields(request: ActorRequest) -> dict[str, list[str]]:
    return {name: request.POST.getlist(name) for name in request.POST if name not in HIDDEN}


def forget(request: ActorRequest, key: str) -> bool:
    """The form is saved: its draft goes, but for words that another window wrote into it. Whether such are left, which
    the next page says.
    """
    kept = forget_draft(key=key, actor=request.actor, page=page_of(request), said=typed_fields(request))
    if kept is not None and not request.htmx:
        messages.warning(request, KEPT)
    return kept is not None


def forget_sent(request: ActorRequest, key: str) -> None:
    """A correction is saved; it may have been sent by the form of a new record that had been saved before."""
    for one in dict.fromkeys((key, request.POST.get("draft_key") or key)):
        forget(request, one)


@require_POST
@no_permission("one's own drafts only")
def save(request: ActorRequest) -> HttpResponse:
    """Keep the posted fields under ``draft_key``; the page to go on writing is the one that posted.

    204 with ``X-Draft`` (the row) and ``X-Draft-Base`` (what the page holds now); 409 with the other's words when another
    window has written since the page was filled.
    """
    data = typed_fields(request)
    key = request.POST.get("draft_key", "")
    address = urlsplit(request.META.get("HTTP_REFERER", ""))
    query = QueryDict(address.query, mutable=True)
    query.pop("draft", None)  # the list of drafts names the draft itself
    page = (address.path or "/") + (f"?{query.urlencode()}" if query else "")
    try:
        draft = save_draft(
            key=key, title=title_of(key, data), url=page, data=data, actor=request.actor, at=timezone.now(),
            page=page_of(request),
        )  # fmt: skip
    except StaleRecord as stale:
        return _other_words(request, stale)
    except RuleViolation as violation:
        return JsonResponse({"detail": violation.message}, status=violation.status)
    if draft is None:
        return HttpResponse(status=204)
    return HttpResponse(status=204, headers={"X-Draft": str(draft.pk), "X-Draft-Base": draft.base})


def _other_words(request: ActorRequest, stale: StaleRecord) -> HttpResponse:
    draft: Any = stale.current
    if not Draft.objects.visible_to(request.actor).filter(pk=draft.pk).exists():
        return JsonResponse({"detail": stale.message}, status=409)
    try:
        check_readable(request, draft)
    except RuleViolation:
        return JsonResponse({"detail": stale.message}, status=409)
    told = {
        "detail": stale.message, "base": draft.base, "at": draft.updated_at.isoformat(), "fields": draft.data,
    }  # fmt: skip
    return JsonResponse(told, status=409)


@require_POST
@no_permission("one's own drafts only")
def delete(request: ActorRequest, pk: int) -> HttpResponse:
    """Throw a draft away."""
    draft = Draft.objects.visible_to(request.actor).filter(pk=pk).first()
    if draft is not None:
        forget_draft(key=draft.key, actor=request.actor)
        messages.success(request, "書きかけを捨てました。")
    return redirect("home")
