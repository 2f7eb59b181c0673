"""The settlement table as a pure function: known vectors, what always holds, and the same in spreadsheet formulas."""

from __future__ import annotations

import io
from dataclasses import replace
from fractions import Fraction

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from budgets.enums import Payer
from budgets.methods.grant import Claim, settlement
from budgets.pack.formulas import settlement_sheets
from budgets.settlement.table import OUTSIDE, SettlementError, TableInputs, settle
from common.japan.fiscal import fiscal_months
from tests.budgets.claims import Book

MONTHS = [m.isoformat() for m in fiscal_months(2026)]
THREE_QUARTERS = {Payer.STATE: Fraction(3, 4), Payer.MUNICIPALITY: Fraction(1, 4)}
CARE = {
    Payer.STATE: Fraction(77, 200),
    Payer.PREFECTURE: Fraction(77, 400),
    Payer.MUNICIPALITY: Fraction(77, 400),
    Payer.PREMIUM_1: Fraction(23, 100),
}
HALF = {Payer.STATE: Fraction(1, 2), Payer.PREFECTURE: Fraction(1, 4), Payer.MUNICIPALITY: Fraction(1, 4)}


def inputs(total: int = 0, shares=THREE_QUARTERS, **more) -> TableInputs:
    base = {
        "fiscal_year": 2026, "monthly": {MONTHS[0]: total}, "other": 0, "ineligible": 0, "income": 0, "standard": None,
        "granted": None, "changes": ((MONTHS[0], shares),),
    }  # fmt: skip
    return TableInputs(**(base | more))


@pytest.mark.parametrize(
    ("income", "shares", "selected", "required"),
    [
        (300_000, THREE_QUARTERS, 4_820_000, 3_615_000),
        (0, THREE_QUARTERS, 4_876_543, 3_657_000),
        (0, HALF, 4_876_543, 2_438_000),
    ],
)
def test_vector_c(income, shares, selected, required):
    table = settle(
        inputs(5_120_000, shares, ineligible=243_457, income=income, standard=5_000_000, granted=3_700_000)
    )
    assert (table.eligible, table.selected, table.required) == (4_876_543, selected, required)
    assert table.difference == 3_700_000 - required
    assert sum(table.parts.values()) + income == 5_120_000


def test_the_parts_of_the_comprehensive_support_grant():
    """250,451円 by 38.5 / 19.25 / 19.25 / 23: the granted parts in 千円, the premium in yen, the rest the municipality's."""
    table = settle(inputs(250_451, CARE))
    assert table.parts == {
        Payer.STATE: 96_000,
        Payer.PREFECTURE: 48_000,
        Payer.PREMIUM_1: 57_603,
        Payer.PREMIUM_2: 0,
        Payer.MUNICIPALITY: 48_848,
    }


def test_no_standard_amount_leaves_the_lower_of_the_other_two():
    assert settle(inputs(1_000_000, ineligible=100_000)).selected == 900_000
    assert settle(inputs(1_000_000, income=200_000)).selected == 800_000


def test_income_above_cost_claims_nothing_and_says_what_is_over():
    table = settle(inputs(400_000, income=450_000))
    assert (table.net, table.selected, table.required, table.surplus, table.income_used) == (
        0,
        0,
        0,
        50_000,
        400_000,
    )
    assert set(table.parts.values()) == {0}


def test_a_rate_that_changes_in_mid_year_is_cut_once():
    """Half the year at 1/2, half at 1/3, on odd yen: 1,000,001 and 999,999 of 2,000,000."""
    third = {Payer.STATE: Fraction(1, 3), Payer.MUNICIPALITY: Fraction(2, 3)}
    table = settle(
        inputs(
            monthly={MONTHS[0]: 1_000_001, MONTHS[6]: 999_999},
            changes=((MONTHS[0], HALF), (MONTHS[6], third)),
        )
    )
    assert [(p.eligible, yen) for p, yen in table.periods] == [(1_000_001, 1_000_001), (999_999, 999_999)]
    assert table.required == 833_000  # 500,000.5 + 333,333
    assert table.parts[Payer.PREFECTURE] == 250_000  # only until September


