"""The matrix of a month, worker × stream, with ratios as exact fractions and yen; the same for page, XLSX, CSV, PDF."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Final

from accounts.actor import Actor
from budgets.apportionment import Findings, Inputs, find
from budgets.enums import CategoryKind, RemainderRule
from budgets.inputs import month_inputs
from budgets.models import ApportionmentRow, ApportionmentRun, FundingStream, WorkMonth
from budgets.selectors_apportionment import Worker, month_workers
from common.japan.fiscal import add_months

MARKED_FROM: Final = Fraction(1, 10)  # a ratio that moved by ten points or more against last month is shaded

RULE_SENTENCES: Final[dict[str, str]] = {
    RemainderRule.LARGEST_REMAINDER: (
        "各財源の額を1円未満切捨てで求め、残った円を、端数の大きい財源から1円ずつ加える。"
        "端数が同じときは従事した分の多い財源、それも同じときは財源の並び順の先を優先する。"
    ),
    RemainderRule.TRUNCATE_TO_GENERAL: "各財源の額を1円未満切捨てで求め、残った円はすべて一般財源に計上する。",
}
SHARED_SENTENCE: Final = (
    "共通（会議・研修・移動・事務）の分は各職員の直接の分の割合で配られるため、割合は「財源の直接の分÷直接の分の合計」。"
    "休暇は含めない。割合は丸めず、円にするときに1回だけ端数を処理する。"
)


def percent(part: int, whole: int) -> str:
    """60.7%, rounded half up for reading only; the yen never come from it."""
    if not whole:
        return ""
    tenths = (2000 * part + whole) // (2 * whole)
    return f"{tenths // 10}.{tenths % 10}%"


@dataclass(frozen=True, slots=True)
class Cell:
    """One worker × one stream; ``yen`` None before a computation, ``before`` last month's ratio if it is known."""

    code: str
    minutes: int
    direct: int
    yen: int | None
    before: Fraction | None = None

    @property
    def ratio(self) -> Fraction:
        return Fraction(self.minutes, self.direct) if self.direct else Fraction(0)

    @property
    def fraction(self) -> str:
        return f"{self.minutes:,}/{self.direct:,}"

    @property
    def percent(self) -> str:
        return percent(self.minutes, self.direct)

    @property
    def is_moved(self) -> bool:
        return self.before is not None and abs(self.ratio - self.before) >= MARKED_FROM

    @property
    def before_percent(self) -> str:
        return percent(self.before.numerator, self.before.denominator) if self.before is not None else ""


@dataclass(frozen=True, slots=True)
class Line:
    """One worker: a cell or nothing for each column, and the worker's total, which is the cost."""

    staff_id: int
    number: str
    name: str
    agency_id: int
    agency: str
    shared: int
    direct: int
    cells: list[Cell | None]
    yen: int | None


@dataclass(frozen=True, slots=True)
class Column:
    stream_id: int
    code: str
    name: str
    short_name: str
    account: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """``totals`` are cells of the column sums; ``yen`` the grand total, both ways the same."""

    columns: list[Column]
    lines: list[Line]
    totals: list[Cell]
    shared: int
    direct: int
    yen: int | None

    def of_agency(self, agency_id: int | None) -> Matrix:
        """Only the workers of one agency, with their own sums."""
        if agency_id is None:
            return self
        return _summed(self.columns, [line for line in self.lines if line.agency_id == agency_id])


@dataclass(frozen=True, slots=True)
class RawRow:
    """What a matrix is made of: a stored row, or the minutes of a worker before any computation."""

    staff_id: int
    number: str
    name: str
    kana: str
    agency_id: int
    agency: str
    stream_id: int
    minutes: int
    direct: int
    shared: int
    yen: int | None


@dataclass(frozen=True, slots=True)
class MonthView:
    """All that a month's page and papers show."""

    month: date
    row: WorkMonth | None
    run: ApportionmentRun | None
    rule: RemainderRule
    matrix: Matrix
    findings: Findings
    workers: dict[int, Worker]
    live_hash: str
    has_costs: bool
    marked: int = field(default=0)

    @property
    def is_locked(self) -> bool:
        return bool(self.row and self.row.is_locked)

    @property
    def is_stale(self) -> bool:
        """Entries, costs or streams are no longer those that the run was computed from."""
        return self.run is not None and self.run.input_hash != self.live_hash

    @property
    def rule_sentence(self) -> str:
        return RULE_SENTENCES[self.rule]

    def names(self, staff_ids: Sequence[int]) -> list[str]:
        return [self.workers[s].name for s in staff_ids if s in self.workers]


def _summed(columns: list[Column], lines: list[Line]) -> Matrix:
    direct, shared = sum(line.direct for line in lines), sum(line.shared for line in lines)
    known = all(line.yen is not None for line in lines) and bool(lines)
    totals = []
    for n, column in enumerate(columns):
        cells = [cell for line in lines if (cell := line.cells[n])]
        yen = sum(cell.yen or 0 for cell in cells) if known else None
        totals.append(Cell(column.code, sum(cell.minutes for cell in cells), direct, yen))
    grand = sum(line.yen or 0 for line in lines) if known else None
    return Matrix(columns, lines, totals, shared, direct, grand)


