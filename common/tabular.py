"""CSV and XLSX in and out, as Japanese offices exchange them.

Reading is all or nothing: either every row is returned, or ``BrokenTable`` names every bad row with
its line number. Writing keeps text as text: nothing that a person typed may become a formula in somebody
else's spreadsheet.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal

import openpyxl
from django.core.exceptions import ValidationError
from openpyxl.utils.exceptions import InvalidFileException

from common.errors import RuleViolation
from common.workbook import Sheet as Sheet
from common.workbook import SheetColumn as SheetColumn
from common.workbook import write_xlsx as write_xlsx

MAX_ROWS: Final = 200_000
MAX_ERRORS_SHOWN: Final = 1_000

Encoding = Literal["utf-8-sig", "cp932"]


@dataclass(frozen=True)
class Column:
    """One column to read: ``name`` in the result, ``label`` in the header row, and how its text becomes a
    value.

    ``parse`` raises ``ValueError`` (or a Django ``ValidationError``, or a ``RuleViolation``) with a
    Japanese sentence. An empty cell is ``None`` and never parsed; it is an error when ``required``. An
    ``optional`` column may be absent.
    """

    name: str
    label: str
    parse: Callable[[str], Any] = str
    required: bool = True
    optional: bool = False


@dataclass(frozen=True)
class Row:
    """One row that was read: the line it begins on (the header is line 1) and its values by column name."""

    line: int
    values: dict[str, Any]


@dataclass(frozen=True)
class RowError:
    """One thing wrong with one line; ``column`` is the header's label, "" for the line as a whole."""

    line: int
    column: str
    message: str

    def __str__(self) -> str:
        where = f"{self.line}行目" + (f"「{self.column}」" if self.column else "")
        return f"{where}：{self.message}"


class BrokenTable(RuleViolation):
    """The file cannot be taken in; nothing of it was. ``errors`` holds every bad row (empty: the file
    itself); ``rows`` the rows that could be read, for a caller that names what is wrong in those as well.
    """

    def __init__(
        self,
        message: str,
        errors: Sequence[RowError] = (),
        field: str | None = "file",
        rows: Sequence[Row] = (),
    ) -> None:
        super().__init__(message, field)
        self.errors = list(errors)
        self.rows = list(rows)


# ── Reading ─────────────────────────────────────────────────────────────────────────────────────────────────

_OTHER_ENCODINGS: Final = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
    (b"PK\x03\x04", "Excelブック（XLSX）"),
    (b"\xd0\xcf\x11\xe0", "古い形式のExcelブック（XLS）"),
)
# Bytes that CP932 leaves unassigned (80, A0, FD–FF) and that Python maps to these instead of refusing them.
_NOT_CP932: Final = re.compile("[\x80\uf8f0-\uf8f3]")
_SAVE_AS = (
    "Excelの「名前を付けて保存」で「CSV UTF-8（コンマ区切り）」または「CSV（コンマ区切り）」を選び、"
    "保存し直してください。"
)


