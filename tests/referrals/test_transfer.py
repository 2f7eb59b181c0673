"""年度替わりの引き継ぎ: chosen by rule, blocked where it must be, moved case by case, undone as if nothing had been."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from accounts.enums import Role
from accounts.models import Appointment, Notice
from cases.actions.plan import start_plan
from cases.actions.team import change_lead_worker
from cases.models import Case, ProgressNote, SilentRisk
from common.errors import InvalidTransition, NotAllowed, RuleViolation
from households.actions.denials import deny_staff
from households.models import HouseholdDenial
from referrals.actions.transfer_cases import (
    choose_rows,
    draft_transfer,
    drop_transfer,
    plan_transfer,
    run_transfers,
    undo_row,
    undo_transfer,
)
from referrals.models import ActionItem, TransferRow
from referrals.transfer_rules import Rule
from referrals.workflow_transfer import TRANSFER_TRANSITIONS, Block, RowState, TransferEvent, TransferState
from tests import factories as f
from tests.conftest import persona
from tests.referrals.conferences import convene, put
from tests.referrals.transfers import draft, everything, leads, many_cases, row

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def third(desk):
    return persona(desk, name="平野 大地")


def carried_out(manager, transfer, at=f.NOW):
    plan_transfer(transfer=transfer, actor=manager.actor, at=f.NOW)
    moved = run_transfers(at=at)
    transfer.refresh_from_db()
    return moved


def test_five_hundred_cases_and_back_again(worker, colleague, third, manager, care_center, record_property):
    """Moved and undone every row is what it was, but for history, the trail and what people were told."""
    cases = many_cases(worker, 500)
    item = put(convene(worker.actor), cases[0], worker.actor)
    for case in cases[:40]:
        ActionItem.objects.create(
            agenda_item=item, case=case, agency=worker.agency, staff=worker.staff, text="年金事務所に同行する",
            due_on=f.TODAY + 9 * DAY, decided_at=f.NOW,
        )  # fmt: skip
    before = everything()
    transfer = draft(manager, colleague.staff, third.staff)
    assert everything() == before  # a draft moves nothing
    assert carried_out(manager, transfer) == 500
    assert Counter(leads(cases).values()) == {colleague.staff.pk: 250, third.staff.pk: 250}
    assert not ActionItem.objects.filter(staff=worker.staff).exists()
    changed = {label for label, rows in everything().items() if rows != before[label]}
    assert changed == {"cases.Case", "referrals.ActionItem"}
    told = Counter(Notice.objects.values_list("staff", flat=True))
    assert told == {colleague.staff.pk: 1, third.staff.pk: 1, manager.staff.pk: 1}  # one each, not hundreds
    assert "250件" in Notice.objects.get(staff=third.staff).text
    assert run_transfers(at=f.NOW + DAY) == 0
    undo_transfer(transfer=transfer, actor=manager.actor, at=f.NOW + DAY)
    assert run_transfers(at=f.NOW + DAY) == 500
    after = everything()
    assert after == before
    record_property(
        "figure", f"500 cases moved and undone: {sum(map(len, after.values()))} rows as they were"
    )


def test_spread_makes_the_loads_even(worker, colleague, third, manager):
    many_cases(colleague, 3)
    cases = many_cases(worker, 5)
    transfer = draft(manager, colleague.staff, third.staff, from_staff=worker.staff.pk)
    given = Counter(TransferRow.objects.filter(transfer=transfer).values_list("to_staff", flat=True))
    assert given == {third.staff.pk: 4, colleague.staff.pk: 1}  # 3 + 1 and 0 + 4
    assert transfer.rows.count() == len(cases)


def test_by_area_and_by_the_other_conditions(worker, colleague, third, manager):
    north, south = f.make_area("北"), f.make_area("南")
    in_north, in_south = many_cases(worker, 2, area=north), many_cases(worker, 2, area=south)
    areas = {north.pk: colleague.staff.pk, south.pk: third.staff.pk}
    transfer = draft(manager, spread="area", by_area=areas)
    for case, person in [*((c, colleague) for c in in_north), *((c, third) for c in in_south)]:
        assert row(transfer, case).to_staff == person.staff
    only = draft(manager, colleague.staff, area=south.pk)
    assert {r.case for r in only.rows.select_related("case")} == set(in_south)
    Case.objects.filter(pk=in_north[0].pk).update(sectors=["child"])
    assert [r.case_id for r in draft(manager, colleague.staff, sector="child").rows.all()] == [in_north[0].pk]
    plan = start_plan(case=in_south[0], actor=worker.actor, at=f.NOW)
    type(plan).objects.filter(pk=plan.pk).update(state="decided", decided_at=f.NOW, decided_by=worker.staff)
    phased = draft(manager, colleague.staff, phase="in_plan")
    assert [r.case_id for r in phased.rows.all()] == [in_south[0].pk]
    assert draft(manager, colleague.staff, phase="before_plan").rows.count() == 3
    with pytest.raises(RuleViolation, match="条件に合うケースがありません"):
        draft(manager, colleague.staff, phase="after_plan")


def deny(case, person, by):
    deny_staff(
        household=case.household, staff=person.staff, reason="relative", note="", actor=by.actor, at=f.NOW
    )


def test_what_blocks_a_case(worker, colleague, manager, desk, stranger, center_worker):
    denied, plain, kin = many_cases(worker, 3)
    deny(denied, colleague, worker)
    kin_member = f.make_person("西尾", "勇")  # the surname of the colleague
    kin.household.members.create(
        person=kin_member, relation="other", during=DateRange(date(2020, 4, 1), None)
    )
    transfer = draft(manager, colleague.staff)
    assert row(transfer, denied).blocked == Block.DENIED
    assert row(transfer, kin).blocked == Block.SURNAME
    assert row(transfer, plain).blocked == ""
    # the head looked at it; the deny list is not a question of looking
    chosen = {r.pk: (colleague.staff.pk, "", True) for r in transfer.rows.all()}
    choose_rows(transfer=transfer, chosen=chosen, actor=manager.actor, at=f.NOW)
    assert row(transfer, kin).blocked == ""
    assert row(transfer, denied).blocked == Block.DENIED
    for person, why in ((worker, Block.SAME), (center_worker, Block.GONE), (None, Block.NOBODY)):
        pk = row(transfer, plain).pk
        choice = {pk: (person.staff.pk if person else None, "", False)}
        choose_rows(transfer=transfer, chosen=choice, actor=manager.actor, at=f.NOW)
        assert row(transfer, plain).blocked == why
    clerk = persona(desk, Role.FINANCE_CLERK)
    choose_rows(
        transfer=transfer,
        chosen={row(transfer, plain).pk: (clerk.staff.pk, "", False)},
        actor=manager.actor,
        at=f.NOW,
    )
    assert row(transfer, plain).blocked == Block.ROLE


def test_even_spread_goes_round_the_deny_list(worker, colleague, third, manager):
    case, _ = many_cases(worker, 2)
    deny(case, colleague, worker)
    transfer = draft(manager, colleague.staff, third.staff)
    assert row(transfer, case).to_staff == third.staff
    assert not transfer.rows.exclude(blocked="").exists()


def test_the_deny_list_is_looked_at_again_when_it_moves(worker, colleague, manager):
    denied, plain = many_cases(worker, 2)
    transfer = draft(manager, colleague.staff)
    assert not transfer.rows.exclude(blocked="").exists()
    plan_transfer(transfer=transfer, actor=manager.actor, at=f.NOW)
    HouseholdDenial.objects.create(
        household=denied.household,
        staff=colleague.staff,
        reason="relative",
        given_by=worker.staff,
        given_at=f.NOW,
    )
    assert run_transfers(at=f.NOW) == 1
    assert leads([denied, plain]) == {denied.pk: worker.staff.pk, plain.pk: colleague.staff.pk}
    assert (row(transfer, denied).state, row(transfer, denied).blocked) == (RowState.BLOCKED, Block.DENIED)
    assert "移せなかった 1件" in Notice.objects.get(staff=manager.staff).text


def test_it_waits_for_the_first_of_april(worker, colleague, manager, desk):
    """Whoever comes on 1 April can be given cases in November; whoever has gone by then gets none."""
    april = date(2027, 4, 1)
    one, two = many_cases(worker, 2)
    newcomer = f.make_staff(desk, name="新田 望", since=april)
    transfer = draft(manager, newcomer, day=april)
    assert not transfer.rows.exclude(blocked="").exists()
    assert draft(manager, newcomer).rows.filter(blocked=Block.GONE).count() == 2  # not today
    assert carried_out(manager, transfer) == 0
    assert transfer.state == TransferState.PLANNED
    assert run_transfers(at=f.NOW.replace(year=2027, month=3, day=31, hour=23, minute=59)) == 0
    Case.objects.filter(pk=two.pk).update(lead_staff=colleague.staff)  # meanwhile
    first = f.NOW.replace(year=2027, month=4, day=1, hour=0, minute=5)
    assert run_transfers(at=first) == 1
    assert leads([one, two]) == {one.pk: newcomer.pk, two.pk: colleague.staff.pk}
    assert row(transfer, two).blocked == Block.CHANGED


def test_an_appointment_that_ends_before_the_day_blocks(worker, colleague, manager):
    many_cases(worker, 1)
    Appointment.objects.filter(staff=colleague.staff).update(
        during=DateRange(date(2024, 4, 1), date(2027, 4, 1))
    )
    assert draft(manager, colleague.staff, day=date(2027, 3, 31)).rows.get().blocked == ""
    transfer = draft(manager, colleague.staff, day=date(2027, 4, 1))
    assert transfer.rows.get().blocked == Block.GONE
    with pytest.raises(RuleViolation, match="移せるケースがありません"):
        plan_transfer(transfer=transfer, actor=manager.actor, at=f.NOW)


def test_the_words_stand_in_the_case_and_are_no_contact(worker, colleague, manager):
    one, two = many_cases(worker, 2)
    Case.objects.filter(pk=one.pk).update(last_contact_at=f.NOW - 20 * DAY)
    transfer = draft(manager, colleague.staff, note="4月から担当が変わります。")
    choose_rows(
        transfer=transfer, chosen={row(transfer, one).pk: (colleague.staff.pk, "鍵は民生委員が持っている。", False)},
        actor=manager.actor, at=f.NOW,
    )  # fmt: skip
    carried_out(manager, transfer)
    texts = dict(ProgressNote.objects.values_list("case", "text"))
    assert "4月から担当が変わります。\n鍵は民生委員が持っている。" in texts[one.pk]
    assert "鍵は" not in texts[two.pk]
    one.refresh_from_db()
    assert one.last_contact_at == f.NOW - 20 * DAY
    assert one.lead_staff_id == colleague.staff.pk
    assert ProgressNote.objects.visible_to(colleague.actor).count() == 2


def test_one_case_goes_back(worker, colleague, manager):
    one, two = many_cases(worker, 2)
    transfer = draft(manager, colleague.staff)
    carried_out(manager, transfer)
    undo_row(row=row(transfer, one), actor=manager.actor, at=f.NOW)
    assert leads([one, two]) == {one.pk: worker.staff.pk, two.pk: colleague.staff.pk}
    with pytest.raises(InvalidTransition):
        undo_row(row=row(transfer, one), actor=manager.actor, at=f.NOW)


def test_what_was_moved_since_stays_where_it_is(worker, colleague, third, manager):
    one, two, three = many_cases(worker, 3)
    transfer = draft(manager, colleague.staff)
    carried_out(manager, transfer)
    two.refresh_from_db()
    change_lead_worker(case=two, staff_id=third.staff.pk, since=f.NOW, actor=manager.actor, at=f.NOW)
    deny(one, worker, colleague)
    with pytest.raises(RuleViolation, match="担当者が変わっています"):
        undo_row(row=row(transfer, two), actor=manager.actor, at=f.NOW)
    undo_transfer(transfer=transfer, actor=manager.actor, at=f.NOW)
    assert run_transfers(at=f.NOW) == 1
    assert leads([one, two, three]) == {
        two.pk: third.staff.pk, one.pk: colleague.staff.pk, three.pk: worker.staff.pk
    }  # fmt: skip
    assert (row(transfer, two).blocked, row(transfer, one).blocked) == (Block.CHANGED, Block.DENIED)
    assert {row(transfer, c).state for c in (one, two)} == {RowState.KEPT}


def test_only_the_head_of_that_agency(worker, colleague, manager, care_center):
    many_cases(worker, 1)
    with pytest.raises(NotAllowed):
        draft(worker, colleague.staff)
    other = persona(care_center, Role.AGENCY_MANAGER)
    with pytest.raises(RuleViolation, match="条件に合うケースがありません"):
        draft(other, other.staff)
    transfer = draft(manager, colleague.staff)
    for act in (plan_transfer, drop_transfer):
        with pytest.raises(NotAllowed):
            act(transfer=transfer, actor=worker.actor, at=f.NOW)
        with pytest.raises(type(transfer).DoesNotExist):
            act(transfer=transfer, actor=other.actor, at=f.NOW)


def test_a_case_that_the_head_may_not_know_of_is_not_in_the_list(worker, colleague, manager):
    hidden, _ = many_cases(worker, 2)
    deny(hidden, manager, worker)
    transfer = draft(manager, colleague.staff)
    assert hidden.pk not in transfer.rows.values_list("case", flat=True)
    assert transfer.rows.count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"effective_on": f.TODAY - DAY}, "effective_on"),
        ({"effective_on": f.TODAY + 400 * DAY}, "effective_on"),
        ({"rule": Rule()}, "targets"),
        ({"rule": Rule(spread="area")}, "spread"),
    ],
)
def test_bad_input_is_named(worker, colleague, manager, change, field):
    many_cases(worker, 1)
    data = {"rule": Rule(targets=(colleague.staff.pk,)), "effective_on": f.TODAY, "note": ""} | change
    with pytest.raises(RuleViolation) as caught:
        draft_transfer(**data, actor=manager.actor, at=f.NOW, request_key=uuid4())
    assert caught.value.field == field
    assert not TransferRow.objects.exists()


@pytest.mark.parametrize(("state", "event"), list(itertools.product(TransferState, ["plan", "drop", "undo"])))
def test_every_state_and_event(worker, colleague, manager, state, event):
    many_cases(worker, 1)
    transfer = draft(manager, colleague.staff)
    planned = {} if state in ("draft", "dropped") else {"planned_at": f.NOW, "planned_by": manager.staff}
    type(transfer).objects.filter(pk=transfer.pk).update(state=state, **planned)
    act = {"plan": plan_transfer, "drop": drop_transfer, "undo": undo_transfer}[event]
    after = TRANSFER_TRANSITIONS.get((state, TransferEvent(event)))
    if after is None:
        with pytest.raises(InvalidTransition):
            act(transfer=transfer, actor=manager.actor, at=f.NOW)
    else:
        assert act(transfer=transfer, actor=manager.actor, at=f.NOW).state == after


def test_worries_follow_the_new_lead(worker, colleague, manager, django_capture_on_commit_callbacks):
    (case,) = many_cases(worker, 1)
    Case.objects.filter(pk=case.pk).update(last_contact_at=f.NOW - 90 * DAY, opened_at=f.NOW - 90 * DAY)
    transfer = draft(manager, colleague.staff)
    with django_capture_on_commit_callbacks(execute=True):
        carried_out(manager, transfer)
    assert set(SilentRisk.objects.standing().values_list("owner_staff", flat=True)) == {colleague.staff.pk}
