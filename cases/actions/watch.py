"""見守りサイクル: starting, changing and stopping it. Each turn is recorded in ``record_follow_up``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.actions.notices import notify
from accounts.actor import Actor
from accounts.models import Agency, Staff
from accounts.notice_kinds import NoticeKind
from audit.actions import record
from cases.actions.text_index import index_text
from cases.enums import Every, FollowUpResult, WatchEnd, WatchWay
from cases.models import Case, CasePartner, FollowUp, WatchChange, WatchCycle
from cases.permissions import check_can_write_case
from cases.workflow import (
    TURN_TRANSITIONS,
    WATCH_TRANSITIONS,
    CaseState,
    TurnEvent,
    TurnState,
    WatchEvent,
    WatchState,
)
from common.errors import InvalidTransition, NotAllowed, RuleViolation
from common.japan.business_days import add_working_days
from common.japan.wareki import format_wareki
from common.models import check_version
from common.tags import check_tag
from households.models import staff_denied

LONGEST_DAYS = 1100
ENDS: dict[WatchEvent, WatchEnd] = {
    WatchEvent.FINISH: WatchEnd.FINISHED,
    WatchEvent.STOP: WatchEnd.STOPPED,
    WatchEvent.MOVED: WatchEnd.MOVED,
    WatchEvent.DIED: WatchEnd.DIED,
    WatchEvent.REOPEN: WatchEnd.REOPENED,
}


@dataclass(frozen=True, slots=True)
class CycleData:
    """What is agreed at closing. ``agency`` None: the lead; ``staff`` None: the lead worker, or the agency's list."""

    first_on: date
    every: str = Every.ONCE
    every_days: int | None = None
    until_on: date | None = None
    turns: int | None = None
    way: str = WatchWay.PHONE
    agency: Agency | None = None
    staff: Staff | None = None
    ask: str = ""
    visit_after: int = 2
    tell_after: int = 3
    reopen_after: int = 4


def move_watch(cycle: WatchCycle, event: WatchEvent) -> None:
    """Set the state that the table gives; InvalidTransition where it gives none."""
    try:
        cycle.state = WATCH_TRANSITIONS[WatchState(cycle.state), event]
    except KeyError:
        raise InvalidTransition("この見守りはすでに終わっています。") from None


def move_turn(turn: FollowUp, event: TurnEvent) -> TurnState:
    """The state that the table gives a turn; InvalidTransition where it gives none."""
    try:
        return TURN_TRANSITIONS[turn.turn_state, event]
    except KeyError:
        raise InvalidTransition("このフォローはすでに記録されています。") from None


def check_cycle(data: CycleData, case: Case, at: datetime) -> None:
    """Dates that can be held, an agency of the team, a person of that agency, and a rule that rises."""
    today = timezone.localdate(at)
    if data.first_on <= today:
        raise RuleViolation("フォローの予定日は明日以降にしてください。", field="follow_up_on")
    if data.first_on.year > today.year + 10:
        raise RuleViolation("フォローの予定日は10年以内にしてください。", field="follow_up_on")
    if data.every not in Every.values:
        raise RuleViolation("間隔を一覧から選んでください。", field="every")
    if data.every == Every.DAYS and not 1 <= (data.every_days or 0) <= LONGEST_DAYS:
        raise RuleViolation(f"間隔の日数は1日から{LONGEST_DAYS}日までにしてください。", field="every_days")
    if data.until_on and data.until_on < data.first_on:
        raise RuleViolation("終わりの日が、はじめの予定日より前です。", field="until_on")
    if data.turns is not None and not 1 <= data.turns <= 200:
        raise RuleViolation("回数は1回から200回までにしてください。", field="turns")
    if data.way not in WatchWay.values:
        raise RuleViolation("方法を一覧から選んでください。", field="follow_up_way")
    if not 1 <= data.visit_after <= data.tell_after <= data.reopen_after <= 20:
        raise RuleViolation(
            "連絡がつかないときの回数は、訪問・所属長・再開の順に増えるように（20回まで）してください。",
            field="visit_after",
        )
    if data.agency is not None and data.agency.pk not in team_ids(case):
        raise RuleViolation(
            "見守りを頼めるのは、主担当機関と、つなぎを受けて協働している機関です。", field="follow_up_agency"
        )
    agency = data.agency or case.lead_agency
    if data.staff and not Staff.objects.of_agency(agency, on=today).filter(pk=data.staff.pk).exists():
        raise RuleViolation(
            f"{data.staff.name}さんは{agency.short_name}に所属していません。", field="follow_up_staff"
        )
    if data.staff and data.staff.pk in staff_denied(case.household_id):
        raise RuleViolation("この人には頼めません。別の人を選んでください。", field="follow_up_staff")


