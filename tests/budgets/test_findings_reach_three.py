"""Each kind of finding: on the worker's week with the record that raises it, to the manager weekly, to the clerk before locking."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db.models import Sum

from accounts.actor import Actor
from accounts.enums import Sector
from accounts.models import Notice
from budgets.actions.review import answer_finding
from budgets.actions.review_weekly import open_months, review_open_months
from budgets.actions.run_apportionment import lock_month, run_apportionment
from budgets.actions.work_entries import copy_week, delete_entry
from budgets.enums import Activity, FindingKind
from budgets.masters import load_streams
from budgets.models import (
    ApportionmentRow,
    ApportionmentRun,
    CostPool,
    FundingStream,
    PersonnelCost,
    StreamYear,
    WorkEntry,
    WorkMonth,
)
from cases.enums import Way
from common.errors import RuleViolation
from tests import factories as f
from tests.budgets.test_review import LARGEST, NOVEMBER, OCTOBER, assign, bulk, days_of, enter, waiting
from tests.budgets.work import approve_all, derive, lock, make_note, moment

LAST = date(2026, 10, 30)  # a Friday of a month that is over
SYSTEM = Actor.system("財源の確認")
TUESDAY = moment(date(2026, 11, 24), "6:40")  # the first working day after the holiday of 23 November


@pytest.fixture(autouse=True)
def loaded(db, time_machine):
    time_machine.move_to(f.NOW)
    load_streams(2026)


def dedicated(worker, finance) -> WorkEntry:
    assign(worker, finance, "care", OCTOBER)
    bulk(worker, "care", 60, [OCTOBER], case_number="K08-1")
    return enter(worker, "child", 1, LAST)


def nobody(worker, finance) -> WorkEntry:
    bulk(worker, "care", 120, days_of(OCTOBER, 4))
    return enter(worker, "care", 120, LAST)


def double(worker, finance) -> WorkEntry:
    CostPool.objects.create(
        name="まるごと広場", month_from=OCTOBER, month_to=OCTOBER, total_yen=1_000_000, driver="users",
        decided_on=OCTOBER, decided_by="課長決裁", worker_ids=[worker.staff.pk], entered_at=f.NOW, entered_by=finance.staff,
    )  # fmt: skip
    return enter(worker, "general", 60, LAST)


def year_before(worker, finance, month: date) -> None:
    """A final run of that month: 単独 79 per cent, 健康増進 21."""
    run = ApportionmentRun.objects.create(
        month=WorkMonth.objects.create(month=month), remainder_rule=LARGEST, ran_at=f.NOW, ran_by=finance.staff,
        total_yen=1, input_hash="x", code_version="x", is_final=True,
    )  # fmt: skip
    for code, minutes in (("general", 790), ("health", 210)):
        ApportionmentRow.objects.create(
            run=run, staff=worker.staff, agency=worker.agency, stream=FundingStream.objects.get(code=code), minutes=minutes,
            direct_minutes=1000, yen=0,
        )  # fmt: skip


def jump(worker, finance) -> WorkEntry:
    year_before(worker, finance, date(2025, 10, 1))
    bulk(worker, "general", 60, days_of(OCTOBER, 9))
    bulk(worker, "health", 60, days_of(OCTOBER, 6), clock="13:00")
    return enter(worker, "health", 60, LAST)


def copied(worker, finance) -> WorkEntry:
    days = [day for n in range(-7, 30) if (day := OCTOBER + timedelta(days=n)).weekday() < 5 and day != LAST]
    for clock in ("9:00", "13:00"):
        bulk(worker, "general", 60, days, clock=clock)
    bulk(worker, "general", 60, [LAST])
    return enter(worker, "general", 60, LAST, clock="13:00")


def not_dedicated(worker, finance) -> WorkEntry:
    StreamYear.objects.filter(stream__code="poverty", fiscal_year=2026).update(must_be_dedicated=True)
    return enter(worker, "poverty", 60, LAST)


def activity(worker, finance) -> WorkEntry:
    StreamYear.objects.filter(stream__code="poverty", fiscal_year=2026).update(
        activities=[Activity.HOME_VISIT]
    )
    case = f.make_case(worker.actor, sectors=(Sector.POVERTY,))
    return derive(make_note(worker, case, moment(LAST, "9:00"), way=Way.PHONE), worker)


KINDS = {
    FindingKind.DEDICATED: dedicated, FindingKind.NO_PERSON: nobody, FindingKind.DOUBLE: double, FindingKind.JUMP: jump,
    FindingKind.COPIED: copied, FindingKind.NOT_DEDICATED: not_dedicated,
    FindingKind.ACTIVITY: activity,
}  # fmt: skip


def test_every_kind_has_its_case():
    assert set(KINDS) == set(FindingKind)


@pytest.mark.parametrize("kind", FindingKind)
def test_shown_when_recorded_told_weekly_and_asked_before_the_lock(worker, manager, finance, kind):
    PersonnelCost.objects.create(staff=worker.staff, agency=worker.agency, month=OCTOBER, yen=300_000)
    KINDS[kind](worker, finance)
    found = [row for row in waiting() if row.kind == kind]
    assert found, "the record itself raises it"
    assert {row.kind for row in waiting()} == {kind}
    week = worker.client.get(f"/work/?day={LAST}").content.decode()
    assert all(row.text in week for row in found)
    assert review_open_months(actor=SYSTEM, at=TUESDAY) == 1
    notice = Notice.objects.get(staff=manager.staff, url="/work/review/")
    assert f"財源の確認事項が{len(found)}件（1人）" in notice.text
    page = manager.client.get("/work/review/").content.decode()
    assert all(row.text in page for row in found)
    run = run_apportionment(month=OCTOBER, rule=LARGEST, actor=finance.actor, at=f.NOW)
    approve_all(OCTOBER)
    assert found[0].text in finance.client.get("/apportionment/202610/lock/").content.decode()
    with pytest.raises(RuleViolation, match=f"確認事項があります。{worker.staff.name}"):
        lock_month(month=OCTOBER, actor=finance.actor, at=f.NOW, expected_hash=run.input_hash)
    for row in found:
        answer_finding(finding=row, answer="確かめた", actor=finance.actor, at=f.NOW)
    lock_month(month=OCTOBER, actor=finance.actor, at=f.NOW, expected_hash=run.input_hash)


@pytest.mark.parametrize("kind", [FindingKind.NO_PERSON, FindingKind.JUMP, FindingKind.NOT_DEDICATED])
def test_deleting_what_raised_it_mends_it(worker, finance, kind):
    entry = KINDS[kind](worker, finance)
    assert waiting()
    delete_entry(entry=entry, actor=worker.actor, at=f.NOW)
    assert waiting() == []


def test_the_answer_to_a_typed_line_shows_what_the_month_raises(worker):
    """Not only on the next full page: htmx swaps the findings of the week together with the day."""
    bulk(worker, "care", 120, days_of(NOVEMBER, 4))
    sent = {
        "day": "2026-11-20", "line": "9:00 120 包括", "request_key": "7f1c1b9e-6d1f-4b57-9a3e-000000000011",
    }  # fmt: skip
    part = worker.client.post("/work/add/", sent, headers={"HX-Request": "true"}).content.decode()
    (found,) = waiting()
    assert 'id="week-findings" role="status" hx-swap-oob="true"' in part
    assert found.text in part.split('id="week-findings"')[1]


def test_the_manager_hears_once_a_week_while_it_waits(worker, manager, finance):
    dedicated(worker, finance)
    days = [date(2026, 11, 24), date(2026, 11, 25), date(2026, 11, 28), date(2026, 11, 30), date(2026, 12, 1)]
    told = [review_open_months(actor=SYSTEM, at=moment(day, "6:40")) for day in days]
    assert told == [1, 0, 0, 1, 0]  # Tuesday after a holiday; Saturday is no working day; Monday
    answer_finding(finding=waiting()[0], answer="急病の対応", actor=worker.actor, at=f.NOW)
    assert review_open_months(actor=SYSTEM, at=moment(date(2026, 12, 7), "6:40")) == 0
    assert Notice.objects.filter(staff=manager.staff, url="/work/review/").count() == 2


def test_same_as_last_week_is_looked_at_after_the_last_entry(worker, finance):
    bulk(worker, "care", 150, [date(2026, 11, 9) + timedelta(days=n) for n in range(4)])
    done = copy_week(to_week=date(2026, 11, 16), actor=worker.actor, at=f.NOW)
    assert len(done.entries) == 4
    (found,) = waiting()
    assert (found.kind, "20時間のうち20時間" in found.text) == (FindingKind.NO_PERSON, True)


def test_an_answer_stands_while_its_month_grows_and_is_asked_again_when_it_is_over(worker, finance):
    bulk(worker, "care", 120, days_of(NOVEMBER, 5))
    enter(worker, "care", 60, date(2026, 11, 20))
    answer_finding(finding=waiting()[0], answer="見守りの会の準備", actor=worker.actor, at=f.NOW)
    enter(worker, "care", 60, date(2026, 11, 20), clock="13:00")
    assert waiting() == []
    review_open_months(actor=SYSTEM, at=TUESDAY)
    assert waiting() == []
    review_open_months(actor=SYSTEM, at=moment(date(2026, 12, 1), "6:40"))
    (found,) = waiting()
    assert "12時間のうち12時間" in found.text
    minutes = WorkEntry.objects.aggregate(n=Sum("minutes"))["n"]
    assert minutes == 12 * 60


def test_a_few_days_of_a_running_month_are_no_jump(worker, finance):
    year_before(worker, finance, date(2025, 11, 1))
    for day in days_of(NOVEMBER, 9):
        enter(worker, "health", 60, day)
    assert waiting() == []
    enter(worker, "health", 60, date(2026, 11, 20))
    assert {row.kind for row in waiting()} == {FindingKind.JUMP}


def test_locked_months_and_months_without_entries_are_not_looked_at(worker, finance):
    bulk(worker, "care", 60, [date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 2)])
    lock(date(2026, 9, 1), finance.staff)
    assert open_months(f.TODAY) == [OCTOBER, NOVEMBER]
