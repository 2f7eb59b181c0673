"""A fiscal year of locked months, made by the real actions; and a small spreadsheet that recomputes our formulas."""

from __future__ import annotations

import io
import re
from datetime import date, datetime, timedelta
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from openpyxl import load_workbook

from budgets.actions.personnel_costs import CostLine, set_costs
from budgets.actions.run_apportionment import lock_month, run_apportionment
from budgets.enums import Payer, RemainderRule
from budgets.models import FundingShare, FundingStream, StreamYear, WorkCategory, WorkEntry
from common.japan.fiscal import fiscal_months
from tests import factories as f
from tests.budgets.work import approve_all

YEAR = 2025
SHARES = {
    "care": {Payer.STATE: (77, 200), Payer.PREFECTURE: (77, 400), Payer.MUNICIPALITY: (77, 400), Payer.PREMIUM_1: (23, 100)},
    "disability": {Payer.STATE: (1, 2), Payer.PREFECTURE: (1, 4), Payer.MUNICIPALITY: (1, 4)},
    "child": {Payer.STATE: (2, 3), Payer.PREFECTURE: (1, 6), Payer.MUNICIPALITY: (1, 6)},
    "poverty": {Payer.STATE: (3, 4), Payer.MUNICIPALITY: (1, 4)},
    "general": {Payer.MUNICIPALITY: (1, 1)},
}  # fmt: skip


def make_shares(year: int = YEAR) -> dict[str, FundingStream]:
    streams = f.make_streams()
    for code, shares in SHARES.items():
        for payer, (n, d) in shares.items():
            FundingShare.objects.get_or_create(
                stream=streams[code],
                fiscal_year=year,
                payer=payer,
                defaults={"numerator": n, "denominator": d},
            )
        StreamYear.objects.get_or_create(stream=streams[code], fiscal_year=year)
    return streams


def work(person, month: date, minutes: dict[str, int], *, hour: int = 9) -> None:
    """Stretches one after the other from the first of the month on, at most four hours each."""
    at = datetime(month.year, month.month, 1, hour, 0, tzinfo=f.TOKYO)
    for code, total in minutes.items():
        category = WorkCategory.objects.get(code=code)
        while total:
            part = min(total, 240)
            WorkEntry.objects.create(
                staff=person.staff, agency=person.agency, category=category, during=DateTimeTZRange(at, at + timedelta(minutes=part)),
                case_number="K07-00001", reason="支援の記録から",
            )  # fmt: skip
            at += timedelta(minutes=part)
            total -= part


def lock_months(
    people, finance, *, year: int = YEAR, months: int = 12, rule=RemainderRule.LARGEST_REMAINDER, own=None
) -> None:
    """Different minutes and costs for everybody in every month, computed and locked. ``own``: staff → minutes instead."""
    for n, month in enumerate(fiscal_months(year)[:months]):
        lines = []
        for k, person in enumerate(people):
            minutes = {"care": 300 + 37 * n, "child": 100 + 11 * k, "poverty": 53 + n * k, "shared": 60}
            work(person, month, (own or {}).get(person.staff.pk, minutes))
            lines.append(CostLine(person.staff, person.agency, 301_234 + 7_919 * k + 1_237 * n))
        set_costs(month=month, lines=lines, actor=finance.actor, at=f.NOW)
        run = run_apportionment(month=month, rule=rule, actor=finance.actor, at=f.NOW)
        approve_all(month)
        lock_month(month=month, actor=finance.actor, at=f.NOW, expected_hash=run.input_hash)


# ── A small spreadsheet ─────────────────────────────────────────────────────────────────────────────────────

_TOKEN = re.compile(
    r'\s*(?:(?P<num>\d+(?:\.\d+)?)|(?P<str>"[^"]*")|(?P<ref>(?:[^\W\d]\w*!)?\$?[A-Z]{1,3}\$?\d+(?::\$?[A-Z]{1,3}\$?\d+)?)'
    r"|(?P<name>[A-Z]+)\(|(?P<op><=|>=|<>|[-+*/&<>=(),]))"
)


class Book:
    """Recomputes the formulas of a workbook from their text alone; the values stored beside them are not read."""

    def __init__(self, data: bytes) -> None:
        book = load_workbook(io.BytesIO(data))
        self.cells = {
            (sheet.title, c.coordinate): c.value for sheet in book for row in sheet.iter_rows() for c in row
        }
        self.known: dict[tuple[str, str], Any] = {}

    def value(self, sheet: str, at: str) -> Any:
        key = (sheet, at.replace("$", ""))
        if key not in self.known:
            raw = self.cells.get(key)
            is_formula = isinstance(raw, str) and raw.startswith("=")
            self.known[key] = Formula(self, sheet, raw[1:]).result() if is_formula else raw
        return self.known[key]

    def column(self, sheet: str, letter: str, first: int) -> list[Any]:
        found = []
        while self.cells.get((sheet, f"{letter}{first}")) is not None:
            found.append(self.value(sheet, f"{letter}{first}"))
            first += 1
        return found


