"""Budgets and the claim of the former year of the demo, over a few locked months instead of the whole municipality."""

from __future__ import annotations

from datetime import date

import pytest

from accounts.enums import Role
from budgets.models import GrantClaim, StreamBudget
from budgets.settlement.selectors import outlook
from budgets.workflow_claims import ClaimState
from kyosei.demo.money import CLERK, PLANNED, Ledger
from tests import factories as f
from tests.budgets.claims import lock_months, make_shares, work
from tests.conftest import persona

YEAR = 2026


@pytest.fixture
def ledger(db, worker, time_machine):
    time_machine.move_to(f.NOW)
    make_shares(YEAR)
    clerk = persona(f.make_agency("福祉総務室"), Role.FINANCE_CLERK, username=CLERK)
    lock_months([worker], clerk, year=YEAR, months=6)
    return Ledger(f.TODAY)


def test_every_stream_has_a_budget_and_the_former_year_a_filed_claim(ledger):
    ledger.plan()
    lines = outlook(ledger.clerk, YEAR).lines
    assert [line.stream.code for line in lines] == ["care", "child", "poverty"]
    for line, percent in zip(lines, PLANNED, strict=False):
        spent = sum(entry.actual or 0 for entry in line.forecast.lines)
        assert 0 <= spent * 2 * percent // 100 - line.budget.total < 10_000
    claim = GrantClaim.objects.get()
    assert (claim.fiscal_year, claim.stream.code, claim.state) == (YEAR - 1, "poverty", ClaimState.FILED)
    assert claim.note.startswith("令和7年度")
    # 18,642,310 − 120,000 = 18,522,310, and three quarters of it are 13,891,732.5
    assert (claim.result["total"], claim.result["required"]) == (18_642_310, 13_891_000)


def test_while_a_month_of_the_former_year_is_open_nothing_is_claimed(ledger, worker):
    work(worker, date(YEAR, 3, 1), {"care": 60})
    ledger.plan()
    assert StreamBudget.objects.count() == 3
    assert not GrantClaim.objects.exists()
