"""Recomputes a pack from its CSV alone: no database, nothing but the pure functions. Says what does not agree.

Names stand for numbers while it runs: a year of a large city has millions of entries, but few workers and streams.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Final
from zipfile import BadZipFile, ZipFile

from budgets.allocation import AllocationError
from budgets.apportionment import (
    CODE_VERSION,
    PLANNED_VERSION,
    CostInput,
    Inputs,
    MinutesInput,
    Plan,
    StreamInput,
    StudyWeights,
    apportion,
)
from budgets.enums import CategoryKind, Method, Payer, RemainderRule
from budgets.pack import sources
from budgets.pack.reading import BrokenPack, Numbers, Reading
from budgets.pack.seal import MANIFEST, check_members, check_seal
from budgets.settlement.table import SettlementError, TableInputs, settle

MOST_PROBLEMS: Final = 200
Key = tuple[int, int]  # staff, kind and stream
Result = tuple[int, int, int, int, int, int]  # agency, method, minutes, direct, shared, yen


@dataclass
class Report:
    """``problems`` in words; empty: the pack agrees to the yen."""

    problems: list[str] = field(default_factory=list)
    entries: int = 0
    months: int = 0
    rows: int = 0
    claims: int = 0

    @property
    def agrees(self) -> bool:
        return not self.problems

    def say(self, *words: str) -> None:
        self.problems.extend(words)


@dataclass
class Month:
    """What the CSV says of one month, by numbers."""

    entries: int = 0
    days: set[str] = field(default_factory=set)
    entered: dict[str, int] = field(default_factory=dict)  # kind → minutes of the entries
    minutes: dict[Key, int] = field(default_factory=dict)  # with what was adjusted
    streams: list[list[str]] = field(default_factory=list)
    costs: dict[int, tuple[int, int]] = field(default_factory=dict)  # staff → agency, yen
    plans: dict[int, tuple[str, str, str]] = field(default_factory=dict)  # staff → method, stream, study
    studies: dict[str, dict[str, int]] = field(default_factory=dict)  # study → stream → weight
    rows: dict[Key, Result] = field(default_factory=dict)  # staff, stream → what is stored

    def parts(self) -> Iterator[tuple[str, bool]]:
        """Each part in words, and whether there is any of it."""
        yield from (
            ("業務実績", bool(self.minutes)),
            ("財源", bool(self.streams)),
            ("人件費", bool(self.costs)),
        )
        yield from (("方式", bool(self.plans or self.studies)), ("按分の行", bool(self.rows)))


class Kinds(dict[tuple[str, str], int]):
    """Kind and stream of an entry to one number."""

    def __missing__(self, pair: tuple[str, str]) -> int:
        self[pair] = number = len(self)
        return number


class Year:
    """The months of a pack, and which number stands for which name."""

    def __init__(self) -> None:
        self.months: dict[str, Month] = defaultdict(Month)
        self.staff, self.agencies, self.streams, self.methods = Numbers(), Numbers(), Numbers(), Numbers()
        self.kinds = Kinds()


def verify(path: Path) -> Report:
    """Seal, manifest, then every figure from the entries up to the claims."""
    report, figures = Report(), Report()
    report.say(*check_seal(path))
    try:
        with ZipFile(path) as archive:
            reading = Reading(archive)
            _explained(reading, figures)
            report.say(*check_members(archive, reading.digests))
    except (BadZipFile, OSError, ValueError, NotImplementedError):
        report.say("ZIPとして読めません。")
    figures.problems[:0] = report.problems
    return figures


def _explained(reading: Reading, report: Report) -> None:
    """Recompute; whatever stands in the way is said, for a changed file may hold anything."""
    try:
        _recompute(reading, report)
    except BrokenPack as broken:
        report.say(str(broken))
    except (
        ArithmeticError,
        BadZipFile,
        KeyError,
        ValueError,
        TypeError,
        EOFError,
        OSError,
        IndexError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        report.say(f"計算し直せません（{type(error).__name__}）。")
    except Exception as error:  # zlib.error and what a broken archive may raise besides
        if type(error).__module__ != "zlib":
            raise
        report.say("ZIPの中のファイルが壊れています。")


def _entries(reading: Reading, year: Year, report: Report) -> None:
    """Minutes by month, worker, kind and stream: one pass, a row at a time; of a row nothing is kept but its minutes."""
    current, of, before, n = "", Month(), 0, 0
    table: dict[tuple[str, str, str], int] = {}
    with reading.reader("entries", sources.ENTRY_HEAD) as reader:
        try:
            for month, day, staff, kind, stream, _, minutes, _, _, _ in reader:
                if month != current:
                    _keep(year, of, table, n - before)
                    current, of, before = month, year.months[month], n
                if day not in of.days:
                    _check_day(day, month, of, report)
                key = staff, kind, stream
                table[key] = table.get(key, 0) + int(minutes)
                n += 1
        except UnicodeDecodeError:
            raise
        except ValueError:
            line = f"csv/entries.csv の{reader.line_num}行目"
            raise BrokenPack(f"{line}の項目の数が違うか、分が数ではありません。") from None
    _keep(year, of, table, n - before)
    report.entries = n


def _check_day(day: str, month: str, of: Month, report: Report) -> None:
    of.days.add(day)
    if day[:7] != month[:7] and len(report.problems) < MOST_PROBLEMS:
        report.say(f"{day} の業務実績が {month[:7]} に入っています。")


def _keep(year: Year, of: Month, table: dict[tuple[str, str, str], int], entries: int) -> None:
    """Take over what was added up of one month, and empty ``table``."""
    of.entries += entries
    for (staff, kind, stream), n in table.items():
        of.entered[kind] = of.entered.get(kind, 0) + n
        _add_minutes(year, of, staff, kind, stream, n)
    table.clear()


def _add_minutes(year: Year, of: Month, staff: str, kind: str, stream: str, n: int) -> None:
    key = year.staff[staff], year.kinds[kind, stream]
    of.minutes[key] = of.minutes.get(key, 0) + n


def _recompute(reading: Reading, report: Report) -> None:
    year = Year()
    months = year.months
    _entries(reading, year, report)
    for row in reading.rows("streams", sources.STREAM_HEAD):
        months[row[0]].streams.append(row)
    _costs(reading, year, report)
    version = json.loads(reading.archive.read(MANIFEST))["version"]
    is_first = version == 1
    if not is_first:
        _plans(reading, year, report)
    if version >= 3:  # nothing is computed from it; it has to be readable all the same
        for _ in reading.rows("approvals", sources.APPROVAL_HEAD):
            pass
    _results(reading, year, report, is_first)
    actual: dict[str, dict[str, int]] = defaultdict(dict)
    known = set()
    for row in reading.rows("months", sources.MONTH_HEAD):
        known.add(row[0])
        _check_month(row, year, actual, report)
    for month in sorted(set(months) - known):
        report.say(
            *(
                f"{name}に、締めた月でない月があります：{month[:7]}"
                for name, any_ in months[month].parts()
                if any_
            )
        )
    _claims(reading, actual, report)


def _check_month(row: list[str], year: Year, actual: dict[str, dict[str, int]], report: Report) -> None:
    """One month's sums, rows and yen; its yen by stream go into ``actual``."""
    month, of = row[0], year.months[row[0]]
    report.months += 1
    _check_sums(row, of, report)
    if row[2] not in (CODE_VERSION, PLANNED_VERSION):
        report.say(f"{month[:7]} の計算プログラムの版「{row[2]}」は、この検証では計算し直せません。")
        return
    fresh = _month(row, year, of, report)
    _compare(month, year, fresh, of.rows, report)
    if (total := sum(r[-1] for r in fresh.values())) != int(row[4]):
        report.say(f"{month[:7]} の合計が違います：計算 {total:,}円、記載 {int(row[4]):,}円")
    codes = year.streams.names()
    for (_, stream), values in fresh.items():
        own = actual[codes[stream]]
        own[month] = own.get(month, 0) + values[-1]


