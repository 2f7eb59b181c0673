"""Sheets whose cells are live formulas: a spreadsheet recomputes the settlement by itself.

Money is computed in whole numbers below 2^53, which a spreadsheet's numbers hold exactly: quotients by ``QUOTIENT``
and ``MOD`` of whole products, never by a ratio that was rounded first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import lcm
from typing import Any, Final

from xlsxwriter.utility import xl_rowcol_to_cell as cell

from budgets.enums import Payer
from budgets.settlement.table import GRANTED, OUTSIDE, Table, TableInputs
from common.workbook import FONT

Line = tuple[str, TableInputs, Table]
SPLIT: Final = 100_000  # a product of two amounts is made in two steps of this size

HEAD: Final = (
    "財源", "人件費（月別の合計）", "人件費のほか", "総事業費A", "収入B", "差引額C", "対象外", "対象経費D", "基準額E", "選定額F", "端数の単位",
    "国（所要額G）", "都道府県", "第1号保険料", "第2号保険料", "市町村", "交付決定額H", "過不足H-G",
)  # fmt: skip
PERIOD_HEAD: Final = (
    "財源", "始まり", "重み（人件費）", "対象経費D", "選定額F", "共通の分母", "国", "都道府県", "第1号", "第2号", "D商", "D余り", "D順", "F商",
    "F余り", "F順", "番号",
)  # fmt: skip
KEY: Final = 16
SHARE_AT: Final = {p: 6 + n for n, p in enumerate(OUTSIDE)}
COLUMN_OF: Final = {p: 11 + n for n, p in enumerate(OUTSIDE)}


def looks(book: Any) -> dict[str, Any]:
    base = {"font_name": FONT, "font_size": 10}
    return {
        "head": book.add_format(
            {**base, "bold": True, "bg_color": "#E8F1FE", "border": 1, "text_wrap": True}
        ),
        "text": book.add_format({**base, "border": 1}),
        "yen": book.add_format({**base, "border": 1, "num_format": "#,##0"}),
        "title": book.add_format({**base, "bold": True, "font_size": 14}),
    }


def product_quotient(total: str, weight: str, whole: str) -> str:
    """QUOTIENT(total × weight, whole) where the product itself may be too large for a spreadsheet's numbers."""
    high = f"QUOTIENT({total},{SPLIT})*{weight}"
    low = f"(MOD({high},{whole})*{SPLIT}+MOD({total},{SPLIT})*{weight})"
    return f"QUOTIENT({high},{whole})*{SPLIT}+QUOTIENT({low},{whole})"


def product_rest(total: str, weight: str, whole: str) -> str:
    """MOD(total × weight, whole), likewise."""
    high = f"QUOTIENT({total},{SPLIT})*{weight}"
    return f"MOD(MOD({high},{whole})*{SPLIT}+MOD({total},{SPLIT})*{weight},{whole})"


def place(rest: str, rests: str, weight: str, weights: str, key: str, keys: str) -> str:
    """The place of a part in the largest-remainder order: larger rest, then larger weight, then smaller key."""
    return (
        f'1+COUNTIF({rests},">"&{rest})+COUNTIFS({rests},{rest},{weights},">"&{weight})'
        f'+COUNTIFS({rests},{rest},{weights},{weight},{keys},"<"&{key})'
    )


