"""A pack of a whole year of a large city, made by the pure functions without a database, and verified.

    manage.py bench_pack --entries 8600000

makes the pack of the issue's size; a tenth is what ``make bench`` takes along. Making is not what is measured.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile

from budgets.apportionment import CODE_VERSION, CostInput, Inputs, MinutesInput, StreamInput, apportion
from budgets.enums import CategoryKind, Payer, RemainderRule
from budgets.pack import sources
from budgets.pack.build import VERSION, Pack
from budgets.pack.seal import FILES, MANIFEST, manifest_bytes, member, seal
from budgets.pack.verify import verify
from budgets.settlement.table import TableInputs, settle
from common.japan.fiscal import fiscal_months, month_last
from kyosei.bench.forgeries import forgeries
from kyosei.bench.process import peak_mb, start_process
from kyosei.bench.report import Line, line
from kyosei.bench.texts import REASONS

YEAR: Final = 2025
WORKERS: Final = 3000
CODES: Final = ("care", "prevention", "disability", "child", "poverty", "multi", "general")
SHARES: Final[dict[str, Fraction]] = {
    Payer.STATE: Fraction(1, 2),
    Payer.PREFECTURE: Fraction(1, 4),
    Payer.MUNICIPALITY: Fraction(1, 4),
}
CASES: Final = 20_000
BOOK: Final = 30  # MB that workbook and PDFs of such a year take; they are hashed, not computed
Totals = dict[tuple[int, str, int | None], int]


@cache
def _name(letter: str, number: int) -> str:
    """A pseudonym as a pack has it."""
    return letter + hashlib.sha256(f"{letter}{number}".encode()).hexdigest()[:12]


def _entries(
    rng: random.Random, month: date, count: int, workers: int, totals: Totals
) -> Iterator[list[Any]]:
    """Random entries of a month, and their sums on the way."""
    days = month_last(month).day
    for n in range(count):
        worker, at = n % workers, rng.randrange(10)
        day = month + timedelta(days=n * days // count)  # in order of days, as a pack has them
        minutes = rng.randrange(5, 90)
        kind = CategoryKind.DIRECT if at < 7 else CategoryKind.SHARED if at < 9 else CategoryKind.LEAVE
        stream = at if at < 7 else None
        key = (worker, str(kind), stream)
        totals[key] = totals.get(key, 0) + minutes
        code = CODES[at] if at < 7 else ""
        case = _name("K", rng.randrange(CASES)) if at < 6 else ""
        yield [month, day, _name("S", worker), str(kind), code, code or "office", minutes, "note" if case else "manual",
               case, rng.choice(REASONS) if case else ""]  # fmt: skip


def make_pack(path: Path, entries: int, workers: int = WORKERS) -> None:
    """A pack that agrees, with ``entries`` entries (enough of them that every worker has direct minutes each month)."""
    rng, months = random.Random(7), fiscal_months(YEAR)  # noqa: S311
    streams = tuple(StreamInput(n, n, code, code == "general") for n, code in enumerate(CODES))
    rows: dict[str, list[list[Any]]] = defaultdict(list)
    actual: dict[str, dict[str, int]] = defaultdict(dict)
    with ZipFile(path, "w") as archive:
        pack = Pack(archive)
        with pack.open("csv/entries.csv") as out:
            out.write((",".join(sources.ENTRY_HEAD) + "\n").encode())
            for month in months:
                totals: Totals = {}
                text = io.StringIO(newline="")
                writer = csv.writer(text, lineterminator="\n")
                for n, row in enumerate(_entries(rng, month, entries // 12, workers, totals), start=1):
                    writer.writerow(row)
                    if n % 5000 == 0:
                        out.write(text.getvalue().encode())
                        text.seek(0)
                        text.truncate()
                out.write(text.getvalue().encode())
                _month(rng, month, totals, streams, rows, actual, (entries // 12, workers))
        s = sources
        for name, head in (("months", s.MONTH_HEAD), ("streams", s.STREAM_HEAD), ("costs", s.COST_HEAD),
                           ("adjustments", s.ADJUSTMENT_HEAD), ("plans", s.PLAN_HEAD), ("studies", s.STUDY_HEAD),
                           ("results", s.RESULT_HEAD)):  # fmt: skip
            pack.add_csv(name, head, rows[name])
        _claims(pack, actual)
        pack.add_csv("approvals", s.APPROVAL_HEAD, [])
        for name in sorted(FILES - set(pack.files) - {"settlement.xlsx"}):
            pack.add(name, f"{name} of a made-up year".encode())
        with pack.open("settlement.xlsx") as out:
            for _ in range(max(BOOK * entries // 8_600_000, 1)):
                out.write(rng.randbytes(1_000_000))
        about: dict[str, Any] = {"kind": "kyosei audit pack", "version": VERSION, "fiscal_year": YEAR}
        archive.writestr(member(MANIFEST), manifest_bytes(about, pack.files))
    seal(path)


def _month(
    rng: random.Random, month: date, totals: Totals, streams: tuple[StreamInput, ...], rows: dict[str, list[list[Any]]],
    actual: dict[str, dict[str, int]], size: tuple[int, int],
) -> None:  # fmt: skip
    costs = tuple(CostInput(n, n % 40, rng.randrange(200_000, 700_000)) for n in range(size[1]))
    minutes = tuple(MinutesInput(w, kind, stream, n) for (w, kind, stream), n in totals.items())
    done = apportion(Inputs(month, RemainderRule.LARGEST_REMAINDER, costs, minutes, streams))
    key = month.isoformat()
    of = {k: sum(n for (_, kind, _), n in totals.items() if kind == k) for k in ("direct", "shared", "leave")}
    rows["months"].append(
        [
            key,
            "actual_minutes",
            CODE_VERSION,
            "largest_remainder",
            sum(c.yen for c in costs),
            size[0],
            *of.values(),
            "",
            "",
        ]
    )
    rows["streams"] += [[key, s.code, s.position, int(s.is_general), ""] for s in streams]
    rows["costs"] += [[key, _name("S", c.staff_id), _name("A", c.agency_id), c.yen] for c in costs]
    for r in done:
        code = CODES[r.stream_id]
        rows["results"].append(
            [
                key,
                _name("S", r.staff_id),
                _name("A", r.agency_id),
                code,
                r.minutes,
                r.direct_minutes,
                r.shared_minutes,
                r.yen,
                str(r.method),
            ]
        )
        actual[code][key] = actual[code].get(key, 0) + r.yen


def _claims(pack: Pack, actual: dict[str, dict[str, int]]) -> None:
    claims, shares = [], []
    for code, monthly in actual.items():
        changes: tuple[tuple[str, Mapping[str, Fraction]], ...] = ((f"{YEAR}-04-01", SHARES),)
        i = TableInputs(YEAR, monthly, 0, 0, 0, None, None, changes)
        t = settle(i)
        parts = [t.parts[p] for p in ("state", "prefecture", "municipality", "premium_1", "premium_2")]
        claims.append(
            [
                code,
                1,
                "filed",
                0,
                0,
                0,
                0,
                "",
                "",
                1000,
                t.total,
                t.net,
                t.eligible,
                t.selected,
                t.required,
                *parts,
                i.digest(),
                "",
            ]
        )
        shares += [[code, f"{YEAR}-04-01", p, s.numerator, s.denominator] for p, s in SHARES.items()]
    pack.add_csv("claims", sources.CLAIM_HEAD, claims)
    pack.add_csv(
        "claim_months",
        sources.CLAIM_MONTH_HEAD,
        [[c, m, y] for c, own in actual.items() for m, y in sorted(own.items())],
    )
    pack.add_csv("shares", sources.SHARE_HEAD, shares)
    pack.add("rules.json", json.dumps([]).encode())


def _verify(path: str) -> tuple[float, float, float, int, list[str]]:
    """Seconds, seconds of the processor alone, peak MB, entries, problems: in a process of its own."""
    began, busy = time.monotonic(), time.process_time()
    report = verify(Path(path))
    seconds, busy = time.monotonic() - began, time.process_time() - busy
    return seconds, busy, peak_mb(), report.entries, report.problems[:3]


def measure_changes(count: int, *, name: str) -> list[Line]:
    """How many of ``count`` random changes to a small pack are found, and that the unchanged one agrees."""
    with tempfile.TemporaryDirectory() as place:
        path, changed = Path(place) / "pack.zip", Path(place) / "changed.zip"
        make_pack(path, 12_000, workers=20)
        changes = forgeries(path, changed, count, random.Random(11))  # noqa: S311
        missed = [what for what in changes if verify(changed).agrees]
        agrees = verify(path).agrees
    return [
        line(
            f"{name}: changes to a pack that were found", count - len(missed), f"of {count}", at_least=count
        ),
        line(f"{name}: unchanged packs that agree", int(agrees), "of 1", at_least=1),
    ]


def measure_verify(entries: int, *, name: str) -> list[Line]:
    """``verify_pack`` on a year of ``entries``; the bars are those of 8.6 million, held in proportion of time."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "pack.zip"
        make_pack(path, entries)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=start_process) as alone:
            seconds, busy, peak, read, problems = alone.submit(_verify, str(path)).result()
        size = path.stat().st_size / 1_000_000
    label = f"{name}: verify_pack of {read / 1_000_000:.2f} million entries"
    return [
        line(label, seconds, "s", below=300 * entries / 8_600_000),
        line(f"{label}, processor", busy, "s"),
        line(f"{label}, peak", peak, "MB", below=1000),
        line(f"{label}, differences", len(problems), "", at_most=0),
        line(f"{label}, size of the pack", size, "MB"),
    ]