def build_matrix(
    rows: Sequence[RawRow], columns: Sequence[Column], before: Mapping[tuple[int, int], Fraction]
) -> Matrix:
    """Columns are the streams that carry a minute or a yen, in their printed order; lines by agency, then reading."""
    used = {row.stream_id for row in rows if row.minutes or row.yen}
    shown = [column for column in columns if column.stream_id in used]
    known = {staff_id for staff_id, _ in before}
    grouped: dict[int, list[RawRow]] = defaultdict(list)
    for row in rows:
        grouped[row.staff_id].append(row)
    lines = []
    for staff_id, own in sorted(
        grouped.items(), key=lambda pair: (pair[1][0].agency, pair[1][0].agency_id, pair[1][0].kana, pair[0])
    ):
        first, per_stream = own[0], {row.stream_id: row for row in own}
        cells: list[Cell | None] = []
        for column in shown:
            row = per_stream.get(column.stream_id)
            ratio = before.get((staff_id, column.stream_id), Fraction(0)) if staff_id in known else None
            cells.append(Cell(column.code, row.minutes, row.direct, row.yen, ratio) if row else None)
        yen = None if any(row.yen is None for row in own) else sum(row.yen or 0 for row in own)
        lines.append(
            Line(staff_id, first.number, first.name, first.agency_id, first.agency, first.shared, first.direct,
                 cells, yen)
        )  # fmt: skip
    return _summed(shown, lines)


def _stored(actor: Actor, run: ApportionmentRun) -> list[RawRow]:
    rows = ApportionmentRow.objects.visible_to(actor).filter(run=run)
    return [
        RawRow(*row)
        for row in rows.order_by("pk").values_list(
            "staff_id", "staff__username", "staff__name", "staff__kana", "agency_id", "agency__short_name",
            "stream_id", "minutes", "direct_minutes", "shared_minutes", "yen",
        )
    ]  # fmt: skip


def _uncomputed(inputs: Inputs, workers: Mapping[int, Worker]) -> list[RawRow]:
    """The minutes as they stand, before anybody has computed."""
    table: dict[tuple[int, int], int] = defaultdict(int)
    for m in inputs.minutes:
        if m.kind == CategoryKind.DIRECT and m.stream_id is not None:
            table[m.staff_id, m.stream_id] += m.minutes
    found = []
    for (staff_id, stream_id), minutes in table.items():
        w = workers[staff_id]
        found.append(
            RawRow(staff_id, w.number, w.name, w.kana, w.agency_id, w.agency, stream_id, minutes, w.direct,
                   w.shared, None)
        )  # fmt: skip
    return found


def _last_month(actor: Actor, month: date) -> dict[tuple[int, int], Fraction]:
    """Last month's ratios by worker and stream, from its locking run, else its latest one."""
    runs = ApportionmentRun.objects.visible_to(actor).filter(month__month=add_months(month, -1))
    latest = runs.order_by("-is_final", "-ran_at").values("pk")[:1]
    rows = ApportionmentRow.objects.visible_to(actor).filter(run__in=latest)
    return {
        (staff_id, stream_id): Fraction(minutes, direct) if direct else Fraction(0)
        for staff_id, stream_id, minutes, direct in rows.values_list(
            "staff_id", "stream_id", "minutes", "direct_minutes"
        )
    }


def view_month(actor: Actor, month: date) -> MonthView:
    """The month as it stands: at most ten queries, whatever the number of workers."""
    row = WorkMonth.objects.visible_to(actor).filter(month=month).select_related("locked_by").first()
    run = None
    if row is not None:
        runs = ApportionmentRun.objects.visible_to(actor).filter(month=row).select_related("ran_by")
        run = runs.order_by("-is_final", "-ran_at").first()
    rule = RemainderRule(run.remainder_rule if run else row.remainder_rule if row else RemainderRule.LARGEST_REMAINDER)
    inputs = month_inputs(month, rule)
    findings = find(inputs)
    workers = {}
    if run is None or findings:
        workers = {worker.staff_id: worker for worker in month_workers(actor, month)}
    streams = FundingStream.objects.visible_to(actor).order_by("position", "code", "pk")
    columns = [Column(s.pk, s.code, s.name, s.short_name, s.get_account_display()) for s in streams]
    raw = _stored(actor, run) if run else _uncomputed(inputs, workers)
    matrix = build_matrix(raw, columns, _last_month(actor, month))
    return MonthView(
        month=month, row=row, run=run, rule=rule, matrix=matrix, findings=findings, workers=workers,
        live_hash=inputs.digest(), has_costs=bool(inputs.costs),
        marked=sum(1 for line in matrix.lines for cell in line.cells if cell and cell.is_moved),
    )  # fmt: skip