class Formula:
    """A formula by recursive descent; functions as the spreadsheet's manual says."""

    def __init__(self, book: Book, sheet: str, text: str) -> None:
        self.book, self.sheet, self.tokens, at = book, sheet, [], 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            assert match, text[at:]
            self.tokens.append((match.lastgroup, match.group(match.lastgroup)))
            at = match.end()
        self.at = 0

    def result(self) -> Any:
        value = self._compare()
        assert self.at == len(self.tokens), self.tokens[self.at :]
        return value

    def _peek(self, *ops: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at] in {("op", op) for op in ops}

    def _next(self) -> tuple[str, str]:
        self.at += 1
        return self.tokens[self.at - 1]

    def _compare(self) -> Any:
        left = self._join()
        while self._peek("<", ">", "<=", ">=", "=", "<>"):
            op = self._next()[1]
            right = self._join()
            left = {"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right,
                    "=": left == right, "<>": left != right}[op]  # fmt: skip
        return left

    def _join(self) -> Any:
        left = self._sum()
        while self._peek("&"):
            self._next()
            left = f"{left}{self._sum()}"
        return left

    def _sum(self) -> Any:
        left = self._product()
        while self._peek("+", "-"):
            left = left + self._product() if self._next()[1] == "+" else left - self._product()
        return left

    def _product(self) -> Any:
        left = self._atom()
        while self._peek("*", "/"):
            op, right = self._next()[1], self._atom()
            left = left * right if op == "*" else left / right
            assert abs(left) < 2**53  # a spreadsheet's numbers hold it exactly
        return left

    def _atom(self) -> Any:
        kind, text = self._next()
        if kind == "num":
            return float(text) if "." in text else int(text)
        if kind == "str":
            return text[1:-1]
        if kind == "ref":
            found = self._cells(text)
            return found if ":" in text else found[0] if found[0] is not None else 0
        if kind == "name":
            return self._call(text)
        if text == "-":
            return -self._atom()
        assert text == "(", text
        value = self._compare()
        assert self._next()[1] == ")"
        return value

    def _cells(self, ref: str) -> list[Any]:
        sheet, _, span = ref.rpartition("!")
        sheet = sheet or self.sheet
        span = span.replace("$", "")
        if ":" not in span:
            return [self.book.value(sheet, span)]
        (a, b), (c, d) = (re.match(r"([A-Z]+)(\d+)", part).groups() for part in span.split(":"))
        columns = [a] if a == c else [chr(n) for n in range(ord(a), ord(c) + 1)]
        return [self.book.value(sheet, f"{x}{y}") for y in range(int(b), int(d) + 1) for x in columns]

    def _call(self, name: str) -> Any:
        args = []
        while not self._peek(")"):
            args.append(self._compare())
            if self._peek(","):
                self._next()
        self._next()
        return getattr(self, f"fn_{name.lower()}")(*args)

    @staticmethod
    def _flat(args: tuple[Any, ...]) -> list[Any]:
        flat = [x for a in args for x in (a if isinstance(a, list) else [a])]
        return [x for x in flat if isinstance(x, (int, float))]

    def fn_sum(self, *args: Any) -> Any:
        return sum(self._flat(args))

    def fn_max(self, *args: Any) -> Any:
        return max(self._flat(args))

    def fn_min(self, *args: Any) -> Any:
        return min(self._flat(args))

    def fn_quotient(self, a: int, b: int) -> int:
        return int(a // b) if a >= 0 else -int(-a // b)

    def fn_mod(self, a: int, b: int) -> int:
        return a % b

    def fn_if(self, test: Any, yes: Any, no: Any) -> Any:
        return yes if test else no

    def fn_sumproduct(self, a: list[Any], b: list[Any]) -> Any:
        return sum((x or 0) * (y or 0) for x, y in zip(a, b, strict=True))

    @staticmethod
    def _meets(value: Any, criterion: Any) -> bool:
        match = re.match(r"(<=|>=|<>|<|>)(.*)", criterion) if isinstance(criterion, str) else None
        if not match:
            return bool(value == criterion)
        bound = type(value)(match[2])
        return bool({"<": value < bound, ">": value > bound, "<=": value <= bound, ">=": value >= bound,
                     "<>": value != bound}[match[1]])  # fmt: skip

    def fn_countif(self, cells: Any, criterion: Any) -> int:
        return sum(self._meets(v, criterion) for v in (cells if isinstance(cells, list) else [cells]))

    def fn_countifs(self, *args: Any) -> int:
        cells = [a if isinstance(a, list) else [a] for a in args[::2]]
        return sum(
            all(self._meets(c[n], k) for c, k in zip(cells, args[1::2], strict=True))
            for n in range(len(cells[0]))
        )

    def fn_sumifs(self, total: list[Any], *args: Any) -> Any:
        cells = args[::2]
        return sum(
            total[n] or 0
            for n in range(len(total))
            if all(self._meets(c[n], k) for c, k in zip(cells, args[1::2], strict=True))
        )