def test_a_mid_year_change_without_any_cost_goes_by_months():
    table = settle(
        inputs(monthly={}, other=1_200_000, changes=((MONTHS[0], HALF), (MONTHS[3], THREE_QUARTERS)))
    )
    assert [p.eligible for p, _ in table.periods] == [300_000, 900_000]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"income": -1}, "0円以上"),
        ({"ineligible": 11}, "対象外の経費"),
        ({"changes": ((MONTHS[0], {Payer.STATE: Fraction(1, 2)}),)}, "合計が1"),
        ({"changes": ((MONTHS[0], {Payer.STATE: Fraction(3, 2), Payer.MUNICIPALITY: Fraction(-1, 2)}),)}, "0以上1以下"),
        ({"monthly": {MONTHS[0]: -5}}, "下回って"),
    ],
)  # fmt: skip
def test_what_cannot_be_settled_says_so(more, words):
    with pytest.raises(SettlementError, match=words):
        settle(inputs(10, **more))


yen = st.integers(0, 3_000_000_000)
weights = st.lists(st.integers(0, 400), min_size=5, max_size=5).filter(any)
shares = weights.map(lambda w: {p: Fraction(n, sum(w)) for p, n in zip(Payer, w, strict=True) if n})


@st.composite
def any_inputs(draw) -> TableInputs:
    monthly = {m: draw(st.integers(0, 90_000_000)) for m in MONTHS if draw(st.booleans())}
    total = sum(monthly.values())
    other = draw(st.integers(0, 100_000_000))
    starts = sorted(draw(st.sets(st.integers(1, 11), max_size=3)))
    return TableInputs(
        fiscal_year=2026, monthly=monthly, other=other, ineligible=draw(st.integers(0, total + other)),
        income=draw(yen), standard=draw(st.none() | yen), granted=draw(st.none() | yen),
        changes=tuple((MONTHS[n], draw(shares)) for n in (0, *starts)),
    )  # fmt: skip


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(any_inputs())
def test_it_adds_up_whatever_comes(data):
    table = settle(data)
    assert sum(table.parts.values()) + table.income_used == table.total
    assert all(part >= 0 for part in table.parts.values())
    assert table.selected <= min(table.net, table.eligible) and table.selected <= (
        data.standard or table.selected
    )
    assert table.required % 1000 == 0
    assert sum(chosen for _, chosen in table.periods) == table.selected or not table.eligible
    exact = {
        p: sum((q.shares.get(p, Fraction(0)) * n for q, n in table.periods), Fraction(0)) for p in OUTSIDE
    }
    assert all(0 <= exact[p] - table.parts[p] < 1000 for p in OUTSIDE)
    assert settle(TableInputs.thaw(data.frozen())) == table
    assert TableInputs.thaw(data.frozen()).digest() == data.digest()


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(any_inputs())
def test_one_period_is_the_arithmetic_of_the_report(data):
    """Against the older, separate function for one rate."""
    data = replace(data, changes=data.changes[:1])
    table = settle(data)
    rate = data.changes[0][1].get(Payer.STATE, Fraction(0))
    old = settlement(Claim(table.total, data.income, table.eligible, data.standard), rate=rate)
    assert (old.net, old.selected, old.required) == (table.net, table.selected, table.required)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(any_inputs(), min_size=1, max_size=4))
def test_the_formulas_of_the_workbook_recompute_every_yen(several):
    out = io.BytesIO()
    lines = [(f"財源{n}", data, settle(data)) for n, data in enumerate(several)]
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        settlement_sheets(book, "精算書", lines)
    sheet = Book(out.getvalue())
    for n, (_, data, table) in enumerate(lines, start=3):
        got = [sheet.value("精算書", f"{letter}{n}") for letter in "DFHJLMNOP"]
        assert got == [table.total, table.net, table.eligible, table.selected, *(table.parts[p] for p in OUTSIDE),
                       table.municipal]  # fmt: skip
        if data.granted is not None:
            assert sheet.value("精算書", f"R{n}") == table.difference
