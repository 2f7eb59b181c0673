"""Casework actions over their tables, with strangers, stale edits, double sends and closing rules."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product
from uuid import uuid4

import pytest

from audit.models import ChangeRecord
from cases.actions.assessment import ItemData, add_item, edit_item, end_item
from cases.actions.closing import ClosingData, close_case, move_case, reopen_case
from cases.actions.follow_up import record_follow_up
from cases.actions.notes import NoteData, edit_note, write_note
from cases.actions.plan import (
    EvaluationData,
    PlanData,
    PlanItemData,
    decide_plan,
    evaluate_plan,
    move_plan,
    save_plan,
    start_plan,
)
from cases.masters import load_codes
from cases.models import AssessmentItem, Case, Code, FollowUp, ProgressNote, SupportPlan
from cases.workflow import CASE_TRANSITIONS, PLAN_TRANSITIONS, CaseEvent, CaseState, PlanEvent, PlanState
from common.errors import InvalidTransition, NotAllowed, RuleViolation, StaleRecord
from tests import factories as f

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def masters(db):
    load_codes()
    f.make_streams()


def note_data(**over) -> NoteData:
    values = {
        "started_at": f.NOW - timedelta(hours=1),
        "minutes": 20,
        "way": "phone",
        "text": "電話で様子を聞いた。",
    }
    return NoteData(**values | over)


def closing(**over) -> ClosingData:
    values = {
        "kind": "close", "reason": Code.objects.get(code_list="closing_reason", code="z01"), "note": "本人も納得している。",
        "follow_up_on": date(2027, 2, 23),
    }  # fmt: skip
    return ClosingData(**values | over)


def decided(case, actor) -> SupportPlan:
    plan = start_plan(case=case, actor=actor, at=f.NOW)
    data = PlanData(
        long_goal="安心して暮らす", short_goal="通院を続ける", items=[PlanItemData(action="受診に同行する")]
    )
    plan = save_plan(plan=plan, data=data, version=plan.version, actor=actor, at=f.NOW)
    return decide_plan(plan=plan, actor=actor, at=f.NOW, where="重層的支援会議 11月")


@pytest.mark.parametrize(("state", "event"), list(product(CaseState, CaseEvent)))
def test_case_moves_only_by_its_table(state, event):
    case = Case(state=state)
    if (state, event) in CASE_TRANSITIONS:
        move_case(case, event)
        assert case.state == CASE_TRANSITIONS[state, event]
    else:
        with pytest.raises(InvalidTransition):
            move_case(case, event)
        assert case.state == state


@pytest.mark.parametrize(("state", "event"), list(product(PlanState, PlanEvent)))
def test_plan_moves_only_by_its_table(state, event):
    plan = SupportPlan(state=state)
    if (state, event) in PLAN_TRANSITIONS:
        move_plan(plan, event)
        assert plan.state == PLAN_TRANSITIONS[state, event]
    else:
        with pytest.raises(InvalidTransition):
            move_plan(plan, event)


def test_note_sent_twice_is_one_record_with_one_trace(worker):
    case, key = f.make_case(worker.actor), uuid4()
    one = write_note(case=case, data=note_data(), actor=worker.actor, at=f.NOW, request_key=key)
    two = write_note(case=case, data=note_data(), actor=worker.actor, at=f.NOW, request_key=key)
    assert one == two
    assert ChangeRecord.objects.filter(action="note.write").count() == 1


def test_note_tells_the_case_its_last_contact_and_next_date(worker):
    case = f.make_case(worker.actor)
    write_note(
        case=case, data=note_data(next_on=date(2026, 12, 1), next_text="受診に同行"), actor=worker.actor, at=f.NOW,
        request_key=uuid4(),
    )  # fmt: skip
    case.refresh_from_db()
    assert (case.last_contact_at, case.next_on) == (f.NOW - timedelta(hours=1), date(2026, 12, 1))


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"minutes": 0}, "minutes"),
        ({"minutes": 1441}, "minutes"),
        ({"text": " "}, "text"),
        ({"started_at": f.NOW + timedelta(hours=2)}, "started_at"),
        ({"way": "x"}, "way"),
    ],
)
def test_bad_note_names_its_field(worker, over, field):
    with pytest.raises(RuleViolation) as caught:
        write_note(
            case=f.make_case(worker.actor),
            data=note_data(**over),
            actor=worker.actor,
            at=f.NOW,
            request_key=uuid4(),
        )
    assert caught.value.field == field
    assert not ProgressNote.objects.exists()


def test_person_of_another_household_is_refused(worker):
    with pytest.raises(RuleViolation) as caught:
        write_note(
            case=f.make_case(worker.actor), data=note_data(person=f.make_person("他", "人")), actor=worker.actor, at=f.NOW,
            request_key=uuid4(),
        )  # fmt: skip
    assert caught.value.field == "person"


def test_stale_note_shows_the_first_change_and_loses_nothing(worker, colleague):
    case = f.make_case(worker.actor)
    note = write_note(case=case, data=note_data(), actor=worker.actor, at=f.NOW, request_key=uuid4())
    edit_note(note=note, data=note_data(text="先の訂正"), version=note.version, actor=worker.actor, at=f.NOW)
    with pytest.raises(StaleRecord) as caught:
        edit_note(note=note, data=note_data(text="後の訂正"), version=1, actor=colleague.actor, at=f.NOW)
    assert caught.value.current.text == "先の訂正"


def test_other_agency_cannot_correct_a_note(worker, center_worker):
    case = f.make_case(worker.actor)
    note = write_note(case=case, data=note_data(), actor=worker.actor, at=f.NOW, request_key=uuid4())
    from cases.actions.grants import grant_case

    grant_case(
        case=case,
        agency=center_worker.agency,
        ground="participation",
        basis=case,
        actor=worker.actor,
        at=f.NOW,
    )
    with pytest.raises(NotAllowed):
        edit_note(note=note, data=note_data(), version=note.version, actor=center_worker.actor, at=f.NOW)


def test_stranger_can_call_no_action(worker, stranger):
    case = f.make_case(worker.actor)
    calls = [
        lambda: write_note(case=case, data=note_data(), actor=stranger.actor, at=f.NOW, request_key=uuid4()),
        lambda: add_item(case=case, data=ItemData("problem", "x"), actor=stranger.actor, at=f.NOW),
        lambda: f.give_consent(case, stranger.actor, stranger.agency),
        lambda: start_plan(case=case, actor=stranger.actor, at=f.NOW),
        lambda: close_case(case=case, data=closing(), actor=stranger.actor, at=f.NOW),
        lambda: reopen_case(case=case, actor=stranger.actor, at=f.NOW, reason="x"),
    ]
    before = ChangeRecord.objects.count()
    for call in calls:
        with pytest.raises((Case.DoesNotExist, NotAllowed)):
            call()
    assert ChangeRecord.objects.count() == before


def test_items_are_added_corrected_and_ended(worker):
    case = f.make_case(worker.actor)
    item = add_item(case=case, data=ItemData("strength", "毎朝、花に水をやる"), actor=worker.actor, at=f.NOW)
    edit_item(item=item, data=ItemData("wish", "畑をまたやりたい"), version=1, actor=worker.actor, at=f.NOW)
    with pytest.raises(StaleRecord):
        edit_item(item=item, data=ItemData("wish", "…"), version=1, actor=worker.actor, at=f.NOW)
    end_item(item=item, actor=worker.actor, at=f.NOW)
    end_item(item=item, actor=worker.actor, at=f.NOW)
    assert AssessmentItem.objects.get().ended_at == f.NOW
    assert ChangeRecord.objects.filter(action="item.end").count() == 1


def test_plan_is_decided_evaluated_and_replaced_and_the_old_stays(worker):
    case = f.make_case(worker.actor)
    first = decided(case, worker.actor)
    assert (first.state, first.decided_where) == (PlanState.DECIDED, "重層的支援会議 11月")
    with pytest.raises(InvalidTransition):
        save_plan(plan=first, data=PlanData(), version=first.version, actor=worker.actor, at=f.NOW)
    second = decided(case, worker.actor)
    first.refresh_from_db()
    assert (first.state, second.state, second.ordinal) == (PlanState.REPLACED, PlanState.DECIDED, 2)
    evaluate_plan(
        plan=second,
        data=EvaluationData(achievement="reached", judgement="close"),
        actor=worker.actor,
        at=f.NOW,
    )
    second.refresh_from_db()
    assert second.state == PlanState.EVALUATED


def test_empty_plan_is_not_decided(worker):
    plan = start_plan(case=f.make_case(worker.actor), actor=worker.actor, at=f.NOW)
    with pytest.raises(RuleViolation, match="長期目標"):
        decide_plan(plan=plan, actor=worker.actor, at=f.NOW, where="会議")


def test_only_the_lead_writes_plans_and_closes(worker, center_worker):
    from cases.actions.grants import grant_case

    case = f.make_case(worker.actor)
    grant_case(
        case=case,
        agency=center_worker.agency,
        ground="participation",
        basis=case,
        actor=worker.actor,
        at=f.NOW,
    )
    with pytest.raises(NotAllowed):
        start_plan(case=case, actor=center_worker.actor, at=f.NOW)
    with pytest.raises(NotAllowed):
        close_case(case=case, data=closing(), actor=center_worker.actor, at=f.NOW)


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"follow_up_on": None}, "follow_up_on"),
        ({"follow_up_on": date(2026, 11, 23)}, "follow_up_on"),
        ({"note": " "}, "note"),
        ({"kind": "replan"}, "kind"),
    ],
)
def test_closing_needs_reason_evaluation_and_follow_up(worker, over, field):
    case = f.make_case(worker.actor)
    with pytest.raises(RuleViolation) as caught:
        close_case(case=case, data=closing(**over), actor=worker.actor, at=f.NOW)
    assert caught.value.field == field
    case.refresh_from_db()
    assert case.is_open


def test_decided_plan_must_be_evaluated_before_closing(worker):
    case = f.make_case(worker.actor)
    decided(case, worker.actor)
    with pytest.raises(RuleViolation, match="評価"):
        close_case(case=case, data=closing(), actor=worker.actor, at=f.NOW)


def test_closed_case_comes_back_and_reopens_with_its_history(worker):
    case = f.make_case(worker.actor)
    write_note(case=case, data=note_data(), actor=worker.actor, at=f.NOW, request_key=uuid4())
    case = close_case(case=case, data=closing(), actor=worker.actor, at=f.NOW)
    follow_up = FollowUp.objects.get()
    later = f.NOW + timedelta(days=92)
    with pytest.raises(RuleViolation):
        record_follow_up(
            follow_up=follow_up,
            result="stable",
            note="",
            next_on=None,
            stop_reason="",
            actor=worker.actor,
            at=later,
        )
    record_follow_up(
        follow_up=follow_up, result="worse", note="食事がとれていない", next_on=None, stop_reason="再開する",
        actor=worker.actor, at=later,
    )  # fmt: skip
    with pytest.raises(InvalidTransition):
        record_follow_up(
            follow_up=follow_up,
            result="stable",
            note="",
            next_on=None,
            stop_reason="x",
            actor=worker.actor,
            at=later,
        )
    case = reopen_case(case=case, actor=worker.actor, at=later, reason="状態が悪くなったため")
    assert (case.state, case.reopened_count, case.notes.count()) == (CaseState.OPEN, 1, 1)
    with pytest.raises(InvalidTransition):
        reopen_case(case=case, actor=worker.actor, at=later, reason="もう一度")


def test_household_never_has_two_open_cases(worker):
    case = f.make_case(worker.actor)
    close_case(case=case, data=closing(), actor=worker.actor, at=f.NOW)
    f.make_case(worker.actor, household=case.household)
    with pytest.raises(RuleViolation, match="支援中のケース"):
        reopen_case(case=case, actor=worker.actor, at=f.NOW, reason="再び")


def test_correcting_a_note_leaves_the_next_date_of_another(worker):
    case = f.make_case(worker.actor)
    first = note_data(started_at=f.NOW - timedelta(hours=5), next_on=date(2026, 12, 1), next_text="訪問")
    write_note(case=case, data=first, actor=worker.actor, at=f.NOW, request_key=uuid4())
    later = write_note(case=case, data=note_data(), actor=worker.actor, at=f.NOW, request_key=uuid4())
    edit_note(note=later, data=note_data(text="誤字を直した"), version=1, actor=worker.actor, at=f.NOW)
    case.refresh_from_db()
    assert case.next_on == date(2026, 12, 1)


def test_partner_that_reopens_leads_and_the_former_lead_stays_in_the_team(worker, center_worker):
    from cases.actions.team import join_case

    case = f.make_case(worker.actor)
    join_case(
        case=case, agency=center_worker.agency, staff=center_worker.staff, actor=center_worker.actor, at=f.NOW,
        basis=case, ground="participation",
    )  # fmt: skip
    close_case(case=case, data=closing(), actor=worker.actor, at=f.NOW)
    case = reopen_case(case=case, actor=center_worker.actor, at=f.NOW, reason="相談が再びあった")
    team = {p.agency for p in case.partners.filter(ended_at__isnull=True)}
    assert (case.lead_agency, team) == (center_worker.agency, {worker.agency})


def test_plan_of_a_closed_case_is_not_decided_and_a_guest_decides_nothing(worker, finance):
    case = f.make_case(worker.actor)
    plan = start_plan(case=case, actor=worker.actor, at=f.NOW)
    with pytest.raises(NotAllowed):
        decide_plan(plan=plan, actor=finance.actor, at=f.NOW, where="会議")
    close_case(case=case, data=closing(), actor=worker.actor, at=f.NOW)
    with pytest.raises(RuleViolation, match="終結"):
        decide_plan(plan=plan, actor=worker.actor, at=f.NOW, where="会議")


def test_worse_without_a_date_is_looked_at_again_within_a_week(worker):
    case = f.make_case(worker.actor)
    close_case(case=case, data=closing(), actor=worker.actor, at=f.NOW)
    row = FollowUp.objects.get()
    record_follow_up(
        follow_up=row, result="worse", note="", next_on=None, stop_reason="", actor=worker.actor, at=f.NOW
    )
    assert FollowUp.objects.waiting().get().due_on == f.TODAY + timedelta(days=7)
