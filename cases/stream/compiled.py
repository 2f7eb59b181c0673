"""Parts of the stream as SQL. To build one by the ORM takes longer than the database takes to answer it; the parts that
follow from a few ids alone are therefore built once per shape and filled.

A plain part is built for a reader without an actor: a source that asked who reads would fail there, and cannot be
plain. The ids it is built with are numbers that stand for nothing else; they are replaced by the reader's own, which
come from scoped queries.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.backends.postgresql.psycopg_any import mogrify
from django.db.models import QuerySet
from psycopg.types.numeric import Int8

from cases.models import Case
from cases.stream.registry import Reader, Source, source_of
from common.kept_sql import here
from common.prepared import PreparingConnection
from households.contact import NOTHING_HIDDEN

Place = tuple[datetime, str, int]
Part = tuple[str, tuple[Any, ...]]
Build = Callable[[Source, Reader, Place | None, int], QuerySet[Any, Any] | None]

_HOME, _PLACE, _AGENCY, _CASES = (
    -7_000_000_000_001,
    -7_000_000_000_002,
    -7_000_000_000_003,
    -7_000_000_000_100,
)
_STAND = re.compile(r"'-7000000000\d{3}'|(?<![\d'])-7000000000\d{3}(?!\d)")
_WHEN = datetime(1, 2, 3, 4, 5, 6, 7, tzinfo=UTC)


def sql_of(rows: QuerySet[Any, Any] | None) -> Part | None:
    """None where there can be no row."""
    if rows is None:
        return None
    try:
        sql, params = rows.query.get_compiler(connection=connection).as_sql()
    except EmptyResultSet:
        return None
    return sql, tuple(params)


@lru_cache(maxsize=4096)
def _built(
    build: Build, kind: str, cases: int, place: str | None, size: int, is_whole: bool
) -> tuple[str, tuple[Any, ...]] | None:
    """The part of a reader of so many cases, with the stand-ins in its parameters. ``place``: the kind it begins after."""
    reader = Reader(
        cast(Any, None),
        NOTHING_HIDDEN,
        _HOME,
        tuple(Case(pk=_CASES - n) for n in range(cases)),
        agency_id=_AGENCY,
        is_whole=is_whole,
    )
    return sql_of(build(source_of(kind), reader, None if place is None else (_WHEN, place, _PLACE), size))


@dataclass(frozen=True, slots=True)
class _Statement:
    """A whole page as a statement that the server prepares, and the stand-ins in the order of its parameters."""

    sql: str
    order: tuple[int | str, ...]


@lru_cache(maxsize=256)
def _statement(
    frame: str, kinds: tuple[str, ...], cases: int, size: int, is_whole: bool, build: Build
) -> _Statement | None:
    """Everything but the ids is written into the statement. Django binds in the client: twenty kinds are 17 kB, which to
    take apart, to write out and to plan anew takes longer than to answer.
    """
    known = [part for kind in kinds if (part := _built(build, kind, cases, None, size, is_whole))]
    if not known:
        return None
    union = " UNION ALL ".join(f"({sql})" for sql, _ in known)
    params = [*(value for _, told in known for value in told), size + 1]
    whole = str(mogrify(frame.format(union=union), params, connection))
    order = tuple(found if found.startswith("'") else int(found) for found in _STAND.findall(whole))
    return _Statement(_STAND.sub("%s", whole.replace("%", "%%")) if order else whole, order)


def plain_rows(
    frame: str, kinds: tuple[str, ...], reader: Reader, size: int, build: Build
) -> list[tuple[Any, ...]]:
    """The first page of plain sources alone, put into ``frame``: one prepared statement for all readers of as many cases."""
    statement = _statement(frame, kinds, len(reader.case_ids), size, reader.is_whole, build)
    if statement is None:
        return []
    ids = {_HOME: reader.household_id, _AGENCY: reader.agency_id}
    ids |= {_CASES - n: pk for n, pk in enumerate(reader.case_ids)}
    values: dict[int | str, Any] = {stand: pk if pk is None else Int8(pk) for stand, pk in ids.items()}
    values |= {f"'{stand}'": str(pk) for stand, pk in ids.items()}
    with PreparingConnection(here()).cursor() as cursor:
        cursor.execute(statement.sql, [values[stand] for stand in statement.order] or None)
        return cast(list[tuple[Any, ...]], cursor.fetchall())


def plain_part(source: Source, reader: Reader, place: Place | None, size: int, build: Build) -> Part | None:
    """The part of a plain source, for this reader and from this place on."""
    part = _built(
        build, source.kind, len(reader.case_ids), place[1] if place else None, size, reader.is_whole
    )
    if part is None:
        return None
    stands: dict[Any, Any] = {_HOME: reader.household_id, _AGENCY: reader.agency_id}
    stands |= {_CASES - n: pk for n, pk in enumerate(reader.case_ids)}
    if place is not None:
        stands |= {_PLACE: place[2], _WHEN: place[0]}
    stands |= {str(key): str(value) for key, value in stands.items() if isinstance(key, int)}
    sql, params = part
    return sql, tuple(
        stands.get(value, value) if isinstance(value, (int, str, datetime)) else value for value in params
    )