def settlement_sheets(
    book: Any, title: str, lines: Sequence[Line], *, monthly: Mapping[str, Mapping[str, str]] | None = None
) -> None:
    """精算書 and 期間. ``monthly``: stream → month → the cell that holds its cost; without it the months stand on a sheet
    of their own as values.
    """
    look = looks(book)
    sheet, periods = book.add_worksheet("精算書"), book.add_worksheet("期間")
    if monthly is None:
        monthly = _month_sheet(book, look, lines)
    sheet.write_string(0, 0, title, look["title"])
    periods.write_string(0, 0, "期間（負担割合が変わる年度だけ2行以上）", look["title"])
    for page, head in ((sheet, HEAD), (periods, PERIOD_HEAD)):
        page.set_column(0, 0, 34)
        page.set_column(1, len(head), 15)
        for n, label in enumerate(head):
            page.write_string(1, n, label, look["head"])
        page.freeze_panes(2, 1)
        page.set_landscape()
        page.set_paper(9)
        page.fit_to_pages(1, 0)
    row = 2
    for n, (name, inputs, table) in enumerate(lines):
        count = len(table.periods) or 1
        _line(sheet, look, 2 + n, name, inputs, table, (row, row + count - 1), monthly[name])
        _periods(periods, look, row, 2 + n, name, inputs, table, monthly[name])
        row += count
    last = 2 + len(lines)
    sheet.write_string(last, 0, "合計", look["head"])
    for column in (3, 4, 5, 7, 9, 11, 12, 13, 14, 15):
        value = sum(_values(i, t)[column] or 0 for _, i, t in lines)
        span = f"{cell(2, column)}:{cell(last - 1, column)}"
        sheet.write_formula(last, column, f"=SUM({span})" if lines else "=0", look["yen"], value)


def _month_sheet(book: Any, look: dict[str, Any], lines: Sequence[Line]) -> dict[str, dict[str, str]]:
    page = book.add_worksheet("月別")
    page.set_column(0, 0, 34)
    months = sorted({m for _, inputs, _ in lines for m in inputs.monthly})
    page.write_string(0, 0, "財源", look["head"])
    for n, month in enumerate(months, start=1):
        page.write_string(0, n, month[:7], look["head"])
    found = {}
    for row, (name, inputs, _) in enumerate(lines, start=1):
        page.write_string(row, 0, name, look["text"])
        for n, month in enumerate(months, start=1):
            page.write_number(row, n, inputs.monthly.get(month, 0), look["yen"])
        found[name] = {m: f"月別!{cell(row, n, True, True)}" for n, m in enumerate(months, start=1)}
    return found


def _values(inputs: TableInputs, table: Table) -> dict[int, int | None]:
    personnel = sum(inputs.monthly.values())
    return {
        1: personnel, 2: inputs.other, 3: table.total, 4: table.income, 5: table.net, 6: inputs.ineligible, 7: table.eligible,
        8: table.standard, 9: table.selected, 10: inputs.unit, 11: table.parts[Payer.STATE],
        12: table.parts[Payer.PREFECTURE], 13: table.parts[Payer.PREMIUM_1], 14: table.parts[Payer.PREMIUM_2],
        15: table.parts[Payer.MUNICIPALITY], 16: table.granted, 17: table.difference,
    }  # fmt: skip


def _line(
    page: Any, look: dict[str, Any], row: int, name: str, inputs: TableInputs, table: Table, span: tuple[int, int],
    months: Mapping[str, str],
) -> None:  # fmt: skip
    at = {n: cell(row, n) for n in range(len(HEAD))}
    formulas = {
        1: f"=SUM({','.join(months.values())})" if months else "=0",
        3: f"={at[1]}+{at[2]}",
        5: f"=MAX({at[3]}-{at[4]},0)",
        7: f"={at[3]}-{at[6]}",
        9: f"=MIN({at[5]},{at[7]})" if table.standard is None else f"=MIN({at[5]},{at[7]},{at[8]})",
        15: f"={at[5]}-SUM({at[11]}:{at[14]})",
    }
    first, last = span
    chosen = f"期間!{cell(first, 4, True, True)}:{cell(last, 4, True, True)}"
    whole = f"期間!{cell(first, 5, True, True)}"
    for payer in OUTSIDE:
        column = SHARE_AT[payer]
        shares = f"期間!{cell(first, column, True, True)}:{cell(last, column, True, True)}"
        unit = at[10] if payer in GRANTED else "1"
        formulas[COLUMN_OF[payer]] = f"=QUOTIENT(SUMPRODUCT({chosen},{shares}),{whole}*{unit})*{unit}"
    if table.granted is not None:
        formulas[17] = f"={at[16]}-{at[11]}"
    page.write_string(row, 0, name, look["text"])
    for column, value in _values(inputs, table).items():
        if column in formulas:
            page.write_formula(row, column, formulas[column], look["yen"], value)
        elif value is None:
            page.write_blank(row, column, None, look["yen"])
        else:
            page.write_number(row, column, value, look["yen"])


