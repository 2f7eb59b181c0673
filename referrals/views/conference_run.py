"""会議の進行: one item on screen, its decisions as lines, and its conclusion."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.access import permission, scoped_get
from accounts.enums import ConsentState
from accounts.http import ActorRequest
from accounts.models import Agency, Staff
from accounts.roles import Permission
from common.errors import NotAllowed, RuleViolation
from common.field_merge import Conflict, Saved, save_merging
from common.forms import WarekiDateInput
from households.templatetags.contact import shield_of
from referrals.actions.run_conference import (
    approve_plan,
    conclude_item,
    drop_decision,
    extend_papers,
    record_decision,
    settle_item_referral,
    start_conference,
)
from referrals.decision_lines import DecisionLine, parse_decision
from referrals.forms.conference import ConclusionForm, DecisionForm
from referrals.models import ActionItem, AgendaItem, Conference
from referrals.models.issue import AgendaRow, agenda_in_order
from referrals.permissions import answers_open_to
from referrals.permissions_conferences import can_manage, papers_open
from referrals.selectors_carry import decided_before
from referrals.selectors_conferences import (
    agenda_of,
    names_for_lines,
    people_for,
    seat_of,
)
from referrals.selectors_issues import issue_items_of
from referrals.selectors_papers import SCREEN_PARTS, paper_of
from referrals.selectors_prep import sheets_of
from referrals.views.conference_agenda import get_item
from referrals.views.conferences import get_conference, get_managed
from referrals.workflow import ConferenceState, ReferralState

FIELDS = ("agency", "staff", "due_on", "text")


def run_url(row: AgendaRow) -> str:
    if row.is_issue:
        return reverse("conferences:issue_run", args=[row.pk])
    return f"{reverse('conferences:run', args=[row.conference_id])}?item={row.pk}"


def way(rows: list[AgendaRow], current: AgendaRow) -> dict[str, Any]:
    """The whole agenda with the address of each item on screen, and what comes before and after."""
    for row in rows:
        row.run_url = run_url(row)  # type: ignore[union-attr]
    place = next(n for n, row in enumerate(rows) if (row.pk, row.is_issue) == (current.pk, current.is_issue))
    return {
        "rows": rows, "current": rows[place], "place": place + 1, "previous": rows[place - 1] if place else None,
        "next": rows[place + 1] if place + 1 < len(rows) else None,
    }  # fmt: skip


@require_POST
@permission(Permission.CONFERENCE_CONVENE)
def start(request: ActorRequest, pk: int) -> HttpResponse:
    """Open the sitting and go to its first item; on another day than planned only after asking."""
    conference, at = get_managed(request, pk), timezone.now()
    planned = conference.state == ConferenceState.PLANNED
    other_day = timezone.localdate(conference.starts_at) != timezone.localdate(at)
    if planned and other_day and request.POST.get("other_day") != "yes":
        return render(
            request, "conferences/start.html", {"conference": conference, "today": timezone.localdate(at)}
        )
    start_conference(conference=conference, actor=request.actor, at=at)
    return redirect("conferences:run", pk=pk)


@require_POST
@permission(Permission.CONFERENCE_CONVENE)
def extend(request: ActorRequest, pk: int) -> HttpResponse:
    """The sitting takes longer: the papers stay open."""
    extend_papers(conference=get_managed(request, pk), actor=request.actor, at=timezone.now())
    messages.success(request, "資料を、あと30分開いておきます。")
    return redirect("conferences:run", pk=pk)


@permission(Permission.CONFERENCE_VIEW)
def run(request: ActorRequest, pk: int) -> HttpResponse:
    """One item, large; ``?item=`` names it, else the first without a conclusion. Members may follow on their screen."""
    conference = get_conference(request, pk)
    if not papers_open(request.actor, conference, seat_of(conference, request.actor), timezone.now()):
        raise NotAllowed("守秘の確認をした出席者だけが、この会議の議題を開けます。")
    if conference.state != ConferenceState.RUNNING:
        return redirect("conferences:detail", pk=pk)
    items = list(agenda_of(conference, request.actor))
    if not items:
        return render(request, "conferences/run.html", _empty_run(request, conference))
    wanted = request.GET.get("item", "")
    item = next((i for i in items if str(i.pk) == wanted), None)
    if item is None and wanted:
        raise Http404
    item = item or next((i for i in items if not i.conclusion), items[0])
    if not wanted and (first := _first_issue(request, conference, item)) is not None:
        return redirect(first)
    return render(request, "conferences/run.html", _run_context(request, conference, items, item))


def _first_issue(request: ActorRequest, conference: Conference, item: AgendaItem) -> str | None:
    """The address of a community issue that stands before ``item`` and has not been talked about."""
    if not conference.first_issue:  # type: ignore[attr-defined]
        return None
    issues = issue_items_of(conference, request.actor)
    open_ones = (i for i in issues if not i.conclusion and i.position < item.position)
    return next((run_url(i) for i in open_ones), None)


def _empty_run(request: ActorRequest, conference: Conference) -> dict[str, Any]:
    return {
        "conference": conference,
        "item": None,
        "manages": can_manage(request.actor, conference),
        "first_issue": conference.first_issue,  # type: ignore[attr-defined]
    }


def _run_context(
    request: ActorRequest, conference: Conference, items: list[AgendaItem], item: AgendaItem
) -> dict[str, Any]:
    manages = can_manage(request.actor, conference)
    issues = issue_items_of(conference, request.actor) if conference.first_issue else []  # type: ignore[attr-defined]
    context = (
        _empty_run(request, conference)
        | way(agenda_in_order([*items, *issues]), item)
        | lines_of(item)
        | {
            "items": items,
            "item": item,
            "paper": paper_of(item, shield_of(request), SCREEN_PARTS),
            "has_consent": item.case.consent == ConsentState.YES,
            "conclusion": ConclusionForm(
                initial={name: getattr(item, name) for name in ("conclusion", "is_undecided", "version")}
            ),
            "answers": answers_open_to(request.actor, item.referral) if item.referral else [],
            "may_settle": item.referral is not None
            and item.referral.state in (ReferralState.SENT, ReferralState.CONFERENCE),
        }
    )
    if manages:
        context["form"] = decision_form(request, item)
    return context


@require_safe
@permission(Permission.CONFERENCE_VIEW)
def before(request: ActorRequest, pk: int) -> HttpResponse:
    """What was known before the sitting: the handed-in sheets of the item, and earlier decisions still to be done."""
    item = get_item(request, pk)
    sheets = sheets_of(item.conference, request.actor).filter(agenda_item=item)
    context = {
        "item": item,
        "sheets": [sheet for sheet in sheets if sheet.is_handed_in],
        "earlier": decided_before(item, request.actor),
    }
    template = "conferences/_run_before.html" if request.htmx else "conferences/run_before.html"
    return render(request, template, context)


# ── Decisions ───────────────────────────────────────────────────────────────────────────────────────────────


_LINES = {
    False: {"parse_url": "conferences:parse", "decide_url": "conferences:decide"},
    True: {"parse_url": "conferences:issue_parse", "decide_url": "conferences:issue_decide"},
}


def lines_of(item: AgendaRow) -> dict[str, Any]:
    """Where the line of a decision is read and sent."""
    return {name: reverse(url, args=[item.pk]) for name, url in _LINES[item.is_issue].items()}


def _people(item: AgendaRow) -> tuple[list[Agency], dict[int, list[Staff]]]:
    return people_for(item, timezone.localdate())


def decision_form(
    request: ActorRequest, item: AgendaRow, data: Any = None, initial: dict[str, Any] | None = None
) -> DecisionForm:
    agencies, staff = _people(item)
    return DecisionForm(data, actor=request.actor, agencies=agencies, staff=staff, initial=initial or {})


def understood(line: str, item: AgendaRow) -> dict[str, str]:
    """The fields of the form as the line fills them."""
    agencies, staff = names_for_lines(*_people(item))
    found: DecisionLine = parse_decision(line, agencies=agencies, staff=staff, today=timezone.localdate())
    values = {"agency": found.agency, "staff": found.staff, "text": found.text}
    due = WarekiDateInput().format_value(found.due_on) if found.due_on else ""
    return {**{name: str(value or "") for name, value in values.items()}, "due_on": due or ""}


def filled(data: Any, item: AgendaRow) -> Any:
    """What was posted, the line read again where it has changed; a field corrected by hand stays as it is."""
    line, parsed = data.get("line", "").strip(), data.get("parsed_line", "")
    if not line or line == parsed:
        return data
    filled = data.copy()
    before, now = understood(parsed, item) if parsed else dict.fromkeys(FIELDS, ""), understood(line, item)
    for name in FIELDS:
        if data.get(name, "").strip() in ("", before[name]):
            filled[name] = now[name]
    filled["parsed_line"] = line
    return filled


@permission(Permission.CONFERENCE_CONVENE)
def parse(request: ActorRequest, pk: int) -> HttpResponse:
    """The line as understood so far, while it is typed."""
    return parsed(request, get_item(request, pk))


def parsed(request: ActorRequest, item: AgendaRow) -> HttpResponse:
    data = filled(request.GET, item)
    initial = {name: data.get(name, "") for name in FIELDS} | {"parsed_line": data.get("line", "").strip()}
    form = decision_form(request, item, initial=initial)
    return render(request, "conferences/_decision_fields.html", {"form": form, "item": item})


@require_POST
@permission(Permission.CONFERENCE_CONVENE)
def decide(request: ActorRequest, pk: int) -> HttpResponse:
    """Record one decision of an item; an incomplete line comes back with what was understood."""
    item = get_item(request, pk)
    form = decision_form(request, item, filled(request.POST, item))
    if form.is_valid():
        data = form.cleaned_data
        try:
            record_decision(
                item=item, text=data["text"], agency=data["agency"], staff=data["staff"], due_on=data["due_on"],
                actor=request.actor, at=timezone.now(), request_key=UUID(str(data["request_key"])),
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            return _decisions(request, item, decision_form(request, item, initial={"request_key": uuid4()}))
    return _decisions(request, item, form, status=422)


def _decisions(
    request: ActorRequest, item: AgendaItem, form: DecisionForm, status: int = 200
) -> HttpResponse:
    """The list of decisions with the form under it: a fragment, or without script the page again."""
    if not request.htmx and status == 200:
        return redirect(run_url(item))
    conference = get_conference(request, item.conference_id)
    items = list(agenda_of(conference, request.actor))
    shown = next(i for i in items if i.pk == item.pk)
    if request.htmx:
        context = {"item": shown, "form": form, "manages": True, "fresh": status == 200} | lines_of(item)
        return render(request, "conferences/_decisions.html", context, status=status)
    context = _run_context(request, conference, items, shown) | {"form": form}
    return render(request, "conferences/run.html", context, status=status)


@require_POST
@permission(Permission.CONFERENCE_CONVENE)
def drop(request: ActorRequest, pk: int) -> HttpResponse:
    """Take a mistyped decision back."""
    decisions = ActionItem.objects.visible_to(request.actor).select_related(
        "agenda_item__conference__convener", "issue_item__conference__convener"
    )
    decision = scoped_get(decisions, request, log=None, pk=pk)
    item = decision.agenda_item or decision.issue_item
    drop_decision(decision=decision, actor=request.actor, at=timezone.now())
    return redirect(run_url(item)) if item else redirect("conferences:list")


# ── Conclusion, plan, referral ──────────────────────────────────────────────────────────────────────────────


@require_POST
@permission(Permission.CONFERENCE_CONVENE)
def conclude(request: ActorRequest, pk: int) -> HttpResponse:
    """Save the conclusion, then stay, go on, decide the plan or settle the referral (``then``)."""
    item, at = get_item(request, pk), timezone.now()
    form = ConclusionForm(request.POST)
    if not form.is_valid():
        raise RuleViolation(" ".join(str(e[0]) for e in form.errors.values()))
    shield_of(request).check_readable(item.case.household_id, item.conclusion)
    done = save_merging(
        form, lambda: conclude_item(item=item, actor=request.actor, at=at, **form.cleaned_data)
    )
    if not isinstance(done, Saved):
        return _conclusion_conflict(request, item, done)
    then = request.POST.get("then", "")
    if then == "approve":
        approve_plan(item=item, actor=request.actor, at=at)
        messages.success(request, "プランを決定しました。")
    elif then == "settle":
        settle_item_referral(item=item, note="", actor=request.actor, at=at)
        messages.success(request, "つなぎへの返事を、会議の決定として記録しました。")
    else:
        messages.success(request, done.words("結論を保存しました。"))
    return redirect(run_url(item))


def _conclusion_conflict(request: ActorRequest, item: AgendaItem, conflict: Conflict) -> HttpResponse:
    """Somebody else wrote another conclusion meanwhile: both stand on the page, nothing is lost."""
    conference = get_conference(request, item.conference_id)
    items = list(agenda_of(conference, request.actor))
    shown = next(i for i in items if i.pk == item.pk)
    context = _run_context(request, conference, items, shown) | {
        "conclusion": ConclusionForm(conflict.data),
        "compare": conflict.rows,
        "who": conference.convener.short_name,
    }
    return render(request, "conferences/run.html", context, status=422)
