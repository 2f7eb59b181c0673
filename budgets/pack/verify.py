"""Recomputes a pack from its CSV alone: no database, nothing but the pure functions. Says what does not agree."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any, Final
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
from budgets.pack.seal import MANIFEST, check_members, check_seal
from budgets.settlement.table import SettlementError, TableInputs, settle

MOST_PROBLEMS: Final = 200
Key = tuple[str, str, str, str]  # month, staff, kind, stream


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
class Sums:
    """What the entries of a month add up to."""

    entries: int = 0
    minutes: dict[str, int] = field(default_factory=lambda: defaultdict(int))


@dataclass
class Month:
    """What the CSV says of one month, by pseudonyms and codes."""

    minutes: dict[Key, int] = field(default_factory=dict)
    streams: list[list[str]] = field(default_factory=list)
    costs: dict[str, tuple[str, int]] = field(default_factory=dict)
    plans: dict[str, tuple[str, str, str]] = field(default_factory=dict)  # staff → method, stream, study
    studies: dict[str, dict[str, int]] = field(default_factory=dict)  # study → stream → weight
    rows: dict[tuple[str, str], tuple[Any, ...]] = field(default_factory=dict)

    def parts(self) -> Iterator[tuple[str, bool]]:
        """Each part in words, and whether there is any of it."""
        yield from (
            ("業務実績", bool(self.minutes)),
            ("財源", bool(self.streams)),
            ("人件費", bool(self.costs)),
        )
        yield from (("方式", bool(self.plans or self.studies)), ("按分の行", bool(self.rows)))


class BrokenPack(Exception):
    """A file of the pack cannot be read; the sentence says which."""


def verify(path: Path) -> Report:
    """Seal, manifest, then every figure from the entries up to the claims."""
    report = Report()
    report.say(*check_seal(path))
    try:
        with ZipFile(path) as archive:
            report.say(*check_members(archive))
            _recompute(archive, report)
    except BadZipFile:
        report.say("ZIPとして読めません。")
    except BrokenPack as broken:
        report.say(str(broken))
    except (
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
    return report


def _rows(archive: ZipFile, name: str, head: tuple[str, ...]) -> Iterator[list[str]]:
    try:
        raw = archive.open(f"csv/{name}.csv")
    except KeyError:
        raise BrokenPack(f"csv/{name}.csv がないため、計算し直せません。") from None
    with raw, io.TextIOWrapper(raw, "utf-8-sig", newline="") as text:
        reader = csv.reader(text, strict=True)
        try:
            if tuple(next(reader, ())) != head:
                raise BrokenPack(f"csv/{name}.csv の見出しが違います。")
            for row in reader:
                if len(row) != len(head):
                    raise BrokenPack(f"csv/{name}.csv の{reader.line_num}行目の項目の数が違います。")
                yield row
        except (csv.Error, UnicodeDecodeError):
            raise BrokenPack(f"csv/{name}.csv が読めません。") from None


def _minutes(archive: ZipFile, report: Report) -> tuple[dict[Key, int], dict[str, Sums]]:
    """Minutes by month, worker, kind and stream, and the sums of each month: one pass, a row at a time."""
    table: dict[Key, int] = defaultdict(int)
    sums: dict[str, Sums] = defaultdict(Sums)
    for month, day, staff, kind, stream, _, minutes, _, _, _ in _rows(archive, "entries", sources.ENTRY_HEAD):
        n = int(minutes)
        if day[:7] != month[:7]:
            report.say(f"{day} の業務実績が {month[:7]} に入っています。")
        table[month, staff, kind, stream] += n
        of = sums[month]
        of.entries += 1
        of.minutes[kind] += n
        report.entries += 1
    for month, _, staff, kind, stream, minutes, _, _ in _rows(
        archive, "adjustments", sources.ADJUSTMENT_HEAD
    ):
        if kind:
            table[month, staff, kind, stream] += int(minutes)
    return table, sums


def _numbered(names: set[str]) -> dict[str, int]:
    return {name: n for n, name in enumerate(sorted(names), start=1)}


def _recompute(archive: ZipFile, report: Report) -> None:
    table, sums = _minutes(archive, report)
    months: dict[str, Month] = defaultdict(Month)
    for key, n in table.items():
        months[key[0]].minutes[key] = n
    del table
    for row in _rows(archive, "streams", sources.STREAM_HEAD):
        months[row[0]].streams.append(row)
    _costs(archive, months, report)
    is_first = json.loads(archive.read(MANIFEST))["version"] == 1
    if not is_first:
        _plans(archive, months, report)
    _results(archive, months, report, is_first)
    actual: dict[str, dict[str, int]] = defaultdict(dict)
    known = set()
    for row in _rows(archive, "months", sources.MONTH_HEAD):
        month, of = row[0], months[row[0]]
        known.add(month)
        report.months += 1
        _check_sums(row, sums.get(month, Sums()), report)
        if row[2] not in (CODE_VERSION, PLANNED_VERSION):
            report.say(f"{month[:7]} の計算プログラムの版「{row[2]}」は、この検証では計算し直せません。")
            continue
        fresh = _month(row, of, report)
        _compare(month, fresh, of.rows, report)
        if (total := sum(r[-1] for r in fresh.values())) != int(row[4]):
            report.say(f"{month[:7]} の合計が違います：計算 {total:,}円、記載 {int(row[4]):,}円")
        for (_, stream), values in fresh.items():
            actual[stream][month] = actual[stream].get(month, 0) + values[-1]
    for month in sorted(set(months) - known):
        report.say(
            *(
                f"{name}に、締めた月でない月があります：{month[:7]}"
                for name, any_ in months[month].parts()
                if any_
            )
        )
    _claims(archive, actual, report)


def _costs(archive: ZipFile, months: dict[str, Month], report: Report) -> None:
    for month, staff, agency, yen in _rows(archive, "costs", sources.COST_HEAD):
        if staff in months[month].costs:
            report.say(f"{month[:7]} の人件費に同じ職員が2回あります：{staff}")
        months[month].costs[staff] = (agency, int(yen))
    for month, _, staff, _, _, _, yen, _ in _rows(archive, "adjustments", sources.ADJUSTMENT_HEAD):
        if int(yen or 0):
            agency, before = months[month].costs.get(staff, ("", 0))
            months[month].costs[staff] = (agency, before + int(yen))


def _results(archive: ZipFile, months: dict[str, Month], report: Report, is_first: bool) -> None:
    """A pack of the first version says no method, and has no plans: all its months go by the own minutes."""
    head = sources.RESULT_HEAD[:-1] if is_first else sources.RESULT_HEAD
    for month, staff, agency, stream, minutes, direct, shared, yen, *method in _rows(
        archive, "results", head
    ):
        rows = months[month].rows
        if (staff, stream) in rows:
            report.say(f"{month[:7]} の按分の行が2つあります：{staff} {stream}")
        how = method[0] if method else Method.ACTUAL_MINUTES.value
        rows[staff, stream] = (agency, how, int(minutes), int(direct), int(shared), int(yen))
        report.rows += 1


def _plans(archive: ZipFile, months: dict[str, Month], report: Report) -> None:
    """Who is dedicated and who goes by which study, each said once and whole."""
    for month, staff, method, stream, study in _rows(archive, "plans", sources.PLAN_HEAD):
        of = months[month]
        if staff in of.plans or staff not in of.costs:
            report.say(f"{month[:7]} の方式に、2回ある職員か人件費のない職員がいます：{staff}")
        wanted = {Method.DEDICATED: (True, False), Method.TIME_STUDY: (False, True)}
        if wanted.get(Method(method)) != (bool(stream), bool(study)):
            report.say(f"{month[:7]} {staff} の方式に、財源か調査の過不足があります。")
        of.plans[staff] = (method, stream, study)
    for month, study, stream, weight in _rows(archive, "studies", sources.STUDY_HEAD):
        weights = months[month].studies.setdefault(study, {})
        if stream in weights or int(weight) < 1:
            report.say(f"{month[:7]} の調査の重みが正しくありません：{study} {stream}")
        weights[stream] = int(weight)
    for month, of in sorted(months.items()):
        used = {study for _, _, study in of.plans.values() if study}
        if used != set(of.studies):
            report.say(f"{month[:7]} の方式が使う調査と、重みのある調査が違います。")


def _check_sums(row: list[str], of: Sums, report: Report) -> None:
    wanted = (int(row[5]), int(row[6]), int(row[7]), int(row[8]))
    found = (of.entries, *(of.minutes.get(kind, 0) for kind in ("direct", "shared", "leave")))
    if wanted != found:
        report.say(f"{row[0][:7]} の業務実績の数か分の合計が違います：記載 {wanted}、CSV {found}")


def _month(row: list[str], of: Month, report: Report) -> dict[tuple[str, str], tuple[Any, ...]]:
    """The month's rows as the apportionment makes them: (staff, stream) → agency, method, minutes, direct, shared, yen."""
    staff_no = _numbered({k[1] for k in of.minutes} | set(of.costs) | set(of.plans))
    agency_no = _numbered({a for a, _ in of.costs.values()})
    stream_no, study_no = _numbered({s[1] for s in of.streams}), _numbered(set(of.studies))
    inputs = Inputs(
        month=date.fromisoformat(row[0]),
        rule=RemainderRule(row[3]),
        costs=tuple(CostInput(staff_no[s], agency_no[a], yen) for s, (a, yen) in of.costs.items()),
        minutes=tuple(
            MinutesInput(staff_no[staff], kind, stream_no[stream] if kind == CategoryKind.DIRECT else None, n)
            for (_, staff, kind, stream), n in of.minutes.items()
        ),
        streams=tuple(
            StreamInput(stream_no[code], int(position), code, general == "1", rule)
            for _, code, position, general, rule in of.streams
        ),
        plans=tuple(
            Plan(staff_no[staff], method, stream_no[stream] if stream else None, study_no.get(study))
            for staff, (method, stream, study) in of.plans.items()
        ),
        studies=tuple(
            StudyWeights(study_no[study], tuple((stream_no[stream], n) for stream, n in weights.items()))
            for study, weights in of.studies.items()
        ),
    )
    if (inputs.method, inputs.version) != (row[1], row[2]):
        report.say(f"{row[0][:7]} の方式か計算プログラムの版が、職員の方式と違います。")
    staff_of, agency_of, code_of = (
        {n: name for name, n in numbers.items()} for numbers in (staff_no, agency_no, stream_no)
    )
    try:
        rows = apportion(inputs)
    except (AllocationError, ValueError) as error:
        raise BrokenPack(f"{row[0][:7]} を計算できません：{error}") from None
    return {
        (staff_of[r.staff_id], code_of[r.stream_id]): (
            agency_of[r.agency_id], str(r.method), r.minutes, r.direct_minutes, r.shared_minutes, r.yen,
        )
        for r in rows
    }  # fmt: skip