def _periods(
    page: Any, look: dict[str, Any], row: int, line: int, name: str, inputs: TableInputs, table: Table,
    months: Mapping[str, str],
) -> None:  # fmt: skip
    """The periods of one stream. More than one: eligible cost and 選定額 are split by largest remainder, in cells."""
    bottom = max((s.denominator for p, _ in table.periods for s in p.shares.values()), default=1)
    for p, _ in table.periods:
        bottom = lcm(bottom, *(s.denominator for s in p.shares.values()))
    count = len(table.periods)
    firsts = [p.first.isoformat() for p, _ in table.periods]
    last_months = [*firsts[1:], "9999"]
    own = [[c for m, c in months.items() if firsts[n] <= m < last_months[n]] for n in range(count)]
    spent = [
        max(sum(yen for m, yen in inputs.monthly.items() if firsts[n] <= m < last_months[n]), 0) for n in range(count)
    ]  # fmt: skip
    for n, (period, chosen) in enumerate(table.periods):
        here = row + n
        page.write_string(here, 0, name, look["text"])
        page.write_string(here, 1, firsts[n][:7], look["text"])
        page.write_number(here, KEY, n, look["yen"])
        formula = f"=MAX(SUM({','.join(own[n])}),0)" if own[n] else "=0"
        page.write_formula(here, 2, formula, look["yen"], spent[n])
        page.write_number(here, 5, bottom, look["yen"])
        for payer in OUTSIDE:
            share = period.shares.get(payer, Fraction(0)) * bottom
            page.write_number(here, SHARE_AT[payer], share.numerator, look["yen"])
        if count == 1:
            page.write_formula(here, 3, f"=精算書!{cell(line, 7)}", look["yen"], period.eligible)
            page.write_formula(here, 4, f"=精算書!{cell(line, 9)}", look["yen"], chosen)
            continue
        span = (row, row + count - 1)
        if any(spent):
            _split(page, look, here, span, f"精算書!{cell(line, 7, True, True)}", (2, 3, 10), period.eligible)
        else:  # nothing was apportioned: the length of the periods decides, as in budgets.settlement.table
            page.write_number(here, 3, period.eligible, look["yen"])
        if table.eligible:
            _split(page, look, here, span, f"精算書!{cell(line, 9, True, True)}", (3, 4, 13), chosen)
        else:
            page.write_number(here, 4, chosen, look["yen"])


def _split(
    page: Any, look: dict[str, Any], row: int, span: tuple[int, int], total: str, columns: tuple[int, int, int], value: int
) -> None:  # fmt: skip
    """One part of ``total`` by the weights of a column: quotient, rest, place, and the part itself."""
    weight, part, help_at = columns
    first, last = span

    def all_of(column: int) -> str:
        return f"{cell(first, column, True, True)}:{cell(last, column, True, True)}"

    w, whole = cell(row, weight), f"SUM({all_of(weight)})"
    page.write_formula(row, help_at, f"={product_quotient(total, w, whole)}", look["yen"])
    page.write_formula(row, help_at + 1, f"={product_rest(total, w, whole)}", look["yen"])
    order = place(cell(row, help_at + 1), all_of(help_at + 1), w, all_of(weight), cell(row, KEY), all_of(KEY))
    page.write_formula(row, help_at + 2, f"={order}", look["yen"])
    spare = f"{total}-SUM({all_of(help_at)})"
    page.write_formula(
        row, part, f"={cell(row, help_at)}+IF({cell(row, help_at + 2)}<={spare},1,0)", look["yen"], value
    )