def decode_csv(data: bytes) -> str:
    """The text of a CSV file in UTF-8 (with or without BOM) or CP932.

    Raises ``BrokenTable`` that names any other encoding it recognises. EUC-JP is tried before CP932,
    in which its bytes would read as a row of half-width katakana.
    """
    for mark, name in _OTHER_ENCODINGS:
        if data.startswith(mark):
            raise BrokenTable(f"このファイルは{name}なので、CSVとして読めません。{_SAVE_AS}")
    if b"\x00" in data:
        raise BrokenTable(f"このファイルの文字コードはUTF-16か、CSVではない形式です。{_SAVE_AS}")
    if re.search(rb"\x1b\$[@B]", data):
        raise BrokenTable(f"このファイルの文字コードはISO-2022-JP（JIS）です。{_SAVE_AS}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    if _is_euc_jp(data):
        raise BrokenTable(f"このファイルの文字コードはEUC-JPです。{_SAVE_AS}")
    try:
        text = data.decode("cp932")
        if stray := _NOT_CP932.search(text):
            raise UnicodeDecodeError("cp932", data, len(text[: stray.start()].encode("cp932")), len(data), "")
        return text
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BrokenTable(
            f"文字コードがUTF-8でもシフトJISでもありません（{line}行目に読めない文字があります）。{_SAVE_AS}"
        ) from None


def _is_euc_jp(data: bytes) -> bool:
    """Whether the bytes are EUC-JP rather than CP932: they decode as such, to kana or kanji, and CP932
    gives ｶﾅ or nothing.
    """
    try:
        text = data.decode("euc_jp")
    except UnicodeDecodeError:
        return False
    real = len(re.findall(r"[ぁ-んァ-ヶ一-龠]", text))
    try:
        shift = data.decode("cp932")
    except UnicodeDecodeError:
        return real > 0
    return real > len(re.findall(r"[ぁ-んァ-ヶ一-龠]", shift))


def read_csv(data: bytes, columns: Sequence[Column]) -> list[Row]:
    """The rows of a CSV file with a header row, in any column order; blank lines are skipped.

    ``line`` is the line of the file on which the row begins, quoted line breaks counted. Raises
    ``BrokenTable`` with every bad row, or for a file that is not such a CSV.
    """
    return _read(_csv_lines(decode_csv(data)), columns)


def read_headings(data: bytes, *, is_xlsx: bool) -> list[str]:
    """The cells of the first row that is not blank, stripped; empty ones at the end are left out. Raises ``BrokenTable``."""
    for _, cells in _xlsx_lines(data) if is_xlsx else _csv_lines(decode_csv(data)):
        if any(cell.strip() for cell in cells):
            found = [cell.strip() for cell in cells]
            while found and not found[-1]:
                found.pop()
            return found
    raise BrokenTable("ファイルが空です。見出しの行とデータの行があるファイルを選んでください。")


def _xlsx_lines(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of the first sheet."""
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError):
        raise BrokenTable(
            "Excelブック（XLSX）として読めません。パスワードを外し、XLSX形式で保存し直してください。"
        ) from None
    try:
        for number, cells in enumerate(book.worksheets[0].iter_rows(values_only=True), start=1):
            yield number, [_cell_text(value) for value in cells]
    finally:
        book.close()


def _csv_lines(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            why = 'この行から先が読めません。引用符（"）が閉じていないか、余分です。'
            raise BrokenTable(
                f'{line}行目から先が読めません。引用符（"）が閉じていないか、余分です。'
                "この行を直してから取り込んでください。",
                [RowError(line, "", why)],
            ) from None
        yield line, [_unguard(cell) for cell in cells]
        line = reader.line_num + 1


def read_xlsx(data: bytes, columns: Sequence[Column], *, sheet: str | None = None) -> list[Row]:
    """The rows of a sheet (the first, unless named) of an XLSX file, read as ``read_csv`` does.

    Cells reach ``Column.parse`` as text: dates as 2026-11-23, whole numbers without ".0", formulas by
    their last value. Raises ``BrokenTable``.
    """
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError):
        raise BrokenTable(
            "Excelブック（XLSX）として読めません。パスワードを外し、XLSX形式で保存し直してください。"
        ) from None
    try:
        if sheet is not None and sheet not in book.sheetnames:
            raise BrokenTable(f"「{sheet}」という名前のシートがありません。")
        page = book[sheet] if sheet is not None else book.worksheets[0]
        lines = (
            (number, [_cell_text(value) for value in cells])
            for number, cells in enumerate(page.iter_rows(values_only=True), start=1)
        )
        return _read(lines, columns)
    finally:
        book.close()


def _cell_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time().isoformat() == "00:00:00" else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _read(lines: Iterable[tuple[int, list[str]]], columns: Sequence[Column]) -> list[Row]:
    rows: list[Row] = []
    errors: list[RowError] = []
    header: dict[str, int] | None = None
    width = 0
    try:
        for line, cells in lines:
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header, width = _header(cells, columns), len(cells)
                continue
            if len(rows) >= MAX_ROWS:
                raise BrokenTable(f"行が多すぎます。{MAX_ROWS:,}行までに分けて取り込んでください。")
            values, problems = _row(line, cells, columns, header, width)
            errors.extend(problems)
            if not problems:
                rows.append(Row(line, values))
    except BrokenTable as stop:  # the rest cannot be read: what was wrong before is told with it
        raise BrokenTable(stop.message, [*errors, *stop.errors], rows=rows) from None
    if header is None:
        raise BrokenTable("ファイルが空です。見出しの行とデータの行があるファイルを選んでください。")
    if errors:
        count = len({error.line for error in errors})
        raise BrokenTable(f"{count:,}行に誤りがあるため、1行も取り込みませんでした。", errors, rows=rows)
    return rows


def _header(cells: Sequence[str], columns: Sequence[Column]) -> dict[str, int]:
    """Column name → index of its cell."""
    labels = [cell.strip() for cell in cells]
    twice = sorted({label for label in labels if label and labels.count(label) > 1})
    if twice:
        raise BrokenTable(f"見出しが重なっています：{'、'.join(twice)}。")
    missing = [column.label for column in columns if not column.optional and column.label not in labels]
    if missing:
        raise BrokenTable(
            f"見出しの行に「{'」「'.join(missing)}」がありません。"
            f"1行目の見出しを「{','.join(column.label for column in columns)}」にしてください。"
        )
    return {column.name: labels.index(column.label) for column in columns if column.label in labels}


def _row(
    line: int, cells: Sequence[str], columns: Sequence[Column], header: dict[str, int], width: int
) -> tuple[dict[str, Any], list[RowError]]:
    if (len(cells) != width and any(cell.strip() for cell in cells[width:])) or len(cells) < width:
        return {}, [RowError(line, "", f"項目の数が{len(cells)}個です（見出しは{width}個）。")]
    values: dict[str, Any] = {}
    errors: list[RowError] = []
    for column in columns:
        text = cells[header[column.name]].strip() if column.name in header else ""
        values[column.name] = None
        if not text:
            if column.required and not column.optional:
                errors.append(RowError(line, column.label, "入力がありません。"))
            continue
        try:
            values[column.name] = column.parse(text)
        except RuleViolation as error:
            errors.append(RowError(line, column.label, error.message))
        except ValidationError as error:
            errors.append(RowError(line, column.label, " ".join(error.messages)))
        except ValueError as error:
            errors.append(RowError(line, column.label, str(error)))
    return values, errors


# ── Writing CSV ─────────────────────────────────────────────────────────────────────────────────────────────

_FORMULA: Final = re.compile(r"'*[=+\-@＝＋－＠\t\r]")
_GUARDED: Final = re.compile(r"'+[=+\-@＝＋－＠\t\r]")
# Characters that Unicode tables and CP932 disagree about, and those a register holds that CP932 lacks.
_TO_CP932: Final = str.maketrans(
    {"〜": "～", "−": "－", "—": "―", "‖": "∥", "¢": "￠", "£": "￡", "¬": "￢", "¥": "￥"}
)
_SELECTORS: Final = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
GETA: Final = "〓"


def guard(text: str) -> str:
    """Text that a spreadsheet would take for a formula, with ``'`` before it (OWASP, CSV injection)."""
    return f"'{text}" if _FORMULA.match(text) else text


def _unguard(text: str) -> str:
    return text[1:] if _GUARDED.match(text) else text


def _csv_cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, str):
        return guard(value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    return value.isoformat() if isinstance(value, date) else value


def write_csv(rows: Iterable[Sequence[Any]], encoding: Encoding = "utf-8-sig") -> bytes:
    """A CSV file for Excel (CRLF, quotes where needed); ``read_csv`` gives the same text back.

    Text that looks like a formula is guarded by ``'``; numbers are written as numbers. In CP932 a
    character that it lacks becomes 〓, the customary mark for 外字, and variation selectors are dropped
    (葛󠄀 → 葛): offer UTF-8 first.
    """
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows([[_csv_cell(value) for value in row] for row in rows])
    text = out.getvalue()
    if encoding == "utf-8-sig":
        return text.encode("utf-8-sig")
    text = _SELECTORS.sub("", text).translate(_TO_CP932)
    return "".join(char if _in_cp932(char) else GETA for char in text).encode("cp932")


def _in_cp932(char: str) -> bool:
    try:
        char.encode("cp932")
    except UnicodeEncodeError:
        return False
    return True
