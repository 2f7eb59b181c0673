"""A month is approved by each agency's manager, locked by the finance clerk, reported; what changes takes the approval back."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction

from accounts.enums import Role
from audit.models import ChangeRecord
from budgets.actions.month_steps import approve_month, report_month, withdraw_approval
from budgets.actions.personnel_costs import CostLine, set_costs
from budgets.actions.run_apportionment import lock_month, run_apportionment
from budgets.actions.work_entries import add_entry, delete_entry
from budgets.enums import RemainderRule
from budgets.models import ApportionmentRun, MonthApproval, WorkEntry, WorkMonth
from common.errors import InvalidTransition, NotAllowed, RuleViolation
from kyosei.home import home_groups
from tests import factories as f
from tests.budgets.test_apportionment_run import MONTH, VECTOR_A, work
from tests.budgets.work import approve_all, digest_of
from tests.conftest import persona

LARGEST = RemainderRule.LARGEST_REMAINDER


@pytest.fixture
def october(db, worker, manager, finance, time_machine):
    time_machine.move_to(f.NOW)
    f.make_streams()
    work(worker.staff, worker.agency, VECTOR_A)
    set_costs(
        month=MONTH, lines=[CostLine(worker.staff, worker.agency, 412_345)], actor=finance.actor, at=f.NOW
    )
    return worker


def approve(who, *, reason: str = "", agency=None) -> MonthApproval:
    agency = agency or who.agency
    return approve_month(
        month=MONTH, agency=agency, expected_digest=digest_of(MONTH, agency.pk), actor=who.actor, at=f.NOW,
        instead_reason=reason,
    )  # fmt: skip


def compute(finance) -> ApportionmentRun:
    return run_apportionment(month=MONTH, rule=LARGEST, actor=finance.actor, at=f.NOW)


def lock(finance, run) -> ApportionmentRun:
    return lock_month(month=MONTH, actor=finance.actor, at=f.NOW, expected_hash=run.input_hash)


def state() -> str:
    return WorkMonth.objects.get(month=MONTH).state


def test_the_four_states_in_their_order(october, manager, finance):
    run = compute(finance)
    assert state() == "open"
    with pytest.raises(RuleViolation, match="長の承認がまだの機関: まちの保健室"):
        lock(finance, run)
    approval = approve(manager)
    assert (state(), approval.minutes) == ("approved", sum(VECTOR_A.values()))
    with pytest.raises(InvalidTransition, match="報告済みにできません"):
        report_month(month=MONTH, reported_as="福総第1号", actor=finance.actor, at=f.NOW)
    lock(finance, run)
    assert state() == "locked"
    with pytest.raises(RuleViolation, match="文書番号"):
        report_month(month=MONTH, reported_as=" ", actor=finance.actor, at=f.NOW)
    report_month(month=MONTH, reported_as="福総第1号", actor=finance.actor, at=f.NOW)
    row = WorkMonth.objects.get(month=MONTH)
    assert (row.state, row.is_locked, row.reported_as) == ("reported", True, "福総第1号")
    actions = list(
        ChangeRecord.objects.filter(action__startswith="work_month.")
        .order_by("pk")
        .values_list("action", flat=True)
    )
    assert actions == ["work_month.approve", "work_month.approved", "work_month.lock", "work_month.report"]


@pytest.mark.parametrize("change", [{"state": "open"}, {"state": "locked"}, {"reported_as": "別の文書"}])
def test_a_reported_month_moves_no_more(october, manager, finance, change):
    run = compute(finance)
    approve(manager)
    lock(finance, run)
    report_month(month=MONTH, reported_as="福総第1号", actor=finance.actor, at=f.NOW)
    with pytest.raises(DatabaseError), transaction.atomic():
        WorkMonth.objects.update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        WorkEntry.objects.update(note="x")
    with pytest.raises(DatabaseError), transaction.atomic():
        WorkMonth.objects.all().delete()


def test_a_record_that_changes_takes_the_approval_back(october, manager, finance):
    run = compute(finance)
    approve(manager)
    entry = add_entry(
        starts_at=datetime(2026, 10, 30, 17, 0, tzinfo=f.TOKYO), minutes=30, category_code="care", actor=october.actor,
        at=f.NOW,
    )  # fmt: skip
    gone = MonthApproval.objects.get()
    assert (state(), gone.withdrawn_reason) == ("open", "業務実績が変わったため")
    approve(manager)
    delete_entry(entry=entry, actor=october.actor, at=f.NOW)
    assert state() == "open"
    with pytest.raises(RuleViolation, match="長の承認がまだ"):
        lock(finance, run)


def test_minutes_that_changed_behind_the_program_are_found_at_the_lock(october, manager, finance):
    approve(manager)
    WorkEntry.objects.filter(category__code="shared").update(
        case_number=""
    )  # no minute moves: still the same
    run = compute(finance)
    with transaction.atomic():
        sid = transaction.savepoint()
        row = WorkEntry.objects.filter(category__code="child").order_by("pk")[0]
        row.during = (row.during.lower, row.during.upper - timedelta(minutes=1))
        row.save(update_fields=["during"])
        fresh = compute(finance)
        with pytest.raises(RuleViolation, match="承認のあとに業務実績が変わった機関: まちの保健室"):
            lock(finance, fresh)
        transaction.savepoint_rollback(sid)
    assert lock(finance, run).is_final


def test_only_the_own_manager_approves_and_only_what_was_shown(
    october, manager, finance, care_center, worker
):
    other = persona(care_center, Role.AGENCY_MANAGER, name="古川 実")
    for who in (other, worker, finance):
        with pytest.raises(NotAllowed):
            approve(who, agency=october.agency)
    with pytest.raises(RuleViolation, match="業務実績が変わりました"):
        approve_month(month=MONTH, agency=october.agency, expected_digest="x", actor=manager.actor, at=f.NOW)
    november = date(2026, 11, 1)
    with pytest.raises(RuleViolation, match="まだ終わっていない月は承認できません"):
        approve_month(
            month=november, agency=october.agency, expected_digest=digest_of(november, october.agency.pk),
            actor=manager.actor, at=f.NOW,
        )  # fmt: skip


def test_an_agency_without_a_manager_is_confirmed_by_the_clerk_in_writing(
    october, manager, finance, center_worker
):
    work(center_worker.staff, center_worker.agency, {"care": 600})
    set_costs(
        month=MONTH,
        lines=[CostLine(center_worker.staff, center_worker.agency, 300_000)],
        actor=finance.actor,
        at=f.NOW,
    )
    run = compute(finance)
    approve(manager)
    assert state() == "open"
    with pytest.raises(RuleViolation, match="長がいるため"):
        approve(finance, reason="電話で確認", agency=october.agency)
    with pytest.raises(NotAllowed):
        approve(manager, reason="電話で確認", agency=center_worker.agency)
    page = finance.client.get("/apportionment/202610/approvals/").content.decode()
    assert "地域包括支援センターの承認に代わる確認の理由" in page
    answer = finance.client.post(
        "/apportionment/202610/confirm/",
        {
            "agency": center_worker.agency.pk,
            "digest": digest_of(MONTH, center_worker.agency.pk),
            "reason": "日誌と照合した",
        },
    )
    assert answer.status_code == 302
    assert state() == "approved"
    assert lock(finance, run).is_final
    assert "日誌と照合した" in finance.client.get("/apportionment/202610/approvals/").content.decode()


def test_a_manager_takes_the_approval_back_with_a_reason(october, manager):
    approve(manager)
    with pytest.raises(RuleViolation, match="取り消す理由"):
        withdraw_approval(month=MONTH, agency=manager.agency, reason="", actor=manager.actor, at=f.NOW)
    withdraw_approval(
        month=MONTH, agency=manager.agency, reason="休暇の入れ忘れ", actor=manager.actor, at=f.NOW
    )
    assert state() == "open"
    with pytest.raises(RuleViolation, match="まだ承認されていません"):
        withdraw_approval(
            month=MONTH, agency=manager.agency, reason="もう一度", actor=manager.actor, at=f.NOW
        )


def test_the_managers_page_shows_the_month_and_approves_it(
    october, manager, worker, colleague, django_assert_max_num_queries
):
    client = manager.client
    client.get("/")
    rows = [r.row for g in home_groups(manager.actor, f.NOW) for r in g.rows if r.row.kind == "月の承認"]
    assert [r.url for r in rows] == ["/work/month/202610/"]
    with django_assert_max_num_queries(15):
        answer = client.get("/work/month/202610/")
    page = answer.content.decode()
    line = next(r for r in answer.context["found"].lines if r.staff == worker.staff)
    assert (line.direct, line.shared, line.duty) == (8940, 660, 21 * 465)
    assert colleague.staff.name in page  # nothing recorded, and that is seen
    assert client.post("/work/month/202610/approve/", {"digest": "old"}).status_code == 422
    assert (
        client.post("/work/month/202610/approve/", {"digest": answer.context["found"].digest}).status_code
        == 302
    )
    assert "承認済み" in client.get("/work/month/202610/").content.decode()
    assert client.post("/work/month/202610/withdraw/", {"reason": ""}).status_code == 422
    assert client.post("/work/month/202610/withdraw/", {"reason": "休暇"}).status_code == 302
    assert client.get("/work/month/").status_code == 302
    assert worker.client.get("/work/month/202610/").status_code == 403
    assert client.get("/work/month/209913/").status_code == 404


def test_the_finance_pages_of_the_steps(october, manager, finance, auditor, django_assert_max_num_queries):
    run = compute(finance)
    client = finance.client
    client.get("/apportionment/202610/")
    with django_assert_max_num_queries(15):
        assert "承認待ち" in client.get("/apportionment/202610/approvals/").content.decode()
    assert "承認がそろっていません" in client.get("/apportionment/202610/lock/").content.decode()
    approve_all(MONTH)
    lock(finance, run)
    assert auditor.client.post("/apportionment/202610/report/", {"reported_as": "x"}).status_code == 403
    client.post("/apportionment/202610/report/", {"reported_as": ""})
    assert state() == "locked"
    client.post("/apportionment/202610/report/", {"reported_as": "福総第12号"})
    page = client.get("/apportionment/202610/").content.decode()
    assert "報告済み" in page
    assert "福総第12号" in page
    assert "区分の表" in page  # the versions of the rules stand under the matrix
