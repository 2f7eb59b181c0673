"""Reading the stream: one UNION of all kinds, newest first, paged by (at, kind, id); one query whatever it holds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

from django.db import connection
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import JSONObject
from django.utils import timezone

from accounts.enums import AgencyKind
from accounts.models import Agency, Staff
from cases.stream.compiled import Part, Place, plain_part, plain_rows, sql_of
from cases.stream.registry import Data, Line, Reader, Source, all_sources
from households.contact import HIDDEN_DESK
from households.models import Person

PAGE = 30

# Who wrote a row and whom it is about is looked up for the rows of the page alone: three joins, not three for each kind.
_NAMES = ("agency", "agency_kind", "staff", "family_name", "given_name", "alias")
_PAGE = f"""
    SELECT page.*, agency.short_name, agency.kind, staff.name, person.family_name, person.given_name, person.alias
      FROM (SELECT * FROM ({{union}}) lines (at, kind, pk, said) ORDER BY at DESC, kind, pk DESC LIMIT %s) page
      LEFT JOIN {Agency._meta.db_table} agency ON agency.id = (page.said ->> 'agency_id')::bigint
      LEFT JOIN {Staff._meta.db_table} staff ON staff.id = (page.said ->> 'staff_id')::bigint
      LEFT JOIN {Person._meta.db_table} person ON person.id = (page.said ->> 'person_id')::bigint
     ORDER BY page.at DESC, page.kind, page.pk DESC
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Wanted:
    """How the stream is narrowed."""

    group: str = ""
    sector: str = ""
    agency: int | None = None
    person: int | None = None
    since: date | None = None
    until: date | None = None
    is_marks_only: bool = False
    only: tuple[str, int] | None = None


def place_of(cursor: str) -> tuple[datetime, str, int] | None:
    """The place that a cursor names; None for the first page and for a cursor that makes no sense."""
    parts = cursor.split("|")
    if len(parts) != 3 or not parts[2].isascii() or not parts[2].isdecimal() or len(parts[2]) > 18:
        return None
    try:
        at = datetime.fromisoformat(parts[0])
    except ValueError:
        return None
    return (at, parts[1], int(parts[2])) if at.tzinfo else None


def read(
    reader: Reader, wanted: Wanted | None = None, *, cursor: str = "", size: int = PAGE
) -> tuple[list[Line], str]:
    """One page, newest first, and the cursor of the next ("" at the end)."""
    wanted, place = wanted or Wanted(), place_of(cursor)
    sources = {source.kind: source for source in all_sources() if source.may_have_rows(reader)}
    asked = [source for source in sources.values() if _may_be_asked(source, wanted, reader)]
    build = _PLAIN.get(wanted)
    if build is not None and place is None and all(_is_plain(source, reader) for source in asked):
        found = plain_rows(_PAGE, tuple(source.kind for source in asked), reader, size, build)
    else:
        found = _rows([_part(source, reader, wanted, place, size) for source in asked], size)
    lines = [
        _line(sources[kind], reader, at, pk, json.loads(said) | dict(zip(_NAMES, names, strict=True)))
        for at, kind, pk, said, *names in found[:size]
    ]
    return lines, lines[-1].cursor if len(found) > size else ""


def _rows(parts: list[Part | None], size: int) -> list[tuple[Any, ...]]:
    """The newest rows of some kinds together."""
    known = [part for part in parts if part is not None]
    if not known:
        return []
    union = " UNION ALL ".join(f"({sql})" for sql, _ in known)
    with connection.cursor() as cursor:
        # every word of it was compiled by the ORM or stands here; what came from outside is a parameter
        cursor.execute(
            _PAGE.format(union=union), [*(value for _, params in known for value in params), size + 1]
        )
        return cursor.fetchall()


def _is_plain(source: Source, reader: Reader) -> bool:
    return source.is_plain is not None and source.is_plain(reader)


def _part(source: Source, reader: Reader, wanted: Wanted, place: Place | None, size: int) -> Part | None:
    """The newest rows of one kind as SQL."""
    build = _PLAIN.get(wanted)
    if build is not None and _is_plain(source, reader):
        return plain_part(source, reader, place, size, build)
    return sql_of(_arm(wanted, source, reader, place, size))


def _may_be_asked(source: Source, wanted: Wanted, reader: Reader) -> bool:
    """Whether a kind can have rows of what is wanted, before anything is built."""
    if wanted.group and wanted.group != source.group:
        return False
    if wanted.only is not None and wanted.only[0] != source.kind:
        return False
    if wanted.is_marks_only and not source.is_milestone and source.milestones is None:
        return False
    return source.tells is None or source.tells(reader)


def _arm(
    wanted: Wanted, source: Source, reader: Reader, place: Place | None, size: int
) -> QuerySet[Any, Any] | None:
    rows = _narrowed(source, reader, wanted)
    return None if rows is None else _heads(source, rows, place, size)


# what pages ask most, and what follows from the ids of the cases and of the household alone
_PLAIN = {wanted: partial(_arm, wanted) for wanted in (Wanted(), Wanted(is_marks_only=True))}


