"""Reads of the apportionment pages: months, the matrix, the entries behind a cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import NamedTuple

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth
from django.urls import reverse
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Agency, Staff
from accounts.roles import Permission
from budgets.apportionment import Findings, Inputs, find
from budgets.enums import CategoryKind, RemainderRule
from budgets.inputs import month_inputs
from budgets.models import (
    ApportionmentRow,
    ApportionmentRun,
    FundingStream,
    PersonnelCost,
    WorkEntry,
    WorkMonth,
)
from common.japan.fiscal import add_months, fiscal_months
from common.japan.wareki import format_wareki_month
from common.queue import QueueGroup, QueueRow


def month_key(month: date) -> str:
    """202610, as it stands in addresses."""
    return f"{month:%Y%m}"


@dataclass(frozen=True, slots=True)
class MonthLine:
    """One month of the list: what is there and what blocks it. None: nothing recorded (not zero)."""

    month: date
    key: str
    state: str
    is_locked: bool
    workers: int | None
    costs: int | None
    total_yen: int | None
    blocks: list[str]


def _workers_by_month(actor: Actor, months: Sequence[date]) -> dict[date, int]:
    """Workers with entries in each open month, read from the entries."""
    spans = Q(pk__in=[])
    for month in months:
        spans |= Q(worked_on__gte=month, worked_on__lt=add_months(month, 1))
    rows = WorkEntry.objects.visible_to(actor).filter(spans).annotate(month=TruncMonth("worked_on"))
    return dict(rows.values_list("month").annotate(n=Count("staff", distinct=True)).order_by())


def _locked_workers(actor: Actor, months: Sequence[date]) -> dict[date, int]:
    """Workers of each locked month, read from its final run."""
    rows = ApportionmentRow.objects.visible_to(actor).filter(run__is_final=True, run__month__month__in=months)
    return dict(rows.values_list("run__month__month").annotate(n=Count("staff", distinct=True)).order_by())


def month_lines(actor: Actor, fiscal_year: int, today: date) -> list[MonthLine]:
    """The months of a fiscal year up to this one, newest first. Four queries."""
    months = [m for m in fiscal_months(fiscal_year) if m <= today]
    if not months:
        return []
    first, last = months[0], months[-1]
    states = {m.month: m for m in WorkMonth.objects.visible_to(actor).filter(month__in=months)}
    workers = _workers_by_month(actor, [m for m in months if not (m in states and states[m].is_locked)])
    workers |= _locked_workers(actor, [m for m in months if m in states and states[m].is_locked])
    costs = {
        month: (n, yen)
        for month, n, yen in PersonnelCost.objects.visible_to(actor)
        .filter(month__gte=first, month__lte=last)
        .values_list("month")
        .annotate(n=Count("pk"), yen=Sum("yen"))
        .order_by()
    }
    lines = []
    for month in reversed(months):
        row, (n_costs, yen) = states.get(month), costs.get(month, (None, None))
        n_workers = workers.get(month)
        blocks = []
        if not (row and row.is_locked):
            if n_costs is None:
                blocks.append("人件費が未入力")
            elif n_workers is not None and n_costs < n_workers:
                blocks.append(f"人件費のない職員 {n_workers - n_costs}人")
            if add_months(month, 1) > today:
                blocks.append("月が終わっていない")
        lines.append(
            MonthLine(
                month=month, key=month_key(month), state=row.get_state_display() if row else "開いている",
                is_locked=bool(row and row.is_locked), workers=n_workers, costs=n_costs, total_yen=yen, blocks=blocks,
            )
        )  # fmt: skip
    return lines


class RawCell(NamedTuple):
    """One stored row of a run, as plain values."""

    staff_id: int
    agency_id: int
    stream_id: int
    minutes: int
    direct_minutes: int
    shared_minutes: int
    yen: int


@dataclass(frozen=True, slots=True)
class Cell:
    """Minutes, exact ratio and yen of one worker in one stream; ``moved`` against last month in points."""

    stream_id: int
    minutes: int
    ratio: Fraction
    yen: int
    words: str  # 「146,528円」, made here: a month has thousands of cells
    detail: str  # 「51.0%　4510/8840分」
    has_moved: bool


@dataclass(frozen=True, slots=True)
class WorkerLine:
    staff: Staff
    agency: Agency
    cells: list[Cell | None]
    direct_minutes: int
    shared_minutes: int
    yen: int


@dataclass(frozen=True, slots=True)
class Matrix:
    """Worker × stream. Row totals are the costs, column totals the streams, and both add up to ``total``."""

    streams: list[FundingStream]
    lines: list[WorkerLine]
    column_yen: list[int]
    column_minutes: list[int]
    total: int


JUMP = Fraction(1, 10)  # a ratio that moved by ten points or more is shaded


def percent(ratio: Fraction) -> str:
    """「60.7%」, for reading only: yen never come from it."""
    return f"{float(ratio) * 100:.1f}%"


def matrix(actor: Actor, run: ApportionmentRun, *, agency_id: int | None = None) -> Matrix:
    """The result of one run. Five queries of plain values: a full month has some thousand cells."""
    found = ApportionmentRow.objects.visible_to(actor).filter(run=run)
    if agency_id:
        found = found.filter(agency=agency_id)
    rows = [
        RawCell(*row)
        for row in found.values_list(
            "staff_id", "agency_id", "stream_id", "minutes", "direct_minutes", "shared_minutes", "yen"
        )
    ]
    streams = sorted(
        FundingStream.objects.visible_to(actor).in_bulk({r.stream_id for r in rows}).values(),
        key=lambda s: (s.position, s.code),
    )
    people = Staff.objects.visible_to(actor).in_bulk({r.staff_id for r in rows})
    agencies = Agency.objects.visible_to(actor).in_bulk({r.agency_id for r in rows})
    before = _ratios_of(actor, add_months(run.month.month, -1))
    per_staff: dict[int, dict[int, RawCell]] = {}
    for row in rows:
        per_staff.setdefault(row.staff_id, {})[row.stream_id] = row
    lines = []
    for staff_id, own in per_staff.items():
        first = next(iter(own.values()))
        lines.append(
            WorkerLine(
                staff=people[staff_id], agency=agencies[first.agency_id],
                cells=[_cell(own.get(s.pk), before) for s in streams], direct_minutes=first.direct_minutes,
                shared_minutes=first.shared_minutes, yen=sum(row.yen for row in own.values()),
            )
        )  # fmt: skip
    lines.sort(key=lambda line: (line.agency.code, line.staff.kana, line.staff.pk))
    return Matrix(
        streams=streams, lines=lines,
        column_yen=[sum(r.yen for r in rows if r.stream_id == s.pk) for s in streams],
        column_minutes=[sum(r.minutes for r in rows if r.stream_id == s.pk) for s in streams],
        total=sum(row.yen for row in rows),
    )  # fmt: skip


def _cell(row: RawCell | None, before: dict[tuple[int, int], Fraction]) -> Cell | None:
    if row is None:
        return None
    ratio = Fraction(row.minutes, row.direct_minutes) if row.direct_minutes else Fraction(0)
    former = before.get((row.staff_id, row.stream_id))
    moved = former is not None and abs(former - ratio) >= JUMP
    detail = f"{percent(ratio)}　{row.minutes}/{row.direct_minutes}分"
    return Cell(row.stream_id, row.minutes, ratio, row.yen, f"{row.yen:,}円", detail, moved)


def _ratios_of(actor: Actor, month: date) -> dict[tuple[int, int], Fraction]:
    """The ratios of the final run of a month, if there is one."""
    rows = ApportionmentRow.objects.visible_to(actor).filter(run__month__month=month, run__is_final=True)
    return {
        (staff, stream): Fraction(minutes, direct)
        for staff, stream, minutes, direct in rows.values_list(
            "staff_id", "stream_id", "minutes", "direct_minutes"
        )
        if direct
    }


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a month stands: its row, the run to show, what is missing, and whether the run is out of date."""

    month: date
    row: WorkMonth | None
    run: ApportionmentRun | None
    findings: Findings
    no_minutes: list[Staff]
    no_cost: list[Staff]
    digest: str
    is_stale: bool
    cost_total: int
    worker_count: int


