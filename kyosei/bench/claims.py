"""Money at size: entries as CSV against PostgreSQL's own COPY, as XLSX, and sheets to sign as PDF.

Each is measured in a process of its own: its peak memory is what it needed.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import date, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from django.db import connection
from django.db.models import Count
from django.db.models.functions import TruncMonth

from accounts.actor import Actor
from accounts.roles import Permission
from budgets.models import WorkEntry
from budgets.pack.entries_file import no_tick, write_csv, write_xlsx_file
from budgets.pack.sheets import write_sheets
from common.japan.fiscal import add_months, fiscal_year
from kyosei.bench.long_jobs import measure_long_jobs
from kyosei.bench.pack_year import measure_changes, measure_verify
from kyosei.bench.process import peak_mb, start_process
from kyosei.bench.report import Line, line
from kyosei.bench.scales import Scale

ENTRIES: Final = 1_000_000
WORKERS: Final = 3_000  # from here on a scale is as large as the figures are asked for
MANY: Final = 100_000  # with fewer, beginning and ending are most of the time of a COPY
REPEATS: Final = 3
Figures = tuple[float, float, int]  # seconds, peak MB, rows or pages


def _actor() -> Actor:
    return Actor(label="計測", permissions=frozenset({Permission.APPORTION_VIEW, Permission.COST_EDIT}))


def _copy(months: list[date]) -> Figures:
    """PostgreSQL's own COPY of the same entries, as they stand in their table."""
    began, size = time.monotonic(), 0
    query = "COPY (SELECT * FROM budgets_workentry WHERE worked_on >= %s AND worked_on < %s) TO STDOUT WITH (FORMAT csv)"
    with connection.cursor() as cursor, tempfile.TemporaryFile() as out:
        for month in months:
            with cursor.copy(query, [month, add_months(month, 1)]) as copy:
                for data in copy:
                    size += out.write(data)
    return time.monotonic() - began, peak_mb(), size


def _csv(months: list[date]) -> Figures:
    began = time.monotonic()
    with tempfile.TemporaryFile() as out:
        write_csv(out, months, no_tick)
        return time.monotonic() - began, peak_mb(), out.tell()


def _xlsx(months: list[date]) -> Figures:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        rows = write_xlsx_file(Path(place) / "entries.xlsx", months, Path(place), no_tick)
    return time.monotonic() - began, peak_mb(), rows


def _sheets(months: list[date], at: datetime) -> Figures:
    """The sheets of all workers and months in one file; seconds and pages."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "sheets.pdf"
        pages = write_sheets(path, actor=_actor(), months=months, at=at, tick=no_tick)
    return time.monotonic() - began, peak_mb(), pages


def _alone(work: object, *args: object) -> Figures:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=start_process) as one:
        return one.submit(work, *args).result()  # type: ignore[arg-type]


def measure_claims(scale: Scale, *, now: datetime) -> list[Line]:
    """Nothing where a scale has no entries. The bars are those of a million entries and 3,000 workers; what there is of
    them is said, and the scales ``metropolis`` and ``money`` have all of them."""
    counted = list(
        WorkEntry.objects.annotate(m=TruncMonth("worked_on"))
        .values_list("m")
        .annotate(n=Count("pk"))
        .order_by("-m")
    )
    months, entries = [], 0
    for month, n in counted:
        if entries < ENTRIES:
            months.append(month)
            entries += n
    if not entries:
        return []
    name, is_full = scale.name, scale.workers >= WORKERS
    whole = [month for month, _ in counted][1:] or months  # the latest month is still running
    connection.close()
    _alone(_copy, months)  # the first one reads from the disk
    pairs = [(_alone(_copy, months), _alone(_csv, months)) for _ in range(REPEATS)]
    ratio = statistics.median(
        ours[0] / raw[0] for raw, ours in pairs
    )  # what else the machine does meets both alike
    ours = max((pair[1] for pair in pairs), key=lambda figures: figures[1])
    book = _alone(_xlsx, months)
    found = [
        line(f"{name}: entries exported", entries, "rows"),
        line(f"{name}: entries as CSV", ours[0], "s"),
        line(f"{name}: entries as CSV over COPY", ratio, "x", at_most=2 if entries >= MANY else None),
        line(f"{name}: entries as CSV, peak", ours[1], "MB", below=150),
        line(f"{name}: entries as XLSX", book[0], "s"),
        line(f"{name}: entries as XLSX, peak", book[1], "MB", below=300),
        *_of_sheets(name, whole, now),
    ]
    by_year: Counter[int] = Counter()
    for month, n in counted:
        by_year[fiscal_year(month)] += n
    year = by_year.most_common(1)[0][0]
    found += measure_long_jobs(year, whole[0] if is_full else None, name=name, now=now)
    found += measure_changes(200, name=name)
    return [*found, *measure_verify(8_600_000 if is_full else 860_000, name=name)]


def _of_sheets(name: str, months: list[date], now: datetime) -> list[Line]:
    """A month alone (a page for each worker), and up to three months: the same seconds a page, the same memory."""
    few, many = _alone(_sheets, months[:1], now), _alone(_sheets, sorted(months[:3]), now)
    per_page = (many[0] / max(many[2], 1)) / (few[0] / max(few[2], 1))
    return [
        line(f"{name}: sheets to sign", many[2], "pages"),
        line(f"{name}: sheets to sign a second", many[2] / many[0], "pages/s", at_least=4),
        line(f"{name}: seconds a page, three months over one", per_page, "x", at_most=1.3),
        line(f"{name}: sheets to sign, more memory for three months", many[1] - few[1], "MB", at_most=15),
    ]
