"""Which report is made how: kind → a function that writes one file into a directory and returns its path."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from accounts.actor import Actor
from budgets.models import ReportJob
from budgets.pack.build import Tick, build
from budgets.pack.entries_file import write_csv_file
from budgets.pack.sheets import write_sheets
from budgets.workflow_claims import ReportKind
from common.japan.fiscal import fiscal_months

Maker = Callable[[ReportJob, Actor, Path, Tick], Path]


def _pack(job: ReportJob, actor: Actor, place: Path, tick: Tick) -> Path:
    path = place / "pack.zip"
    build(job.fiscal_year, actor=actor, at=job.asked_at, path=path, work_dir=place, tick=tick)
    return path


def _sheets(job: ReportJob, actor: Actor, place: Path, tick: Tick) -> Path:
    path = place / "sheets.pdf"
    months = fiscal_months(job.fiscal_year) if job.month is None else [job.month]
    write_sheets(path, actor=actor, months=months, at=job.asked_at, tick=tick)
    return path


def _entries(job: ReportJob, actor: Actor, place: Path, tick: Tick) -> Path:
    path = place / "entries.csv"
    write_csv_file(path, actor=actor, year=job.fiscal_year, month=job.month, tick=tick)
    return path


MAKERS: Final[dict[ReportKind, Maker]] = {
    ReportKind.PACK: _pack,
    ReportKind.SHEETS: _sheets,
    ReportKind.ENTRIES: _entries,
}
NAMES: Final = {
    ReportKind.PACK: ("kansa-{year}.zip", "application/zip"),
    ReportKind.SHEETS: ("jujijisseki-{year}{month}.pdf", "application/pdf"),
    ReportKind.ENTRIES: ("gyomujisseki-{year}{month}.csv", "text/csv; charset=utf-8"),
}