def _heads(source: Source, rows: QuerySet[Any], place: Place | None, size: int) -> QuerySet[Any, Any]:
    """(at, kind, id, data) of the newest rows of one kind after a place."""
    at = F(source.at) if isinstance(source.at, str) else source.at
    rows = rows.annotate(stream_at=at)
    if place is not None:
        when, kind, pk = place
        rows = rows.filter(stream_at__lte=when)
        if kind == source.kind:
            rows = rows.filter(Q(stream_at__lt=when) | Q(pk__lt=pk))
        elif source.kind < kind:
            rows = rows.filter(stream_at__lt=when)
    return (
        rows.annotate(
            stream_kind=Value(source.kind), stream_pk=F("pk"), stream_data=JSONObject(**_data(source))
        )
        .order_by("-stream_at", "-pk")
        .values_list("stream_at", "stream_kind", "stream_pk", "stream_data")[: size + 1]
    )


def _data(source: Source) -> dict[str, Any]:
    columns: dict[str, Any] = {
        name: F(path) if isinstance(path, str) else path for name, path in source.data.items()
    }
    for name in ("agency", "staff", "person"):
        if path := getattr(source, name):
            columns[f"{name}_id"] = F(f"{path}_id")
    return columns or {"none": Value(None)}


def _narrowed(source: Source, reader: Reader, wanted: Wanted) -> QuerySet[Any] | None:
    """The rows of one kind that are asked for; None where there can be none."""
    rows = source.rows(reader)
    if rows is None:
        return None
    if wanted.only is not None:
        rows = rows.filter(pk=wanted.only[1])
    if wanted.is_marks_only and source.milestones is not None:
        rows = rows.filter(source.milestones)
    if wanted.person is not None:
        if not source.person:
            return None
        rows = rows.filter(**{f"{source.person}_id": wanted.person})
    for asked in (_by_agency(source, reader, wanted), _by_sector(source, reader, wanted)):
        if asked is None:
            return None
        rows = rows.filter(asked)
    return _dated(source, rows, wanted)


def _dated(source: Source, rows: QuerySet[Any], wanted: Wanted) -> QuerySet[Any]:
    if wanted.since is None and wanted.until is None:
        return rows
    at = F(source.at) if isinstance(source.at, str) else source.at
    rows = rows.annotate(stream_on=at)
    if wanted.since is not None:
        rows = rows.filter(stream_on__gte=timezone.make_aware(datetime.combine(wanted.since, time())))
    if wanted.until is not None:
        end = timezone.make_aware(datetime.combine(wanted.until, time())) + timedelta(days=1)
        rows = rows.filter(stream_on__lt=end)
    return rows


def _by_agency(source: Source, reader: Reader, wanted: Wanted) -> Q | None:
    if wanted.agency is None:
        return Q()
    # which rows an agency wrote would tell the desk that is hidden
    if reader.shield.hides(reader.household_id) and wanted.agency != reader.actor.agency_id:
        return Q()
    if source.by_agency is not None:
        return source.by_agency(wanted.agency)
    return Q(**{f"{source.agency}_id": wanted.agency}) if source.agency else None


def _by_sector(source: Source, reader: Reader, wanted: Wanted) -> Q | None:
    """The row's own sectors where its kind has any; else the sector of the agency that wrote it, or of the case where
    that agency has none (a desk is for everybody). Of a hidden desk nothing can be told by either.
    """
    if not wanted.sector:
        return Q()
    if source.by_sector is not None:
        return source.by_sector(reader, wanted.sector)
    if not source.agency:
        return None
    agency, of_case = f"{source.agency}__sector", source.data.get("case_id")
    asked, general = Q(**{agency: wanted.sector}), Q(**{agency: ""})
    if reader.shield.hides(reader.household_id):
        desk = Q(**{f"{source.agency}__kind": AgencyKind.DESK})
        asked, general = asked & ~desk, general | desk
    if of_case:
        asked |= general & Q(**{f"{of_case}__in": reader.ids_of_sector(wanted.sector)})
    return asked


def _line(source: Source, reader: Reader, at: datetime, pk: int, data: Data) -> Line:
    words, home, shield = source.words(reader, pk, data), reader.household_id, reader.shield
    name = " ".join(filter(None, (data.get("family_name"), data.get("given_name"), data.get("alias"))))
    about = _name(data) if data.get("person_id") and name else ""
    return Line(
        at=timezone.localtime(at), kind=source.kind, pk=pk, title=shield.text(words.title, home),
        text=shield.text(words.text, home), who=words.who or who_of(reader, data), about=about,
        minutes=data.get("minutes"), next=shield.text(words.next, home), url=words.url,
        number=reader.numbers.get(data.get("case_id") or 0, ""), ask=words.ask,
        is_mark=words.is_mark or source.is_milestone, is_closed=words.is_closed, is_day=source.is_day,
    )  # fmt: skip


def _name(data: Data) -> str:
    return Person(
        family_name=data["family_name"], given_name=data["given_name"], alias=data["alias"]
    ).display_name


def who_of(reader: Reader, data: Data) -> str:
    """Agency and worker, hidden where they tell a protected place."""
    if not data.get("agency"):
        # who works at which desk is known
        return "" if reader.shield.hides(reader.household_id) else str(data.get("staff") or "")
    agency = Agency(short_name=data["agency"], kind=data["agency_kind"])
    desk = reader.shield.desk(agency, reader.household_id)
    return desk if desk == HIDDEN_DESK or not data.get("staff") else f"{desk} {data['staff']}"
