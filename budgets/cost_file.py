"""Reading a file of personnel costs: every broken row is named with its line, or nothing is read.

Which heading is what comes from the known headings, or from a mapping that somebody told once for files with the same
headings. Several columns may be of one 費目 (扶養手当, 期末手当 …): they are added up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from django.db.backends.postgresql.psycopg_any import DateRange

from accounts.actor import Actor
from accounts.models import Appointment, Staff
from budgets.enums import CostItem
from common.errors import RuleViolation
from common.forms import parse_yen
from common.japan.fiscal import month_last
from common.tabular import BrokenTable, Column, Row, RowError, read_csv, read_headings, read_xlsx

NUMBER, NAME, SUM = "username", "name", "yen"
TARGETS: Final[dict[str, str]] = {
    NUMBER: "職員番号",
    NAME: "氏名（確認のため）",
    SUM: "人件費（合計）",
    **{item.value: item.label for item in CostItem},
}
KNOWN: Final[dict[str, str]] = {
    "職員番号": NUMBER,
    "氏名": NAME,
    "人件費": SUM,
    **{item.label: item.value for item in CostItem},
}
# what a heading looks like, in the order in which it is asked; only proposed, never taken for granted
LIKE: Final = (
    ("番号", NUMBER), ("コード", NUMBER), ("氏名", NAME), ("名前", NAME), ("合計", SUM), ("総額", SUM), ("人件費", SUM),
    ("手当", CostItem.ALLOWANCE.value), ("共済", CostItem.INSURANCE.value), ("保険", CostItem.INSURANCE.value),
    ("負担金", CostItem.INSURANCE.value), ("給料", CostItem.SALARY.value), ("給与", CostItem.SALARY.value),
    ("報酬", CostItem.WAGE.value), ("賃金", CostItem.WAGE.value),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CostRow:
    line: int
    staff: Staff
    yen: int
    items: dict[str, int] = field(default_factory=dict)


def signature(headings: Sequence[str]) -> str:
    """Files with the same headings, in whatever order, are of one kind."""
    return hashlib.sha256("\x1f".join(sorted(h for h in headings if h)).encode()).hexdigest()


def proposed(headings: Sequence[str]) -> dict[str, str]:
    """What each heading is probably; "" for one that nobody needs."""
    found: dict[str, str] = {}
    for heading in headings:
        like = next((target for word, target in LIKE if word in heading), "")
        taken = like in {NUMBER, NAME, SUM} and like in found.values()
        found[heading] = KNOWN.get(heading, "" if taken else like)
    return found


def known_columns(headings: Sequence[str]) -> dict[str, str] | None:
    """The mapping of a file that bears the program's own headings; None for any other."""
    columns = {h: KNOWN[h] for h in headings if h in KNOWN}
    if len(columns) < len([h for h in headings if h]) or NUMBER not in columns.values():
        return None
    return columns if set(columns.values()) - {NUMBER, NAME} else None


def check_columns(columns: Mapping[str, str]) -> None:
    """One column is the number, at most one the name and the sum, and something is money."""
    used = [target for target in columns.values() if target]
    if any(target not in TARGETS for target in used):
        raise RuleViolation("列の対応が正しくありません。")
    if used.count(NUMBER) != 1:
        raise RuleViolation("「職員番号」の列を1つだけ選んでください。")
    if used.count(NAME) > 1 or used.count(SUM) > 1:
        raise RuleViolation("「氏名」と「人件費（合計）」は、それぞれ1つの列だけです。")
    if not set(used) - {NUMBER, NAME}:
        raise RuleViolation("人件費か費目の列を1つ以上選んでください。")


def headings_of(name: str, data: bytes) -> list[str]:
    return read_headings(data, is_xlsx=name.lower().endswith(".xlsx"))


