"""按分計算書 over any part of a year: by worker, by agency or by stream; a month, a quarter or the whole year."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from django.conf import settings
from django.db.models import Sum

from accounts.actor import Actor
from budgets.models import ApportionmentRow
from budgets.readers import shown_name
from budgets.settlement.actuals import standing_runs
from budgets.settlement.inputs import streams
from common.japan.fiscal import fiscal_months, fiscal_year_label
from common.japan.wareki import format_wareki_month
from common.tabular import write_csv
from common.workbook import Sheet, SheetColumn, write_xlsx

PAGE: Final = 26


class By(StrEnum):
    WORKER = "worker"
    AGENCY = "agency"
    STREAM = "stream"


BY_LABEL: Final = {By.WORKER: "職員", By.AGENCY: "機関", By.STREAM: "財源"}


def spans(year: int) -> list[tuple[str, str]]:
    """The parts of a year that a statement may be of."""
    quarters = [
        (f"q{n}", f"第{n}四半期（{3 * n + 1 if n < 4 else 1}〜{3 * n + 3 if n < 4 else 3}月）")
        for n in range(1, 5)
    ]
    months = [(f"{m:%Y%m}", format_wareki_month(m)) for m in fiscal_months(year)]
    return [("year", fiscal_year_label(year)), *quarters, *months]


def months_in(year: int, span: str) -> list[date]:
    """The months of a part of the year; none for what is no part of it."""
    months = fiscal_months(year)
    if span == "year":
        return months
    if span in {"q1", "q2", "q3", "q4"}:
        n = int(span[1]) - 1
        return months[3 * n : 3 * n + 3]
    return [m for m in months if f"{m:%Y%m}" == span]


@dataclass(frozen=True, slots=True)
class Statement:
    """Lines of yen; a zero is a zero, every column and every line adds up to ``total``."""

    title: str
    head: list[str]
    lines: list[tuple[str, list[int], int]]
    sums: list[int]
    total: int
    conditions: list[tuple[str, str]]

    @property
    def pages(self) -> list[list[tuple[str, list[int], int]]]:
        return [self.lines[n : n + PAGE] for n in range(0, len(self.lines), PAGE)] or [[]]

    def table(self) -> list[list[Any]]:
        return [[label, *cells, total] for label, cells, total in self.lines]


def statement(actor: Actor, year: int, *, by: By, span: str) -> Statement:
    """The locked months of the span. Four queries."""
    wanted = set(months_in(year, span))
    runs = [run for run in standing_runs(actor, year) if run.month.month in wanted]
    found = ApportionmentRow.objects.visible_to(actor).filter(run__in=[r.pk for r in runs])
    yen: dict[tuple[Any, Any], int] = {}
    if by == By.STREAM:
        months = [run.month.month for run in runs]
        for stream_id, month, n in (
            found.values_list("stream_id", "run__month__month").annotate(n=Sum("yen")).order_by()
        ):
            yen[stream_id, month] = n
        names = {s.pk: s.name for s in streams(actor)}
        keys: list[Any] = list(months)
        head = [format_wareki_month(m) for m in months]
    else:
        field = "staff_id" if by == By.WORKER else "agency_id"
        for row_id, stream_id, n in found.values_list(field, "stream_id").annotate(n=Sum("yen")).order_by():
            yen[row_id, stream_id] = n
        names = _names(actor, found, by)
        used = {stream for _, stream in yen}
        shown = [s for s in streams(actor) if s.pk in used]
        keys, head = [s.pk for s in shown], [s.short_name for s in shown]
    per: dict[Any, dict[Any, int]] = defaultdict(dict)
    for (row_id, key), n in yen.items():
        per[row_id][key] = n
    lines = [
        (name, [per[pk].get(key, 0) for key in keys], sum(per[pk].values()))
        for pk, name in names.items()
        if pk in per
    ]
    label = dict(spans(year)).get(span, "")
    closed = "、".join(format_wareki_month(r.month.month) for r in runs) or "なし"
    return Statement(
        title=f"按分計算書（{BY_LABEL[by]}別）　{label}", head=[BY_LABEL[by], *head, "合計"], lines=lines,
        sums=[sum(cells[n] for _, cells, _ in lines) for n in range(len(keys))], total=sum(t for _, _, t in lines),
        conditions=[("市町村", settings.MUNICIPALITY_NAME), ("期間", label), ("締めた月", closed)],
    )  # fmt: skip


def _names(actor: Actor, found: Any, by: By) -> dict[int, str]:
    if by == By.AGENCY:
        rows = found.order_by("agency__code").values_list("agency_id", "agency__name").distinct()
        return dict(rows)
    people = found.select_related("staff").order_by("staff_id").distinct("staff_id")
    ordered = sorted(people, key=lambda r: (r.staff.kana, r.staff_id))
    return {r.staff_id: shown_name(actor, r.staff) for r in ordered}


def to_csv(data: Statement, *, cp932: bool = False) -> bytes:
    return write_csv(
        [data.head, *data.table(), ["合計", *data.sums, data.total]], "cp932" if cp932 else "utf-8-sig"
    )


def to_xlsx(data: Statement) -> bytes:
    columns = [SheetColumn(label, "yen" if n else "text") for n, label in enumerate(data.head)]
    conditions = [SheetColumn("項目"), SheetColumn("内容", width=80)]
    return write_xlsx(
        [Sheet("按分計算書", columns, data.table(), title=data.title, totals=["合計", *data.sums, data.total]),
         Sheet("条件", conditions, data.conditions, title=data.title)]
    )  # fmt: skip
