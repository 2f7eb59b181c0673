"""重層的支援体制整備事業交付金 by field: each programme's 精算, and what is still missing by name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Max, Q, Sum
from django.utils import timezone

from accounts.actor import Actor
from budgets.enums import GrantField, GrantPart
from budgets.methods.grant import CODE_VERSION, Claim, Settlement, settlement
from budgets.models import ApportionmentRow, ApportionmentRun, IntegratedGrantLine
from common.japan.fiscal import fiscal_months, fiscal_year_label
from common.japan.wareki import format_wareki
from common.workbook import Sheet, SheetColumn, write_xlsx


@dataclass(frozen=True, slots=True)
class GrantLine:
    """One programme: its row, the 精算 (None: something is missing), and the yen of its stream in the locked months."""

    row: IntegratedGrantLine
    done: Settlement | None
    missing: list[str]
    apportioned: int | None

    @property
    def difference(self) -> int | None:
        """所要額 − 交付決定額."""
        if self.done is None or self.row.granted_yen is None:
            return None
        return self.done.required - self.row.granted_yen

    @property
    def rate(self) -> str:
        return f"{self.row.rate_numerator}/{self.row.rate_denominator}"


@dataclass(frozen=True, slots=True)
class FieldTotal:
    """Sums of one field (or part); None as long as one of its programmes is incomplete, and how many are."""

    label: str
    lines: int
    incomplete: int
    total_yen: int | None
    selected: int | None
    required: int | None


@dataclass(frozen=True, slots=True)
class GrantReport:
    year: int
    parts: list[tuple[str, list[GrantLine]]]
    fields: list[FieldTotal]
    whole: FieldTotal


LABELS = {"total_yen": "総事業費", "income_yen": "寄附金その他の収入額", "eligible_yen": "対象経費の実支出額"}


def _line(row: IntegratedGrantLine, apportioned: dict[int, int]) -> GrantLine:
    missing = [label for name, label in LABELS.items() if getattr(row, name) is None]
    done = None
    if not missing:
        claim = Claim(row.total_yen or 0, row.income_yen or 0, row.eligible_yen or 0, row.standard_yen)
        done = settlement(claim, rate=row.rate, unit=row.unit)
    return GrantLine(row, done, missing, apportioned.get(row.stream_id) if row.stream_id else None)


def _total(label: str, lines: list[GrantLine]) -> FieldTotal:
    done = [line.done for line in lines if line.done is not None]
    is_whole = len(done) == len(lines)
    return FieldTotal(
        label, len(lines), len(lines) - len(done),
        sum(line.row.total_yen or 0 for line in lines) if is_whole else None,
        sum(d.selected for d in done) if is_whole else None, sum(d.required for d in done) if is_whole else None,
    )  # fmt: skip


def apportioned_yen(actor: Actor, year: int) -> dict[int, int]:
    """Yen by stream over the locked months of a fiscal year, each by its last computation. Two queries."""
    runs = ApportionmentRun.objects.visible_to(actor).filter(month__month__in=fiscal_months(year))
    last = (
        runs.filter(Q(is_final=True) | Q(adjustment_no__gt=0))
        .values("month")
        .annotate(n=Max("adjustment_no"))
    )
    wanted = Q(pk__in=[])
    for row in last.order_by():
        own = Q(run__adjustment_no=row["n"]) if row["n"] else Q(run__is_final=True)
        wanted |= Q(run__month=row["month"]) & own
    rows = ApportionmentRow.objects.visible_to(actor).filter(wanted)
    return dict(rows.values_list("stream_id").annotate(yen=Sum("yen")).order_by())


def grant_report(actor: Actor, year: int) -> GrantReport:
    """Three queries."""
    rows = IntegratedGrantLine.objects.visible_to(actor).filter(fiscal_year=year).order_by("position", "pk")
    yen = apportioned_yen(actor, year)
    lines = [_line(row, yen) for row in rows.select_related("stream")]
    parts = [(part.label, [line for line in lines if line.row.part == part]) for part in GrantPart]
    fields = [(field.label, [line for line in lines if line.row.field == field]) for field in GrantField]
    return GrantReport(
        year,
        [pair for pair in parts if pair[1]],
        [_total(*pair) for pair in fields if pair[1]],
        _total("合計", lines),
    )


HEAD = (
    "区分", "分野", "事業", "総事業費 A", "寄附金その他の収入額 B", "差引額 C", "対象経費の実支出額 D", "基準額 E",
    "選定額 F", "国の補助率", "国庫補助所要額 G", "交付決定額 H", "過不足 G−H", "備考",
)  # fmt: skip


def report_rows(report: GrantReport) -> list[list[Any]]:
    """The settlement table; an empty cell is what nobody knows yet, and the last one says so."""
    return [
        [
            part, line.row.get_field_display(), line.row.name, line.row.total_yen, line.row.income_yen,
            line.done.net if line.done else None, line.row.eligible_yen, line.row.standard_yen,
            line.done.selected if line.done else None, line.rate, line.done.required if line.done else None,
            line.row.granted_yen, line.difference,
            "・".join([*(f"{m}が未入力" for m in line.missing), *(["要確認"] if line.row.needs_check else [])]),
        ]
        for part, lines in report.parts
        for line in lines
    ]  # fmt: skip


def field_rows(report: GrantReport) -> list[list[Any]]:
    return [
        [
            f.label,
            f.lines,
            f.total_yen,
            f.selected,
            f.required,
            f"未入力 {f.incomplete}件" if f.incomplete else "",
        ]
        for f in (*report.fields, report.whole)
    ]


def conditions(actor: Actor, report: GrantReport, at: datetime) -> list[tuple[str, str]]:
    now = timezone.localtime(at)
    return [
        ("市町村", settings.MUNICIPALITY_NAME),
        ("年度", fiscal_year_label(report.year)),
        (
            "計算",
            "A = min(基準額, 対象経費)、B = min(A, 総事業費 − 収入)、所要額 = B × 補助率（千円未満切捨て）",
        ),
        ("計算プログラムの版", CODE_VERSION),
        ("出力", f"{format_wareki(now.date())} {now:%H:%M} {actor.label}"),
    ]


def to_xlsx(actor: Actor, report: GrantReport, at: datetime) -> bytes:
    """Three sheets: the settlement table, the report by field, the conditions."""
    title = f"重層的支援体制整備事業交付金　{fiscal_year_label(report.year)}"
    kinds = ["text"] * 3 + ["yen"] * 6 + ["text"] + ["yen"] * 3 + ["text"]
    fields = ("分野", "事業の数", "総事業費", "選定額", "国庫補助所要額", "備考")
    return write_xlsx(
        [
            Sheet(
                "事業別", [SheetColumn(h, k) for h, k in zip(HEAD, kinds, strict=True)], report_rows(report), title=title  # type: ignore[arg-type]
            ),
            Sheet(
                "分野別",
                [SheetColumn(h, k) for h, k in zip(fields, ("text", "int", "yen", "yen", "yen", "text"), strict=True)],  # type: ignore[arg-type]
                field_rows(report), title=f"{title}　分野別",
            ),
            Sheet("条件", [SheetColumn("項目"), SheetColumn("内容", width=80)], conditions(actor, report, at), title=title),
        ]
    )  # fmt: skip