def _costs(reading: Reading, year: Year, report: Report) -> None:
    for month, staff, agency, yen in reading.rows("costs", sources.COST_HEAD):
        costs, number = year.months[month].costs, year.staff[staff]
        if number in costs:
            report.say(f"{month[:7]} の人件費に同じ職員が2回あります：{staff}")
        costs[number] = (year.agencies[agency], int(yen))
    for month, _, staff, kind, stream, minutes, yen, _ in reading.rows(
        "adjustments", sources.ADJUSTMENT_HEAD
    ):
        if kind:
            _add_minutes(year, year.months[month], staff, kind, stream, int(minutes))
        if int(yen or 0):
            costs, number = year.months[month].costs, year.staff[staff]
            agency_no, before = costs.get(number, (year.agencies[""], 0))
            costs[number] = (agency_no, before + int(yen))


def _results(reading: Reading, year: Year, report: Report, is_first: bool) -> None:
    """A pack of the first version says no method, and has no plans: all its months go by the own minutes."""
    head = sources.RESULT_HEAD[:-1] if is_first else sources.RESULT_HEAD
    staff_no, agency_no, stream_no, method_no = year.staff, year.agencies, year.streams, year.methods
    for month, staff, agency, stream, minutes, direct, shared, yen, *method in reading.rows("results", head):
        rows, key = year.months[month].rows, (staff_no[staff], stream_no[stream])
        if key in rows:
            report.say(f"{month[:7]} の按分の行が2つあります：{staff} {stream}")
        how = method_no[method[0] if method else Method.ACTUAL_MINUTES.value]
        rows[key] = (agency_no[agency], how, int(minutes), int(direct), int(shared), int(yen))
        report.rows += 1


