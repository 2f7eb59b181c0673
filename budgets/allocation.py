"""The one allocator of kyosei: whole yen over weights, exact, independent of row order, a pure function.

Yen are integers and ratios exact fractions; no float ever touches money and no percentage is rounded before the
yen (domain.md 4.4: "round once, at the end").
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TypeVar

from budgets.enums import RemainderRule

K = TypeVar("K", bound="int | str | tuple")


class AllocationError(ValueError):
    """The weights cannot carry the total: none, negative, or all zero."""


def quotas(total: int, weights: Mapping[K, int | Fraction]) -> dict[K, Fraction]:
    """The exact, unrounded part of each key: ``total × weight ÷ Σ weights``."""
    if any(w < 0 for w in weights.values()):
        raise AllocationError("重みに負の値があります。")
    whole = sum((Fraction(w) for w in weights.values()), Fraction(0))
    if whole == 0:
        raise AllocationError("重みの合計が0のため按分できません。")
    return {key: Fraction(total) * Fraction(weight) / whole for key, weight in weights.items()}


def largest_remainder(total: int, weights: Mapping[K, int | Fraction]) -> dict[K, int]:
    """``total`` yen over ``weights`` by largest remainder (Hamilton's method); the parts add up to ``total``.

    Every part is the floor or the ceiling of its quota. The yen left after flooring go one each to the largest
    fractions. Tie rule: equal fractions → larger weight first; equal weights → smaller key first (keys are the
    stream's position and code, so the order is the printed order of the streams). A zero weight gets zero.
    A negative total (a correction) is the mirror image of the positive one.
    """
    if total < 0:
        return {key: -yen for key, yen in largest_remainder(-total, weights).items()}
    exact = quotas(total, weights)
    parts = {key: quota.numerator // quota.denominator for key, quota in exact.items()}
    left = total - sum(parts.values())
    order = sorted(exact, key=lambda key: (-(exact[key] - parts[key]), -Fraction(weights[key]), key))
    for key in order[:left]:
        parts[key] += 1
    return parts


def truncate_to(total: int, weights: Mapping[K, int | Fraction], *, remainder_key: K) -> dict[K, int]:
    """Every part cut below one yen; what is left goes to ``remainder_key`` (一般財源), whatever its own weight."""
    if total < 0:
        return {key: -yen for key, yen in truncate_to(-total, weights, remainder_key=remainder_key).items()}
    exact = quotas(total, weights)
    parts = {key: quota.numerator // quota.denominator for key, quota in exact.items()}
    parts[remainder_key] = parts.get(remainder_key, 0) + total - sum(parts.values())
    return parts


def allocate(
    total: int, weights: Mapping[K, int | Fraction], *, rule: RemainderRule, remainder_key: K
) -> dict[K, int]:
    """``total`` yen over ``weights`` by the printed ``rule``. The values always add up to ``total``.

    ``remainder_key`` names the 一般財源, used by TRUNCATE_TO_GENERAL only.
    """
    if rule == RemainderRule.TRUNCATE_TO_GENERAL:
        return truncate_to(total, weights, remainder_key=remainder_key)
    return largest_remainder(total, weights)
