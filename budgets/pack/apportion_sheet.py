"""按分 as live formulas: one row per month, worker and stream; every yen follows from weights and cost in the cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any, Final

from xlsxwriter.utility import xl_rowcol_to_cell as cell

from budgets.enums import Method, RemainderRule
from budgets.pack.formulas import looks
from budgets.pack.sources import Year

SHEET: Final = "按分"
WEIGHTS: Final = {
    Method.ACTUAL_MINUTES: "直接の分", Method.TIME_STUDY: "タイムスタディの重み", Method.DEDICATED: "専従（全部を1に）",
}  # fmt: skip
FIRST: Final = 2
MOST: Final = 1_040_000  # rows of a sheet
HEAD: Final = (
    "月", "職員", "財源", "順", "一般財源", "円未満切捨て", "人件費", "重み", "重みの合計", "商", "余り", "順番", "配る1円", "按分額",
    "重みの意味",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """What the streams of a month's run say: place, 一般財源, cut."""

    order: dict[str, int]
    general: str
    cut: frozenset[str]


def settings_of(year: Year) -> dict[date, Settings]:
    found = {}
    for run in year.runs:
        streams = sorted(run.inputs["streams"], key=lambda s: (s["position"], s["code"], s["stream_id"]))
        rule = run.remainder_rule
        found[run.month.month] = Settings(
            order={s["code"]: n for n, s in enumerate(streams)},
            general=next(s["code"] for s in streams if s["is_general"]),
            cut=frozenset(
                s["code"] for s in streams if (s.get("rule") or rule) == RemainderRule.TRUNCATE_TO_GENERAL
            ),
        )
    return found


@dataclass(frozen=True, slots=True)
class Worker:
    """Whose rows they are: month, pseudonym, cost, and what the weights are."""

    month: date
    staff: str
    cost: int
    weights: str


def write_rows(
    book: Any, year: Year, results: Iterable[Sequence[Any]], costs: dict[tuple[date, str], int], tick: Callable[[], None]
) -> dict[str, dict[str, str]]:  # fmt: skip
    """The sheets 按分 and 月別; returns stream → month → the cell of 月別 with its yen, for the settlement."""
    look = looks(book)
    page, monthly = book.add_worksheet(SHEET), book.add_worksheet("月別")
    page.write_string(
        0,
        0,
        "按分（人件費 × 重み ÷ 重みの合計。円未満は余りの大きい順に1円ずつ、または切捨て）",
        look["title"],
    )
    for n, label in enumerate(HEAD):
        page.write_string(1, n, label, look["head"])
    page.set_column(0, len(HEAD), 14)
    page.freeze_panes(2, 0)
    row, conditions = FIRST, settings_of(year)
    sums: dict[tuple[str, date], int] = {}
    for (month, staff), group in groupby(results, key=lambda r: (r[0], r[1])):
        own = list(group)
        method = Method(own[0][8])
        rows = [(r[3], 1 if method == Method.DEDICATED else r[4], r[7]) for r in own]
        worker = Worker(month, staff, costs.get((month, staff), 0), WEIGHTS[method])
        row = _group(page, look, row, worker, rows, conditions[month])
        for code, _, yen in rows:
            sums[code, month] = sums.get((code, month), 0) + yen
        if row > MOST:
            raise ValueError("按分の行が多すぎて、XLSXの1枚に入りません。")
        tick()
    return _monthly(monthly, look, year, row - 1, sums)


def _group(
    page: Any, look: dict[str, Any], row: int, who: Worker, rows: list[tuple[str, int, int]], of: Settings
) -> int:
    """One worker's month. A 一般財源 without minutes takes part where something is cut."""
    codes = {code for code, _, _ in rows}
    if of.general not in codes and codes & of.cut:
        rows = [*rows, (of.general, 0, 0)]
    first, last = row, row + len(rows) - 1

    def span(column: int) -> str:
        return f"{cell(first, column, True, True)}:{cell(last, column, True, True)}"

    for code, weight, yen in rows:
        at = [cell(row, n) for n in range(14)]
        page.write_string(row, 0, f"{who.month:%Y-%m}", look["text"])
        page.write_string(row, 1, who.staff, look["text"])
        page.write_string(row, 2, code, look["text"])
        for column, value in (
            (3, of.order[code]),
            (4, int(code == of.general)),
            (5, int(code in of.cut)),
            (6, who.cost),
            (7, weight),
        ):
            page.write_number(row, column, value, look["yen"])
        order = (
            f'1+COUNTIFS({span(10)},">"&{at[10]},{span(5)},0)'
            f'+COUNTIFS({span(10)},{at[10]},{span(7)},">"&{at[7]},{span(5)},0)'
            f'+COUNTIFS({span(10)},{at[10]},{span(7)},{at[7]},{span(3)},"<"&{at[3]},{span(5)},0)'
        )
        spare = f"QUOTIENT(SUMIFS({span(10)},{span(5)},0),{at[8]})"
        formulas = {
            8: f"=SUM({span(7)})",
            9: f"=QUOTIENT({at[6]}*{at[7]},{at[8]})",
            10: f"=MOD({at[6]}*{at[7]},{at[8]})",
            11: f"={order}",
            12: f"=IF({at[5]}=1,0,IF({at[11]}<={spare},1,0))",
            13: f"={at[9]}+{at[12]}+IF({at[4]}=1,{at[6]}-SUM({span(9)})-SUM({span(12)}),0)",
        }
        for column, formula in formulas.items():
            page.write_formula(row, column, formula, look["yen"], yen if column == 13 else 0)
        page.write_string(row, 14, who.weights, look["text"])
        row += 1
    return row


def _monthly(
    page: Any, look: dict[str, Any], year: Year, last: int, sums: dict[tuple[str, date], int]
) -> dict[str, dict[str, str]]:  # fmt: skip
    """Stream × month, each cell a sum over 按分."""
    page.set_column(0, 0, 34)
    page.set_column(1, 13, 14)
    page.write_string(0, 0, "財源", look["head"])
    page.write_string(0, 1, "コード", look["head"])
    for n, month in enumerate(year.months, start=2):
        page.write_string(0, n, f"{month:%Y-%m}", look["head"])
    found: dict[str, dict[str, str]] = {}
    for row, line in enumerate(year.table.lines, start=1):
        code = line.stream.code
        page.write_string(row, 0, line.stream.name, look["text"])
        page.write_string(row, 1, code, look["text"])
        cells = {}
        for n, month in enumerate(year.months, start=2):
            spans = [
                f"{SHEET}!{cell(FIRST, c, True, True)}:{cell(max(last, FIRST), c, True, True)}"
                for c in (13, 2, 0)
            ]
            criteria = f"{cell(row, 1, False, True)},{spans[2]},{cell(0, n, True, False)}"
            formula = f"=SUMIFS({spans[0]},{spans[1]},{criteria})"
            page.write_formula(row, n, formula, look["yen"], sums.get((code, month), 0))
            cells[month.isoformat()] = f"月別!{cell(row, n, True, True)}"
        found[line.stream.name] = cells
    return found
