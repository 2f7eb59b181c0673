"""The decision table that holds on a day, and what another table would move."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from django.db import connection

from accounts.enums import Sector
from budgets.attribution import TABLE, Asks, Attribution, Facts, Rule, asks_of, attribute, read_table
from budgets.models import AttributionTable, WorkCategory


def table_on(day: date) -> tuple[Rule, ...]:
    """The lines that decide about a contact on ``day``; where no table was ever saved, the shipped ones."""
    saved = AttributionTable.objects.on(day).first()
    if saved is None:
        return TABLE
    return read_table(saved.lines, {line["category"] for line in saved.lines})


def tables_between(first: date, until: date) -> list[tuple[tuple[Rule, ...], date, date]]:
    """The tables that decide from ``first`` to before ``until``, each with its days."""
    begins = AttributionTable.objects.filter(valid_from__gt=first, valid_from__lt=until)
    starts = sorted({first, *begins.values_list("valid_from", flat=True)})
    return [(table_on(low), low, high) for low, high in zip(starts, [*starts[1:], until], strict=True)]


# the facts of budgets.actions.derive_entry.facts_of, a second time, in SQL (a test holds the two together)
_FACTS: Final = """
    SELECT e.id, e.category_id, e.minutes, e.reason,
           CASE WHEN p.birth_on <= e.worked_on THEN
                (EXTRACT(YEAR FROM e.worked_on + 1) - EXTRACT(YEAR FROM p.birth_on)
                 - (to_char(e.worked_on + 1, 'MMDD') < to_char(p.birth_on, 'MMDD'))::int)::int END AS age,
           CASE WHEN cardinality(COALESCE(k.sectors, '{{}}')) > 0 THEN k.sectors
                ELSE COALESCE(cs.sectors, '{{}}') END AS sectors,
           {activity} AS activity, {dedicated} AS dedicated, {qualification} AS qualification
      FROM budgets_workentry e
      LEFT JOIN cases_progressnote n ON e.source_type = 'note' AND n.id = e.source_id
      LEFT JOIN cases_consultation k ON e.source_type = 'consultation' AND k.id = e.source_id
      LEFT JOIN cases_watchattempt w ON e.source_type = 'watch' AND w.id = e.source_id
      LEFT JOIN cases_case cs ON cs.id = COALESCE(n.case_id, k.case_id, w.case_id)
      LEFT JOIN households_person p ON p.id = COALESCE(n.person_id, k.person_id, cs.person_id)
      {assignment}
     WHERE e.source_type IN ('note', 'consultation', 'watch') AND e.derived_category_id IS NULL AND e.worked_on >= %s AND e.worked_on < %s
       AND COALESCE(n.id, k.id, w.id) IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM budgets_workmonth m
                        WHERE m.state IN ('locked', 'reported') AND m.month = date_trunc('month', e.worked_on)::date)
       {of_one}"""


# an index keeps the assignments of one worker from overlapping, so that no entry is told twice
_ASSIGNMENT: Final = """LEFT JOIN budgets_dutyassignment d ON d.staff_id = e.staff_id AND d.during @> e.worked_on
      LEFT JOIN budgets_fundingstream s ON s.id = d.stream_id"""


def _facts(asks: Asks, *, of_one: bool = False) -> str:
    """``_FACTS`` with what ``asks`` leaves aside empty: not looked up, and no reason for another group.

    ``of_one``: of the worker who is the third parameter.
    """
    return _FACTS.format(
        activity="CASE e.source_type WHEN 'note' THEN n.way ELSE e.source_type END" if asks.activity else "''::text",
        dedicated="COALESCE(s.code, '')" if asks.dedicated else "''::text",
        qualification="COALESCE(d.qualification, '')" if asks.qualification else "''::text",
        assignment=_ASSIGNMENT if asks.assignment else "", of_one="AND e.staff_id = %s" if of_one else "",
    )  # fmt: skip


# what a table is asked about at all; the count and the days of it need no facts
_ASKED: Final = """
      FROM budgets_workentry e
     WHERE e.source_type IN ('note', 'consultation', 'watch') AND e.derived_category_id IS NULL AND e.worked_on >= %s AND e.worked_on < %s"""
PARTS: Final = 8


@dataclass(frozen=True, slots=True)
class Move:
    """Entries of one combination of facts that a table moves: how many, and their minutes."""

    facts: Facts
    from_category: int
    to: Attribution
    entries: int
    minutes: int
    ids: tuple[int, ...] = ()


Group = tuple[Facts, int]
FactRow = tuple[int | None, str, str, str, str]  # age, sectors, activity, dedicated, qualification


class _Asked:
    """A table that is asked about every combination once. ``groups``: entries, minutes and ids of those that it moves."""

    def __init__(self, table: Sequence[Rule]) -> None:
        self._table = table
        self._codes = dict(WorkCategory.objects.values_list("pk", "code"))
        self._asks = asks_of(table)
        self._decided: dict[FactRow, tuple[Facts, Attribution]] = {}
        self._groups: dict[Group, tuple[Attribution, int, int, list[int]]] = {}
        self.reworded: dict[
            str, list[int]
        ] = {}  # ids whose category stays, by the words of the line that decides now

    def about(self, first: date, until: date, *, with_ids: bool = False, staff_id: int | None = None) -> None:
        of_one = staff_id is not None
        facts = _facts(self._asks, of_one=of_one)
        ids = "array_agg(id ORDER BY id)" if with_ids else "NULL::bigint[]"
        words = "reason" if with_ids else "''::text AS reason"
        sql = f"""SELECT category_id, count(*), sum(minutes), {ids}, {words},
                         age, array_to_string(sectors, ','), activity, dedicated, qualification FROM ({facts}) x
                  GROUP BY category_id, {"reason, " if with_ids else ""}age, sectors, activity, dedicated, qualification"""  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(sql, [first, until, staff_id] if of_one else [first, until])
            for category, entries, minutes, keys, reason, *row in cursor.fetchall():
                known, to = self._decide(tuple(row))
                if to.category_code != self._codes[category]:
                    key = (known, category)
                    _, before, so_far, so_many = self._groups.get(key, (to, 0, 0, []))
                    self._groups[key] = (to, before + entries, so_far + minutes, so_many + (keys or []))
                elif with_ids and to.reason != reason:
                    self.reworded.setdefault(to.reason, []).extend(keys)

    def _decide(self, row: FactRow) -> tuple[Facts, Attribution]:
        found = self._decided.get(row)
        if found is None:
            age, sectors, *work = row
            facts = Facts(age, frozenset(sectors.split(",") if sectors else ()), *work)
            found = self._decided[row] = (facts, attribute(facts, self._table))
        return found

    def moves(self) -> list[Move]:
        """By sectors, age, activity, worker and category, whatever the order of the rows was."""
        found = [
            Move(facts, category, to, entries, minutes, tuple(sorted(ids)))
            for (facts, category), (to, entries, minutes, ids) in self._groups.items()
        ]
        return sorted(
            found,
            key=lambda m: (
                sorted(m.facts.sectors), m.facts.age is None, m.facts.age or 0, m.facts.activity, m.facts.dedicated,
                m.facts.qualification, m.from_category,
            ),
        )  # fmt: skip


def moves(
    table: Sequence[Rule], first: date, until: date, *, with_ids: bool = False, staff_id: int | None = None
) -> list[Move]:
    """What ``table`` would move among the derived entries of open months from ``first`` to before ``until``;
    with ``staff_id`` only among those of one worker.

    One statement: the database groups the entries by their facts, and the table is asked once for each combination.
    """
    asked = _Asked(table)
    asked.about(first, until, with_ids=with_ids, staff_id=staff_id)
    return asked.moves()


def decided_by(
    table: Sequence[Rule], first: date, until: date, *, staff_id: int | None = None
) -> tuple[list[Move], dict[str, list[int]]]:
    """``moves`` with their ids, and the entries that stay where they are while another line says why: ids by its words."""
    asked = _Asked(table)
    asked.about(first, until, with_ids=True, staff_id=staff_id)
    return asked.moves(), asked.reworded


def asked_at_most(first: date, until: date, limit: int) -> int:
    """How many entries a table would be asked about, counted no further than ``limit``."""
    sql = f"SELECT count(*) FROM (SELECT 1 {_ASKED} LIMIT %s) x"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [first, until, limit])
        (count,) = cursor.fetchone()
    return int(count)


def stretches(first: date, until: date) -> list[tuple[date, date]]:
    """The days that have entries to ask about, in ``PARTS`` stretches at most, none shorter than a week."""
    sql = f"SELECT min(e.worked_on), max(e.worked_on) {_ASKED}"
    with connection.cursor() as cursor:
        cursor.execute(sql, [first, until])
        low, high = cursor.fetchone()
    if low is None:
        return []
    end = high + timedelta(days=1)
    step = max(7, -(-(end - low).days // PARTS))
    begins = [low + timedelta(days=n) for n in range(0, (end - low).days, step)]
    return list(zip(begins, [*begins[1:], end], strict=True))


def moves_in_parts(
    table: Sequence[Rule],
    first: date,
    until: date,
    *,
    on_progress: Callable[[int, int], object] = lambda done, of: None,
) -> list[Move]:
    """The same as ``moves``, one stretch of days after the other, with its progress told (stretches done, of how many)."""
    parts, asked = stretches(first, until), _Asked(table)
    on_progress(0, len(parts))
    for done, (low, high) in enumerate(parts, start=1):
        asked.about(low, high)
        on_progress(done, len(parts))
    return asked.moves()


@dataclass(frozen=True, slots=True)
class MoveLine:
    """Moves with the same two categories, for the page."""

    from_name: str
    to_name: str
    reasons: list[str]
    entries: int
    minutes: int


def move_lines(found: Sequence[Move]) -> list[MoveLine]:
    """The moves by category before and after, the most minutes first."""
    names = dict(WorkCategory.objects.values_list("pk", "name"))
    by_code = dict(WorkCategory.objects.values_list("code", "name"))
    grouped: dict[tuple[str, str], list[Move]] = {}
    for move in found:
        key = (names[move.from_category], by_code.get(move.to.category_code, move.to.category_code))
        grouped.setdefault(key, []).append(move)
    lines = [
        MoveLine(
            before, after, sorted({m.to.reason for m in rows}), sum(m.entries for m in rows), sum(m.minutes for m in rows)
        )
        for (before, after), rows in grouped.items()
    ]  # fmt: skip
    return sorted(lines, key=lambda line: (-line.minutes, line.from_name, line.to_name))


SECTOR_CHOICES: Final = [
    ("*", "問わない"),
    ("-", "分野の記録なし"),
    ("several", "複数の分野"),
    *Sector.choices,
]
