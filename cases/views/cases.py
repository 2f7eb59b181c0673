"""ケース: the list and the working page with its composer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import permission, scoped_get
from accounts.http import ActorRequest
from accounts.models import Staff
from accounts.roles import Permission
from accounts.sent_forms import SentBefore, save_once
from cases.actions.notes import edit_note, write_note
from cases.forms.case import (
    CaseFilter,
    ItemForm,
    NoteEditForm,
    NoteForm,
    SectorsForm,
    note_initial,
)
from cases.models import Case, ProgressNote
from cases.permissions import can_close_case, can_write_case, leads_case
from cases.selectors import case_page, watch
from cases.stream.read import Wanted, read
from cases.views.drafts import (
    KEPT,
    DraftPlace,
    begun,
    forget,
    forget_sent,
    left_words,
    place,
    unjudged,
)
from cases.views.stream import composer, note_draft_key, reader_of, stream_context
from cases.views.team import note_team
from common.errors import NotAllowed, RuleViolation
from common.field_merge import Saved, changed_rows, save_merging
from common.keyset import Sort, paginate
from households.contact import safe_contacts
from households.templatetags.contact import shield_of

SORTS = {
    "opened": Sort("受理日", ["opened_at"]),
    "contact": Sort("最後の対応", ["last_contact_at"], nulls_last=True),
    "next": Sort("次の予定", ["next_on"], nulls_last=True),
}
TABS = (("timeline", "経過"), ("family", "家族"), ("assessment", "見立て"), ("plan", "プラン"), ("referrals", "つなぎ"), ("conferences", "会議"))  # fmt: skip


def get_case(request: ActorRequest, number: str, **options: Any) -> Case:
    """One visible case by its number, with what the header shows; logs the read."""
    rows = Case.objects.visible_to(request.actor).select_related(
        "household", "person", "lead_agency", "lead_staff", "closing_reason"
    )
    return scoped_get(rows, request, number=number, **options)


@require_safe
@permission(Permission.CASE_VIEW)
def case_list(request: ActorRequest) -> HttpResponse:
    filters = CaseFilter(request.GET)
    chosen = {k: v for k, v in (filters.cleaned_data if filters.is_valid() else {}).items() if v}
    page = paginate(
        case_page.filter_cases(request.actor, timezone.now(), **chosen), request_get=request.GET, sorts=SORTS,
        default="-opened", first=None if chosen else partial(case_page.recent_open, request.actor),
    )  # fmt: skip
    context = {"page": page, "filters": filters, "is_filtered": bool(chosen), "today": timezone.localdate()}
    return render(request, "cases/list.html", context)


def frame(request: ActorRequest, case: Case, tab: str) -> dict[str, Any]:
    """What header, tabs and right column need."""
    plan = case_page.latest_plan(case)
    base = reverse("cases:detail", args=[case.number])
    return {
        "case": case,
        "tab": tab,
        "tabs": [
            {"label": label, "url": f"{base}?tab={key}" if key != "timeline" else base, "current": key == tab}
            for key, label in TABS
        ],
        "chips": case_page.chips(case, timezone.localdate(), shield_of(request)),
        "watch": watch.standing(case, request.actor, timezone.localdate()),
        "partners": case_page.partners(case),
        "plan": plan,
        "phase": case_page.phase(case, plan.state if plan else None),
        "assessment": case_page.assessment(case),
        "may_write": can_write_case(request.actor, case),
        "leads": leads_case(request.actor, case),
        "may_close": can_close_case(request.actor, case),
        "may_send": request.actor.has(Permission.REFERRAL_SEND),
        "may_convene": request.actor.has(Permission.CONFERENCE_CONVENE),
        "today": timezone.localdate(),
    }


@require_safe
@permission(Permission.CASE_VIEW)
def detail(request: ActorRequest, number: str) -> HttpResponse:
    """The working page: 経過 with an open composer, and the other tabs."""
    case = get_case(request, number)
    tab = request.GET.get("tab", "timeline")
    if tab not in dict(TABS):
        tab = "timeline"
    context = frame(request, case, tab)
    people = [chip.person for chip in context["chips"]]
    context["rules"] = safe_contacts([p.pk for p in people], request.actor)
    if tab == "timeline":
        context |= _timeline_context(request, case, people)
        if request.htmx and request.GET.get("cursor"):
            return render(request, "cases/_stream_rows.html", context)
        context["note_form"] = None
        if context["may_write"] and case.is_open:
            context |= composer(request, case, people, context["partners"])
        else:
            context["left_words"] = left_words(request)
    elif tab == "assessment":
        draft = context["draft"] = begun(request, item_draft_key(case))
        context["item_form"] = ItemForm(draft.data, actor=request.actor, people=people)
        if draft.data:
            unjudged(context["item_form"])
        context["sectors_form"] = SectorsForm(initial={"sectors": case.sectors})
    elif tab == "plan":
        context["plans"] = list(case.plans.order_by("-ordinal"))
    return render(request, "cases/detail.html", context)


def _timeline_context(request: ActorRequest, case: Case, people: list[Any]) -> dict[str, Any]:
    url = reverse("cases:detail", args=[case.number])
    return {
        "stream": stream_context(
            request, reader_of(request, case.household_id, case), people, page_url=url, rows_url=url
        )
    }


@require_POST
@permission(Permission.CASE_WRITE)
def note_add(request: ActorRequest, number: str) -> HttpResponse:
    """Write a note from the composer; HTMX gets a fresh composer and the row on top of the timeline."""
    case = get_case(request, number, log=None)
    people = [chip.person for chip in case_page.chips(case, timezone.localdate())]
    team = note_team(request, case)
    form = NoteForm(request.POST, people=people, team=team)
    context = {
        "case": case,
        "note_form": form,
        "draft": place(request, note_draft_key(case)),
    }
    if form.is_valid():
        try:
            note = _write(request, case, form)
        except NotAllowed:
            raise
        except SentBefore as before:
            known = _sent_before(request, form, people, team)
            context |= known
            if not known:
                form.add_violation(before)
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            kept = KEPT if forget(request, note_draft_key(case)) else ""
            if not request.htmx:
                messages.success(request, "支援経過を保存しました。")
                return redirect("cases:detail", number=number)
            lines, _ = read(reader_of(request, case.household_id, case), Wanted(only=("n", note.pk)))
            key = note_draft_key(case)
            fresh = NoteForm(initial=note_initial() | {"request_key": uuid4()}, people=people, team=team)
            return render(
                request,
                "cases/_note_added.html",
                context
                | {"note_form": fresh, "lines": lines, "saved": True, "kept": kept, "draft": DraftPlace(key)},
            )
    if request.htmx:
        return render(request, "cases/_composer.html", context, status=422)
    full = frame(request, case, "timeline") | _timeline_context(request, case, people) | context
    return render(request, "cases/detail.html", full, status=422)


def _write(request: ActorRequest, case: Case, form: NoteForm) -> ProgressNote:
    key, at = UUID(str(form.cleaned_data["request_key"])), timezone.now()
    return save_once(
        lambda: write_note(case=case, data=form.note(), actor=request.actor, at=at, request_key=key),
        actor=request.actor, key=key, data=request.POST, at=at,
    )  # fmt: skip


def _sent_before(
    request: ActorRequest, form: NoteForm, people: list[Any], team: Sequence[tuple[Staff, str]]
) -> dict[str, Any]:
    """The key has made its note from other words: the composer corrects that note, filled with what was sent now."""
    mine = ProgressNote.objects.visible_to(request.actor).filter(staff=request.actor.staff_id)
    note = mine.filter(request_key=form.cleaned_data["request_key"]).select_related("case").first()
    if note is None:
        return {}
    _check_readable(request, note)
    data = request.POST.copy()
    data["version"] = str(note.version)
    correction = NoteEditForm(data, people=people, team=team)
    rows = changed_rows(correction, note) if correction.is_valid() else []
    return {"note_form": correction, "before": {"note": note, "rows": rows}}


def item_draft_key(case: Case) -> str:
    return f"item:{case.number}"


NOTE_FIELDS = (
    "text",
    "way",
    "started_at",
    "minutes",
    "counterpart",
    "person",
    "companion",
    "next_on",
    "next_text",
)


@require_http_methods(["GET", "POST"])
@permission(Permission.CASE_WRITE)
def note_edit(request: ActorRequest, pk: int) -> HttpResponse:
    """Correct a note; somebody else's correction is shown beside one's own."""
    rows = ProgressNote.objects.visible_to(request.actor).select_related(
        "case__household", "case__lead_agency", "case__lead_staff", "agency", "staff", "person", "companion"
    )
    note = scoped_get(rows, request, pk=pk)
    _check_readable(request, note)
    people = [chip.person for chip in case_page.chips(note.case, timezone.localdate())]
    team = note_team(request, note.case, keep=note.companion)
    compare, draft = None, begun(request, f"note_edit:{note.case.number}:{note.pk}")
    if request.method == "GET":
        initial = {n: getattr(note, n) for n in NOTE_FIELDS} | {
            "person": note.person_id,
            "companion": note.companion_id,
            "version": note.version,
        }
        form = NoteEditForm(initial=initial, people=people, team=team)
        if draft.data:
            form = unjudged(NoteEditForm(draft.data, people=people, team=team))
        return render(request, "cases/note_edit.html", {"form": form, "note": note, "draft": draft})
    form = NoteEditForm(request.POST, people=people, team=team)
    if form.is_valid():
        try:
            done = save_merging(
                form,
                lambda: edit_note(
                    note=note, data=form.note(), version=form.cleaned_data["version"], actor=request.actor,
                    at=timezone.now(),
                ),
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            if isinstance(done, Saved):
                forget_sent(request, draft.key)
                messages.success(request, done.words("訂正を保存しました。"))
                return redirect("cases:detail", number=note.case.number)
            _check_readable(request, done.current)
            compare = done.rows
            form = NoteEditForm(done.data, people=people, team=team)
    context = {"form": form, "note": note, "compare": compare, "draft": draft}
    return render(request, "cases/note_edit.html", context, status=422)


def _check_readable(request: ActorRequest, note: ProgressNote) -> None:
    shield_of(request).check_readable(note.case.household_id, note.text, note.counterpart, note.next_text)