def team_ids(case: Case) -> set[int]:
    """The agencies that may be asked to look: the lead, and those that accepted a referral."""
    partners = CasePartner.objects.filter(case=case, ended_at__isnull=True)
    return {case.lead_agency_id, *partners.values_list("agency_id", flat=True)}


def _fields(data: CycleData, case: Case) -> dict[str, object]:
    agency = data.agency or case.lead_agency
    is_lead = agency.pk == case.lead_agency_id
    return {
        "every": data.every, "every_days": data.every_days if data.every == Every.DAYS else None,
        "first_on": data.first_on, "until_on": data.until_on, "turns": data.turns, "way": data.way,
        "agency": agency, "staff": data.staff or (case.lead_staff if is_lead else None), "ask": data.ask.strip(),
        "visit_after": data.visit_after, "tell_after": data.tell_after, "reopen_after": data.reopen_after,
    }  # fmt: skip


def open_turn(
    cycle: WatchCycle, nominal: date, *, is_extra: bool = False, own_desk: bool = False
) -> FollowUp:
    """The next turn, moved to a day on which the office is open; the case shows it. ``own_desk``: by the lead."""
    case = cycle.case
    done = FollowUp.objects.done().filter(cycle=cycle, is_extra=False).count()
    turn = FollowUp.objects.create(
        case=case, cycle=cycle, ordinal=done if is_extra and done else done + 1, is_extra=is_extra,
        due_on=add_working_days(nominal, 0), way=cycle.way,
        agency=case.lead_agency if own_desk else cycle.agency, staff=case.lead_staff if own_desk else cycle.staff,
    )  # fmt: skip
    show_on_case(case, turn.due_on)
    return turn


def show_on_case(case: Case, day: date | None, reason: str = "") -> None:
    """A closed case carries the day of its next look, or the reason for none."""
    case.follow_up_on = day
    case.no_follow_up_reason = "" if day else reason[:200]
    case.save(update_fields=["follow_up_on", "no_follow_up_reason"])
    index_text(case)


def start_cycle(*, case: Case, data: CycleData, actor: Actor, at: datetime) -> WatchCycle:
    """The cycle and its first turn, for a case that its caller has locked and may write."""
    check_cycle(data, case, at)
    _, staff = actor.office()
    cycle = WatchCycle.objects.create(case=case, started_at=at, started_by=staff, **_fields(data, case))
    index_text(cycle)
    open_turn(cycle, data.first_on)
    record(
        actor=actor, action="watch.start", target=cycle, at=at, case=case.number, every=cycle.rhythm,
        first_on=data.first_on.isoformat(), agency=cycle.agency_id,
    )  # fmt: skip
    _tell_asked(cycle, actor, at)
    return cycle


def _tell_asked(cycle: WatchCycle, actor: Actor, at: datetime) -> None:
    """An agency that is asked hears of it; the words name nobody."""
    if cycle.agency_id == actor.agency_id:
        return
    partners = CasePartner.objects.filter(
        case=cycle.case_id, agency=cycle.agency_id, ended_at__isnull=True, staff__isnull=False
    )
    told = {cycle.staff_id} if cycle.staff_id else set(partners.values_list("staff_id", flat=True))
    turn = FollowUp.objects.waiting().filter(cycle=cycle).order_by("pk").first()
    notify(
        staff_ids={pk for pk in told if pk} - staff_denied(cycle.case.household_id),
        text=f"{cycle.case.number}の終結後の見守りを頼まれました（{cycle.rhythm}）。",
        url=reverse("cases:follow_up", args=[turn.pk]) if turn else "/",
        at=at,
        kind=NoticeKind.WATCH,
        about=cycle.case.household_id,
        agency_id=cycle.agency_id,
    )


