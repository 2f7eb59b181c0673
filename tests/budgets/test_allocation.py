"""The allocator and the month's apportionment, as pure functions: vectors of domain.md 4.8 and properties."""

from __future__ import annotations

import json
import random
from datetime import date
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budgets.allocation import AllocationError, allocate, largest_remainder, quotas, truncate_to
from budgets.apportionment import CostInput, Inputs, MinutesInput, StreamInput, apportion, find
from budgets.enums import RemainderRule

# vector A: 高齢 1, 障害 2, 子ども 3, 困窮 4, 一般財源 9
VECTOR_A = {1: 5430, 2: 1860, 3: 720, 4: 930}
STREAMS = tuple(StreamInput(n, n, f"s{n}", is_general=n == 9) for n in (1, 2, 3, 4, 9))


def inputs_a(rule: RemainderRule) -> Inputs:
    minutes = tuple(MinutesInput(7, "direct", s, m) for s, m in VECTOR_A.items())
    return Inputs(
        month=date(2026, 10, 1), rule=rule, costs=(CostInput(7, 3, 412_345),),
        minutes=(*minutes, MinutesInput(7, "shared", None, 660), MinutesInput(7, "leave", None, 480)),
        streams=STREAMS,
    )  # fmt: skip


def test_vector_a_by_largest_remainder():
    rows = apportion(inputs_a(RemainderRule.LARGEST_REMAINDER))
    assert {r.stream_id: r.yen for r in rows} == {1: 250_451, 2: 85_790, 3: 33_209, 4: 42_895}
    assert sum(r.yen for r in rows) == 412_345
    assert {(r.direct_minutes, r.shared_minutes) for r in rows} == {(8_940, 660)}


def test_vector_a_truncated_with_remainder_to_general():
    rows = apportion(inputs_a(RemainderRule.TRUNCATE_TO_GENERAL))
    assert {r.stream_id: r.yen for r in rows} == {1: 250_451, 2: 85_789, 3: 33_208, 4: 42_894, 9: 3}
    assert sum(r.yen for r in rows) == 412_345


def test_shares_of_the_care_stream_cut_to_yen():
    """250,451円 by 38.5/19.25/19.25/23 cut to yen leaves 3 (domain.md 4.8 A)."""
    shares = {
        1: Fraction(385, 1000),
        2: Fraction(1925, 10000),
        3: Fraction(1925, 10000),
        4: Fraction(23, 100),
    }
    assert truncate_to(250_451, shares, remainder_key=9) == {1: 96_423, 2: 48_211, 3: 48_211, 4: 57_603, 9: 3}


def test_vector_b_by_field_cut_to_yen():
    minutes = {1: 52_340, 2: 6_120, 3: 2_880, 4: 7_460}
    parts = truncate_to(26_480_000, minutes, remainder_key=9)
    assert parts == {1: 20_144_813, 2: 2_355_488, 3: 1_108_465, 4: 2_871_232, 9: 2}


def test_tie_goes_to_the_larger_weight_then_the_smaller_key():
    assert largest_remainder(1, {2: 1, 1: 1}) == {1: 1, 2: 0}
    assert largest_remainder(3, {1: 1, 2: 1, 3: 1, 4: 3}) == {1: 1, 2: 0, 3: 0, 4: 2}


def test_cost_without_minutes_and_minutes_without_cost_are_found():
    base = inputs_a(RemainderRule.LARGEST_REMAINDER)
    broken = Inputs(
        base.month, base.rule, (*base.costs, CostInput(8, 3, 100)),
        (*base.minutes, MinutesInput(9, "direct", 1, 60), MinutesInput(8, "shared", None, 60)), base.streams,
    )  # fmt: skip
    findings = find(broken)
    assert findings.cost_without_minutes == (8,)
    assert findings.minutes_without_cost == (9,)
    assert not find(base)


def test_digest_is_blind_to_order_and_sees_every_change():
    base = inputs_a(RemainderRule.LARGEST_REMAINDER)
    turned = Inputs(
        base.month, base.rule, base.costs, tuple(reversed(base.minutes)), tuple(reversed(base.streams))
    )
    assert base.digest() == turned.digest()
    other = Inputs(base.month, base.rule, (CostInput(7, 3, 412_346),), base.minutes, base.streams)
    assert base.digest() != other.digest()


def test_frozen_inputs_thaw_to_the_same_result():
    base = inputs_a(RemainderRule.LARGEST_REMAINDER)
    thawed = Inputs.thaw(json.loads(json.dumps(base.frozen())))
    assert thawed.digest() == base.digest()
    assert apportion(thawed) == apportion(base)


@pytest.mark.parametrize("weights", [{}, {1: 0, 2: 0}, {1: 5, 2: -1}])
def test_impossible_weights_are_explained(weights):
    with pytest.raises(AllocationError, match="重み"):
        quotas(100, weights)


weights_st = st.dictionaries(st.integers(1, 40), st.integers(0, 10**7), min_size=1, max_size=30).filter(
    lambda w: sum(w.values()) > 0
)


@given(st.integers(-(10**13), 10**13), weights_st, st.sampled_from(list(RemainderRule)), st.randoms())
def test_no_yen_is_lost_or_made_in_any_order(total, weights, rule, rng: random.Random):
    parts = allocate(total, weights, rule=rule, remainder_key=99)
    assert sum(parts.values()) == total
    shuffled = list(weights.items())
    rng.shuffle(shuffled)
    assert allocate(total, dict(shuffled), rule=rule, remainder_key=99) == parts


@given(st.integers(0, 10**13), weights_st)
def test_each_part_is_floor_or_ceiling_of_its_quota(total, weights):
    exact = quotas(total, weights)
    for key, yen in largest_remainder(total, weights).items():
        assert exact[key] - 1 < yen < exact[key] + 1
        if weights[key] == 0:
            assert yen == 0


@given(st.integers(0, 10**9), weights_st)
def test_more_weight_never_gets_less(total, weights):
    parts = largest_remainder(total, weights)
    ordered = sorted(weights, key=weights.__getitem__)
    assert all(parts[a] <= parts[b] for a, b in pairwise(ordered) if weights[a] < weights[b])
