"""Estimates during the year: planned, actual and expected by month, what runs dry or lapses, and what-if. Pure.

A month that is not locked yet is expected to cost what the last three locked months cost on average (whole yen, cut);
while there is none, what was planned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Final

RECENT: Final = 3
LAPSE_TENTHS: Final = 9  # a year that ends below nine tenths of its money leaves it unused


class Alert(StrEnum):
    """What somebody should know in time."""

    DRY = "dry"
    LAPSE = "lapse"


@dataclass(frozen=True, slots=True)
class MonthLine:
    """``planned`` None: no plan for the year; ``actual`` None: the month is not locked."""

    month: date
    planned: int | None
    actual: int | None
    expected: int
    cumulative: int

    @property
    def shown(self) -> int:
        return self.expected if self.actual is None else self.actual


@dataclass(frozen=True, slots=True)
class Forecast:
    lines: tuple[MonthLine, ...]
    budget: int | None

    @property
    def spent(self) -> int:
        return sum(line.actual for line in self.lines if line.actual is not None)

    @property
    def year_end(self) -> int:
        return self.lines[-1].cumulative if self.lines else 0

    @property
    def left(self) -> int | None:
        """Of the budget at the end of the year; below zero: it will not do."""
        return None if self.budget is None else self.budget - self.year_end

    @property
    def runs_dry(self) -> date | None:
        """The first month in which the money is used up."""
        if not self.budget:
            return None
        return next((line.month for line in self.lines if line.cumulative > self.budget), None)

    @property
    def alert(self) -> Alert | None:
        """Dry before it lapses; nothing is said of a year of which nothing is known yet."""
        if self.budget is None or all(line.actual is None for line in self.lines):
            return None
        if self.runs_dry is not None:
            return Alert.DRY
        return Alert.LAPSE if 10 * self.year_end < LAPSE_TENTHS * self.budget else None


def expected_month(actual: Mapping[date, int], month: date) -> Fraction | None:
    """The mean of the last ``RECENT`` locked months before ``month`` (of later ones, where there is none before)."""
    inorder = sorted(actual)
    near = [m for m in inorder if m < month][-RECENT:] or inorder[:RECENT]
    return Fraction(sum(actual[m] for m in near), len(near)) if near else None


def forecast(months: Sequence[date], planned: Sequence[int] | None, actual: Mapping[date, int]) -> Forecast:
    """One stream's year by month."""
    lines, running = [], 0
    for n, month in enumerate(months):
        plan = planned[n] if planned is not None else None
        mean = expected_month(actual, month)
        guess = int(mean) if mean is not None else plan or 0
        done = actual.get(month)
        running += guess if done is None else done
        lines.append(MonthLine(month, plan, done, guess, running))
    return Forecast(tuple(lines), None if planned is None else sum(planned))


@dataclass(frozen=True, slots=True)
class Move:
    """What one worker's coming months cost in each stream now, and would cost if all of it went to ``to``."""

    before: Mapping[int, int]
    after: Mapping[int, int]
    months: int


def move_worker(
    months: Sequence[date], locked: Sequence[date], by_stream: Mapping[int, Mapping[date, int]], *, to: int, since: date
) -> Move:  # fmt: skip
    """``by_stream``: stream → month → yen of the worker in the locked months. Months from ``since`` on that are not
    locked would go to ``to`` as a whole; the yen of the worker are the same before and after.
    """
    coming = [m for m in months if m >= since and m not in set(locked)]
    # a locked month without a row of the stream is a month that cost it nothing
    whole = {stream: {m: own.get(m, 0) for m in locked} for stream, own in by_stream.items()}
    before = {}
    for stream, actual in whole.items():
        each = [int(expected_month(actual, m) or 0) for m in coming]
        if sum(each):
            before[stream] = sum(each)
    total = sum(before.values())
    return Move(before, {to: total} if total else {}, len(coming))
