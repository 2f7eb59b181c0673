"""How sure the ratio of a study is: intervals in exact or 40-digit arithmetic. They describe a ratio; yen never come
from them, except as the printed bound of an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal, localcontext
from fractions import Fraction
from typing import Final

DIGITS: Final = 40
# two-sided standard normal quantiles
NORMAL: Final[Mapping[int, Decimal]] = {
    90: Decimal("1.644853626951472714863848907991632136083"),
    95: Decimal("1.959963984540054235524594430520551527955"),
    99: Decimal("2.575829303548900760966143129143118943219"),
}


class StudyError(ValueError):
    """Nothing can be said from these answers, and why."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A ratio with its confidence interval, all within 0 and 1. ``sampled``: how many units it rests on."""

    ratio: Fraction
    low: Fraction
    high: Fraction
    sampled: int

    @property
    def half_width(self) -> Fraction:
        """The greater distance of the ratio to a bound."""
        return max(self.high - self.ratio, self.ratio - self.low)


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def _within(value: Decimal) -> Fraction:
    return min(max(Fraction(value), Fraction(0)), Fraction(1))


def quantile(level: int, freedom: int | None = None) -> Decimal:
    """The two-sided quantile at ``level`` per cent; with ``freedom``, Student's t by its series around the normal
    (within 1% from 4 degrees on; few clusters need it)."""
    if level not in NORMAL:
        raise StudyError("信頼水準は90・95・99%から選んでください。")
    z = NORMAL[level]
    if freedom is None:
        return z
    if freedom < 1:
        raise StudyError("区間を求めるには2つ以上の単位（人日）が必要です。")
    v = Decimal(freedom)
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
    )


def wilson(hits: int, sampled: int, *, level: int = 95) -> Interval:
    """The interval of a proportion from independent random moments (Wilson 1927), which holds near 0 and 1 too."""
    if sampled < 1:
        raise StudyError("回答が1件もないため、割合を求められません。")
    if not 0 <= hits <= sampled:
        raise StudyError("該当した回数は、0以上で回答の数以下です。")
    with localcontext() as context:
        context.prec = DIGITS
        z, n, p = quantile(level), Decimal(sampled), _decimal(Fraction(hits, sampled))
        centre = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * ((p * (1 - p) / n) + z * z / (4 * n * n)).sqrt() / (1 + z * z / n)
        low = Fraction(0) if hits == 0 else _within(centre - half)
        high = Fraction(1) if hits == sampled else _within(centre + half)
        return Interval(Fraction(hits, sampled), low, high, sampled)


def cluster_ratio(
    units: Sequence[tuple[int, int]], *, population: int | None = None, level: int = 95
) -> Interval:
    """The ratio Σ hits ÷ Σ minutes over ``units`` (hits, minutes) of a worker's day, with the interval of the ratio
    estimator: minutes of one day are not independent, days are the sample (Cochran 1977, 6.3).

    ``population``: all worker-days that the ratio stands for; sampling without replacement makes the interval
    narrower, and a complete count has none.
    """
    n, minutes = len(units), sum(m for _, m in units)
    if minutes == 0:
        raise StudyError("回答が1件もないため、割合を求められません。")
    ratio = Fraction(sum(h for h, _ in units), minutes)
    if population is not None and population < n:
        raise StudyError("調べた人日が、対象の人日より多くなっています。")
    if population == n:
        return Interval(ratio, ratio, ratio, n)
    if n < 2:
        return Interval(ratio, Fraction(0), Fraction(1), n)
    spread = sum(((h - ratio * m) ** 2 for h, m in units), Fraction(0))
    variance = Fraction(n, n - 1) * spread / minutes**2
    if population is not None:
        variance *= 1 - Fraction(n, population)
    with localcontext() as context:
        context.prec = DIGITS
        half = Fraction(quantile(level, n - 1) * _decimal(variance).sqrt())
    return Interval(ratio, max(ratio - half, Fraction(0)), min(ratio + half, Fraction(1)), n)


def sample_size(
    *, margin: Fraction, expected: Fraction = Fraction(1, 2), level: int = 95,
    response_rate: Fraction = Fraction(1), population: int | None = None,
) -> int:  # fmt: skip
    """How many random moments to ask so that the ratio is within ``margin`` at ``level``.

    ``expected``: the ratio that is expected (one half asks for most). ``population``: all moments of the period, if
    they are few. Moments that nobody will answer are asked in addition.
    """
    if not 0 < margin < 1:
        raise StudyError("誤差の幅は0より大きく1より小さくしてください。")
    if not 0 < expected < 1:
        raise StudyError("見込みの割合は0より大きく1より小さくしてください。")
    if not 0 < response_rate <= 1:
        raise StudyError("見込みの回答率は0より大きく100%以下にしてください。")
    with localcontext() as context:
        context.prec = DIGITS
        n = quantile(level) ** 2 * _decimal(expected * (1 - expected)) / _decimal(margin) ** 2
        if population is not None:
            if population < 1:
                raise StudyError("対象の時点は1以上にしてください。")
            n = n / (1 + (n - 1) / Decimal(population))
        return int((n / _decimal(response_rate)).to_integral_value(rounding=ROUND_CEILING))
