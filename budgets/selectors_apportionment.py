"""Reads of the apportionment pages: months, the matrix, the entries behind a cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
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
from budgets.enums import CategoryKind, Method, RemainderRule
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
    stream_id: int
    minutes: int
    direct_minutes: int
    shared_minutes: int
    yen: int
    method: str


@dataclass(frozen=True, slots=True)
class Cell:
    """Minutes and yen of one worker in one stream; ``has_moved`` against last month in points."""

    stream_id: int
    minutes: int
    direct_minutes: int
    yen: int
    has_moved: bool
    method: str = Method.ACTUAL_MINUTES

    @property
    def ratio(self) -> Fraction:
        """The exact ratio; of who is 専従 the whole, whatever was recorded."""
        if self.method == Method.DEDICATED:
            return Fraction(1)
        return Fraction(self.minutes, self.direct_minutes) if self.direct_minutes else Fraction(0)

    @property
    def percent(self) -> str:
        """「60.7%」, for reading only: yen never come from it."""
        if self.method == Method.DEDICATED:
            return "専従"
        return f"{self.minutes / self.direct_minutes * 100:.1f}%" if self.direct_minutes else "0.0%"


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
    """Worker × stream. Row totals are the costs, column totals the streams, and both add up to ``total``.

    ``lines`` may be one page of the workers; the totals are always of all of them.
    """

    streams: list[FundingStream]
    lines: list[WorkerLine]
    agencies: list[Agency]
    column_yen: list[int]
    total: int
    workers: int
    page: int
    pages: int

    @property
    def numbers(self) -> range:
        return range(1, self.pages + 1)

    @property
    def first(self) -> int:
        """The place of the first worker of this page among all."""
        return (self.page - 1) * PAGE_WORKERS + 1

    @property
    def last(self) -> int:
        return self.first + len(self.lines) - 1


JUMP_TENTHS = 1  # a ratio that moved by ten points or more is shaded
PAGE_WORKERS = 50


def matrix(
    actor: Actor, run: ApportionmentRun, *, agency_id: int | None = None, page: int | None = None
) -> Matrix:
    """The result of one run, or one page of its workers with the totals of all; a page beyond the last is the last.

    Five queries; the database adds up, so that a page costs nearly the same however many workers there are.
    """
    found = ApportionmentRow.objects.visible_to(actor).filter(run=run)
    if agency_id:
        found = found.filter(agency=agency_id)
    placed = _placed(found)
    pages = max(1, -(-len(placed) // PAGE_WORKERS))
    page = min(max(page, 1), pages) if page else None
    shown = placed[(page - 1) * PAGE_WORKERS : page * PAGE_WORKERS] if page else placed
    totals = dict(found.values_list("stream_id").annotate(yen=Sum("yen")).order_by())
    streams = sorted(
        FundingStream.objects.visible_to(actor).in_bulk(list(totals)).values(),
        key=lambda s: (s.position, s.code),
    )
    staff_ids = [row.staff_id for row in shown] if page else None
    rows = found if staff_ids is None else found.filter(staff__in=staff_ids)
    before = _minutes_before(actor, add_months(run.month.month, -1), staff_ids)
    return Matrix(
        streams=streams, lines=_worker_lines(rows, shown, streams, before),
        agencies=sorted({row.agency for row in placed}, key=lambda a: a.code), column_yen=[totals[s.pk] for s in streams],
        total=sum(totals.values()), workers=len(placed), page=page or 1, pages=pages if page else 1,
    )  # fmt: skip


def _placed(found: QuerySet[ApportionmentRow]) -> list[ApportionmentRow]:
    """One row of every worker with the worker and the agency, in the order of the sheet."""
    rows = (
        found.select_related("staff", "agency")
        .only(
            "staff__username",
            "staff__name",
            "staff__kana",
            "agency__code",
            "agency__name",
            "agency__short_name",
        )
        .order_by("staff_id")
        .distinct("staff_id")
    )
    return sorted(rows, key=lambda row: (row.agency.code, row.staff.kana, row.staff_id))


def _worker_lines(
    rows: QuerySet[ApportionmentRow],
    shown: Sequence[ApportionmentRow],
    streams: Sequence[FundingStream],
    before: dict[tuple[int, int], tuple[int, int]],
) -> list[WorkerLine]:
    """The lines of the workers ``shown``, in their order; ``rows`` are all of theirs."""
    per_staff: dict[int, dict[int, RawCell]] = {}
    for values in rows.values_list(
        "staff_id", "stream_id", "minutes", "direct_minutes", "shared_minutes", "yen", "method"
    ):
        row = RawCell(*values)
        per_staff.setdefault(row.staff_id, {})[row.stream_id] = row
    lines = []
    for place in shown:
        cells = per_staff[place.staff_id]
        first = next(iter(cells.values()))
        lines.append(
            WorkerLine(
                staff=place.staff, agency=place.agency,
                cells=[_cell(cells.get(s.pk), before) for s in streams], direct_minutes=first.direct_minutes,
                shared_minutes=first.shared_minutes, yen=sum(row.yen for row in cells.values()),
            )
        )  # fmt: skip
    return lines


def _cell(row: RawCell | None, before: dict[tuple[int, int], tuple[int, int]]) -> Cell | None:
    if row is None:
        return None
    former = before.get((row.staff_id, row.stream_id))
    moved = former is not None and _moved(*former, row.minutes, row.direct_minutes)
    return Cell(row.stream_id, row.minutes, row.direct_minutes, row.yen, moved, row.method)


def _moved(minutes_then: int, direct_then: int, minutes: int, direct: int) -> bool:
    """Whether minutes/direct moved by ``JUMP_TENTHS`` tenths or more, in whole numbers: no rounding, and cheap."""
    minutes, direct = (minutes, direct) if direct else (0, 1)
    return 10 * abs(minutes_then * direct - minutes * direct_then) >= JUMP_TENTHS * direct * direct_then


def _minutes_before(
    actor: Actor, month: date, staff_ids: Sequence[int] | None
) -> dict[tuple[int, int], tuple[int, int]]:
    """Minutes and direct minutes of the final run of a month, if there is one, by worker and stream."""
    rows = ApportionmentRow.objects.visible_to(actor).filter(run__month__month=month, run__is_final=True)
    if staff_ids is not None:
        rows = rows.filter(staff__in=staff_ids)
    return {
        (staff, stream): (minutes, direct)
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
    method_label: str = ""
    undecided: list[tuple[str, list[Staff]]] = field(default_factory=list)


def standing(actor: Actor, month: date) -> Standing:
    """Eight queries, and four more where another method is in force. A locked month shows its final run and asks nothing more."""
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
    people = Staff.objects.visible_to(actor).in_bulk(findings.people)
    return Standing(
        month=month, row=row, run=run, findings=findings,
        no_minutes=[people[pk] for pk in findings.cost_without_minutes],
        no_cost=[people[pk] for pk in findings.minutes_without_cost], digest=digest,
        is_stale=run is not None and not is_final and run.input_hash != digest, cost_total=sum(c.yen for c in inputs.costs),
        worker_count=len({m.staff_id for m in inputs.minutes}), method_label=inputs.method.label,
        undecided=[
            (words, [people[pk] for pk in keys])
            for words, keys in (
                ("タイムスタディで按分する月ですが、承認された調査の対象でない職員", findings.without_study),
                ("専従で按分する月ですが、割当のない職員", findings.without_assignment),
            )
            if keys
        ],
    )  # fmt: skip


def own_rules(run: ApportionmentRun, streams: Iterable[FundingStream]) -> str:
    """「障害 機能強化は円未満切捨て…」: streams that had a rule of their own for yen below one; empty: none had.

    From the frozen inputs of the run, since a year's rule may be changed later.
    """
    rules = {s["code"]: s["rule"] for s in run.inputs["streams"] if s.get("rule")}
    return "、".join(
        f"{s.short_name}は{RemainderRule(rules[s.code]).label}" for s in streams if s.code in rules
    )


def entries_behind(
    actor: Actor, month: date, *, staff_id: int, stream_id: int | None, kind: str
) -> QuerySet[WorkEntry]:
    """The work entries behind one cell (or the shared minutes of one worker). Minutes and pseudonyms, no case text."""
    rows = (
        WorkEntry.objects.visible_to(actor)
        .with_shown_number(actor)
        .of_month(month)
        .filter(staff=staff_id)
        .select_related("category", "derived_category", "staff")
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
