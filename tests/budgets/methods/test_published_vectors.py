"""Published vectors of money libraries whose method is the same: numbers as printed in their tests, in whole units.

brick/money (PHP), tests/MoneyTest.php, provider of ``allocate``: FloorToLargestRemainder (Hamilton) is 最大剰余法, FloorSeparate
is 円未満切捨て with the rest apart, and a negative amount is the mirror image of the positive one, as here.
moneyphp/money, tests/MoneyTest.php, allocationExamples: the same wherever no two remainders are equal, or equal weights are.
proporz (R), tests of ``largest_remainder_method``: elections by Hare and Niemeyer.
"""

from __future__ import annotations

from fractions import Fraction

import pytest

from budgets.allocation import allocate, largest_remainder, truncate_to
from budgets.enums import RemainderRule

REST = 999

BRICK_LARGEST_REMAINDER = [
    (9999, [100], [9999]),
    (9999, [100, 100], [5000, 4999]),
    (10_000, [30, 20, 40], [3333, 2222, 4445]),
    (10_000, [30, 20, 40, 40], [2308, 1538, 3077, 3077]),
    (10_000, [30, 20, 40, 0, 0, 40], [2308, 1538, 3077, 0, 0, 3077]),
    (2_000, [1, 2, 3, 7], [154, 308, 461, 1077]),  # 100 francs in coins of five centimes
    (2, [1, 1, 1, 1], [1, 1, 0, 0]),
    (2, [1, 1, 3, 1], [1, 0, 1, 0]),
    (-10_000, [30, 20, 40, 40], [-2308, -1538, -3077, -3077]),
    (3, [75, 25], [2, 1]),
    (10_000, [Fraction(1, 3), Fraction(2, 3)], [3333, 6667]),
    (100, [2, 3, 1], [33, 50, 17]),
]
BRICK_FLOOR_SEPARATE = [
    (9999, [100], [9999, 0]),
    (9999, [100, 100], [4999, 4999, 1]),
    (10_000, [30, 20, 40], [3333, 2222, 4444, 1]),
    (3, [75, 25], [2, 0, 1]),
    (100, [400, 0, 40, 20, 2], [86, 0, 8, 4, 0, 2]),
    (-10_000, [30, 20, 40, 40], [-2307, -1538, -3076, -3076, -3]),
    (100, [2, 3, 1], [33, 50, 16, 1]),
]
MONEYPHP = [
    (100, [1, 1, 1], [34, 33, 33]),
    (101, [1, 1, 1], [34, 34, 33]),
    (5, [7, 3], [4, 1]),
    (5, [7, 3, 0], [4, 1, 0]),
    (5, [0, 7, 3], [0, 4, 1]),
    (5, [7, 0, 3], [4, 0, 1]),
    (5, [0, 0, 1], [0, 0, 5]),
    (0, [0, 0, 1], [0, 0, 0]),
    (2, [1, 1, 1], [1, 1, 0]),
    (1, [1, 1], [1, 0]),
    (1, [Fraction(33, 100), Fraction(66, 100)], [0, 1]),
    (101, [3, 7], [30, 71]),
    (101, [7, 3], [71, 30]),
]
# where two different weights have the same remainder moneyphp takes the first row, this program the larger weight (and a
# negative amount is no mirror image there): the order of the rows must not decide
MONEYPHP_TIES = [
    (5, [3, 7], [2, 3], [1, 4]),
    (5, [0, 3, 7], [0, 2, 3], [0, 1, 4]),
    (-5, [7, 3], [-3, -2], [-4, -1]),
]
PROPORZ = [
    (60, [216, 310, 22, 32], [23, 32, 2, 3]),
    (10, [47_000, 16_000, 15_800, 12_000, 6_100, 3_100], [5, 2, 1, 1, 1, 0]),
]


@pytest.mark.parametrize(("total", "weights", "parts"), [*BRICK_LARGEST_REMAINDER, *MONEYPHP, *PROPORZ])
def test_largest_remainder_as_published(total, weights, parts):
    found = largest_remainder(total, dict(enumerate(weights)))
    assert [found[n] for n in range(len(weights))] == parts
    chosen = allocate(
        total, dict(enumerate(weights)), rule=RemainderRule.LARGEST_REMAINDER, remainder_key=REST
    )
    assert chosen == found


@pytest.mark.parametrize(("total", "weights", "parts"), BRICK_FLOOR_SEPARATE)
def test_cut_with_the_rest_apart_as_published(total, weights, parts):
    found = truncate_to(total, dict(enumerate(weights)), remainder_key=REST)
    assert [*(found[n] for n in range(len(weights))), found[REST]] == parts


@pytest.mark.parametrize(("total", "weights", "theirs", "ours"), MONEYPHP_TIES)
def test_where_the_published_rule_for_ties_is_another(total, weights, theirs, ours):
    """The same rows turned around: theirs would change with the order, these do not."""
    found = largest_remainder(total, dict(enumerate(weights)))
    assert [found[n] for n in range(len(weights))] == ours != theirs
    turned = largest_remainder(total, dict(reversed(list(enumerate(weights)))))
    assert turned == found
