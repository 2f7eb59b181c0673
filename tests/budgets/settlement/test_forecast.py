"""Estimates: planned, actual and expected; dry before it runs dry, lapsing before it lapses; what if a worker moves."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.models import ChangeRecord
from budgets.actions.stream_budgets import save_budget, spread
from budgets.models import StreamBudget
from budgets.selectors_alerts import alert_home_rows
from budgets.settlement.chart import chart
from budgets.settlement.forecast import Alert, forecast, move_worker
from budgets.settlement.selectors import outlook, what_if
from common.errors import NotAllowed, RuleViolation
from common.japan.fiscal import fiscal_months
from tests import factories as f
from tests.budgets.claims import YEAR, lock_months, make_shares

MONTHS = fiscal_months(2026)
yen = st.integers(0, 10**9)
slow = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def test_expected_is_the_mean_of_the_last_three_locked_months():
    year = forecast(MONTHS, [100] * 12, {MONTHS[0]: 90, MONTHS[1]: 100, MONTHS[2]: 120, MONTHS[3]: 141})
    assert [line.shown for line in year.lines[:5]] == [90, 100, 120, 141, 120]
    assert year.year_end == 451 + 8 * 120
    assert year.runs_dry == MONTHS[10]
    assert year.alert == Alert.DRY


def test_what_will_lapse_is_told_and_an_unknown_year_is_not_judged():
    assert forecast(MONTHS, [100] * 12, {MONTHS[0]: 80}).alert == Alert.LAPSE
    assert forecast(MONTHS, [100] * 12, {MONTHS[0]: 95}).alert is None
    assert forecast(MONTHS, [100] * 12, {}).alert is None
    assert forecast(MONTHS, None, {MONTHS[0]: 95}).alert is None


@slow
@given(st.lists(yen, min_size=12, max_size=12), st.dictionaries(st.sampled_from(MONTHS), yen))
def test_the_year_adds_up_and_the_drawing_stays_inside(plan, actual):
    year = forecast(MONTHS, plan, actual)
    assert year.year_end == sum(line.shown for line in year.lines)
    assert year.spent == sum(actual.values())
    assert (year.runs_dry is not None) == (sum(plan) > 0 and year.year_end > sum(plan))
    drawn = chart(year)
    for points in (drawn.plan, drawn.actual, drawn.expected):
        for point in points.split():
            x, y = map(int, point.split(","))
            assert 0 <= x <= drawn.width and 0 <= y <= drawn.height
    assert 1 < len(drawn.yen) < 8


@slow
@given(
    st.dictionaries(st.integers(1, 4), st.dictionaries(st.sampled_from(MONTHS[:6]), yen)), st.integers(1, 4)
)
def test_moving_a_worker_makes_and_loses_no_yen(by_stream, to):
    move = move_worker(MONTHS, MONTHS[:6], by_stream, to=to, since=MONTHS[4])
    assert sum(move.before.values()) == sum(move.after.values())
    assert set(move.after) <= {to}
    assert move.months == 6  # only months that are not locked


def test_a_year_spread_over_months_adds_up():
    assert sum(spread(1_000_001)) == 1_000_001
    assert max(spread(1_000_001)) - min(spread(1_000_001)) <= 1


@pytest.fixture
def half_year(db, worker, center_worker, finance, time_machine):
    time_machine.move_to(f.NOW)
    streams = make_shares()
    lock_months([worker, center_worker], finance, months=6)
    return streams


def test_the_outlook_page_warns_and_asks_what_if(
    half_year, finance, worker, auditor, django_assert_max_num_queries
):
    for code, total in (("care", 1_000_000), ("child", 90_000_000)):
        save_budget(
            stream=half_year[code], fiscal_year=YEAR, months=spread(total), version=0, actor=finance.actor, at=f.NOW
        )  # fmt: skip
    client = finance.client
    page = client.get(f"/claims/outlook/?year={YEAR}").content.decode()
    assert "不足の見込み" in page
    assert "使い残しの見込み" in page
    query = (
        f"/claims/outlook/?year={YEAR}&staff={worker.staff.pk}&to={half_year['general'].pk}&since=2025-10-01"
    )
    with django_assert_max_num_queries(15):
        page = client.get(query).content.decode()
    assert "市町村の負担の合計は" in page
    with django_assert_max_num_queries(15):
        assert "年度末" not in client.get(f"/claims/{YEAR}/care/outlook/").content.decode()[:10]
    assert auditor.client.get(f"/claims/{YEAR}/care/outlook/").status_code == 200
    assert auditor.client.get(f"/claims/{YEAR}/care/budget/").status_code == 403
    assert client.get(query.replace(f"staff={worker.staff.pk}", "staff=999999")).status_code == 200


def test_the_clerks_home_tells_what_runs_dry_and_what_lapses(
    db, worker, center_worker, finance, auditor, time_machine, django_assert_max_num_queries
):
    """From the locked months of this fiscal year, before it happens; nobody but who locks months is told."""
    time_machine.move_to(f.NOW)
    streams = make_shares(2026)
    for code, total in (("care", 4_500_000), ("child", 90_000_000), ("poverty", 1_000_000)):
        save_budget(
            stream=streams[code], fiscal_year=2026, months=spread(total), version=0, actor=finance.actor, at=f.NOW
        )  # fmt: skip
    assert alert_home_rows(finance.actor, f.NOW) == []  # of a year of which nothing is known nothing is said
    lock_months([worker, center_worker], finance, year=2026, months=6)
    year = {line.stream.code: line.forecast for line in outlook(finance.actor, 2026).lines}
    rows = {row.url: row for row in alert_home_rows(finance.actor, f.NOW)}
    assert set(rows) == {
        f"/claims/2026/{code}/outlook/" for code, forecast in year.items() if forecast.alert is not None
    }
    care, child = (rows[f"/claims/2026/{code}/outlook/"] for code in ("care", "child"))
    assert (care.title, care.due_on) == ("包括的支援　不足の見込み", year["care"].runs_dry)
    assert year["care"].runs_dry > f.TODAY.replace(day=1)  # in time
    assert (child.title, child.due_on) == ("子ども　使い残しの見込み", date(2027, 3, 31))
    assert f"{year['child'].left:,}円残ります" in child.detail
    for who in (worker, auditor):
        assert alert_home_rows(who.actor, f.NOW) == []
    client = finance.client
    client.get("/")
    with django_assert_max_num_queries(15):
        page = client.get("/").content.decode()
    assert "包括的支援　不足の見込み" in page
    assert 'href="/claims/2026/child/outlook/"' in page


def test_moving_to_the_citys_own_money_costs_the_city_more(half_year, finance, worker):
    year = outlook(finance.actor, YEAR)
    result = what_if(
        finance.actor, YEAR, year, staff=worker.staff, to=half_year["general"], since=date(2025, 10, 1)
    )  # fmt: skip
    assert result.difference > 0
    assert result.municipal_after == year.municipal_with(
        {
            pk: result.move.after.get(pk, 0) - result.move.before.get(pk, 0)
            for pk in {*result.move.before, *result.move.after}
        }
    ) or half_year["general"].pk not in {line.stream.pk for line in year.lines}
    back = what_if(
        finance.actor, YEAR, year, staff=worker.staff, to=half_year["care"], since=date(2025, 10, 1)
    )
    assert back.municipal_after < result.municipal_after


def test_a_budget_is_typed_as_a_total_or_by_month(half_year, finance, worker):
    client, path = finance.client, f"/claims/{YEAR}/care/budget/"
    assert client.post(path, {"version": 0}).status_code == 422
    assert client.post(path, {"version": 0, "total": "1,000,000"}).status_code == 302
    row = StreamBudget.objects.get()
    assert row.total == 1_000_000
    months = {f"month_{n}": str(n * 1000) for n in range(12)}
    assert client.post(path, {"version": 1, "total": "5", **months}).status_code == 422
    assert client.post(path, {"version": 1, **months}).status_code == 302
    row.refresh_from_db()
    assert row.months == [n * 1000 for n in range(12)]
    assert client.post(path, {"version": 1, **months}).status_code == 422  # somebody else was first
    assert ChangeRecord.objects.filter(action="stream_budget.save").count() == 2
    with pytest.raises(NotAllowed):
        save_budget(
            stream=half_year["care"],
            fiscal_year=YEAR,
            months=spread(1),
            version=2,
            actor=worker.actor,
            at=f.NOW,
        )
    with pytest.raises(RuleViolation):
        save_budget(
            stream=half_year["care"], fiscal_year=YEAR, months=[-1] * 12, version=2, actor=finance.actor, at=f.NOW
        )  # fmt: skip
