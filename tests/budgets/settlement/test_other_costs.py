"""What overheads and common costs say of 人件費のほかの事業費: beside the field, to the yen, and never filled in."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from budgets.actions.overheads import OverheadData, enter_overheads
from budgets.actions.pools import PoolData, ShareData, enter_pool
from budgets.enums import OverheadMethod, RemainderRule
from budgets.methods.overheads import Centre
from budgets.models import GrantClaim
from budgets.settlement.other_costs import other_costs
from tests import factories as f
from tests.budgets.claims import YEAR, lock_months, make_shares

LARGEST = RemainderRule.LARGEST_REMAINDER
APRIL, MAY = date(YEAR, 4, 1), date(YEAR, 5, 1)


@pytest.fixture
def streams(db, time_machine):
    time_machine.move_to(f.NOW)
    return make_shares()


def overheads(finance, streams, month: date, yen: int, weights: dict[str, int]):
    centre = Centre("soumu", "総務", yen, {streams[c].pk: n for c, n in weights.items()}, {})
    data = OverheadData(month, OverheadMethod.DIRECT_LABOUR, [centre], (), LARGEST, f.TODAY, "総務課長")
    return enter_overheads(data=data, actor=finance.actor, at=f.NOW)


def pool(finance, streams, name: str, total: int, first: date, last: date, workers=()):
    return enter_pool(
        data=PoolData(name, first, last, total, "users", "", LARGEST, f.TODAY, "市長", workers),
        shares=[ShareData(streams["care"], Fraction(2), "名簿"), ShareData(streams["child"], Fraction(1), "名簿")],
        actor=finance.actor, at=f.NOW,
    )  # fmt: skip


def test_the_last_plan_of_each_month_and_the_pools_of_the_year(streams, finance, worker):
    overheads(finance, streams, APRIL, 999, {"care": 1})
    overheads(finance, streams, APRIL, 100_000, {"care": 2, "child": 1})  # takes the place of the first
    overheads(finance, streams, MAY, 10_000, {"care": 1, "poverty": 1})
    overheads(finance, streams, date(YEAR + 1, 4, 1), 5_000, {"care": 1})  # another year
    pool(finance, streams, "地域食堂", 100_000, APRIL, date(YEAR + 1, 3, 1))
    pool(finance, streams, "二年の講座", 70_000, date(YEAR, 10, 1), date(YEAR + 1, 9, 1))
    pool(finance, streams, "職員が開く広場", 60_000, APRIL, MAY, [worker.staff.pk])
    care = other_costs(finance.actor, YEAR, streams["care"])
    assert [(p.name, p.yen, bool(p.left_out)) for p in care.parts] == [
        ("間接費の配賦（2か月分）", 66_667 + 5_000, False),
        ("地域食堂", 66_667, False),
        ("職員が開く広場", 40_000, True),
        ("二年の講座", None, True),
    ]
    assert care.total == 138_334
    assert other_costs(finance.actor, YEAR, streams["child"]).total == 33_333 + 33_333
    assert other_costs(finance.actor, YEAR - 1, streams["care"]).total is None
    assert other_costs(worker.actor, YEAR, streams["care"]).parts == []


def test_the_page_says_it_beside_the_field_and_fills_nothing(
    streams, finance, auditor, worker, django_assert_max_num_queries
):
    lock_months([worker], finance, months=2)
    url, client = f"/claims/{YEAR}/care/", finance.client  # signed in once
    assert "配賦では" not in client.get(url).content.decode()
    overheads(finance, streams, APRIL, 100_000, {"care": 2, "child": 1})
    pool(finance, streams, "地域食堂", 100_000, APRIL, date(YEAR + 1, 3, 1))
    pool(finance, streams, "職員が開く広場", 60_000, APRIL, MAY, [worker.staff.pk])
    with django_assert_max_num_queries(15):
        page = client.get(url).content.decode()
    assert "共通経費・間接費の配賦では133,334円" in page
    assert "合計に入れていません（総費用に、按分した職員の人件費を含む）" in page
    field = page.split('name="other_yen"')[1].split(">")[0]
    assert 'value="0"' in field
    assert "133" not in field
    assert not GrantClaim.objects.exists()
    sent = {"version": 0, "other_yen": "7", "ineligible_yen": "0", "income_yen": "0"}
    assert client.post(url, sent).status_code == 302
    assert GrantClaim.objects.get().other_yen == 7
    assert "配賦では" not in auditor.client.get(url).content.decode()
