"""Approvals of a month as the finance clerk sees them, and adjustments with what they moved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from accounts.actor import Actor
from accounts.enums import Role
from accounts.models import Appointment, Staff
from budgets.models import ApportionmentRow, ApportionmentRun, FundingStream
from budgets.month_minutes import ApprovalLine, approval_lines


def approvals_with_managers(month: date, on: date) -> list[tuple[ApprovalLine, bool]]:
    """Each agency of the month, and whether anybody there could approve. Five queries."""
    lines = approval_lines(month)
    managed = set(
        Appointment.objects.current(on)
        .filter(role=Role.AGENCY_MANAGER, agency__in=[line.agency.pk for line in lines])
        .values_list("agency_id", flat=True)
    )
    return [(line, line.agency.pk in managed) for line in lines]


@dataclass(frozen=True, slots=True)
class Difference:
    """One worker × stream, or one stream: yen before, after, and what moved."""

    stream: FundingStream
    staff: Staff | None
    old: int
    new: int

    @property
    def moved(self) -> int:
        return self.new - self.old


@dataclass(frozen=True, slots=True)
class Rerun:
    """Two computations of one month side by side."""

    old: ApportionmentRun
    new: ApportionmentRun
    streams: list[Difference]
    workers: list[Difference]


def rerun(actor: Actor, new: ApportionmentRun, old: ApportionmentRun) -> Rerun:
    """Every stream of either computation, and the worker × stream cells that differ. Four queries."""
    cells: dict[tuple[int, int], list[int]] = {}
    for place, run in enumerate((old, new)):
        rows = ApportionmentRow.objects.visible_to(actor).filter(run=run)
        for staff, stream, yen in rows.values_list("staff_id", "stream_id", "yen"):
            cells.setdefault((staff, stream), [0, 0])[place] += yen
    streams = FundingStream.objects.visible_to(actor).in_bulk({stream for _, stream in cells})
    people = Staff.objects.visible_to(actor).in_bulk({k[0] for k, (was, now) in cells.items() if was != now})
    sums: dict[int, list[int]] = {}
    for (_, stream), pair in cells.items():
        total = sums.setdefault(stream, [0, 0])
        total[0] += pair[0]
        total[1] += pair[1]
    order = sorted(streams.values(), key=lambda s: (s.position, s.code))
    moved = [
        Difference(streams[stream], people[staff], was, now)
        for (staff, stream), (was, now) in cells.items()
        if was != now and staff in people
    ]
    moved.sort(
        key=lambda d: (d.staff.kana if d.staff else "", d.staff.pk if d.staff else 0, d.stream.position)
    )
    return Rerun(old, new, [Difference(s, None, *sums[s.pk]) for s in order], moved)
