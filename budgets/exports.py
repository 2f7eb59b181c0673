"""按分計算書 as XLSX, CSV and PDF: numbers, their numerators and denominators, and the conditions of the computation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.actor import Actor
from budgets.enums import Method, RemainderRule
from budgets.models import ApportionmentRun
from budgets.readers import shown_name
from budgets.rule_versions import printed
from budgets.selectors_apportionment import Matrix, Standing, own_rules
from common.japan.wareki import format_wareki, format_wareki_month
from common.tabular import write_csv
from common.workbook import Sheet, SheetColumn, write_xlsx

TIE_RULE = "端数が同じときは分の多い財源から、それも同じなら財源の並び順。"
ROWS_PER_PAGE = 22


@dataclass(frozen=True, slots=True)
class Statement:
    """Everything that a printed sheet says to ``actor``: an auditor reads the workers' numbers."""

    title: str
    table: Matrix
    run: ApportionmentRun
    actor: Actor
    conditions: list[tuple[str, str]]


def statement(actor: Actor, state: Standing, table: Matrix, at: datetime) -> Statement:
    """The sheet of one run; its conditions are printed on every form of it."""
    run = state.run
    if run is None:
        raise ValueError("no run to print")
    ran, now = timezone.localtime(run.ran_at), timezone.localtime(at)
    rule = RemainderRule(run.remainder_rule)
    own = own_rules(run, table.streams)
    conditions = [
        ("市町村", settings.MUNICIPALITY_NAME),
        ("月", format_wareki_month(state.month)),
        ("状態", state.row.get_state_display() if state.row else ""),
        ("方式", run.get_method_display()),
        ("端数の扱い", rule.label + (TIE_RULE if rule == RemainderRule.LARGEST_REMAINDER else "")),
        *([("財源ごとの端数の扱い", own)] if own else []),
        (
            "共通の分",
            "会議・研修・移動などの共通の分は、直接の分の割合で財源に従います。タイムスタディの職員の分子・分母は調査の値です。",
        ),
        ("計算", f"{format_wareki(ran.date())} {ran:%H:%M} {run.ran_by.name}"),
        ("入力のハッシュ", run.input_hash),
        ("規則の版", printed(run.rule_versions)),
        ("計算プログラムの版", run.code_version),
        ("出力", f"{format_wareki(now.date())} {now:%H:%M} {actor.label}"),
    ]
    return Statement(f"按分計算書　{format_wareki_month(state.month)}", table, run, actor, conditions)


def _head(table: Matrix) -> list[str]:
    return ["職員番号", "氏名", "機関", *(s.short_name for s in table.streams), "人件費"]


def _rows(data: Statement) -> list[list[Any]]:
    return [
        [
            line.staff.username,
            shown_name(data.actor, line.staff),
            line.agency.name,
            *(c.yen if c else 0 for c in line.cells),
            line.yen,
        ]
        for line in data.table.lines
    ]


def _totals(table: Matrix) -> list[Any]:
    return ["", "合計", "", *table.column_yen, table.total]


def _basis(data: Statement) -> list[list[Any]]:
    table = data.table
    return [
        [
            line.staff.username, shown_name(data.actor, line.staff), stream.code, stream.name, cell.minutes, line.direct_minutes,
            line.shared_minutes, float(cell.ratio), cell.yen, Method(cell.method).label,
        ]
        for line in table.lines
        for stream, cell in zip(table.streams, line.cells, strict=True)
        if cell is not None
    ]  # fmt: skip


BASIS_HEAD = (
    "職員番号",
    "氏名",
    "財源コード",
    "財源",
    "直接の分（分子）",
    "直接の分の合計（分母）",
    "共通の分",
    "割合",
    "按分額",
    "方式",
)


def to_xlsx(data: Statement) -> bytes:
    """Three sheets: 按分計算書, 根拠 (numerator, denominator), 条件."""
    table = data.table
    kinds = ["text"] * 3 + ["yen"] * (len(table.streams) + 1)
    columns = [SheetColumn(label, kind) for label, kind in zip(_head(table), kinds, strict=True)]  # type: ignore[arg-type]
    basis_kinds = ("text", "text", "text", "text", "int", "int", "int", "ratio", "yen", "text")
    return write_xlsx(
        [
            Sheet("按分計算書", columns, _rows(data), title=data.title, totals=_totals(table)),
            Sheet(
                "根拠",
                [SheetColumn(label, kind) for label, kind in zip(BASIS_HEAD, basis_kinds, strict=True)],  # type: ignore[arg-type]
                _basis(data),
                title=f"{data.title}　根拠",
            ),
            Sheet(
                "条件",
                [SheetColumn("項目"), SheetColumn("内容", width=80)],
                data.conditions,
                title=data.title,
            ),
        ]
    )


def to_csv(data: Statement, *, cp932: bool = False) -> bytes:
    """One line per worker and stream with numerator and denominator; opens in Excel as it is."""
    return write_csv([BASIS_HEAD, *_basis(data)], "cp932" if cp932 else "utf-8-sig")


def pdf_context(data: Statement) -> dict[str, Any]:
    """Page-sized pieces of the table (a long table is slow to lay out), totals on the last."""
    lines = data.table.lines
    pages = [lines[n : n + ROWS_PER_PAGE] for n in range(0, len(lines), ROWS_PER_PAGE)] or [[]]
    return {"data": data, "table": data.table, "pages": pages, "conditions": data.conditions}
