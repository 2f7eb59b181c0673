"""All entries of a year or a month as one file: CSV straight from COPY, or XLSX written row by row."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from secrets import token_hex
from typing import IO, Any, Final

import xlsxwriter
from django.db import connection

from accounts.actor import Actor
from budgets.pack.build import Tick
from budgets.pack.sources import Names, copy_entries, span_of_entries, spans_of
from common.japan.fiscal import fiscal_months

LABELS: Final = ("月", "日", "職員", "種類", "財源", "業務区分", "分", "由来", "ケース", "区分の理由")
XLSX_ROWS: Final = 1_048_576


def _months(year: int, month: date | None) -> list[date]:
    return fiscal_months(year) if month is None else [month]


def write_csv_file(path: Path, *, actor: Actor, year: int, month: date | None, tick: Tick) -> None:
    """UTF-8 with BOM and Japanese heads; pseudonyms as in a pack. ``actor`` was asked for the right before."""
    months = _months(year, month)
    with path.open("wb") as out:
        write_csv(out, months, lambda n: tick(f"{n + 1}か月目", n, len(months)))


def write_csv(out: IO[bytes], months: list[date], tick: Callable[[int], None]) -> None:
    """The entries of the months; everything is streamed."""
    out.write("\ufeff".encode() + ",".join(LABELS).encode() + b"\n")
    is_first = True

    def write(block: bytes) -> None:
        nonlocal is_first
        if is_first:  # the machine-readable heads of the pack
            is_first = False
            return
        out.write(block)

    copy_entries(Names(token_hex(16)), months, write, tick)


def write_xlsx_file(path: Path, months: list[date], work_dir: Path, tick: Callable[[int], None]) -> int:
    """The same as XLSX, row by row to the disk; a further sheet where one is full. Returns how many rows."""
    options = {
        "constant_memory": True,
        "tmpdir": str(work_dir),
        "strings_to_formulas": False,
        "strings_to_urls": False,
    }
    with xlsxwriter.Workbook(str(path), options) as book:
        page: Any = None
        row, sheet, count = XLSX_ROWS, 0, 0
        for cells in _parsed(months, tick):
            if row >= XLSX_ROWS:
                sheet += 1
                page = book.add_worksheet(f"業務実績{sheet}")
                page.write_row(0, 0, LABELS)
                row = 1
            page.write_row(row, 0, [*cells[:6], int(cells[6]), *cells[7:]])
            row, count = row + 1, count + 1
    return count


def _parsed(months: list[date], tick: Callable[[int], None]) -> Iterator[list[str]]:
    """The rows of the CSV, a stretch of days at a time."""
    for n, month in enumerate(months):
        for data in _spans(month):
            yield from csv.reader(io.StringIO(data.decode(), newline=""))
            tick(n)


def _spans(month: date) -> Iterator[bytes]:
    """The CSV of one stretch of days after the other, without heads."""
    names, spans = Names(token_hex(16)), spans_of(month)
    with connection.cursor() as cursor:
        for span in spans:
            yield b"".join(span_of_entries(cursor, names, span))


def no_tick(*seen: Any) -> None:
    """For whoever needs no progress."""