def read_cost_file(
    name: str, data: bytes, *, actor: Actor, columns: Mapping[str, str] | None = None
) -> list[CostRow]:
    """The rows of a CSV or XLSX file. Raises BrokenTable with every bad row: too few or too many cells, unknown or
    repeated staff number, a name that is not the number's, a fraction of a yen, a negative amount, a sum that is not
    the items' sum.
    """
    columns = columns or {"職員番号": NUMBER, "氏名": NAME, "人件費": SUM}
    optional = {heading for heading, target in columns.items() if target == NAME}
    wanted = [Column(h, h, required=False, optional=h in optional) for h, target in columns.items() if target]
    errors: list[RowError] = []
    try:
        rows = read_xlsx(data, wanted) if name.lower().endswith(".xlsx") else read_csv(data, wanted)
    except BrokenTable as broken:
        if not broken.errors:
            raise
        rows, errors = broken.rows, broken.errors
    reader = _Reader(columns)
    numbers = [reader.text(row, NUMBER) for row in rows]
    known = {s.username: s for s in Staff.objects.visible_to(actor).filter(username__in=numbers)}
    seen: dict[str, int] = {}
    found = []
    for row in rows:
        number = reader.text(row, NUMBER)
        staff = known.get(number)
        problem = reader.problem(row, staff, seen.get(number))
        money, money_problems = reader.money(row)
        errors += [*([problem] if problem else []), *money_problems]
        if staff is not None and not problem and not money_problems:
            found.append(CostRow(row.line, staff, *money))
        seen.setdefault(number, row.line)
    if errors:
        errors.sort(key=lambda error: error.line)
        raise BrokenTable(f"{len(errors)}か所に誤りがあるため、何も取り込んでいません。", errors)
    return found


class _Reader:
    """Reads the cells of a row by what their columns are."""

    def __init__(self, columns: Mapping[str, str]) -> None:
        self.columns = columns
        self.heading = {target: h for h, target in columns.items() if target in {NUMBER, NAME, SUM}}
        self.items = [(h, target) for h, target in columns.items() if target in CostItem.values]

    def text(self, row: Row, target: str) -> str:
        return str(row.values.get(self.heading.get(target, "")) or "").strip()

    def money(self, row: Row) -> tuple[tuple[int, dict[str, int]], list[RowError]]:
        """The sum and the items. An empty item is none; a row with nothing at all is an error, never zero."""
        problems: list[RowError] = []
        items: dict[str, int] = {}
        for heading, item in self.items:
            yen, problem = _yen(row, heading)
            if problem:
                problems.append(problem)
            elif yen is not None:
                items[item] = items.get(item, 0) + yen
        total: int | None = None
        of_sum = self.heading.get(SUM)
        if of_sum is not None:
            total, problem = _yen(row, of_sum)
            problems += [problem] if problem else []
        if not problems and total is None and not items:
            problems.append(RowError(row.line, of_sum or self.items[0][0], "金額がありません。"))
        if not problems and total is not None and items and total != sum(items.values()):
            words = f"費目の合計 {sum(items.values()):,}円と違います。"
            problems.append(RowError(row.line, of_sum or "", words))
        return (sum(items.values()) if total is None else total, items), problems

    def problem(self, row: Row, staff: Staff | None, first: int | None) -> RowError | None:
        heading, number = self.heading[NUMBER], self.text(row, NUMBER)
        if staff is None:
            return RowError(row.line, heading, f"「{number}」の職員は登録されていません。")
        if first is not None:
            return RowError(row.line, heading, f"{first}行目と同じ職員です。")
        name = _plain(self.text(row, NAME))
        if name and name != _plain(staff.name):
            return RowError(row.line, self.heading[NAME], f"職員番号 {number} は「{staff.name}」です。")
        return None


def _plain(name: str) -> str:
    return name.replace(" ", "").replace("\u3000", "")


def _yen(row: Row, heading: str) -> tuple[int | None, RowError | None]:
    text = str(row.values.get(heading) or "").strip()
    if not text:
        return None, None
    try:
        yen = parse_yen(text)
    except ValueError as error:
        return None, RowError(row.line, heading, str(error))
    if yen < 0:
        return None, RowError(row.line, heading, "0円以上で入力してください。")
    return yen, None


def agencies_of(staff_ids: list[int], month: date) -> dict[int, int]:
    """The agency where each worker had an appointment in the month (the latest one)."""
    span = DateRange(month, month_last(month), "[]")
    rows = Appointment.objects.filter(staff__in=staff_ids, during__overlap=span).order_by("during", "pk")
    return {row.staff_id: row.agency_id for row in rows}
