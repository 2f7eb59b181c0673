"""The month in pages of workers: every figure stands on one of them, and the totals of all stand on each."""

from __future__ import annotations

import io
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from budgets import selectors_apportionment as selectors
from budgets.actions.personnel_costs import CostLine, set_costs
from budgets.actions.run_apportionment import run_apportionment
from budgets.enums import RemainderRule
from tests import factories as f
from tests.budgets.test_apportionment_run import MONTH, work

URL = "/apportionment/202610/"


@pytest.fixture
def five_workers(db, desk, finance, time_machine):
    time_machine.move_to(f.NOW)
    f.make_streams()
    people = [f.make_staff(desk) for _ in range(5)]
    for n, staff in enumerate(people, 1):
        work(staff, desk, {"care": 60 * n, "child": 30} if n < 5 else {"poverty": 45})
    lines = [CostLine(staff, desk, 300_000 + n) for n, staff in enumerate(people)]
    set_costs(month=MONTH, lines=lines, actor=finance.actor, at=f.NOW)
    run = run_apportionment(month=MONTH, rule=RemainderRule.LARGEST_REMAINDER, actor=finance.actor, at=f.NOW)
    return people, run


def test_pages_hold_all_workers_and_each_the_totals_of_all(five_workers, finance, monkeypatch):
    people, run = five_workers
    whole = selectors.matrix(finance.actor, run)
    assert [line.staff.pk for line in whole.lines] == [
        s.pk for s in sorted(people, key=lambda s: (s.kana, s.pk))
    ]
    monkeypatch.setattr(selectors, "PAGE_WORKERS", 2)
    tables = [finance.client.get(f"{URL}?page={n}").context["table"] for n in (1, 2, 3)]
    assert [line for table in tables for line in table.lines] == whole.lines
    for table in tables:
        assert (table.total, table.column_yen, table.streams) == (
            whole.total,
            whole.column_yen,
            whole.streams,
        )
        assert table.total == run.total_yen == sum(table.column_yen)
    book = load_workbook(io.BytesIO(finance.client.get(f"{URL}anbun.xlsx").content))
    names = {c.value for row in book["按分計算書"].iter_rows() for c in row}
    assert {s.name for s in people} <= names


def test_pages_are_links(five_workers, finance, monkeypatch):
    assert "職員のページの移動" not in finance.client.get(URL).content.decode()
    monkeypatch.setattr(selectors, "PAGE_WORKERS", 2)
    page = finance.client.get(f"{URL}?page=2").content.decode()
    assert 'href="?page=1"' in page
    assert 'href="?page=3"' in page
    assert "職員 5人のうち 3〜4人目" in page
    agency = five_workers[0][0].appointments.get().agency_id
    assert (
        f'href="?agency={agency}&amp;page=2"' in finance.client.get(f"{URL}?agency={agency}").content.decode()
    )


@pytest.mark.parametrize("asked", ["0", "99", "-1", "x", "９", "9" * 40])
def test_a_page_that_is_not_there_is_the_nearest(five_workers, finance, asked):
    answer = finance.client.get(URL, {"page": asked, "agency": ""})
    assert answer.status_code == 200
    assert len(answer.context["table"].lines) == 5


@given(st.integers(0, 9999), st.integers(1, 9999), st.integers(0, 9999), st.integers(0, 9999))
def test_shading_is_decided_on_the_exact_ratios(then, direct_then, now, direct):
    ratio = Fraction(now, direct) if direct else Fraction(0)
    exact = abs(Fraction(then, direct_then) - ratio) >= Fraction(1, 10)
    assert selectors._moved(then, direct_then, now, direct) == exact
