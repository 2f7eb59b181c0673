"""What an auditor would ask about a single entry, found by the database: one statement over a month, or over one entry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db import connection
from psycopg.types.numeric import Int8

from budgets.attribution import sector_names
from budgets.enums import Activity, FindingKind, SourceType
from common.japan.fiscal import add_months, fiscal_year
from common.japan.wareki import format_wareki
from common.prepared import PreparingConnection

# the records that tell a person and sectors, and all but the last an activity
OF_RECORD: Final = (SourceType.NOTE, SourceType.CONSULTATION, SourceType.WATCH, SourceType.OUTREACH)


@dataclass(frozen=True, slots=True)
class Found:
    """One thing to ask about; ``key`` is the same whenever the same thing is found again."""

    key: str
    kind: FindingKind
    staff_id: int
    agency_id: int
    text: str
    worked_on: date | None = None
    entry_id: int | None = None


def given(month: date, of: int | None) -> dict[str, Any]:
    """What the statements ask with. ``of``: the worker or the entry that is looked at alone."""
    return {
        "year": fiscal_year(month), "month": month, "until": add_months(month, 1), "of": None if of is None else Int8(of),
    }  # fmt: skip


def rows(sql: str, asked: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What is asked of one worker or entry is asked at each saving, so it is prepared."""
    with (connection if asked["of"] is None else PreparingConnection(connection)).cursor() as cursor:
        cursor.execute(sql, asked)
        return cursor.fetchall()


def _quoted(codes: Iterable[str]) -> str:
    return ", ".join(f"'{code}'" for code in codes)


def _span(entry_id: int | None) -> str:
    return "e.worked_on >= %(month)s AND e.worked_on < %(until)s" if entry_id is None else "e.id = %(of)s"


def hours(minutes: int) -> str:
    whole, rest = divmod(minutes, 60)
    return (f"{whole}時間" if whole else "") + (f"{rest}分" if rest or not whole else "")


def outside_assignment(month: date, entry_id: int | None = None) -> Iterator[Found]:
    """専従 with direct minutes for another stream, from one minute on (domain.md 4.8 D)."""
    sql = f"""
        SELECT e.id, e.staff_id, e.agency_id, e.worked_on, e.minutes, own.short_name, s.short_name, c.name
          FROM budgets_workentry e
          JOIN budgets_workcategory c ON c.id = e.category_id AND c.kind = 'direct'
          JOIN budgets_fundingstream s ON s.id = c.stream_id
          JOIN budgets_dutyassignment a ON a.staff_id = e.staff_id AND a.during @> e.worked_on
                                       AND a.stream_id <> s.id
          JOIN budgets_fundingstream own ON own.id = a.stream_id
         WHERE {_span(entry_id)} ORDER BY e.id"""  # noqa: S608
    for pk, staff, agency, day, minutes, own, other, category in rows(sql, given(month, entry_id)):
        yield Found(
            f"dedicated:{pk}", FindingKind.DEDICATED, staff, agency,
            f"専従（{own}）の対象外です：{format_wareki(day)}に「{category}」（財源：{other}）が{hours(minutes)}あります。",
            day, pk,
        )  # fmt: skip


_AGE: Final = """(EXTRACT(YEAR FROM e.worked_on + 1) - EXTRACT(YEAR FROM p.birth_on)
    - (to_char(e.worked_on + 1, 'MMDD') < to_char(p.birth_on, 'MMDD'))::int)"""


# the facts of budgets.actions.derive_entry.facts_of: sectors of the contact, else of its case; a way, or an activity of its own
_SECTORS: Final = "COALESCE(NULLIF(k.sectors, '{}'), cs.sectors, '{}')"
# the case may have been of other sectors then; its history knows, and of a day before it was opened its first ones are told
_SECTORS_THEN: Final = """COALESCE(CASE WHEN cardinality(k.sectors) > 0 THEN k.sectors ELSE (
    SELECT v.sectors FROM cases_caseevent v,
           LATERAL (SELECT v.pgh_created_at < (e.worked_on + 1)::timestamp AT TIME ZONE 'Asia/Tokyo' AS stood) d
     WHERE v.pgh_obj_id = cs.id
     ORDER BY d.stood DESC, CASE WHEN d.stood THEN -v.pgh_id ELSE v.pgh_id END LIMIT 1) END, '{}')"""
_ACTIVITY: Final = "COALESCE(n.way, e.source_type)"


