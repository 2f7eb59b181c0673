"""Vectors A–D of domain.md 4.8 and the published numbers of 4.7, to the yen."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from budgets.allocation import allocate, cut_below, truncate_to
from budgets.apportionment import CostInput, Inputs, MinutesInput, StreamInput, apportion
from budgets.enums import CategoryKind, RemainderRule, StudySampling
from budgets.methods.dedicated import Assignment, DayMinutes, Outside, assign
from budgets.methods.grant import Claim, settlement
from budgets.methods.statistics import wilson
from budgets.methods.time_study import Answer, StudyInputs, apply, evaluate

LARGEST, CUT = RemainderRule.LARGEST_REMAINDER, RemainderRule.TRUNCATE_TO_GENERAL
CARE, DISABILITY, CHILD, POVERTY, GENERAL = 1, 2, 3, 4, 9
STREAMS = tuple(
    StreamInput(n, n, f"s{n}", is_general=n == GENERAL) for n in (CARE, DISABILITY, CHILD, POVERTY, GENERAL)
)
A = {CARE: 5430, DISABILITY: 1860, CHILD: 720, POVERTY: 930}
B = {CARE: 52_340, DISABILITY: 6_120, CHILD: 2_880, POVERTY: 7_460}


def month(rule: RemainderRule, streams: tuple[StreamInput, ...] = STREAMS) -> dict[int, int]:
    minutes = (
        *(MinutesInput(7, "direct", s, m) for s, m in A.items()),
        MinutesInput(7, "shared", None, 660),
    )
    rows = apportion(Inputs(date(2026, 10, 1), rule, (CostInput(7, 3, 412_345),), minutes, streams))
    assert sum(row.yen for row in rows) == 412_345
    return {row.stream_id: row.yen for row in rows}


def test_a_both_rules_and_why_percentages_are_not_rounded_first():
    assert month(LARGEST) == {CARE: 250_451, DISABILITY: 85_790, CHILD: 33_209, POVERTY: 42_895}
    cut = {CARE: 250_451, DISABILITY: 85_789, CHILD: 33_208, POVERTY: 42_894, GENERAL: 3}
    assert month(CUT) == cut
    by_percent = [cut_below(412_345 * Fraction(tenths, 1000), 1) for tenths in (607, 208, 81, 104)]
    assert by_percent == [250_293, 85_767, 33_399, 42_883]
    assert max(abs(a - b) for a, b in zip(by_percent, cut.values(), strict=False)) == 191


def test_a_a_rule_for_one_group_of_streams_sends_only_its_fractions_to_the_general_fund():
    """高齢 and 障害 are cut (0.157… and 0.899…), 子ども and 困窮 share the yen that their own fractions make."""
    own = tuple(
        StreamInput(s.stream_id, s.position, s.code, s.is_general, CUT if s.stream_id < CHILD else "")
        for s in STREAMS
    )
    assert month(LARGEST, own) == {
        CARE: 250_451,
        DISABILITY: 85_789,
        CHILD: 33_209,
        POVERTY: 42_894,
        GENERAL: 2,
    }


def test_a_shares_of_the_care_stream():
    shares = {1: Fraction(77, 200), 2: Fraction(77, 400), 3: Fraction(77, 400), 4: Fraction(23, 100)}
    assert sum(shares.values()) == 1
    assert truncate_to(250_451, shares, remainder_key=9) == {1: 96_423, 2: 48_211, 3: 48_211, 4: 57_603, 9: 3}


@pytest.fixture
def study_b():
    """Eight worker-days, so that there is an interval; the sums are those of the vector."""
    answers = []
    for stream, minutes in B.items():
        parts = [minutes // 8] * 7
        parts.append(minutes - sum(parts))
        answers += [
            Answer(n % 2, f"2026-06-{n + 1:02}", CategoryKind.DIRECT, stream, m) for n, m in enumerate(parts)
        ]
    return evaluate(StudyInputs(StudySampling.CONTINUOUS, 10, 8, tuple(answers), covered_days=500))


def test_b_the_two_accounts(study_b):
    assert study_b.total == 68_800
    assert Fraction(study_b.total - study_b.weights[CARE], study_b.total) == Fraction(16_460, 68_800)
    accounts = {"general": 16_460, "care": 52_340}
    exact = allocate(26_480_000, accounts, rule=CUT, remainder_key="care")
    assert exact == {"general": 6_335_186, "care": 20_144_814}
    rounded_first = 26_480_000 * Fraction(2392, 10_000)
    assert rounded_first == 6_334_016
    assert exact["general"] - rounded_first == 1_170


def test_b_by_field(study_b):
    rows = apply(costs=[CostInput(7, 3, 26_480_000)], weights=study_b.weights, streams=STREAMS, rule=CUT)
    assert {r.stream_id: r.yen for r in rows} == {
        CARE: 20_144_813, DISABILITY: 2_355_488, CHILD: 1_108_465, POVERTY: 2_871_232, GENERAL: 2,
    }  # fmt: skip
    assert study_b.response_rate == Fraction(4, 5)


def test_b_by_random_moments_carries_the_interval_of_wilson():
    """68 of 688 moments: Wilson at 95% is 0.0787…–0.1236…, checked by hand with z = 1.959964."""
    answers = [Answer(1, "2026-06-01", "direct", CARE, 620), Answer(1, "2026-06-01", "direct", CHILD, 68)]
    result = evaluate(StudyInputs(StudySampling.MOMENTS, 860, 688, tuple(answers)))
    interval = result.intervals[CHILD]
    assert interval == wilson(68, 688)
    assert (round(float(interval.low), 4), round(float(interval.high), 4)) == (0.0787, 0.1234)
    assert result.response_rate == Fraction(4, 5)


@pytest.mark.parametrize(
    ("income", "rate", "selected", "yen"),
    [
        (300_000, Fraction(3, 4), 4_820_000, 3_615_000),
        (0, Fraction(3, 4), 4_876_543, 3_657_000),
        (0, Fraction(1, 2), 4_876_543, 2_438_000),
    ],
)
def test_c_the_grant(income, rate, selected, yen):
    done = settlement(Claim(5_120_000, income, 4_876_543, 5_000_000), rate=rate)
    assert (done.selected, done.required) == (selected, yen)


def test_c_the_amount_before_the_cut():
    assert 4_876_543 * Fraction(3, 4) == Fraction("3657407.25")
    assert settlement(Claim(100, 500, 80, 90), rate=Fraction(1, 2)).required == 0
    for wrong in ({"rate": Fraction(3, 2)}, {"rate": Fraction(-1, 2)}):
        with pytest.raises(ValueError, match="補助率"):
            settlement(Claim(1, 0, 1, 1), **wrong)


def test_d_one_minute_of_a_dedicated_worker_elsewhere_is_named_with_day_and_minutes():
    done = assign(
        costs=[CostInput(7, 3, 412_345), CostInput(8, 3, 300_000)], assignments=[Assignment(7, CARE)],
        minutes=[
            DayMinutes(7, "2026-10-05", "direct", CARE, 5_430), DayMinutes(7, "2026-10-06", "direct", CHILD, 1),
            DayMinutes(7, "2026-10-06", "shared", None, 30), DayMinutes(8, "2026-10-06", "direct", CHILD, 60),
        ],
    )  # fmt: skip
    assert [(r.staff_id, r.stream_id, r.yen) for r in done.rows] == [(7, CARE, 412_345)]
    assert done.outside == [Outside(7, "2026-10-06", CHILD, 1)]
    assert done.unassigned == [8]


def test_a_worker_dedicated_twice_is_refused():
    with pytest.raises(ValueError, match="2つの財源"):
        assign(costs=[], assignments=[Assignment(7, CARE), Assignment(7, CHILD)], minutes=[])


# ── Published numbers (4.7) ─────────────────────────────────────────────────────────────────────────────────


def test_grant_is_computed_per_municipality_and_then_summed():
    """鳥取県: the sum of the bases would give 25,452.5千円; rounding each municipality first gives less."""
    assert min(112_062, 201_506) - 61_157 == 50_905
    assert settlement(Claim(112_062_000, 61_157_000, 112_062_000, 201_506_000), rate=Fraction(1, 2)) == (
        settlement(Claim(50_905_000, 0, 50_905_000, None), rate=Fraction(1, 2)).__class__(50_905_000, 50_905_000, 25_452_000)
    )  # fmt: skip
    bases = (10_181_001, 10_181_001, 10_180_999, 10_180_999, 10_181_000)
    assert sum(bases) == 50_905_000
    each = sum(settlement(Claim(b, 0, b, None), rate=Fraction(1, 2)).required for b in bases)
    assert each == 25_450_000 < 25_452_000


def test_published_sums_and_units():
    assert 19_816_455 + 214_730_497 + 27_758_769 + 198_767_011 == 461_072_732
    assert 163 * 12 == 1_956
    area = Fraction(428_688_594) / Fraction("16710.42") / 12 * Fraction(100, 110)
    assert (round(float(area), 2), cut_below(area, 10)) == (1_943.48, 1_940)
    assert sum(map(Fraction, ("1.0", "40.1", "62.9", "4.0", "16.6", "29.2", "6.8"))) == Fraction("160.6")
    assert cut_below(Fraction(24_995, 57_720) * 1000, 1) == 433
