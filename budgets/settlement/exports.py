"""精算書 on paper and in files; the same rows stand on the page."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

import xlsxwriter
from django.conf import settings
from django.utils import timezone

from accounts.actor import Actor
from budgets.enums import Payer
from budgets.pack.formulas import settlement_sheets
from budgets.selectors_streams import percent_words
from budgets.settlement.inputs import Changes
from budgets.settlement.selectors import ClaimLine, YearTable
from common.japan.fiscal import fiscal_year_label
from common.japan.wareki import format_wareki, format_wareki_month
from common.tabular import write_csv

HEAD = (
    "財源", "状態", "総事業費A", "寄付金その他の収入額B", "差引額C", "対象経費D", "基準額E", "選定額F", "補助率", "所要額G", "交付決定額H",
    "過不足H-G",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Statement:
    """A year's settlement as it is printed."""

    title: str
    year: int
    table: YearTable
    payers: list[Payer]
    conditions: list[tuple[str, str]]


def payers(table: YearTable) -> list[Payer]:
    """Who bears something in the year."""
    return [p for p in Payer if table.parts.get(p)]


def part_sums(table: YearTable) -> list[int]:
    return [table.parts[p] for p in payers(table)]


def rates_words(line: ClaimLine) -> str:
    """「38.5%」, or 「1/2 → 1/3」 where it changes in mid-year."""
    words = [percent_words(rate) for rate in line.table.rates] if line.table else []
    return " → ".join(dict.fromkeys(words))


def part_rows(line: ClaimLine) -> list[tuple[str, str, int]]:
    """Payer, share and yen; what income pays stands first. They add up to the total."""
    if line.table is None:
        return []
    rows = [("寄付金その他の収入", "", line.table.income_used)] if line.table.income_used else []
    for payer in Payer:
        shares = [p.shares.get(payer, Fraction(0)) for p, _ in line.table.periods]
        if line.table.parts.get(payer) or any(shares):
            words = " → ".join(dict.fromkeys(percent_words(s) for s in shares))
            rows.append((payer.label, words, line.table.parts[payer]))
    return rows


def period_rows(line: ClaimLine) -> list[tuple[date, int, int, str]]:
    """Where the shares change: first month, eligible cost, its part of 選定額, and the shares in words."""
    if line.table is None or len(line.table.periods) < 2:
        return []
    return [
        (p.first, p.eligible, yen, share_words(p.shares)) for p, yen in line.table.periods
    ]  # fmt: skip


def share_words(shares: Any) -> str:
    return "、".join(f"{p.label} {percent_words(shares[p])}" for p in Payer if p in shares)


def change_rows(changes: Changes) -> list[tuple[date, str]]:
    """The shares of the year and its changes in words."""
    return [(date.fromisoformat(first), share_words(shares)) for first, shares in changes]


def monthly_rows(line: ClaimLine) -> list[tuple[date, int]]:
    return [(date.fromisoformat(m), yen) for m, yen in sorted(line.inputs.monthly.items())]


def state_words(line: ClaimLine) -> str:
    return line.claim.get_state_display() if line.claim else "未作成"


def statement(table: YearTable, year: int, actor: Actor, at: datetime) -> Statement:
    """The printed table with its conditions."""
    now = timezone.localtime(at)
    opened = "、".join(format_wareki_month(m) for m in table.months.opened) or "なし"
    unit = {line.inputs.unit for line in table.lines}
    conditions = [
        ("市町村", settings.MUNICIPALITY_NAME),
        ("年度", fiscal_year_label(year)),
        ("締めていない月", opened),
        ("選定額", "差引額・対象経費・基準額のうち最も少ない額（基準額のない補助金は差引額と対象経費）"),
        (
            "端数",
            f"国・都道府県・第2号は{max(unit, default=1000):,}円未満切捨て、第1号は1円未満切捨て。残りは市町村",
        ),
        ("出力", f"{format_wareki(now.date())} {now:%H:%M} {actor.label}"),
    ]
    return Statement(f"精算書　{fiscal_year_label(year)}", year, table, payers(table), conditions)


def rows(data: Statement) -> list[list[Any]]:
    """One line per stream: the columns of the form, then the shares. None: there is none."""
    found = []
    for line in data.table.lines:
        t = line.table
        if t is None:
            blank: list[Any] = [None] * (10 + len(data.payers))
            found.append([line.stream.name, line.problem, *blank])
            continue
        found.append(
            [line.stream.name, state_words(line), t.total, t.income, t.net, t.eligible, t.standard, t.selected,
             rates_words(line), t.required, t.granted, t.difference, *(t.parts[p] for p in data.payers)]
        )  # fmt: skip
    return found


def to_csv(data: Statement, *, cp932: bool = False) -> bytes:
    head = [*HEAD, *(p.label for p in data.payers)]
    return write_csv([head, *rows(data)], "cp932" if cp932 else "utf-8-sig")


def to_xlsx(data: Statement) -> bytes:
    """精算書 and 期間 with live formulas, 月別 (the cost behind 総事業費) and 条件 as values."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False}) as book:
        settlement_sheets(
            book, data.title,
            [(line.stream.name, line.inputs, line.table) for line in data.table.lines if line.table],
        )  # fmt: skip
        page = book.add_worksheet("条件")
        page.set_column(0, 0, 20)
        page.set_column(1, 1, 90)
        for n, (label, value) in enumerate(data.conditions):
            page.write_string(n, 0, label)
            page.write_string(n, 1, value)
    return out.getvalue()


def pdf_context(data: Statement) -> dict[str, Any]:
    return {"data": data, "rows": rows(data), "head": HEAD, "payers": [p.label for p in data.payers],
            "sums": [data.table.parts[p] for p in data.payers]}  # fmt: skip