def end_cycle(*, cycle: WatchCycle, event: WatchEvent, note: str, actor: Actor, at: datetime) -> None:
    """The cycle ends with its reason; a turn that still waits is dropped and stays in the record."""
    _, staff = actor.office()
    move_watch(cycle, event)
    cycle.ended_at, cycle.ended_by = at, staff
    cycle.end_reason, cycle.end_note = ENDS[event], note.strip()[:300]
    cycle.save()
    index_text(cycle)
    dropped = []
    for turn in FollowUp.objects.waiting().filter(cycle=cycle).order_by("pk"):
        move_turn(turn, TurnEvent.DROP)
        turn.dropped_at, turn.dropped_by = at, staff
        turn.save(update_fields=["dropped_at", "dropped_by"])
        dropped.append(turn.due_on.isoformat())
    record(
        actor=actor, action="watch.end", target=cycle, at=at, case=cycle.case.number, reason=cycle.end_reason,
        dropped=dropped,
    )  # fmt: skip


def words(cycle: WatchCycle) -> str:
    """The agreement in one line, kept with every change."""
    parts = [
        cycle.rhythm, cycle.get_way_display(), f"次の起点 {format_wareki(cycle.first_on)}",
        f"{cycle.agency.short_name} {cycle.staff.name if cycle.staff else '担当未定'}",
    ]  # fmt: skip
    if cycle.until_on:
        parts.append(f"{format_wareki(cycle.until_on)}まで")
    if cycle.turns:
        parts.append(f"{cycle.turns}回まで")
    parts.append(
        f"連絡なし{cycle.visit_after}回で訪問・{cycle.tell_after}回で所属長・{cycle.reopen_after}回で再開を検討"
    )
    return "／".join(parts + ([cycle.ask] if cycle.ask else []))[:600]


def _lock(case: Case, actor: Actor) -> Case:
    case = Case.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=case.pk)
    check_can_write_case(actor, case)
    return case


def check_may_change(actor: Actor, case: Case, cycle: WatchCycle | None) -> None:
    """The agreement belongs to the lead agency; the agency that looks may change its own part of it."""
    may = {case.lead_agency_id, cycle.agency_id if cycle else case.lead_agency_id}
    if actor.agency_id not in may:
        raise NotAllowed("見守りを変えられるのは、主担当機関と見守りを担当する機関です。")


@transaction.atomic
def begin_watch(*, case: Case, data: CycleData, actor: Actor, at: datetime) -> WatchCycle:
    """A closed case that nobody looks at any more is looked at again."""
    case = _lock(case, actor)
    check_may_change(actor, case, None)
    if case.state != CaseState.CLOSED:
        raise RuleViolation("見守りは、終結したケースで始めます。")
    if WatchCycle.objects.running().filter(case=case).exists():
        raise RuleViolation("このケースは、すでに見守り中です。")
    return start_cycle(case=case, data=data, actor=actor, at=at)


