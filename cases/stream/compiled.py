"""Parts of the stream as SQL. To build one by the ORM takes longer than the database takes to answer it; the parts that
follow from a few ids alone are therefore built once per shape and filled.

A plain part is built for a reader without an actor: a source that asked who reads would fail there, and cannot be
plain. The ids it is built with are numbers that stand for nothing else; they are replaced by the reader's own, which
come from scoped queries.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from cases.models import Case
from cases.stream.registry import Reader, Source, source_of
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