def _plans(reading: Reading, year: Year, report: Report) -> None:
    """Who is dedicated and who goes by which study, each said once and whole."""
    months = year.months
    for month, staff, method, stream, study in reading.rows("plans", sources.PLAN_HEAD):
        of, number = months[month], year.staff[staff]
        if number in of.plans or number not in of.costs:
            report.say(f"{month[:7]} の方式に、2回ある職員か人件費のない職員がいます：{staff}")
        wanted = {Method.DEDICATED: (True, False), Method.TIME_STUDY: (False, True)}
        if wanted.get(Method(method)) != (bool(stream), bool(study)):
            report.say(f"{month[:7]} {staff} の方式に、財源か調査の過不足があります。")
        of.plans[number] = (method, stream, study)
    for month, study, stream, weight in reading.rows("studies", sources.STUDY_HEAD):
        weights = months[month].studies.setdefault(study, {})
        if stream in weights or int(weight) < 1:
            report.say(f"{month[:7]} の調査の重みが正しくありません：{study} {stream}")
        weights[stream] = int(weight)
    for month, of in sorted(months.items()):
        used = {study for _, _, study in of.plans.values() if study}
        if used != set(of.studies):
            report.say(f"{month[:7]} の方式が使う調査と、重みのある調査が違います。")


def _check_sums(row: list[str], of: Month, report: Report) -> None:
    wanted = (int(row[5]), int(row[6]), int(row[7]), int(row[8]))
    found = (of.entries, *(of.entered.get(kind, 0) for kind in ("direct", "shared", "leave")))
    if wanted != found:
        report.say(f"{row[0][:7]} の業務実績の数か分の合計が違います：記載 {wanted}、CSV {found}")


def _month(row: list[str], year: Year, of: Month, report: Report) -> dict[Key, Result]:
    """The month's rows as the apportionment makes them: (staff, stream) → agency, method, minutes, direct, shared, yen."""
    own, pairs = {s[1] for s in of.streams}, list(year.kinds)
    studies = {study: n for n, study in enumerate(of.studies, start=1)}

    def number(stream: str) -> int:
        if stream not in own:
            raise BrokenPack(f"{row[0][:7]} の財源の表にない財源があります：{stream or '（空欄）'}")
        return year.streams[stream]

    used = {pair for _, pair in of.minutes}
    streams = {
        pair: number(stream) if kind == CategoryKind.DIRECT else None
        for pair, (kind, stream) in enumerate(pairs)
        if pair in used
    }
    inputs = Inputs(
        month=date.fromisoformat(row[0]),
        rule=RemainderRule(row[3]),
        costs=tuple(CostInput(s, a, yen) for s, (a, yen) in of.costs.items()),
        minutes=tuple(MinutesInput(s, pairs[p][0], streams[p], n) for (s, p), n in of.minutes.items()),
        streams=tuple(
            StreamInput(number(code), int(position), code, general == "1", rule)
            for _, code, position, general, rule in of.streams
        ),
        plans=tuple(
            Plan(staff, method, number(stream) if stream else None, studies.get(study))
            for staff, (method, stream, study) in of.plans.items()
        ),
        studies=tuple(
            StudyWeights(studies[study], tuple((number(stream), n) for stream, n in weights.items()))
            for study, weights in of.studies.items()
        ),
    )
    if (inputs.method, inputs.version) != (row[1], row[2]):
        report.say(f"{row[0][:7]} の方式か計算プログラムの版が、職員の方式と違います。")
    try:
        rows = apportion(inputs)
    except (AllocationError, ValueError) as error:
        raise BrokenPack(f"{row[0][:7]} を計算できません：{error}") from None
    methods = year.methods
    return {
        (r.staff_id, r.stream_id): (
            r.agency_id, methods[str(r.method)], r.minutes, r.direct_minutes, r.shared_minutes, r.yen,
        )
        for r in rows
    }  # fmt: skip