@transaction.atomic
def change_watch(
    *, cycle: WatchCycle, data: CycleData, reason: str, version: int, actor: Actor, at: datetime
) -> WatchCycle:
    """What was agreed changes, with a reason that is kept; the turn that waits moves with it."""
    case = _lock(cycle.case, actor)
    cycle = WatchCycle.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=cycle.pk)
    check_may_change(actor, case, cycle)
    if not cycle.is_running:
        raise InvalidTransition("この見守りはすでに終わっています。")
    check_version(cycle, version)
    if not reason.strip():
        raise RuleViolation("変える理由を書いてください。", field="reason")
    check_cycle(data, case, at)
    _, staff = actor.office()
    before, former = words(cycle), cycle.agency_id
    turn = FollowUp.objects.waiting().filter(cycle=cycle).order_by("pk")[0]
    due_on, given = add_working_days(data.first_on, 0), _fields(data, case)
    stands = turn.look_on == due_on and all(getattr(cycle, name) == value for name, value in given.items())
    if stands and _last_reason(cycle) == reason.strip()[:300]:
        return cycle  # the same form once more
    for name, value in given.items():
        setattr(cycle, name, value)
    cycle.save()
    index_text(cycle)
    turn.due_on, turn.try_on = due_on, None
    turn.way, turn.agency, turn.staff = cycle.way, cycle.agency, cycle.staff
    turn.save(update_fields=["due_on", "try_on", "way", "agency", "staff"])
    show_on_case(case, turn.due_on)
    WatchChange.objects.create(
        cycle=cycle, changed_at=at, changed_by=staff, before=before, after=words(cycle),
        reason=reason.strip()[:300],
    )  # fmt: skip
    record(
        actor=actor, action="watch.change", target=cycle, at=at, case=case.number, reason=reason.strip()[:200]
    )
    if cycle.agency_id != former:
        _tell_asked(cycle, actor, at)
    return cycle


def _last_reason(cycle: WatchCycle) -> str:
    changes = WatchChange.objects.filter(cycle=cycle).order_by("-changed_at", "-pk")
    return changes.values_list("reason", flat=True).first() or ""


@transaction.atomic
def stop_watch(
    *, cycle: WatchCycle, reason: str, actor: Actor, at: datetime, tag: str | None = None
) -> WatchCycle:
    """Nobody looks again, for a reason that is kept with the case. ``tag``: the cycle as it was read."""
    case = _lock(cycle.case, actor)
    cycle = WatchCycle.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=cycle.pk)
    check_may_change(actor, case, cycle)
    check_tag(cycle, tag)
    if not reason.strip():
        raise RuleViolation("見守りをやめる理由を書いてください。", field="stop_reason")
    end_cycle(cycle=cycle, event=WatchEvent.STOP, note=reason, actor=actor, at=at)
    show_on_case(case, None, reason.strip())
    return cycle


@transaction.atomic
def hand_back(
    *, follow_up: FollowUp, reason: str, actor: Actor, at: datetime, tag: str | None = None
) -> FollowUp:
    """An agency that was asked cannot look: the cycle and its turn go back to the lead, who hears why. ``tag``: the turn
    as it was read.
    """
    _, staff = actor.office()
    case = Case.objects.select_for_update(of=("self",)).get(pk=follow_up.case_id)
    turn = FollowUp.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=follow_up.pk)
    cycle = WatchCycle.objects.select_for_update(of=("self",)).get(follow_ups=turn)
    if turn.agency_id != actor.agency_id or actor.agency_id == case.lead_agency_id:
        raise NotAllowed("頼まれた機関だけが、主担当に返せます。")
    check_tag(turn, tag)
    if not turn.is_waiting:
        raise InvalidTransition("このフォローはすでに記録されています。")
    if not reason.strip():
        raise RuleViolation("返す理由を書いてください。", field="back_reason")
    before = words(cycle)
    cycle.agency, cycle.staff = case.lead_agency, case.lead_staff
    cycle.save()
    index_text(cycle)
    turn.agency, turn.staff = case.lead_agency, case.lead_staff
    turn.save(update_fields=["agency", "staff"])
    WatchChange.objects.create(
        cycle=cycle, changed_at=at, changed_by=staff, before=before, after=words(cycle),
        reason=reason.strip()[:300],
    )  # fmt: skip
    record(actor=actor, action="watch.hand_back", target=cycle, at=at, case=case.number)
    notify(
        staff_ids={case.lead_staff_id} - staff_denied(case.household_id),
        text=f"{case.number}の見守りが、頼んだ機関から戻りました。",
        url=reverse("cases:follow_up", args=[turn.pk]),
        at=at,
        kind=NoticeKind.WATCH,
        about=case.household_id,
        agency_id=case.lead_agency_id,
    )
    return turn


# What the person's own fate means for the cycle.
FATE: dict[str, WatchEvent] = {
    FollowUpResult.MOVED: WatchEvent.MOVED,
    FollowUpResult.DIED: WatchEvent.DIED,
}
