"""The one allocator of kyosei: whole yen over weights, exact, independent of row order, a pure function.

Yen are integers and ratios exact fractions; no float ever touches money and no percentage is rounded before the
yen (domain.md 4.4: "round once, at the end"). Every method computes exact amounts and comes here for whole yen.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from fractions import Fraction
from math import lcm
from typing import Final, TypeVar

from budgets.enums import RemainderRule

K = TypeVar("K", bound="int | str | tuple")
NOTHING: Final[frozenset] = frozenset()


class AllocationError(ValueError):
    """The weights cannot carry the total: none, negative, or all zero."""


def _check(weights: Mapping[K, int | Fraction], whole: int | Fraction) -> None:
    if any(w < 0 for w in weights.values()):
        raise AllocationError("重みに負の値があります。")
    if whole == 0:
        raise AllocationError("重みの合計が0のため按分できません。")


def quotas(total: int, weights: Mapping[K, int | Fraction]) -> dict[K, Fraction]:
    """The exact, unrounded part of each key: ``total × weight ÷ Σ weights``."""
    whole = sum((Fraction(w) for w in weights.values()), Fraction(0))
    _check(weights, whole)
    return {key: Fraction(total) * Fraction(weight) / whole for key, weight in weights.items()}


def settle(
    exact: Mapping[K, Fraction], *, truncating: Container[K] = NOTHING, remainder_key: K | None = None
) -> dict[K, int]:
    """Exact amounts that add up to whole yen, made whole; the parts add up to the same sum.

    Keys outside ``truncating`` share, by largest remainder, the whole yen that their fractions make together: each
    gets the floor or the ceiling of its amount. Tie rule: equal fractions → larger amount first; equal amounts →
    smaller key first (keys begin with the stream's printed position). Keys in ``truncating`` are cut below one yen.
    What is left after both goes to ``remainder_key`` (一般財源), whatever its own amount; when nothing is cut,
    nothing is left. A negative sum (a correction) is the mirror image of the positive one.
    """
    whole = lcm(*(amount.denominator for amount in exact.values()))
    numerators = {key: amount.numerator * (whole // amount.denominator) for key, amount in exact.items()}
    return _settle(numerators, whole, truncating, remainder_key)


def _settle(
    exact: Mapping[K, int], whole: int, truncating: Container[K], remainder_key: K | None
) -> dict[K, int]:
    """``settle`` on numerators over the one denominator ``whole``: integers compare and add many times faster."""
    total, below = divmod(sum(exact.values()), whole)
    if below:
        raise AllocationError("合計が1円未満の端数を持つため、円にできません。")
    if total < 0:
        mirrored = {key: -amount for key, amount in exact.items()}
        turned = _settle(mirrored, whole, truncating, remainder_key)
        return {key: -yen for key, yen in turned.items()}
    parts = {key: amount // whole for key, amount in exact.items()}
    order = sorted(
        (-(amount % whole), -amount, key) for key, amount in exact.items() if key not in truncating
    )
    for _, _, key in order[: -sum(fraction for fraction, _, _ in order) // whole]:
        parts[key] += 1
    left = total - sum(parts.values())
    if left:
        if remainder_key is None:
            raise AllocationError("切り捨てた残額を受ける一般財源が定められていません。")
        parts[remainder_key] = parts.get(remainder_key, 0) + left
    return parts


def _spread(
    total: int,
    weights: Mapping[K, int | Fraction],
    truncating: Container[K] = NOTHING,
    remainder_key: K | None = None,
) -> dict[K, int]:
    """``settle(quotas(total, weights))``; whole weights (minutes) never become fractions on the way."""
    numerators: dict[K, int] = {}
    for key, weight in weights.items():
        if not isinstance(weight, int):
            return settle(quotas(total, weights), truncating=truncating, remainder_key=remainder_key)
        numerators[key] = total * weight
    whole = sum(weights.values())
    _check(weights, whole)
    return _settle(numerators, int(whole), truncating, remainder_key)


def largest_remainder(total: int, weights: Mapping[K, int | Fraction]) -> dict[K, int]:
    """``total`` yen over ``weights`` by largest remainder (Hamilton's method); see ``settle`` for the tie rule.

    Every part is the floor or the ceiling of its quota. A zero weight gets zero.
    """
    return _spread(total, weights)


def truncate_to(total: int, weights: Mapping[K, int | Fraction], *, remainder_key: K) -> dict[K, int]:
    """Every part cut below one yen; what is left goes to ``remainder_key`` (一般財源), whatever its own weight."""
    parts = _spread(total, weights, weights, remainder_key)
    return {remainder_key: 0, **parts}


def allocate(
    total: int,
    weights: Mapping[K, int | Fraction],
    *,
    rule: RemainderRule,
    remainder_key: K,
    rules: Mapping[K, RemainderRule] | None = None,
) -> dict[K, int]:
    """``total`` yen over ``weights`` by the printed ``rule``. The values always add up to ``total``.

    ``remainder_key`` names the 一般財源. ``rules`` sets another rule for some keys: the streams with one rule are one
    group, and what a cut group leaves goes to the 一般財源.
    """
    own = rules or {}
    cut = {key for key in weights if own.get(key, rule) == RemainderRule.TRUNCATE_TO_GENERAL}
    parts = _spread(total, weights, cut, remainder_key)
    return {remainder_key: 0, **parts} if cut else parts


def cut_below(amount: Fraction | int, unit: int) -> int:
    """``amount`` cut below ``unit`` yen (千円未満切捨て: 1000), towards zero."""
    if unit < 1:
        raise AllocationError("端数の単位は1円以上です。")
    exact = Fraction(amount) / unit
    whole = abs(exact.numerator) // exact.denominator * unit
    return whole if exact >= 0 else -whole