def _conditions_sql(entry_id: int | None) -> str:
    return f"""
        SELECT * FROM (
            SELECT e.id, e.staff_id, e.agency_id, e.worked_on, e.minutes, s.short_name, y.age_from, y.age_below,
                   CASE WHEN p.birth_on <= e.worked_on THEN {_AGE}::int END AS age,
                   y.sectors, {_SECTORS} AS told, y.activities, {_ACTIVITY} AS activity,
                   (y.age_from IS NOT NULL OR y.age_below IS NOT NULL)
                   AND (p.birth_on IS NULL OR p.birth_on > e.worked_on OR {_AGE} < COALESCE(y.age_from, 0)
                        OR {_AGE} >= COALESCE(y.age_below, 999)) AS is_age,
                   y.sectors <> '{{}}' AND (e.derived_category_id IS NOT NULL OR {_SECTORS} <> '{{}}')
                   AND NOT (y.sectors && {_SECTORS} OR y.sectors && {_SECTORS_THEN}) AS is_sector,
                   y.activities <> '{{}}' AND t.id IS NULL AND {_ACTIVITY} <> ALL (y.activities) AS is_activity
              FROM budgets_workentry e
              JOIN budgets_workcategory c ON c.id = e.category_id AND c.kind = 'direct'
              JOIN budgets_fundingstream s ON s.id = c.stream_id
              JOIN budgets_streamyear y ON y.stream_id = s.id AND y.fiscal_year = %(year)s
                                       AND (y.age_from IS NOT NULL OR y.age_below IS NOT NULL OR y.sectors <> '{{}}'
                                            OR y.activities <> '{{}}')
              LEFT JOIN cases_progressnote n ON e.source_type = 'note' AND n.id = e.source_id
              LEFT JOIN cases_consultation k ON e.source_type = 'consultation' AND k.id = e.source_id
              LEFT JOIN cases_watchattempt w ON e.source_type = 'watch' AND w.id = e.source_id
              LEFT JOIN cases_outreachattempt t ON e.source_type = 'outreach' AND t.id = e.source_id
              LEFT JOIN cases_outreach u ON u.id = t.outreach_id
              LEFT JOIN cases_case cs ON cs.id = COALESCE(n.case_id, k.case_id, w.case_id, u.case_id)
              LEFT JOIN households_person p ON p.id = COALESCE(n.person_id, k.person_id, u.person_id, cs.person_id)
             WHERE e.source_type IN ({_quoted(OF_RECORD)}) AND COALESCE(n.id, k.id, w.id, t.id) IS NOT NULL
               AND {_span(entry_id)}) x
         WHERE is_age OR is_sector OR is_activity ORDER BY id"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class _Outside:
    """A row of the statement above: what the year of the stream asks for, what the record shows, and what does not fit."""

    pk: int
    staff_id: int
    agency_id: int
    day: date
    minutes: int
    stream: str
    age_from: int | None
    age_below: int | None
    age: int | None
    sectors: list[str]
    told: list[str]
    activities: list[str]
    activity: str
    is_age: bool
    is_sector: bool
    is_activity: bool

    @property
    def when(self) -> str:
        return f"{format_wareki(self.day)}の{hours(self.minutes)}"

    @property
    def of_age(self) -> Found:
        condition = (f"{self.age_from}歳以上" if self.age_from is not None else "") + (
            f"{self.age_below}歳未満" if self.age_below is not None else ""
        )
        who = "年齢が記録されていない人" if self.age is None else f"{self.age}歳の人"
        text = f"財源「{self.stream}」の対象は{condition}ですが、{self.when}は{who}への支援です。"
        return self._found("age", FindingKind.NO_PERSON, text)

    @property
    def of_sector(self) -> Found:
        who = f"{sector_names(self.told)}の分野" if self.told else "分野の記録がない人"
        text = f"財源「{self.stream}」の対象は{sector_names(self.sectors)}の分野ですが、{self.when}は{who}への支援です。"
        return self._found("sector", FindingKind.NO_PERSON, text)

    @property
    def of_activity(self) -> Found:
        wanted = "・".join(choice.label for choice in Activity if choice in self.activities)
        told = Activity(self.activity).label
        text = f"財源「{self.stream}」の対象の活動は{wanted}ですが、{self.when}の活動は{told}です。"
        return self._found("activity", FindingKind.ACTIVITY, text)

    def _found(self, key: str, kind: FindingKind, text: str) -> Found:
        return Found(f"{key}:{self.pk}", kind, self.staff_id, self.agency_id, text, self.day, self.pk)


def outside_conditions(month: date, entry_id: int | None = None) -> Iterator[Found]:
    """Minutes of a record on a stream whose year asks for an age, a sector or an activity that the record does not show.

    A person of unknown age is outside of any condition of age; one of several sectors is inside with one of them, and so is
    a record whose case had one of them on the day. Outreach is an activity of its own and not asked for another. A record
    without any sector is asked about only where the worker corrected it: 区分の表 decided the others by the age.
    """
    for row in (_Outside(*columns) for columns in rows(_conditions_sql(entry_id), given(month, entry_id))):
        if row.is_age:
            yield row.of_age
        if row.is_sector:
            yield row.of_sector
        if row.is_activity:
            yield row.of_activity


def of_entry(month: date, entry_id: int, source_type: str) -> list[Found]:
    """What one entry of direct work raises, on the day that it is recorded. A statement, two where a record stands behind it."""
    of_record = outside_conditions(month, entry_id) if source_type in OF_RECORD else ()
    return [*outside_assignment(month, entry_id), *of_record]


def of_entries(month: date) -> list[Found]:
    """What every entry of a month raises. Two statements, whatever its size."""
    return [*outside_assignment(month), *outside_conditions(month)]
