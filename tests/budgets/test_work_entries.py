"""What the worker enters by hand: added, corrected, deleted, copied; and everything that is refused."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest

from audit.models import ChangeRecord
from budgets.actions.work_entries import add_entry, copy_week, delete_entry, edit_entry
from budgets.masters import load_streams
from budgets.models import WorkEntry
from common.errors import NotAllowed, Overlap, RuleViolation
from tests import factories as f
from tests.budgets.work import MONDAY, derive, lock, make_note, moment

pytestmark = pytest.mark.django_db
LOCKED = date(2026, 10, 1)
LOCKED_DAY = date(2026, 10, 5)


@pytest.fixture(autouse=True)
def masters(db):
    load_streams(2026)


def add(
    persona, clock: str = "9:00", minutes: int = 60, category: str = "meeting", day: date = MONDAY, **kw
) -> WorkEntry:
    return add_entry(
        starts_at=moment(day, clock),
        minutes=minutes,
        category_code=category,
        actor=persona.actor,
        at=f.NOW,
        **kw,
    )


def edit(
    persona, entry, clock: str = "9:00", minutes: int = 60, category: str = "meeting", day: date = MONDAY
) -> WorkEntry:
    return edit_entry(
        entry=entry,
        starts_at=moment(day, clock),
        minutes=minutes,
        category_code=category,
        actor=persona.actor,
        at=f.NOW,
    )


def test_add_entry(worker):
    entry = add(worker, note="庁内の打合せ")
    assert (entry.staff, entry.agency, entry.minutes, entry.worked_on) == (
        worker.staff,
        worker.agency,
        60,
        MONDAY,
    )
    assert ChangeRecord.objects.get(action="work_entry.add").detail["minutes"] == 60


def test_add_entry_sent_twice_is_one(worker):
    key = uuid4()
    assert add(worker, request_key=key).pk == add(worker, request_key=key).pk
    assert WorkEntry.objects.count() == 1


def test_what_was_sent_before_is_known_again_even_where_it_could_not_be_entered_now(worker):
    key = uuid4()
    first = add(worker, request_key=key)
    assert add(worker, request_key=key, minutes=0).pk == first.pk
    with pytest.raises(RuleViolation, match="1分以上"):
        add(worker, request_key=uuid4(), minutes=0)
    lock(first.worked_on.replace(day=1), worker.staff)
    assert add(worker, request_key=key).pk == first.pk


def test_a_new_entry_knows_its_day_and_minutes(worker):
    entry = add(worker, clock="0:30", minutes=45)
    assert (entry.worked_on, entry.minutes) == (MONDAY, 45)
    entry.refresh_from_db()
    assert (entry.worked_on, entry.minutes) == (MONDAY, 45)


@pytest.mark.parametrize("minutes", [0, -30, 1441])
def test_add_entry_refuses_minutes_out_of_range(worker, minutes):
    with pytest.raises(RuleViolation, match="1分以上"):
        add(worker, minutes=minutes)


def test_add_entry_refuses_an_overlap_with_a_sentence(worker):
    add(worker, "9:00", 60)
    with pytest.raises(Overlap, match="9:00〜10:00 の「会議・連絡調整（共通）」と重なっています"):
        add(worker, "9:59", 5)


def test_add_entry_refuses_an_unknown_category(worker):
    with pytest.raises(RuleViolation, match="という業務区分はありません"):
        add(worker, category="おやつ")


def test_add_entry_until_the_end_of_this_week(worker):
    sunday = f.TODAY + timedelta(days=6)
    assert add(worker, day=sunday).worked_on == sunday
    with pytest.raises(RuleViolation, match="今週の終わりまで"):
        add(worker, day=sunday + timedelta(days=1))


def test_roles_without_a_work_record_are_refused(finance, auditor, admin):
    for persona in (finance, auditor, admin):
        with pytest.raises(NotAllowed):
            add(persona)


def test_edit_entry_keeps_the_former_value(worker):
    entry = edit(worker, add(worker), "13:00", 90, "training")
    assert (entry.during.lower, entry.minutes, entry.category.code) == (
        moment(MONDAY, "13:00"),
        90,
        "training",
    )
    assert ChangeRecord.objects.get(action="work_entry.edit").detail["before"]["minutes"] == 60


def test_edit_entry_within_its_own_time_is_no_overlap(worker):
    assert edit(worker, add(worker, "9:00", 60), "9:15", 60).minutes == 60


def test_edit_entry_refuses_what_adding_refuses(worker):
    add(worker, "13:00", 60)
    entry = add(worker)
    for clock, minutes, category in (("13:30", 30, "meeting"), ("9:00", 0, "meeting"), ("9:00", 30, "?")):
        with pytest.raises(RuleViolation):
            edit(worker, entry, clock, minutes, category)
    entry.refresh_from_db()
    assert entry.minutes == 60


def test_strangers_and_colleagues_do_not_reach_an_entry(worker, colleague, stranger):
    entry = add(worker)
    for persona in (colleague, stranger):
        with pytest.raises(WorkEntry.DoesNotExist):
            edit(persona, entry)
        with pytest.raises(WorkEntry.DoesNotExist):
            delete_entry(entry=entry, actor=persona.actor, at=f.NOW)


def test_the_manager_sees_but_does_not_correct(worker, manager):
    entry = add(worker)
    assert WorkEntry.objects.visible_to(manager.actor).filter(pk=entry.pk).exists()
    with pytest.raises(NotAllowed, match="ほかの職員"):
        edit(manager, entry)
    with pytest.raises(NotAllowed):
        delete_entry(entry=entry, actor=manager.actor, at=f.NOW)


def test_derived_entries_are_corrected_at_their_record(worker):
    entry = derive(make_note(worker, f.make_case(worker.actor), moment(MONDAY, "10:00")), worker)
    with pytest.raises(RuleViolation, match="元の記録"):
        edit(worker, entry)
    with pytest.raises(RuleViolation, match="元の記録"):
        delete_entry(entry=entry, actor=worker.actor, at=f.NOW)


def test_delete_entry(worker):
    delete_entry(entry=add(worker), actor=worker.actor, at=f.NOW)
    assert not WorkEntry.objects.exists()
    assert ChangeRecord.objects.filter(action="work_entry.delete").count() == 1


def test_locked_month_refuses_everything(worker, finance):
    entry = add(worker, day=LOCKED_DAY)
    other = add(worker)
    lock(LOCKED, finance.staff)
    for attempt in (
        lambda: add(worker, "15:00", day=LOCKED_DAY),
        lambda: edit(worker, entry, "15:00", day=LOCKED_DAY),
        lambda: edit(worker, entry),  # out of it
        lambda: edit(worker, other, day=LOCKED_DAY),  # into it
        lambda: delete_entry(entry=entry, actor=worker.actor, at=f.NOW),
    ):
        with pytest.raises(RuleViolation, match="締められています"):
            attempt()
    assert WorkEntry.objects.count() == 2


# ── The same as last week ───────────────────────────────────────────────────────────────────────────────────


def test_copy_week_takes_what_was_typed_and_tells_what_not(worker):
    add(worker, "9:00", 60)
    add(worker, "13:00", 60, "training", note="虐待対応", day=MONDAY + timedelta(days=4))
    derive(make_note(worker, f.make_case(worker.actor), moment(MONDAY, "10:30")), worker)
    add(worker, "9:30", 30, "travel", day=MONDAY + timedelta(days=7))
    copied = copy_week(to_week=MONDAY + timedelta(days=9), actor=worker.actor, at=f.NOW)
    assert [(e.worked_on, e.minutes, e.category.code, e.note) for e in copied.entries] == [
        (MONDAY + timedelta(days=11), 60, "training", "虐待対応")
    ]
    assert len(copied.skipped) == 1
    assert copied.skipped[0].startswith(
        "11/23 9:00〜10:00 会議・連絡調整（共通）（9:30〜10:00 の「移動（共通）」と重なって"
    )
    again = copy_week(to_week=MONDAY + timedelta(days=7), actor=worker.actor, at=f.NOW)
    assert not again.entries
    assert len(again.skipped) == 2


def test_copy_week_straddling_a_locked_month(worker, finance):
    """The week of 26 October to 1 November: its last day is in the open month."""
    monday = date(2026, 10, 26)
    add(worker, day=monday - timedelta(days=7))
    add(worker, day=monday - timedelta(days=1))
    lock(LOCKED, finance.staff)
    copied = copy_week(to_week=monday, actor=worker.actor, at=f.NOW)
    assert [e.worked_on for e in copied.entries] == [date(2026, 11, 1)]
    assert "締められています" in copied.skipped[0]


def test_copy_week_not_into_a_later_week(worker):
    with pytest.raises(RuleViolation, match="今週の終わりまで"):
        copy_week(to_week=f.TODAY + timedelta(days=7), actor=worker.actor, at=f.NOW)


def test_copy_week_takes_only_ones_own(worker, colleague):
    add(colleague)
    assert not copy_week(to_week=f.TODAY, actor=worker.actor, at=f.NOW).entries
