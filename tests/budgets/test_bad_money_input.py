"""The bad input that issue 6 lists: each has a clear answer in words, and none a silent zero."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from fractions import Fraction

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.db.backends.postgresql.psycopg_any import DateRange

from accounts.enums import Role
from accounts.models import Appointment
from budgets.actions.assignments import AssignmentData, set_assignment
from budgets.actions.personnel_costs import CostLine, set_costs
from budgets.actions.pools import PoolData, ShareData, enter_pool
from budgets.actions.run_apportionment import lock_month, run_apportionment
from budgets.actions.stream_years import YearData, save_year
from budgets.actions.studies import StudyData, approve_study, create_study
from budgets.actions.work_entries import add_entry, copy_week, edit_entry
from budgets.enums import Payer, PoolDriver, RemainderRule, StudySampling
from budgets.masters import load_streams
from budgets.models import (
    ApportionmentRun,
    CostPool,
    FundingStream,
    PersonnelCost,
    StreamYear,
    WorkCategory,
    WorkEntry,
)
from budgets.selectors_month import agency_month
from budgets.selectors_work import week_of
from common.errors import RuleViolation
from tests import factories as f
from tests.budgets.test_apportionment_run import MONTH, run, vector_a, work, yen_of
from tests.budgets.work import approve_all, lock, moment
from tests.conftest import persona

__all__ = ["vector_a"]
LARGEST = RemainderRule.LARGEST_REMAINDER


def pay(who, finance, yen: int = 300_000) -> int:
    return set_costs(month=MONTH, lines=[CostLine(who.staff, who.agency, yen)], actor=finance.actor, at=f.NOW)


def test_cost_without_minutes(vector_a, finance, colleague):
    pay(colleague, finance)
    with pytest.raises(
        RuleViolation, match=f"人件費があるのに直接の業務実績がない職員: {colleague.staff.name}"
    ):
        run(finance.actor)
    assert not ApportionmentRun.objects.exists()


def test_minutes_without_cost(vector_a, finance, colleague):
    work(colleague.staff, colleague.agency, {"care": 60})
    with pytest.raises(RuleViolation, match=f"業務実績があるのに人件費がない職員: {colleague.staff.name}"):
        run(finance.actor)


def test_a_worker_in_no_appointment(vector_a, finance):
    gone = f.make_staff(vector_a.agency, until=date(2026, 9, 1), name="退職 一郎")
    text = f"職員番号,人件費\r\n{gone.username},100\r\n"
    client = finance.client
    sent = {"file": SimpleUploadedFile("a.csv", text.encode())}
    payload = client.post("/apportionment/202610/costs/import/", sent).context["payload"]
    page = client.post(
        "/apportionment/202610/costs/confirm/", {"payload": payload}, follow=True
    ).content.decode()
    assert "この月に辞令のない職員です: 退職 一郎" in page
    assert not PersonnelCost.objects.filter(staff=gone).exists()


def test_minutes_of_a_worker_in_no_appointment(vector_a, finance, colleague):
    """Nobody can type into such a day; what stands there since the appointment was shortened is named, not paid."""
    work(colleague.staff, colleague.agency, {"care": 1600})
    pay(colleague, finance)
    Appointment.objects.filter(staff=colleague.staff).update(
        during=DateRange(date(2026, 10, 2), date(2027, 4, 1))
    )
    named = f"辞令のない日に業務実績がある職員: {colleague.staff.name}（令和8年10月1日"
    with pytest.raises(RuleViolation, match=named):
        run(finance.actor)
    late = moment(date(2026, 9, 30), "9:00")
    for attempt in (
        lambda: add_entry(starts_at=late, minutes=30, category_code="care", actor=colleague.actor, at=f.NOW),
        lambda: edit_entry(
            entry=WorkEntry.objects.filter(staff=colleague.staff).latest("during"), starts_at=late, minutes=30,
            category_code="care", actor=colleague.actor, at=f.NOW,
        ),
    ):  # fmt: skip
        with pytest.raises(RuleViolation, match=r"令和8年9月30日.*辞令の期間の外"):
            attempt()
    WorkEntry.objects.filter(staff=colleague.staff, worked_on=date(2026, 10, 1)).delete()
    assert run(finance.actor).total_yen == 712_345


def test_an_appointment_that_ends_in_the_month(vector_a, manager, finance):
    """Duty is asked to the last day alone, the cost is split by what was done until then."""
    Appointment.objects.filter(staff=vector_a.staff).update(
        during=DateRange(date(2024, 4, 1), date(2026, 10, 8))
    )
    (line,) = [
        r for r in agency_month(manager.actor, manager.agency, MONTH).lines if r.staff == vector_a.staff
    ]
    assert line.duty == 5 * 465  # 1, 2, 5, 6, 7 October
    assert sum(yen_of(run(finance.actor)).values()) == 412_345
    day = date(2026, 10, 8)  # one day after the last
    at = moment(day, "9:00")
    WorkEntry.objects.create(
        staff=vector_a.staff, agency=vector_a.agency, category=WorkCategory.objects.get(code="care"),
        during=(at, at + timedelta(minutes=30)),
    )  # fmt: skip
    with pytest.raises(RuleViolation, match=f"辞令のない日.*{vector_a.staff.name}（令和8年10月8日（木））"):
        run(finance.actor)


def test_leave_is_outside_and_nothing_but_leave_is_named(vector_a, finance, colleague):
    before = yen_of(run(finance.actor))
    load_streams(2026)
    at = moment(date(2026, 10, 30), "20:00")
    WorkEntry.objects.create(
        staff=vector_a.staff,
        agency=vector_a.agency,
        category=leave(),
        during=(at, at + timedelta(minutes=90)),
    )
    assert yen_of(run(finance.actor)) == before
    WorkEntry.objects.create(
        staff=colleague.staff,
        agency=colleague.agency,
        category=leave(),
        during=(at, at + timedelta(minutes=90)),
    )
    pay(colleague, finance)
    with pytest.raises(RuleViolation, match=f"直接の業務実績がない職員: {colleague.staff.name}"):
        run(finance.actor)


def leave() -> WorkCategory:
    return WorkCategory.objects.get(code="leave")


def test_a_stream_that_ends_in_the_middle_of_the_year(vector_a, finance):
    child = FundingStream.objects.get(code="child")
    StreamYear.objects.update_or_create(
        stream=child, fiscal_year=2026, defaults={"ends_on": date(2026, 9, 30)}
    )
    with pytest.raises(RuleViolation, match="終わった財源に業務実績があります"):
        run(finance.actor)


def test_shares_that_do_not_add_to_one(db, finance):
    load_streams(2026)
    shares = {Payer.STATE: Fraction(1, 2), Payer.PREFECTURE: Fraction(1, 4)}
    with pytest.raises(RuleViolation, match="負担割合の合計が1になりません（いまは 3/4）"):
        save_year(
            stream=FundingStream.objects.get(code="care"), fiscal_year=2026, data=YearData(shares=shares), version=1,
            actor=finance.actor, at=f.NOW,
        )  # fmt: skip


def test_a_study_with_no_responses(db, worker, finance, time_machine):
    time_machine.move_to(f.NOW)
    f.make_streams()
    study = create_study(
        data=StudyData("空の調査", StudySampling.CONTINUOUS, MONTH, date(2026, 10, 31), MONTH, MONTH, "決裁"),
        members=[(worker.staff, worker.agency)], actor=finance.actor, at=f.NOW,
    )  # fmt: skip
    with pytest.raises(RuleViolation, match="回答が1件もないため"):
        approve_study(study=study, expected_hash="", actor=finance.actor, at=f.NOW)
    assert "回答が1件もないため" in finance.client.get(f"/apportionment/studies/{study.pk}/").content.decode()


def test_a_driver_of_zero(db, finance):
    load_streams(2026)
    data = PoolData("広場", MONTH, MONTH, 1_000, PoolDriver.USERS, "", LARGEST, MONTH, "課長")
    shares = [ShareData(FundingStream.objects.get(code="care"), Fraction(0), "名簿")]
    with pytest.raises(RuleViolation, match="すべて0のため"):
        enter_pool(data=data, shares=shares, actor=finance.actor, at=f.NOW)
    assert not CostPool.objects.exists()


def test_a_week_that_straddles_a_locked_month(db, worker, finance, time_machine):
    """Monday 26 October to Sunday 1 November: October is locked, the Sunday is open; copying tells what it left out."""
    time_machine.move_to(moment(date(2026, 11, 2), "10:00"))
    load_streams(2026)
    at = moment(date(2026, 11, 2), "10:00")
    for day in (19, 25):
        add_entry(
            starts_at=moment(date(2026, 10, day), "9:00"),
            minutes=60,
            category_code="care",
            actor=worker.actor,
            at=at,
        )
    lock(MONTH, finance.staff)
    week = week_of(staff=worker.staff, day=date(2026, 10, 28), actor=worker.actor, now=at)
    assert [d.is_locked for d in week.days] == [True] * 6 + [False]
    copied = copy_week(to_week=date(2026, 10, 26), actor=worker.actor, at=at)
    assert [e.worked_on for e in copied.entries] == [date(2026, 11, 1)]
    assert len(copied.skipped) == 1
    assert "締められています" in copied.skipped[0]


def test_an_entry_dated_into_a_locked_month(vector_a, finance):
    lock(MONTH, finance.staff)
    with pytest.raises(RuleViolation, match="この月は締められています（令和8年10月"):
        add_entry(
            starts_at=moment(date(2026, 10, 30), "20:00"), minutes=30, category_code="care", actor=vector_a.actor,
            at=f.NOW,
        )  # fmt: skip


def test_a_lock_between_preview_and_import(vector_a, finance):
    """The clerk previews a file, another locks the month: nothing comes in, and it is said why."""
    client = finance.client
    text = f"職員番号,人件費\r\n{vector_a.staff.username},400000\r\n"
    sent = {"file": SimpleUploadedFile("a.csv", text.encode())}
    payload = client.post("/apportionment/202610/costs/import/", sent).context["payload"]
    done = run(finance.actor)
    approve_all(MONTH)
    lock_month(month=MONTH, actor=finance.actor, at=f.NOW, expected_hash=done.input_hash)
    page = client.post(
        "/apportionment/202610/costs/confirm/", {"payload": payload}, follow=True
    ).content.decode()
    assert "締められているため変更できません" in page
    assert PersonnelCost.objects.get().yen == 412_345


@pytest.mark.django_db(transaction=True)
def test_two_finance_clerks_locking_at_once(vector_a, finance):
    """Both press 締める on the same page: one locks, the other reads that it is locked; there is one final run."""
    other = persona(finance.agency, Role.FINANCE_CLERK, name="経理 二郎")
    done = run(finance.actor)
    approve_all(MONTH)
    barrier, pages = threading.Barrier(2), []

    def press(client) -> None:
        try:
            barrier.wait(20)
            answer = client.post(
                "/apportionment/202610/lock/", {"digest": done.input_hash}, follow=True
            ).content.decode()
            pages.append(answer)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press, args=(who.client,)) for who in (finance, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    told = ["月を締めました" in page for page in pages]
    refused = ["この月はすでに締められています" in p or "この月は締められています" in p for p in pages]
    assert sorted(told) == sorted(refused) == [False, True]
    assert told != refused
    assert ApportionmentRun.objects.filter(is_final=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_lock_and_an_import_at_the_same_moment(vector_a, finance):
    """One goes after the other: either the import is in the lock's figures, or one of them is refused in words."""
    done = run(finance.actor)
    approve_all(MONTH)
    outcome: list[str] = []

    def attempt(name: str, action) -> None:
        try:
            action()
            outcome.append(name)
        except RuleViolation as violation:
            outcome.append(f"{name}: {violation.message[:6]}")
        finally:
            connections.close_all()

    def locking() -> None:
        lock_month(month=MONTH, actor=finance.actor, at=f.NOW, expected_hash=done.input_hash)

    threads = [
        threading.Thread(target=attempt, args=("lock", locking)),
        threading.Thread(target=attempt, args=("import", lambda: pay(vector_a, finance, 400_000))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    stored = PersonnelCost.objects.get().yen
    if "lock" in outcome:
        assert (stored, len([o for o in outcome if o.startswith("import: ")])) == (412_345, 1)
        assert ApportionmentRun.objects.get(is_final=True).total_yen == 412_345
    else:
        assert (stored, outcome.count("import")) == (400_000, 1)


def test_assigning_into_a_locked_month(vector_a, finance):
    lock(MONTH, finance.staff)
    data = AssignmentData(
        vector_a.staff, vector_a.agency, FundingStream.objects.get(code="care"), date(2026, 10, 15)
    )
    with pytest.raises(RuleViolation, match="締められた月"):
        set_assignment(data=data, actor=finance.actor, at=f.NOW)


def test_a_run_of_a_month_with_nothing(db, finance):
    f.make_streams()
    with pytest.raises(RuleViolation, match="人件費が入力されていません"):
        run_apportionment(month=MONTH, rule=LARGEST, actor=finance.actor, at=f.NOW)
