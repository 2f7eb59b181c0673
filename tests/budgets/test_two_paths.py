"""Every method a second time, in SQL with whole-number arithmetic over the entries: both agree on random minutes."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from budgets.actions import run_apportionment
from budgets.apportionment import apportion
from budgets.enums import RemainderRule
from budgets.inputs import month_inputs
from budgets.methods.time_study import apply
from budgets.models import FundingStream, PersonnelCost, WorkCategory, WorkEntry, WorkMonth
from tests import factories as f

MONTH = date(2026, 10, 1)

ACTUAL = """
WITH m AS (SELECT e.staff_id, s.id, s.position, s.is_general, sum(e.minutes)::numeric AS n
             FROM budgets_workentry e JOIN budgets_workcategory c ON c.id = e.category_id
             JOIN budgets_fundingstream s ON s.id = c.stream_id
            WHERE c.kind = 'direct' AND e.worked_on BETWEEN '2026-10-01' AND '2026-10-31' GROUP BY 1, 2, 3, 4)"""
STUDY = """
WITH p AS (SELECT s.id, s.position, s.is_general, sum(e.minutes)::numeric AS n
             FROM budgets_workentry e JOIN budgets_workcategory c ON c.id = e.category_id
             JOIN budgets_fundingstream s ON s.id = c.stream_id WHERE c.kind = 'direct' GROUP BY 1, 2, 3),
     m AS (SELECT k.staff_id, p.* FROM budgets_personnelcost k CROSS JOIN p)"""
SPLIT = """,
 q AS (SELECT m.*, div(k.yen * n, sum(n) OVER w) AS low, mod(k.yen * n, sum(n) OVER w) AS rest, k.yen
         FROM m JOIN budgets_personnelcost k ON k.staff_id = m.staff_id AND k.month = '2026-10-01'
       WINDOW w AS (PARTITION BY m.staff_id)),
 r AS (SELECT q.*, yen - sum(low) OVER w AS spare,
              row_number() OVER (PARTITION BY staff_id ORDER BY rest DESC, n DESC, position) AS place
         FROM q WINDOW w AS (PARTITION BY staff_id))"""
LARGEST = " SELECT staff_id, id, (low + (place <= spare)::int)::bigint FROM r"
TRUNCATED = """ SELECT staff_id, id, sum(yen)::bigint FROM (
    SELECT staff_id, id, low AS yen FROM r
    UNION ALL SELECT DISTINCT staff_id, (SELECT id FROM budgets_fundingstream WHERE is_general), spare FROM r) x
    GROUP BY 1, 2"""


@pytest.fixture(params=range(3))
def random_month(request, desk):
    """Fifteen workers, up to sixty stretches each, odd costs up to the largest; one worker with a single minute."""
    rng = random.Random(request.param)
    f.make_streams()
    categories = list(WorkCategory.objects.order_by("pk"))
    entries, costs = [], []
    for n in range(15):
        staff = f.make_staff(desk)
        at = datetime(2026, 10, 1, 8, 30, tzinfo=f.TOKYO)
        for _ in range(rng.randint(1, 60)):
            minutes = rng.randint(1, 290)
            during = DateTimeTZRange(at, at + timedelta(minutes=minutes))
            entries.append(
                WorkEntry(staff=staff, agency=desk, category=rng.choice(categories), during=during)
            )
            at += timedelta(hours=rng.randint(5, 10))
        during = DateTimeTZRange(at, at + timedelta(minutes=1 if n == 0 else 60))
        entries.append(WorkEntry(staff=staff, agency=desk, category=categories[0], during=during))
        costs.append(
            PersonnelCost(
                staff=staff, agency=desk, month=MONTH, yen=rng.choice([1, 7, rng.randint(1, 10**6), 10**13])
            )
        )
    WorkEntry.objects.bulk_create(entries)
    PersonnelCost.objects.bulk_create(costs)


def by_sql(sql: str) -> dict[tuple[int, int], int]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return {(staff, stream): int(yen) for staff, stream, yen in cursor.fetchall() if yen}


@pytest.mark.parametrize(
    ("rule", "tail"),
    [(RemainderRule.LARGEST_REMAINDER, LARGEST), (RemainderRule.TRUNCATE_TO_GENERAL, TRUNCATED)],
)
def test_sql_and_python_agree_on_random_minutes(random_month, rule, tail):
    inputs = month_inputs(MONTH, rule)
    actual = {(r.staff_id, r.stream_id): r.yen for r in apportion(inputs) if r.yen}
    assert actual == by_sql(ACTUAL + SPLIT + tail)
    assert sum(actual.values()) == sum(c.yen for c in inputs.costs)
    weights: dict[int, int] = {}
    for m in inputs.minutes:
        if m.stream_id is not None:
            weights[m.stream_id] = weights.get(m.stream_id, 0) + m.minutes
    study = apply(costs=inputs.costs, weights=weights, streams=inputs.streams, rule=rule)
    assert {(r.staff_id, r.stream_id): r.yen for r in study if r.yen} == by_sql(STUDY + SPLIT + tail)
    assert FundingStream.objects.filter(is_general=True).count() == 1


def test_a_run_that_differs_by_one_yen_fails_whatever_the_test_is_about(random_month, finance, monkeypatch):
    """The hook of tests/conftest.py: a yen moved from one stream to another keeps the sum, and is noticed."""

    def moved(inputs):
        rows = apportion(inputs)
        low, high = next(
            (a, b) for a, b in pairwise(rows) if a.staff_id == b.staff_id and a.yen and b.yen != a.yen
        )
        change = {low: low.yen - 1, high: high.yen + 1}
        return [replace(row, yen=change.get(row, row.yen)) for row in rows]

    inputs = month_inputs(MONTH, RemainderRule.LARGEST_REMAINDER)
    month, _ = WorkMonth.objects.get_or_create(month=MONTH)
    given = {"month": month, "inputs": inputs, "actor": finance.actor, "at": f.NOW, "is_final": False}
    assert run_apportionment.write_run(**given).total_yen == sum(c.yen for c in inputs.costs)
    monkeypatch.setattr(run_apportionment, "apportion", moved)
    with pytest.raises(AssertionError, match="the two paths differ"):
        run_apportionment.write_run(**given)
