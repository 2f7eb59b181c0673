"""専従 (C市): the whole cost of a worker goes to one stream, and every minute elsewhere is named."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from budgets.apportionment import CostInput
from budgets.enums import CategoryKind

CODE_VERSION = "dedicated/1"


@dataclass(frozen=True, slots=True)
class Assignment:
    """The one stream that a worker serves all through the month."""

    staff_id: int
    stream_id: int


@dataclass(frozen=True, slots=True)
class DayMinutes:
    """Minutes of one worker on one day in one kind of work."""

    staff_id: int
    day: str
    kind: str
    stream_id: int | None
    minutes: int


@dataclass(frozen=True, slots=True)
class DedicatedRow:
    staff_id: int
    stream_id: int
    yen: int


@dataclass(frozen=True, slots=True)
class Outside:
    """Direct minutes of a dedicated worker for another stream: a finding, whatever their number (domain.md 4.8 D)."""

    staff_id: int
    day: str
    stream_id: int
    minutes: int


@dataclass(frozen=True, slots=True)
class DedicatedResult:
    rows: list[DedicatedRow]
    outside: list[Outside]
    unassigned: list[int]


def assign(
    *, costs: Iterable[CostInput], assignments: Iterable[Assignment], minutes: Iterable[DayMinutes]
) -> DedicatedResult:
    """Each dedicated worker's cost to the one stream; workers without an assignment and minutes outside are named."""
    stream_of: dict[int, int] = {}
    for assignment in assignments:
        if stream_of.setdefault(assignment.staff_id, assignment.stream_id) != assignment.stream_id:
            raise ValueError("1人の専従に2つの財源があります。")
    ordered = sorted(costs, key=lambda c: c.staff_id)
    outside: dict[tuple[str, int, int], int] = {}
    for m in minutes:
        own = stream_of.get(m.staff_id)
        if own is None or m.kind != CategoryKind.DIRECT or m.stream_id in {None, own} or not m.minutes:
            continue
        key = (m.day, m.staff_id, m.stream_id or 0)
        outside[key] = outside.get(key, 0) + m.minutes
    return DedicatedResult(
        rows=[DedicatedRow(c.staff_id, stream_of[c.staff_id], c.yen) for c in ordered if c.staff_id in stream_of],
        outside=[Outside(staff, day, stream, n) for (day, staff, stream), n in sorted(outside.items())],
        unassigned=[c.staff_id for c in ordered if c.staff_id not in stream_of],
    )  # fmt: skip
