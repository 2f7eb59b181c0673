"""Reading a file of personnel costs: every broken row is named with its line, or nothing is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.backends.postgresql.psycopg_any import DateRange

from accounts.actor import Actor
from accounts.models import Appointment, Staff
from common.forms import parse_yen
from common.japan.fiscal import month_last
from common.tabular import BrokenTable, Column, Row, RowError, read_csv, read_xlsx

COLUMNS = (
    Column("username", "職員番号", required=False),
    Column("name", "氏名", required=False, optional=True),
    Column("yen", "人件費", required=False),
)


@dataclass(frozen=True, slots=True)
class CostRow:
    line: int
    staff: Staff
    yen: int


def read_cost_file(name: str, data: bytes, *, actor: Actor) -> list[CostRow]:
    """The rows of a CSV or XLSX file. Raises BrokenTable with every bad row: too few or too many cells, unknown or
    repeated staff number, a name that is not the number's, a fraction of a yen, a negative amount.
    """
    errors: list[RowError] = []
    try:
        rows = read_xlsx(data, COLUMNS) if name.lower().endswith(".xlsx") else read_csv(data, COLUMNS)
    except BrokenTable as broken:
        if not broken.errors:
            raise
        rows, errors = broken.rows, broken.errors
    known = {
        s.username: s for s in Staff.objects.visible_to(actor).filter(username__in=[_number(r) for r in rows])
    }
    seen: dict[str, int] = {}
    found = []
    for row in rows:
        number = _number(row)
        staff = known.get(number)
        problem = _problem(row, staff, seen.get(number))
        yen, yen_problem = _yen(row)
        errors += [p for p in (problem, yen_problem) if p]
        if staff is not None and yen is not None and not problem:
            found.append(CostRow(row.line, staff, yen))
        seen.setdefault(number, row.line)
    if errors:
        errors.sort(key=lambda error: error.line)
        raise BrokenTable(f"{len(errors)}か所に誤りがあるため、何も取り込んでいません。", errors)
    return found


def _yen(row: Row) -> tuple[int | None, RowError | None]:
    text = str(row.values["yen"] or "").strip()
    if not text:
        return None, RowError(row.line, "人件費", "金額がありません。")
    try:
        yen = parse_yen(text)
    except ValueError as error:
        return None, RowError(row.line, "人件費", str(error))
    if yen < 0:
        return None, RowError(row.line, "人件費", "0円以上で入力してください。")
    return yen, None


def _number(row: Row) -> str:
    return str(row.values["username"] or "").strip()


def _problem(row: Row, staff: Staff | None, first: int | None) -> RowError | None:
    if staff is None:
        return RowError(row.line, "職員番号", f"「{_number(row)}」の職員は登録されていません。")
    if first is not None:
        return RowError(row.line, "職員番号", f"{first}行目と同じ職員です。")
    name = str(row.values.get("name") or "").replace(" ", "").replace("\u3000", "")
    if name and name != staff.name.replace(" ", "").replace("\u3000", ""):
        return RowError(row.line, "氏名", f"職員番号 {_number(row)} は「{staff.name}」です。")
    return None


def agencies_of(staff_ids: list[int], month: date) -> dict[int, int]:
    """The agency where each worker had an appointment in the month (the latest one)."""
    span = DateRange(month, month_last(month), "[]")
    rows = Appointment.objects.filter(staff__in=staff_ids, during__overlap=span).order_by("during", "pk")
    return {row.staff_id: row.agency_id for row in rows}
