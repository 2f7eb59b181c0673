"""見守りサイクル: its tables, its days, the rule of a missed contact, and what each result leads to."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Notice
from audit.models import ChangeRecord
from budgets.models import WorkEntry
from cases.actions.closing import ClosingData, close_case, reopen_case
from cases.actions.follow_up import Tried, record_follow_up
from cases.actions.team import join_case
from cases.actions.watch import (
    CycleData,
    begin_watch,
    change_watch,
    hand_back,
    move_turn,
    move_watch,
    stop_watch,
)
from cases.masters import load_codes
from cases.models import Case, Code, FollowUp, WatchAttempt, WatchChange, WatchCycle
from cases.selectors import home_rows, watch
from cases.workflow import (
    TURN_TRANSITIONS,
    WATCH_TRANSITIONS,
    TurnEvent,
    TurnState,
    WatchEvent,
    WatchState,
)
from common.errors import InvalidTransition, NotAllowed, RuleViolation, StaleRecord
from common.japan.business_days import is_working_day
from households.contact import NOTHING_HIDDEN
from households.models import HouseholdDenial
from tests import factories as f

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def masters(db, time_machine):
    time_machine.move_to(f.NOW)
    load_codes()
    f.make_streams()


def closing(**over) -> ClosingData:
    values = {
        "kind": "close", "reason": Code.objects.get(code_list="closing_reason", code="z01"), "note": "本人も納得している。",
        "follow_up_on": date(2026, 12, 23), "every": "1",
    }  # fmt: skip
    return ClosingData(**values | over)


def closed(worker, **over) -> FollowUp:
    """A closed case of the worker with the first turn of its watch."""
    case = close_case(case=f.make_case(worker.actor), data=closing(**over), actor=worker.actor, at=f.NOW)
    return FollowUp.objects.waiting().get(case=case)


def found(turn, worker, result, at=f.NOW, next_on=None, stop_reason="", note="様子を聞いた", tried=None):
    return record_follow_up(
        follow_up=turn, result=result, note=note, next_on=next_on, stop_reason=stop_reason, actor=worker.actor, at=at,
        tried=tried,
    )  # fmt: skip


def on(day: date):
    return f.NOW.replace(year=day.year, month=day.month, day=day.day)


@pytest.mark.parametrize(("state", "event"), list(product(WatchState, WatchEvent)))
def test_a_cycle_moves_only_by_its_table(state, event):
    cycle = WatchCycle(state=state)
    if (state, event) in WATCH_TRANSITIONS:
        move_watch(cycle, event)
        assert cycle.state == WATCH_TRANSITIONS[state, event]
    else:
        with pytest.raises(InvalidTransition):
            move_watch(cycle, event)
        assert cycle.state == state


@pytest.mark.parametrize(("state", "event"), list(product(TurnState, TurnEvent)))
def test_a_turn_moves_only_by_its_table(state, event):
    turn = FollowUp(
        done_at=f.NOW if state == TurnState.DONE else None,
        dropped_at=f.NOW if state == TurnState.DROPPED else None,
    )
    assert turn.turn_state == state
    if (state, event) in TURN_TRANSITIONS:
        assert move_turn(turn, event) == TURN_TRANSITIONS[state, event]
    else:
        with pytest.raises(InvalidTransition):
            move_turn(turn, event)


@pytest.mark.parametrize(
    ("every", "days", "first", "after", "wanted"),
    [
        ("1", None, date(2027, 1, 31), date(2027, 1, 31), date(2027, 2, 28)),
        ("1", None, date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31)),
        ("3", None, date(2027, 2, 23), date(2027, 2, 24), date(2027, 5, 23)),
        ("6", None, date(2027, 2, 23), date(2029, 1, 1), date(2029, 2, 23)),
        ("12", None, date(2028, 2, 29), date(2028, 3, 1), date(2029, 2, 28)),
        ("days", 45, date(2027, 1, 4), date(2027, 1, 4), date(2027, 2, 18)),
        ("days", 45, date(2027, 1, 4), date(2027, 2, 17), date(2027, 2, 18)),
        ("once", None, date(2027, 1, 4), date(2027, 1, 4), None),
    ],
)
def test_the_rhythm_counts_from_its_first_day(every, days, first, after, wanted):
    assert WatchCycle(every=every, every_days=days, first_on=first).after(after) == wanted


def test_turns_follow_one_another_on_working_days(worker):
    turn = closed(worker, every="3", follow_up_on=date(2027, 2, 23))
    days = []
    for n in range(1, 9):
        assert (turn.ordinal, turn.case.follow_up_on) == (n, turn.due_on)
        assert is_working_day(turn.due_on)
        days.append(turn.due_on)
        found(turn, worker, "stable", on(turn.due_on))
        turn = FollowUp.objects.waiting().select_related("case").get()
    assert days[:3] == [date(2027, 2, 24), date(2027, 5, 24), date(2027, 8, 23)]
    assert days[-1] == date(2028, 11, 24)


def test_a_turn_held_late_does_not_push_the_others(worker):
    turn = closed(worker, every="1")
    found(turn, worker, "stable", on(date(2027, 2, 10)))
    assert FollowUp.objects.waiting().get().due_on == date(2027, 2, 24)


@pytest.mark.parametrize("over", [{"turns": 2}, {"until_on": date(2027, 2, 1)}])
def test_a_cycle_ends_with_its_number_or_its_last_day(worker, over):
    turn = closed(worker, **over)
    found(turn, worker, "stable", on(date(2026, 12, 23)))
    found(FollowUp.objects.waiting().get(), worker, "stable", on(date(2027, 1, 25)))
    cycle, case = WatchCycle.objects.get(), Case.objects.get()
    assert (cycle.state, cycle.end_reason) == ("ended", "finished")
    assert (case.follow_up_on, "2回" in case.no_follow_up_reason) == (None, True)
    assert not FollowUp.objects.waiting().exists()


def test_a_missed_contact_goes_by_the_rule_that_was_agreed(worker, manager):
    """Twice missed: by visit; three times: the manager hears; four times: reopening is proposed."""
    turn = closed(worker)
    day = date(2026, 12, 23)
    for n in range(1, 4):
        found(turn, worker, "unreachable", on(day), note=f"呼び出し{n}")
        turn.refresh_from_db()
        assert turn.is_waiting
        assert turn.way == ("phone" if n < 2 else "home_visit")
        assert turn.try_on == Case.objects.get().follow_up_on
        assert is_working_day(turn.try_on) and turn.try_on >= day + timedelta(days=7)
        assert Notice.objects.filter(staff=manager.staff).count() == (1 if n == 3 else 0)
        day = turn.try_on
    found(turn, worker, "unreachable", on(day), note="郵便がたまっている")
    turn.refresh_from_db()
    assert (turn.result, turn.done_at is not None) == ("unreachable", True)
    again = FollowUp.objects.waiting().get()
    assert (again.is_extra, again.agency) == (True, worker.agency)
    attempts = WatchAttempt.objects.filter(follow_up=turn).order_by("pk")
    assert [a.has_reached for a in attempts] == [False] * 4
    assert attempts[3].note == "郵便がたまっている"
    worry = watch.last_worry(Case.objects.get(), worker.actor)
    assert worry == turn


def test_a_rule_of_its_own_is_kept(worker):
    turn = closed(worker, visit_after=1, tell_after=1, reopen_after=1)
    found(turn, worker, "unreachable", on(turn.due_on))
    turn.refresh_from_db()
    assert turn.result == "unreachable"


def test_reached_after_two_misses_is_stable_and_the_rhythm_goes_on(worker):
    turn = closed(worker)
    found(turn, worker, "unreachable", on(date(2026, 12, 23)))
    found(turn, worker, "stable", on(date(2027, 1, 5)))
    after = FollowUp.objects.waiting().get()
    assert (after.due_on, after.way, after.ordinal) == (date(2027, 1, 25), "phone", 2)


@pytest.mark.parametrize(("result", "reason"), [("moved", "moved"), ("died", "died")])
def test_who_moved_or_died_is_watched_no_more(worker, result, reason):
    turn = closed(worker)
    found(turn, worker, result, on(turn.due_on), note="隣の市の娘宅へ")
    cycle, case = WatchCycle.objects.get(), Case.objects.get()
    assert (cycle.end_reason, cycle.ended_by) == (reason, worker.staff)
    assert case.follow_up_on is None
    assert "隣の市の娘宅へ" in case.no_follow_up_reason
    assert not FollowUp.objects.waiting().exists()


def test_worse_is_looked_at_again_and_reopening_drops_the_rest(worker):
    turn = closed(worker)
    found(turn, worker, "worse", on(date(2026, 12, 23)))
    again = FollowUp.objects.waiting().get()
    assert (again.is_extra, again.due_on) == (True, date(2027, 1, 4))  # 30 December is closed
    case = reopen_case(
        case=Case.objects.get(), actor=worker.actor, at=on(date(2026, 12, 24)), reason="食事がとれない"
    )
    again.refresh_from_db()
    assert (again.turn_state, again.dropped_by) == (TurnState.DROPPED, worker.staff)
    assert WatchCycle.objects.get().end_reason == "reopened"
    assert case.is_open
    assert FollowUp.objects.count() == 2  # nothing is deleted
    with pytest.raises(InvalidTransition):
        found(again, worker, "stable", on(date(2027, 1, 4)))


def test_minutes_of_an_attempt_are_work_and_the_same_form_twice_is_one(worker):
    turn = closed(worker)
    at = on(date(2026, 12, 23))
    tried = Tried(started_at=at - timedelta(minutes=30), minutes=20, way="phone", request_key=uuid4())
    for _ in range(2):
        found(turn, worker, "unreachable", at, tried=tried)
    assert WatchAttempt.objects.count() == 1
    entry = WorkEntry.objects.get()
    assert (entry.source_type, entry.minutes, entry.case_number) == ("watch", 20, turn.case.number)
    with pytest.raises(RuleViolation) as caught:
        found(turn, worker, "stable", at, tried=Tried(started_at=tried.started_at, minutes=5))
    assert caught.value.field == "minutes"
    assert FollowUp.objects.get().is_waiting


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"every": "days"}, "every_days"), ({"every": "days", "every_days": 2000}, "every_days"),
        ({"every": "2"}, "every"), ({"until_on": date(2026, 12, 1)}, "until_on"), ({"turns": 0}, "turns"),
        ({"follow_up_way": "accompany"}, "follow_up_way"), ({"tell_after": 1}, "visit_after"),
        ({"reopen_after": 21, "tell_after": 21}, "visit_after"), ({"follow_up_on": date(2046, 1, 1)}, "follow_up_on"),
    ],
)  # fmt: skip
def test_an_agreement_that_cannot_be_held_is_told(worker, over, field):
    case = f.make_case(worker.actor)
    with pytest.raises(RuleViolation) as caught:
        close_case(case=case, data=closing(**over), actor=worker.actor, at=f.NOW)
    assert caught.value.field == field
    assert not WatchCycle.objects.exists()


def test_a_change_needs_a_reason_and_keeps_what_was_agreed(worker, colleague):
    turn = closed(worker)
    cycle = WatchCycle.objects.get()
    data = CycleData(first_on=date(2027, 3, 1), every="6", way="home_visit", staff=colleague.staff)
    with pytest.raises(RuleViolation) as caught:
        change_watch(cycle=cycle, data=data, reason=" ", version=cycle.version, actor=worker.actor, at=f.NOW)
    assert caught.value.field == "reason"
    change_watch(
        cycle=cycle,
        data=data,
        reason="落ち着いているため",
        version=cycle.version,
        actor=worker.actor,
        at=f.NOW,
    )
    turn.refresh_from_db()
    assert (turn.due_on, turn.way, turn.staff) == (date(2027, 3, 1), "home_visit", colleague.staff)
    change = WatchChange.objects.get()
    assert (
        "1か月ごと" in change.before and "6か月ごと" in change.after and change.reason == "落ち着いているため"
    )
    with pytest.raises(StaleRecord):
        change_watch(
            cycle=cycle, data=data, reason="もう一度", version=cycle.version, actor=worker.actor, at=f.NOW
        )


def test_stopping_needs_a_reason_and_a_watch_can_begin_again(worker):
    closed(worker)
    cycle = WatchCycle.objects.get()
    with pytest.raises(RuleViolation):
        stop_watch(cycle=cycle, reason="", actor=worker.actor, at=f.NOW)
    stop_watch(cycle=cycle, reason="本人が断ったため", actor=worker.actor, at=f.NOW)
    case = Case.objects.get()
    assert (case.follow_up_on, case.no_follow_up_reason) == (None, "本人が断ったため")
    with pytest.raises(InvalidTransition):
        stop_watch(cycle=cycle, reason="もう一度", actor=worker.actor, at=f.NOW)
    begin_watch(case=case, data=CycleData(first_on=date(2027, 4, 1)), actor=worker.actor, at=f.NOW)
    with pytest.raises(RuleViolation, match="すでに見守り中"):
        begin_watch(case=case, data=CycleData(first_on=date(2027, 4, 1)), actor=worker.actor, at=f.NOW)
    assert ChangeRecord.objects.filter(action__startswith="watch.").count() == 3


def test_only_one_cycle_runs(worker):
    closed(worker)
    cycle = WatchCycle.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        WatchCycle.objects.create(
            case=cycle.case, first_on=cycle.first_on, agency=cycle.agency, started_at=f.NOW,
            started_by=worker.staff,
        )  # fmt: skip


# ── An agency that is asked ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def asked(worker, center_worker):
    """A closed case whose watch is asked of a partner that took part without a ground to see the record."""
    case = f.make_case(worker.actor)
    join_case(
        case=case, agency=center_worker.agency, staff=center_worker.staff, actor=center_worker.actor, at=f.NOW,
        basis=case, ground="own_duty", opens_record=False,
    )  # fmt: skip
    data = closing(
        follow_up_agency=center_worker.agency, follow_up_way="home_visit", ask="配食のときに様子を見る"
    )
    close_case(case=case, data=data, actor=worker.actor, at=f.NOW)
    return FollowUp.objects.get()


def test_the_asked_agency_sees_its_turn_and_not_the_case(asked, center_worker, stranger):
    actor = center_worker.actor
    assert FollowUp.objects.visible_to(actor).get() == asked
    assert not Case.objects.visible_to(actor).exists()
    assert not WatchCycle.objects.visible_to(actor).exists()
    assert not FollowUp.objects.visible_to(stranger.actor).exists()
    assert Notice.objects.filter(staff=center_worker.staff, text__contains="見守りを頼まれました").exists()
    (row,) = [r for r in home_rows(actor, on(date(2026, 12, 23))) if r.kind == "フォロー"]
    assert row.title == f"ケース {asked.case.number}"
    HouseholdDenial.objects.create(
        household=asked.case.household, staff=center_worker.staff, reason="relative",
        given_by=center_worker.staff, given_at=f.NOW,
    )  # fmt: skip
    assert not FollowUp.objects.visible_to(actor).exists()


def test_the_asked_agency_records_and_worse_comes_back_to_the_lead(asked, center_worker, worker):
    found(asked, center_worker, "worse", on(date(2026, 12, 23)), note="新聞がたまっている")
    again = FollowUp.objects.waiting().get()
    assert (again.agency, again.staff) == (worker.agency, worker.staff)
    assert Notice.objects.filter(staff=worker.staff, text__contains="悪化").exists()
    assert WatchAttempt.objects.visible_to(center_worker.actor).count() == 1


def test_the_asked_agency_can_give_it_back_and_the_lead_hears_why(asked, center_worker, worker, stranger):
    with pytest.raises(RuleViolation):
        hand_back(follow_up=asked, reason=" ", actor=center_worker.actor, at=f.NOW)
    with pytest.raises(FollowUp.DoesNotExist):
        hand_back(follow_up=asked, reason="できない", actor=stranger.actor, at=f.NOW)
    with pytest.raises(NotAllowed):
        hand_back(follow_up=asked, reason="できない", actor=worker.actor, at=f.NOW)
    hand_back(follow_up=asked, reason="配食が終わったため", actor=center_worker.actor, at=f.NOW)
    asked.refresh_from_db()
    assert (asked.agency, asked.staff) == (worker.agency, worker.staff)
    assert WatchChange.objects.get().reason == "配食が終わったため"
    assert not FollowUp.objects.visible_to(center_worker.actor).exists()


def test_what_the_asked_agency_lets_pass_comes_to_the_lead(asked, worker):
    late = on(date(2026, 12, 23)) + timedelta(days=9)
    (row,) = [r for r in home_rows(worker.actor, late) if r.kind == "フォロー"]
    assert row.badge == "頼んだ先で止まっています"


def test_only_the_team_is_asked(worker, stranger):
    case = f.make_case(worker.actor)
    with pytest.raises(RuleViolation) as caught:
        close_case(case=case, data=closing(follow_up_agency=stranger.agency), actor=worker.actor, at=f.NOW)
    assert caught.value.field == "follow_up_agency"


# ── Counts ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_results_are_counted_by_month_and_agency_and_open_their_lists(worker, center_worker):
    for _ in range(2):
        turn = closed(worker)
        found(turn, worker, "stable", on(turn.due_on))
        FollowUp.objects.waiting().delete()
        WatchCycle.objects.update(state="ended", ended_at=f.NOW, ended_by=worker.staff, end_reason="stopped")
    turn = closed(worker)
    found(turn, worker, "died", on(date(2027, 1, 25)))
    seen = watch.results(worker.actor, f.NOW, NOTHING_HIDDEN, 2026)
    rows = {row.label: [c.count for c in row.cells] + [row.total.count] for row in seen.months}
    assert rows[date(2026, 12, 1)] == [2, 0, 0, 0, 0, 2]
    assert rows[date(2027, 1, 1)] == [0, 0, 0, 0, 1, 1]
    assert [(r.label, r.total.count) for r in seen.agencies] == [(worker.agency.short_name, 3)]
    assert [c.count for c in seen.total.cells] == [2, 0, 0, 0, 1]
    for row in (*seen.months, *seen.agencies, seen.total):
        for cell in (*row.cells, row.total):
            page = worker.client.get(cell.url).content.decode()
            assert page.count("<tr data-row") == cell.count
    nothing = watch.results(center_worker.actor, f.NOW, NOTHING_HIDDEN, 2026)
    assert nothing.total.total.count == 0
