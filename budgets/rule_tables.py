"""The decision table that holds on a day, and what another table would move."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from django.db import connection, transaction

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
                date_part('year', age((e.worked_on + 1)::timestamp, p.birth_on::timestamp))::int END AS age,
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
PARTS: Final = 4


@dataclass(frozen=True, slots=True)
class Move:
    """Entries of one combination of facts that a table moves: how many, and their minutes."""

    facts: Facts
    from_category: int
    to: Attribution
    entries: int
    minutes: int
    ids: tuple[int, ...] = ()


_APART: Final = "\x1f"
_ROOM: Final = (
    "SET LOCAL work_mem = '64MB'"  # for a hundred thousand groups; with the default they are sorted on disk
)


@dataclass(frozen=True, slots=True, eq=False)
class _Decided:
    """A combination of facts and what the table says of it."""

    facts: Facts
    to: Attribution


@dataclass(slots=True, eq=False)
class _Group:
    """The entries of one combination and one category, as far as they are counted."""

    decided: _Decided
    category: int
    is_moved: bool
    entries: int = 0
    minutes: int = 0
    ids: list[int] | None = None


class _Asked:
    """A table that is asked about every combination once.

    The database tells the category and the facts of a group in one text: there may be hundreds of thousands, of which
    each is read in pieces the first time only.
    """

    def __init__(self, table: Sequence[Rule]) -> None:
        self._table = table
        self._codes = dict(WorkCategory.objects.values_list("pk", "code"))
        self._asks = asks_of(table)
        self._decided: dict[Facts, _Decided] = {}
        self._read: dict[str, _Decided] = {}  # by the text of the facts
        self._groups: dict[tuple[_Decided, int], _Group] = {}
        self._told: dict[str, _Group] = {}  # by the text; the same sectors in another order are another text
        self.reworded: dict[
            str, list[int]
        ] = {}  # ids whose category stays, by the words of the line that decides now

    def about(self, first: date, until: date, *, with_ids: bool = False, staff_id: int | None = None) -> None:
        of_one = staff_id is not None
        facts = _facts(self._asks, of_one=of_one)
        ids, words, by_words = ("", "", "")
        if with_ids:
            ids, words, by_words = ", array_agg(id ORDER BY id)", ", reason", "reason, "
        sql = f"""SELECT concat_ws('{_APART}', category_id, COALESCE(age::text, ''), array_to_string(sectors, ','), activity,
                                   dedicated, qualification), count(*), sum(minutes){ids}{words} FROM ({facts}) x
                  GROUP BY {by_words}category_id, age, sectors, activity, dedicated, qualification"""  # noqa: S608
        told = self._told
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_ROOM)
            cursor.execute(sql, [first, until, staff_id] if of_one else [first, until])
            for text, entries, minutes, *keys_and_reason in cursor.fetchall():
                group = told.get(text)
                if group is None:
                    group = told[text] = self._group(text)
                group.entries += entries
                group.minutes += minutes
                if with_ids:
                    self._note_ids(group, *keys_and_reason)

    def _note_ids(self, group: _Group, ids: list[int], reason: str) -> None:
        if group.is_moved:
            group.ids = [*(group.ids or ()), *ids]
        elif group.decided.to.reason != reason:
            self.reworded.setdefault(group.decided.to.reason, []).extend(ids)

    def _group(self, text: str) -> _Group:
        category, _, rest = text.partition(_APART)
        decided = self._read.get(rest)
        if decided is None:
            decided = self._read[rest] = self._decide(rest)
        key = (decided, int(category))
        group = self._groups.get(key)
        if group is None:
            is_moved = decided.to.category_code != self._codes[key[1]]
            group = self._groups[key] = _Group(decided, key[1], is_moved)
        return group

    def _decide(self, text: str) -> _Decided:
        age, sectors, activity, dedicated, qualification = text.split(_APART, 4)
        facts = Facts(
            int(age) if age else None, frozenset(sectors.split(",") if sectors else ()), activity, dedicated, qualification
        )  # fmt: skip
        known = self._decided.get(facts)
        if known is None:
            known = self._decided[facts] = _Decided(facts, attribute(facts, self._table))
        return known

    def moves(self) -> list[Move]:
        """By sectors, age, activity, worker and category, whatever the order of the rows was."""
        place = {facts: n for n, facts in enumerate(sorted(self._decided, key=_place))}
        places = {decided: place[facts] for facts, decided in self._decided.items()}
        moved = [group for group in self._groups.values() if group.is_moved]
        moved.sort(key=lambda group: (places[group.decided], group.category))
        return [
            Move(g.decided.facts, g.category, g.decided.to, g.entries, g.minutes, tuple(sorted(g.ids or ())))
            for g in moved
        ]


def _place(facts: Facts) -> tuple[object, ...]:
    return (
        sorted(facts.sectors), facts.age is None, facts.age or 0, facts.activity, facts.dedicated, facts.qualification,
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