def standing(actor: Actor, month: date) -> Standing:
    """At most seven queries. A locked month shows its final run and asks nothing more."""
    row = WorkMonth.objects.visible_to(actor).filter(month=month).first()
    run = (
        ApportionmentRun.objects.visible_to(actor)
        .filter(month__month=month)
        .select_related("ran_by", "month")
        .order_by("-is_final", "-ran_at", "-pk")
        .first()
    )
    rule = RemainderRule(row.remainder_rule) if row else RemainderRule.LARGEST_REMAINDER
    is_final = run is not None and run.is_final
    inputs = Inputs.thaw(run.inputs) if run is not None and is_final else month_inputs(month, rule)
    findings = find(inputs)
    digest = inputs.digest()
    people = Staff.objects.visible_to(actor).in_bulk(
        [*findings.cost_without_minutes, *findings.minutes_without_cost]
    )
    return Standing(
        month=month, row=row, run=run, findings=findings,
        no_minutes=[people[pk] for pk in findings.cost_without_minutes],
        no_cost=[people[pk] for pk in findings.minutes_without_cost], digest=digest,
        is_stale=run is not None and not is_final and run.input_hash != digest, cost_total=sum(c.yen for c in inputs.costs),
        worker_count=len({m.staff_id for m in inputs.minutes}),
    )  # fmt: skip


def entries_behind(
    actor: Actor, month: date, *, staff_id: int, stream_id: int | None, kind: str
) -> QuerySet[WorkEntry]:
    """The work entries behind one cell (or the shared minutes of one worker). Minutes and pseudonyms, no case text."""
    rows = (
        WorkEntry.objects.visible_to(actor)
        .of_month(month)
        .filter(staff=staff_id)
        .select_related("category", "staff")
    )
    if kind == CategoryKind.SHARED:
        return rows.filter(category__kind=CategoryKind.SHARED)
    return rows.filter(category__kind=CategoryKind.DIRECT, category__stream=stream_id)


def finance_home_rows(actor: Actor, at: datetime) -> Sequence[QueueRow]:
    """Months that are over and not locked, with what blocks them."""
    if not actor.has(Permission.MONTH_LOCK):
        return []
    today = timezone.localdate(at)
    this_month = today.replace(day=1)
    lines = month_lines(actor, this_month.year if this_month.month > 3 else this_month.year - 1, today)
    return [
        QueueRow(
            group=QueueGroup.MONTH, kind="按分", title=format_wareki_month(line.month),
            url=reverse("apportionment:month", args=[line.key]), due_on=add_months(line.month, 2),
            detail="・".join(line.blocks) or "人件費がそろっています。計算して締められます",
        )
        for line in lines
        if not line.is_locked and line.month < this_month and (line.workers or line.costs)
    ]  # fmt: skip
