"""The outline around who lives together: their cells, and narrow ways between these that go past everybody else."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

CELL: Final = 136
ABOVE: Final = 36
BELOW: Final = 90
WAY: Final = 20
INSET: Final = 3
INTO: Final = 16  # that a way reaches into a cell, so that its round corners are not seen

Point = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Rect:
    x: float
    y: float
    width: float
    height: float


def outline(living: Sequence[Point], everybody: Sequence[Point]) -> list[Rect]:
    """Rectangles whose union is the home. Nobody else's symbol stands in it."""
    if not living:
        return []
    others = [point for point in everybody if point not in living]
    rects, ends = [], []
    for y in sorted({y for _, y in living}):
        runs = _runs(sorted(x for x, row in living if row == y), [x for x, row in others if row == y])
        for first, last in runs:
            rects.append(
                Rect(first - CELL / 2 + INSET, y - ABOVE, last - first + CELL - 2 * INSET, ABOVE + BELOW)
            )
        rects += [_below(y, one[1], two[0]) for one, two in itertools.pairwise(runs)]
        ends.append((y, runs))
    for (upper, above), (lower, below) in itertools.pairwise(ends):
        rects += _down(upper, above, lower, below, others)
    return rects


def _runs(xs: Sequence[int], others: Sequence[int]) -> list[Point]:
    """Stretches of the row without anybody else between."""
    runs = [(xs[0], xs[0])]
    for x in xs[1:]:
        if any(runs[-1][1] < other < x for other in others):
            runs.append((x, x))
        else:
            runs[-1] = (runs[-1][0], x)
    return runs


def _below(y: int, left: int, right: int) -> Rect:
    """A way under somebody who stands between two of the same home."""
    return Rect(left, y + BELOW - WAY / 4, right - left, WAY)


def _down(
    upper: int, above: Sequence[Point], lower: int, below: Sequence[Point], others: Sequence[Point]
) -> list[Rect]:
    """From a row to the next one of the home: straight where cells stand over each other, else by a bent way."""
    start, end = upper + BELOW, lower - ABOVE
    pairs = [(_gap(one, two), one, two) for one in above for two in below]
    _, one, two = min(pairs)
    left, right = max(one[0], two[0]) - CELL / 2, min(one[1], two[1]) + CELL / 2
    blocked = [x for x, y in others if upper < y < lower]
    if right - left >= WAY * 2 and not blocked:
        inner = min(right - left - 2 * INSET, CELL * 0.6)
        return [Rect((left + right - inner) / 2, start - INTO, inner, end - start + 2 * INTO)]
    from_x, to_x = _nearest(one, two)
    free = _free(from_x, blocked)
    first, last = start, end - WAY
    return [
        Rect(min(from_x, free) - WAY / 2, first - 1, abs(free - from_x) + WAY, WAY),
        Rect(from_x - WAY / 2, first - INTO, WAY, WAY + INTO),
        Rect(to_x - WAY / 2, last, WAY, WAY + INTO),
        Rect(free - WAY / 2, first - 1, WAY, last - first + WAY + 1),
        Rect(min(to_x, free) - WAY / 2, last, abs(free - to_x) + WAY, WAY + 1),
    ]


def _gap(one: Point, two: Point) -> int:
    return max(two[0] - one[1], one[0] - two[1], 0)


def _nearest(one: Point, two: Point) -> Point:
    """Two places, one in each stretch, as near to each other as can be."""
    if two[0] > one[1]:
        return one[1], two[0]
    if two[1] < one[0]:
        return one[0], two[1]
    x = max(one[0], two[0])
    return x, x


def _free(x: int, blocked: Sequence[int]) -> int:
    """The nearest place to ``x`` where a way passes between those who stand in the rows between."""
    reach = CELL // 2 + 2
    places = [x, *(b - reach for b in blocked), *(b + reach for b in blocked)]
    free = [place for place in places if all(abs(place - b) >= reach - 1 for b in blocked)]
    return min(free, key=lambda place: abs(place - x)) if free else max(blocked) + CELL
