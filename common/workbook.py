"""XLSX files that print: header, number formats, frozen header row, A4 landscape."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Literal

import xlsxwriter
from django.utils import timezone

Kind = Literal["text", "int", "yen", "minutes", "ratio", "date", "datetime"]

# Excel's own 和暦: [$-411] is the Japanese locale, ggge the era with its year.
_FORMATS: Final[dict[str, dict[str, Any]]] = {
    "text": {"text_wrap": True},
    "int": {"num_format": "#,##0"},
    "yen": {"num_format": '#,##0"円"'},
    "minutes": {"num_format": '#,##0"分"'},
    "ratio": {"num_format": "0.0000%"},
    "date": {"num_format": '[$-411]ggge"年"m"月"d"日"(aaa)', "align": "left"},
    "datetime": {"num_format": '[$-411]ggge"年"m"月"d"日"(aaa) h:mm', "align": "left"},
}
_WIDTHS: Final = {"text": 20, "int": 10, "yen": 14, "minutes": 10, "ratio": 12, "date": 20, "datetime": 26}
_MAX_TEXT: Final = 32_767
_CUT: Final = "…（長いため以下省略）"
FONT: Final = "BIZ UDゴシック"


@dataclass(frozen=True)
class SheetColumn:
    """One column: its heading, what its cells are, and its width in characters (``None``: by kind)."""

    label: str
    kind: Kind = "text"
    width: float | None = None


@dataclass(frozen=True)
class Sheet:
    """One sheet: ``title`` stands above the table and in the print header, ``totals`` below it in bold.

    ``notes`` are lines under the title (who made it when, method, 取扱注意).
    """

    name: str
    columns: Sequence[SheetColumn]
    rows: Iterable[Sequence[Any]]
    title: str = ""
    notes: Sequence[str] = ()
    totals: Sequence[Any] | None = None


def sheet_name(name: str) -> str:
    """A name Excel accepts: at most 31 characters, none of ``[]:*?/\\``, no apostrophe at either end."""
    return re.sub(r"[\[\]:*?/\\]", "・", name).strip("'")[:31] or "シート"


def write_xlsx(sheets: Sequence[Sheet]) -> bytes:
    """An XLSX file. Text stays text (never a formula, link or number); ``None`` is an empty cell, zero is
    0.

    Amounts are whole numbers, ratios are fractions of 1 (0.25 shows as 25.0000%); aware datetimes are
    shown in the office's time zone.
    """
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        for sheet in sheets:
            _write_sheet(book, sheet)
    return out.getvalue()


def _write_sheet(book: Any, sheet: Sheet) -> None:
    page = book.add_worksheet(sheet_name(sheet.name))
    base = {"font_name": FONT, "font_size": 10, "valign": "top"}
    head = book.add_format({**base, "bold": True, "bg_color": "#E8F1FE", "border": 1, "text_wrap": True})
    plain = {kind: book.add_format({**base, **look, "border": 1}) for kind, look in _FORMATS.items()}
    total = {
        kind: book.add_format({**base, **look, "border": 1, "top": 2, "bold": True})
        for kind, look in _FORMATS.items()
    }
    row = _write_title(book, page, sheet, base)
    for index, column in enumerate(sheet.columns):
        page.set_column(index, index, column.width or _WIDTHS[column.kind])
        page.write_string(row, index, column.label, head)
    page.freeze_panes(row + 1, 0)
    page.repeat_rows(row)
    for values in sheet.rows:
        row += 1
        _write_row(page, row, sheet.columns, values, plain)
    if sheet.totals is not None:
        row += 1
        _write_row(page, row, sheet.columns, sheet.totals, total)
    _set_up_print(page, sheet)


def _write_title(book: Any, page: Any, sheet: Sheet, base: dict[str, Any]) -> int:
    """The title and the notes above the table; the number of the header's row."""
    row = 0
    if sheet.title:
        page.write_string(row, 0, sheet.title, book.add_format({**base, "bold": True, "font_size": 14}))
        row += 1
    for note in sheet.notes:
        page.write_string(row, 0, note, book.add_format(base))
        row += 1
    return row


def _write_row(
    page: Any, row: int, columns: Sequence[SheetColumn], values: Sequence[Any], formats: dict[str, Any]
) -> None:
    for index, (column, value) in enumerate(zip(columns, values, strict=True)):
        _write_cell(page, row, index, value, formats[column.kind])


def _write_cell(page: Any, row: int, index: int, value: Any, look: Any) -> None:
    if value is None or value == "":
        page.write_blank(row, index, None, look)
    elif isinstance(value, bool):
        page.write_string(row, index, "○" if value else "", look)
    elif isinstance(value, int | float | Decimal):
        page.write_number(row, index, value, look)
    elif isinstance(value, datetime):
        local = timezone.localtime(value) if timezone.is_aware(value) else value
        page.write_datetime(row, index, local.replace(tzinfo=None), look)
    elif isinstance(value, date):
        page.write_datetime(row, index, value, look)
    else:
        text = str(value)
        cut = text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - len(_CUT)] + _CUT
        page.write_string(row, index, cut, look)


def _set_up_print(page: Any, sheet: Sheet) -> None:
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)
    page.set_margins(left=0.5, right=0.5, top=0.8, bottom=0.7)
    page.set_header("&L" + (sheet.title or sheet.name).replace("&", "&&")[:200] + "&R取扱注意")
    page.set_footer("&C&P / &N")
