"""Querysets of a fixed shape, compiled once and asked again with other ids.

To build a scoped query by the ORM takes longer than the database takes to answer it. A page that asks the same few
questions of every household builds each once per reader and day, and afterwards changes the ids alone.

What a reader asks often on one connection is planned once as well (``common/prepared.py``): everything that does not
change is written into the statement, and the ids alone are bound by the server, as bigint.

The reader is part of the key with all that a scope may ask of it (``Actor.scope_key``), and so is the day: a scope that
read the clock to the second could not be kept, and is refused, as are one that asks the database while it is built, one
with rows of its own to fetch beside it, and another day than those that it was told. The ids with which a query is built
are numbers that stand for nothing else; each has to come out in the parameters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import count
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.postgresql.psycopg_any import mogrify
from django.db.models import BigIntegerField, DateField, DateTimeField, Func, QuerySet, Value
from psycopg.types.numeric import Int8

from common.prepared import PreparingConnection

M = TypeVar("M")
Ids = int | Sequence[int]
Shape = tuple[tuple[str, int | None], ...]
_FIRST = -8_000_000_000_000
_STAND = re.compile(r"(?<!\d)-80\d{11}(?!\d)")


@dataclass(frozen=True, eq=False)
class Reader:
    """Who asks: compared by ``key``, while ``actor`` is what the scope is built with."""

    actor: Any
    key: Hashable

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reader) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


def answered(rows: QuerySet[Any, M], compiled: Any, through: Any, sql: str, params: Any) -> list[M]:
    """What ``rows`` finds when the statement of its ``compiled`` compiler (``kept_compiler``) is asked through a connection as
    ``sql`` with ``params``.
    """
    compiler = copy(compiled)
    compiler.connection = through
    compiler.as_sql = lambda *args, **kwargs: (sql, params)
    query = copy(rows.query)
    query.get_compiler = lambda *args, **kwargs: compiler  # type: ignore[method-assign]
    answer = rows.__class__(model=rows.model, query=query)
    answer._iterable_class = rows._iterable_class
    answer._fields = rows._fields  # type: ignore[attr-defined]
    return list(answer)


def kept_compiler(rows: QuerySet[Any, Any]) -> Any:
    """A compiler of ``rows`` that finds out once, not for every answer, what its columns are converted with."""
    compiler = rows.query.get_compiler(connection=connection)
    find, known = compiler.get_converters, {}

    def get_converters(expressions: Any) -> Any:
        if "found" not in known:
            known["found"] = find(expressions)
        return known["found"]

    compiler.get_converters = get_converters
    return compiler


def here() -> Any:
    """The thread's own connection, which ``connection`` looks for anew at each of its attributes."""
    return connections[DEFAULT_DB_ALIAS]


@dataclass(frozen=True)
class _Kept:
    rows: QuerySet[Any]
    compiler: Any
    sql: str
    order: tuple[int, ...]  # the stands as they come in the statement
    stands: dict[str, list[int]]

    def ask(self, ids: dict[str, list[int]]) -> list[Any]:
        values = {
            stand: Int8(value)
            for name, stands in self.stands.items()
            for stand, value in zip(stands, ids[name], strict=True)
        }
        params = tuple(values[stand] for stand in self.order) or None
        return answered(self.rows, self.compiler, PreparingConnection(here()), self.sql, params)


def _bound(sql: str, params: Sequence[Any]) -> tuple[str, tuple[int, ...]]:
    """The statement with all of its parameters but the ids written in, and the ids in their order."""
    whole = str(mogrify(sql, params, connection))
    order = tuple(int(found) for found in _STAND.findall(whole))
    return (_STAND.sub("%s", whole.replace("%", "%%")), order) if order else (whole, ())


def ask_nothing(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    """While a query is built: what it asked would be kept with it."""
    raise ValueError(f"a kept query may ask nothing while it is built: {sql[:200]}")


@lru_cache(maxsize=1024)  # some 40 kB each
def _compiled(
    build: Callable[..., QuerySet[Any]], reader: Reader, on: date, days: tuple[date, ...], shape: Shape
) -> _Kept | None:
    numbers = count(_FIRST, -1)
    stands = {name: [next(numbers) for _ in range(1 if many is None else many)] for name, many in shape}
    given: dict[str, Ids] = {name: stands[name][0] if many is None else stands[name] for name, many in shape}
    connection.ensure_connection()
    with connection.execute_wrapper(ask_nothing):
        rows = build(reader.actor, *days, **given)
        compiler = kept_compiler(rows)
        try:
            sql, params = compiler.as_sql()
        except EmptyResultSet:
            return None
    all_stands = [stand for found in stands.values() for stand in found]
    missing = set(all_stands) - {p for p in params if isinstance(p, int)}
    baked = [p for p in params if isinstance(p, datetime) or (type(p) is date and p not in (on, *days))]
    as_text = [p for p in params if isinstance(p, str) and any(str(stand) in p for stand in all_stands)]
    if missing or baked or as_text or rows._prefetch_related_lookups:  # type: ignore[attr-defined]
        raise ValueError(f"{build.__name__} cannot be kept: its parameters are not the ids and the day alone")
    whole, order = _bound(sql, params)
    if set(order) != set(all_stands):
        raise ValueError(f"{build.__name__} cannot be kept: words in it look like an id")
    return _Kept(rows, compiler, whole, order, stands)


def kept(build: Callable[..., QuerySet[Any, M]], actor: Any, *days: date, on: date, **ids: Ids) -> list[M]:
    """The rows of ``build(actor, *days, **ids)``. Each of ``ids`` is a number or a list of numbers; an empty list finds
    nothing. ``days`` are written in: for what is asked of a few of them all day, such as the next week.
    """
    return _asked(build, Reader(actor, actor.scope_key), on, ids, days)


def _asked(
    build: Callable[..., QuerySet[Any, M]], reader: Reader, on: date, ids: Mapping[str, Ids],
    days: tuple[date, ...] = (),
) -> list[M]:  # fmt: skip
    lists = {name: [value] if isinstance(value, int) else list(value) for name, value in ids.items()}
    if any(isinstance(value, str) for value in ids.values()):
        raise TypeError("ids are numbers")
    if not all(lists.values()):
        return []
    shape = tuple((name, None if isinstance(value, int) else len(lists[name])) for name, value in ids.items())
    found = _compiled(build, reader, on, days, shape)
    return [] if found is None else found.ask(lists)


def kept_of_day(build: Callable[..., QuerySet[Any, M]], *, on: date, **ids: Ids) -> list[M]:
    """The rows of ``build(on, **ids)``: what is asked of a day, before there is a reader or whoever reads it."""
    return _asked(build, Reader(on, on), on, ids)


def filled_up(ids: Sequence[int]) -> list[int]:
    """To 8, 16, 32 … by the last one again, so that few shapes of a query are kept."""
    size = max(8, 1 << (len(ids) - 1).bit_length())
    return [*ids, *[ids[-1]] * (size - len(ids))] if ids else []


def moment_of(seconds: int) -> Func:
    """A moment as whole seconds since 1970, for a condition of a kept query: moments themselves are refused."""
    return Func(Value(seconds, BigIntegerField()), function="to_timestamp", output_field=DateTimeField())


def day_of(ordinal: int) -> Func:
    """A day as ``date.toordinal`` numbers it, likewise."""
    template = "('0001-01-01'::date - 1 + (%(expressions)s)::int)"
    return Func(Value(ordinal, BigIntegerField()), template=template, output_field=DateField())