def _compare(
    month: str, fresh: dict[tuple[str, str], tuple[Any, ...]], stored: dict[tuple[str, str], tuple[Any, ...]], report: Report
) -> None:  # fmt: skip
    for key in sorted(fresh.keys() | stored.keys()):
        if fresh.get(key) != stored.get(key):
            if len(report.problems) > MOST_PROBLEMS:
                return
            staff, stream = key
            now = f"{fresh[key][-1]:,}円" if key in fresh else "なし"
            then = f"{stored[key][-1]:,}円" if key in stored else "なし"
            report.say(f"{month[:7]} {staff} {stream} が違います：計算 {now}、記載 {then}")


def _claims(archive: ZipFile, actual: dict[str, dict[str, int]], report: Report) -> None:
    monthly: dict[str, dict[str, int]] = defaultdict(dict)
    for stream, month, yen in _rows(archive, "claim_months", sources.CLAIM_MONTH_HEAD):
        monthly[stream][month] = int(yen)
    changes: dict[str, dict[str, dict[str, Fraction]]] = defaultdict(lambda: defaultdict(dict))
    for stream, first, payer, n, d in _rows(archive, "shares", sources.SHARE_HEAD):
        of = changes[stream][first]  # a row without a payer: no shares at all
        if payer:
            of[Payer(payer)] = Fraction(int(n), int(d))
    seen = set()
    for row in _rows(archive, "claims", sources.CLAIM_HEAD):
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