def _compare(
    month: str, year: Year, fresh: dict[Key, Result], stored: dict[Key, Result], report: Report
) -> None:
    if fresh == stored:
        return
    staff, codes = year.staff.names(), year.streams.names()
    differ = [key for key in fresh.keys() | stored.keys() if fresh.get(key) != stored.get(key)]
    for key in sorted(differ, key=lambda key: (staff[key[0]], codes[key[1]])):
        if len(report.problems) > MOST_PROBLEMS:
            return
        now = f"{fresh[key][-1]:,}円" if key in fresh else "なし"
        then = f"{stored[key][-1]:,}円" if key in stored else "なし"
        report.say(f"{month[:7]} {staff[key[0]]} {codes[key[1]]} が違います：計算 {now}、記載 {then}")


def _claims(reading: Reading, actual: dict[str, dict[str, int]], report: Report) -> None:
    monthly: dict[str, dict[str, int]] = defaultdict(dict)
    for stream, month, yen in reading.rows("claim_months", sources.CLAIM_MONTH_HEAD):
        monthly[stream][month] = int(yen)
    changes: dict[str, dict[str, dict[str, Fraction]]] = defaultdict(lambda: defaultdict(dict))
    for stream, first, payer, n, d in reading.rows("shares", sources.SHARE_HEAD):
        of = changes[stream][first]  # a row without a payer: no shares at all
        if payer:
            of[Payer(payer)] = Fraction(int(n), int(d))
    seen = set()
    for row in reading.rows("claims", sources.CLAIM_HEAD):
        values = dict(zip(sources.CLAIM_HEAD, row, strict=True))
        code = values["stream"]
        seen.add(code)
        report.claims += 1
        if monthly[code] != actual.get(code, {}) and values["moved"] != "1":
            report.say(f"{code} の月別の額が、業務実績から計算した額と違います。")
        if values["moved"] == "1" and monthly[code] == actual.get(code, {}):
            report.say(f"{code} は提出後に変わったとありますが、月別の額は同じです。")
        _claim(code, values, monthly[code], changes[code], report)
    report.say(*(f"{code} の精算がありません。" for code in sorted(set(actual) - seen)))
    report.say(
        *(f"{code} の月別の額か割合だけがあります。" for code in sorted((set(monthly) | set(changes)) - seen))
    )


def _optional(text: str) -> int | None:
    return int(text) if text else None


def _claim(
    code: str, values: dict[str, str], monthly: dict[str, int], changes: dict[str, dict[str, Fraction]], report: Report
) -> None:  # fmt: skip
    if not changes:
        report.say(f"{code} の負担割合の行がありません。")
        return
    inputs = TableInputs(
        fiscal_year=int(min(changes)[:4]), monthly=monthly, other=int(values["other"]), ineligible=int(values["ineligible"]),
        income=int(values["income"]), standard=_optional(values["standard"]), granted=_optional(values["granted"]),
        unit=int(values["unit"]), changes=tuple(sorted(changes.items())),
    )  # fmt: skip
    try:
        t = settle(inputs)
    except SettlementError as error:
        if values["problem"] != str(error):
            report.say(f"{code} を精算できません：{error}")
        return
    names = ("total", "net", "eligible", "selected", "required")
    figures = {name: getattr(t, name) for name in names} | {f"{p}_yen": t.parts[p] for p in Payer}
    for name, figure in figures.items():
        if values[name] != str(figure):
            report.say(f"{code} の {name} が違います：計算 {figure:,}円、記載 {values[name] or 'なし'}")
    if values["input_hash"] and values["input_hash"] != inputs.digest():
        report.say(f"{code} の入力のハッシュが違います。")
    if values["problem"]:
        report.say(f"{code} は精算できるのに、できないとあります。")
