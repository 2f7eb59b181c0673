"""Makes a pack: CSV, workbook, PDF, rules, approvals, guide, manifest, seal. Streams into one file; memory stays flat."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import Any, Final
from zipfile import ZipFile

import xlsxwriter
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone

from accounts.actor import Actor
from budgets.pack import sources
from budgets.pack.apportion_sheet import write_rows
from budgets.pack.formulas import settlement_sheets
from budgets.pack.seal import MANIFEST, HashingWriter, manifest_bytes, member, seal
from budgets.pack.sources import Names, Year, copy_entries, read_year
from budgets.settlement import exports, table
from budgets.settlement.statement import By, statement
from common.japan.fiscal import fiscal_year_label
from common.pdf import render_pdf

Tick = Callable[[str, int, int], None]  # the step in words, steps done, steps in all
# 2: plans, studies and the method of each result; 3: of a typed reason its length and hash instead of its words
VERSION: Final = 3


@dataclass
class Pack:
    """The ZIP while it is written; ``files`` becomes the manifest."""

    archive: ZipFile
    files: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def open(self, name: str) -> Iterator[HashingWriter]:
        with self.archive.open(member(name), "w", force_zip64=True) as out:
            writer = HashingWriter(out)
            yield writer
        self.files[name] = writer.entry()

    def add(self, name: str, content: bytes) -> None:
        with self.open(name) as out:
            out.write(content)

    def add_csv(self, name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        with self.open(f"csv/{name}.csv") as out:
            for block in _blocks(head, rows):
                out.write(block)


def _blocks(head: Sequence[str], rows: Iterable[Sequence[Any]], size: int = 2000) -> Iterator[bytes]:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    for n, row in enumerate(rows, start=1):
        writer.writerow(row)
        if n % size == 0:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def build(year_number: int, *, actor: Actor, at: datetime, path: Path, work_dir: Path, tick: Tick) -> str:
    """Write the pack to ``path``; returns the SHA-256 of the file. ``tick`` may raise to stop."""
    year = read_year(actor, year_number, Names(token_hex(16)))
    steps = len(year.months) + 4
    with ZipFile(path, "w", allowZip64=True) as archive:
        pack = Pack(archive)
        with pack.open("csv/entries.csv") as out:
            copy_entries(
                year.names, year.months, out.write, lambda n: tick(f"業務実績 {n + 1}か月目", n, steps)
            )
        done = len(year.months)
        tick("按分と精算の表", done, steps)
        _tables(pack, year, actor, lambda: tick("按分と精算の表", done, steps))
        tick("計算式のある表", done + 1, steps)
        _workbook(pack, year, work_dir, lambda: tick("計算式のある表", done + 1, steps))
        tick("PDF", done + 2, steps)
        _papers(pack, year, actor, at, lambda: tick("PDF", done + 2, steps))
        tick("目録と封印", done + 3, steps)
        pack.add("README.txt", guide(year, at).encode("utf-8-sig"))
        head = {
            "kind": "kyosei audit pack", "version": VERSION, "fiscal_year": year_number, "municipality": settings.MUNICIPALITY_NAME,
            "made_at": timezone.localtime(at).isoformat(timespec="seconds"), "made_by": actor.label,
            "code": [*sorted({run.code_version for run in year.runs}), table.CODE_VERSION],
        }  # fmt: skip
        archive.writestr(member(MANIFEST), manifest_bytes(head, pack.files))
    digest = seal(path)
    tick("目録と封印", steps, steps)
    return digest


def _tables(pack: Pack, year: Year, actor: Actor, tick: Callable[[], None]) -> None:
    s = sources
    sums = s.entry_sums(year, tick)
    pack.add_csv("months", s.MONTH_HEAD, s.month_rows(year, sums))
    pack.add_csv("streams", s.STREAM_HEAD, s.stream_rows(year))
    pack.add_csv("costs", s.COST_HEAD, s.cost_rows(year))
    pack.add_csv("plans", s.PLAN_HEAD, s.plan_rows(year))
    pack.add_csv("studies", s.STUDY_HEAD, s.study_rows(year))
    pack.add_csv("adjustments", s.ADJUSTMENT_HEAD, s.adjustment_rows(year, sums))
    pack.add_csv("results", s.RESULT_HEAD, s.result_rows(year))
    pack.add_csv("claims", s.CLAIM_HEAD, s.claim_rows(year))
    pack.add_csv("claim_months", s.CLAIM_MONTH_HEAD, s.claim_month_rows(year))
    pack.add_csv("shares", s.SHARE_HEAD, s.share_rows(year))
    pack.add_csv("approvals", s.APPROVAL_HEAD, s.approval_rows(actor, year))
    rules = json.dumps(s.rules(year.year), ensure_ascii=False, indent=1, sort_keys=True)
    pack.add("rules.json", rules.encode())


def _workbook(pack: Pack, year: Year, work_dir: Path, tick: Callable[[], None]) -> None:
    """Written row by row to a file of its own and taken in from there."""
    path = work_dir / "pack.xlsx"
    costs = {
        (run.month.month, year.names.staff(c["staff_id"])): c["yen"]
        for run in year.runs
        for c in run.inputs["costs"]
    }
    options = {
        "constant_memory": True,
        "tmpdir": str(work_dir),
        "strings_to_formulas": False,
        "strings_to_urls": False,
    }
    with xlsxwriter.Workbook(str(path), options) as book:
        monthly = write_rows(book, year, sources.result_rows(year), costs, tick)
        lines = [(x.stream.name, x.inputs, x.table) for x in year.table.lines if x.table]
        own = {
            # a claim that was filed before its months were adjusted stands on the yen that it was filed with
            x.stream.name: {m: str(yen) for m, yen in x.inputs.monthly.items()}
            if x.has_moved
            else monthly.get(x.stream.name, {})
            for x in year.table.lines
        }
        settlement_sheets(book, f"精算書　{fiscal_year_label(year.year)}", lines, monthly=own)
    with pack.open("settlement.xlsx") as out, path.open("rb") as file:
        while block := file.read(1 << 20):
            out.write(block)
            tick()
    path.unlink()


def _papers(pack: Pack, year: Year, actor: Actor, at: datetime, tick: Callable[[], None]) -> None:
    data = exports.statement(year.table, year.year, actor, at)
    context = exports.pdf_context(data) | {"actor": actor, "printed_at": at}
    pack.add("pdf/seisan.pdf", render_pdf("claims/settlement_pdf.html", context))
    for by in (By.STREAM, By.AGENCY):
        tick()
        sheet = statement(actor, year.year, by=by, span="year")
        context = {"data": sheet, "actor": actor, "printed_at": at}
        pack.add(f"pdf/anbun-{by}.pdf", render_pdf("claims/statement_pdf.html", context))


def guide(year: Year, at: datetime) -> str:
    return render_to_string(
        "claims/pack_guide.txt", {"year": year, "at": at, "label": fiscal_year_label(year.year)}
    )
