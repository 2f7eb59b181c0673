"""Every sentence under "Exactness", as properties over all methods: sums, floor or ceiling, order, ties, zero, signs."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budgets.allocation import (
    AllocationError,
    allocate,
    cut_below,
    largest_remainder,
    quotas,
    settle,
    truncate_to,
)
from budgets.apportionment import CostInput, StreamInput
from budgets.enums import OverheadMethod, RemainderRule
from budgets.methods.overheads import Centre, OverheadError, reciprocal, spread
from budgets.methods.pools import Driver, split
from budgets.methods.time_study import apply

YEN = st.integers(-(10**13), 10**13)
WEIGHTS = st.dictionaries(
    st.integers(1, 30), st.one_of(st.integers(0, 10**7), st.fractions(0, 1000, max_denominator=400)),
    min_size=1, max_size=20,
).filter(lambda w: sum(w.values()) > 0)  # fmt: skip
RULES = st.sampled_from(list(RemainderRule))
GENERAL = 99
STREAMS = [StreamInput(n, n, f"s{n}", is_general=n == GENERAL) for n in (*range(1, 31), GENERAL)]


@given(YEN, WEIGHTS, RULES, st.dictionaries(st.integers(1, 30), RULES), st.randoms())
def test_any_mixture_of_rules_keeps_the_sum_in_any_order(total, weights, rule, rules, rng: random.Random):
    parts = allocate(total, weights, rule=rule, remainder_key=GENERAL, rules=rules)
    assert sum(parts.values()) == total
    shuffled = list(weights.items())
    rng.shuffle(shuffled)
    assert allocate(total, dict(shuffled), rule=rule, remainder_key=GENERAL, rules=rules) == parts


@given(YEN, WEIGHTS, RULES, st.dictionaries(st.integers(1, 30), RULES))
def test_every_row_but_the_general_fund_is_the_floor_or_the_ceiling(total, weights, rule, rules):
    exact = quotas(total, weights)
    parts = allocate(total, weights, rule=rule, remainder_key=GENERAL, rules=rules)
    for key, quota in exact.items():
        assert abs(parts[key] - quota) < 1
        if rules.get(key, rule) == RemainderRule.TRUNCATE_TO_GENERAL:
            assert abs(parts[key]) <= abs(quota)
        if weights[key] == 0:
            assert parts[key] == 0
    assert 0 <= abs(parts.get(GENERAL, 0)) <= len(weights)


@given(YEN, WEIGHTS, RULES)
def test_a_negative_correction_is_the_mirror_image(total, weights, rule):
    there = allocate(total, weights, rule=rule, remainder_key=GENERAL)
    back = allocate(-total, weights, rule=rule, remainder_key=GENERAL)
    assert {key: -yen for key, yen in there.items()} == back


def by_fractions(exact: dict[int, Fraction], truncating: set[int]) -> dict[int, int]:
    """The rule as it is written down, in fractions: floors, then a yen each by the size of what was left."""
    total = sum(exact.values())
    if total < 0:
        mirrored = {key: -amount for key, amount in exact.items()}
        return {key: -yen for key, yen in by_fractions(mirrored, truncating).items()}
    parts = {key: amount.numerator // amount.denominator for key, amount in exact.items()}
    sharing = [key for key in exact if key not in truncating]
    order = sorted(sharing, key=lambda key: (-(exact[key] - parts[key]), -exact[key], key))
    for key in order[: int(sum(exact[key] - parts[key] for key in sharing))]:
        parts[key] += 1
    parts[GENERAL] = parts.get(GENERAL, 0) + int(total) - sum(parts.values())
    return parts


@given(YEN, WEIGHTS, st.sets(st.integers(1, 30)))
def test_integers_over_one_denominator_give_what_fractions_give(total, weights, cut):
    exact = quotas(total, weights)
    rules = dict.fromkeys(cut, RemainderRule.TRUNCATE_TO_GENERAL)
    whole = RemainderRule.LARGEST_REMAINDER
    expected = by_fractions(exact, cut)
    assert {GENERAL: 0} | settle(exact, truncating=cut, remainder_key=GENERAL) == expected
    found = allocate(total, weights, rule=whole, remainder_key=GENERAL, rules=rules)
    assert {GENERAL: 0} | found == expected


@given(st.integers(0, 10**13), st.integers(1, 30), st.integers(1, 10**6))
def test_equals_differ_by_a_yen_at_most_and_the_first_printed_get_it(total, count, weight):
    parts = largest_remainder(total, dict.fromkeys(range(count), weight))
    assert all(0 <= a - b <= 1 for a, b in pairwise(parts[n] for n in range(count)))


@given(st.integers(0, 10**9), WEIGHTS)
def test_scaling_the_weights_changes_nothing(total, weights):
    scaled = {key: Fraction(weight) * 7 / 3 for key, weight in weights.items()}
    assert largest_remainder(total, scaled) == largest_remainder(total, weights)


@pytest.mark.parametrize("weights", [{}, {1: 0, 2: 0}, {1: 2, 2: -1}])
def test_zero_and_negative_weights_are_an_explained_error(weights):
    for rule in RemainderRule:
        with pytest.raises(AllocationError, match="重み"):
            allocate(100, weights, rule=rule, remainder_key=GENERAL)


def test_settle_refuses_a_sum_with_a_fraction_and_a_cut_without_a_general_fund():
    with pytest.raises(AllocationError, match="端数"):
        settle({1: Fraction(1, 2)})
    with pytest.raises(AllocationError, match="一般財源"):
        settle({1: Fraction(1, 2), 2: Fraction(1, 2)}, truncating={1, 2})
    assert settle({1: Fraction(1, 2), 2: Fraction(-1, 2)}) == {1: 1, 2: -1}


@given(st.fractions(-(10**9), 10**9), st.sampled_from([1, 10, 1000]))
def test_cutting_goes_towards_zero_and_less_than_a_unit(amount, unit):
    cut = cut_below(amount, unit)
    assert cut % unit == 0
    assert 0 <= abs(amount) - abs(cut) < unit


# The Alabama paradox (the method's, known since 1880): a 27th seat takes one away from the fourth state. What money
# libraries publish stands in test_published_vectors.py.
@pytest.mark.parametrize(
    ("total", "parts"), [(26, [9, 7, 5, 4, 1]), (27, [9, 8, 6, 3, 1])]
)  # fmt: skip
def test_the_alabama_paradox(total, parts):
    weights = dict(enumerate([9061, 7179, 5259, 3319, 1182]))
    assert list(largest_remainder(total, weights).values()) == parts


# ── The methods ─────────────────────────────────────────────────────────────────────────────────────────────


@given(st.lists(YEN.filter(lambda n: n >= 0), min_size=1, max_size=8), WEIGHTS, RULES)
def test_study_keeps_every_workers_cost(costs, weights, rule):
    whole = {key: int(Fraction(w) * 400) for key, w in weights.items()}
    if not sum(whole.values()):
        whole = dict.fromkeys(weights, 1)
    rows = apply(
        costs=[CostInput(n, 1, yen) for n, yen in enumerate(costs)], weights=whole, streams=STREAMS, rule=rule
    )
    for n, yen in enumerate(costs):
        assert sum(r.yen for r in rows if r.staff_id == n) == yen


@given(YEN, WEIGHTS, RULES)
def test_pool_keeps_the_total_and_every_programme(total, figures, rule):
    rows = split(
        total=total, drivers=[Driver(s, Fraction(a)) for s, a in figures.items()], streams=STREAMS, rule=rule
    )
    assert sum(r.yen for r in rows) == total
    assert {r.stream_id for r in rows} >= set(figures)


centres_st = st.integers(1, 4).flatmap(
    lambda n: st.tuples(
        *(
            st.tuples(
                YEN,
                st.dictionaries(st.integers(1, 6), st.integers(1, 1000), min_size=1),
                st.dictionaries(st.sampled_from([f"c{m}" for m in range(n)]), st.integers(0, 1000)),
            )
            for _ in range(n)
        )
    )
)


@given(centres_st, st.randoms())
def test_overheads_keep_the_sum_in_all_three_methods(raw, rng: random.Random):
    centres = [
        Centre(f"c{n}", f"部門{n}", yen, streams, {c: w for c, w in others.items() if c != f"c{n}"})
        for n, (yen, streams, others) in enumerate(raw)
    ]
    order = [c.code for c in centres]
    rng.shuffle(order)
    turned = list(centres)
    rng.shuffle(turned)
    for method in OverheadMethod:
        steps = order if method == OverheadMethod.STEP_DOWN else ()
        done = spread(centres=centres, method=method, order=steps)
        assert sum(done.yen.values()) == sum(c.yen for c in centres)
        assert all(abs(yen - done.exact[s]) < 1 for s, yen in done.yen.items())
        assert spread(centres=turned, method=method, order=steps).yen == done.yen


OFFICE = Centre("office", "総務", 1_000_000, {1: 30, 2: 30}, {"car": 40})
CAR = Centre("car", "公用車", 200_000, {1: 60, 2: 20}, {"office": 20})


def test_three_methods_on_one_example_worked_by_hand():
    """総務 1,000,000円 serves 公用車 40%, A 30%, B 30%; 公用車 200,000円 serves 総務 20%, A 60%, B 20%.

    Reciprocal: S = 1,000,000 + 0.2K, K = 200,000 + 0.4S → S = 1,040,000 ÷ 0.92, A = 0.3S + 0.6K.
    """
    both = [OFFICE, CAR]
    assert spread(centres=both, method=OverheadMethod.DIRECT_LABOUR).yen == {1: 650_000, 2: 550_000}
    down = spread(centres=both, method=OverheadMethod.STEP_DOWN, order=["office", "car"])
    assert down.yen == {1: 750_000, 2: 450_000}
    assert down.printed == "階梯式配賦（順序：総務 → 公用車）"
    s = Fraction(1_040_000 * 100, 92)
    k = 200_000 + s * Fraction(4, 10)
    assert reciprocal(both) == {1: s * 3 / 10 + k * 6 / 10, 2: s * 3 / 10 + k * 2 / 10}
    assert spread(centres=both, method=OverheadMethod.RECIPROCAL).yen == {1: 730_435, 2: 469_565}


@pytest.mark.parametrize(
    ("centres", "method", "order", "words"),
    [
        ([Centre("a", "総務", 100, {1: 0}, {})], OverheadMethod.DIRECT_LABOUR, [], "総務.*合計が0"),
        ([OFFICE, CAR], OverheadMethod.STEP_DOWN, ["office"], "すべての間接部門"),
        ([Centre("a", "総務", 100, {1: 1}, {"a": 1})], OverheadMethod.RECIPROCAL, [], "自分自身"),
        ([Centre("a", "総務", 100, {1: -1, 2: 2}, {})], OverheadMethod.DIRECT_LABOUR, [], "負の値"),
        ([OFFICE], OverheadMethod.DIRECT_LABOUR, [], "car がありません"),
        ([OFFICE, OFFICE], OverheadMethod.DIRECT_LABOUR, [], "同じコード"),
        ([Centre("a", "総務", 1, {}, {"b": 1}), Centre("b", "車", 1, {}, {"a": 1})], OverheadMethod.RECIPROCAL, [],
         "財源に届きません"),
    ],
)  # fmt: skip
def test_what_cannot_be_spread_is_explained(centres, method, order, words):
    with pytest.raises(OverheadError, match=words):
        spread(centres=centres, method=method, order=order)


@pytest.mark.parametrize(
    ("drivers", "words"),
    [([], "1つも"), ([Driver(1, Fraction(0)), Driver(2, Fraction(0))], "すべて0"),
     ([Driver(1, Fraction(1)), Driver(1, Fraction(2))], "2つ")],
)  # fmt: skip
def test_a_pool_without_a_usable_driver_is_explained(drivers, words):
    with pytest.raises(AllocationError, match=words):
        split(total=100, drivers=drivers, streams=STREAMS, rule=RemainderRule.LARGEST_REMAINDER)


def test_truncation_gives_the_remainder_to_the_general_fund():
    assert truncate_to(100, {1: 1, 2: 1, 3: 1}, remainder_key=GENERAL) == {1: 33, 2: 33, 3: 33, GENERAL: 1}
