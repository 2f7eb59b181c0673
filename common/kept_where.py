"""Querysets with conditions of a fixed shape, compiled once and asked again with other words.

``common/kept_sql.py`` for what is searched: a search for 佐藤 differs from one for 鈴木 by its words alone, and the ORM
takes longer to write either than the database to answer it. The conditions are taken apart into their shape, which is
part of the key, and their words and lists of ids (``__one_of``), which are bound anew; a word that is looked for by LIKE has its own signs escaped
as the ORM does. The words are bound by the client: LIKE and the GIN indexes are planned by what is asked.

What a scope may do is what it may do there: it reads no clock and asks nothing while it is built.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import count
from typing import Any, Final, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Q, QuerySet

from common.kept_sql import Reader, answered, ask_nothing, here, kept_compiler

M = TypeVar("M")
_STAND = re.compile(
    "\ue000(\\d+)\ue001"
)  # of the characters that stand for nothing; names that hold them are folded away
_FIRST: Final = -8_100_000_000_000  # and of the numbers that do


class _NotKept(Exception):
    """A condition holds something else than words: a day, a number, another query."""


@dataclass(frozen=True, slots=True)
class _Blank:
    """A parameter with words to be filled in: the whole of it, or a part of a LIKE."""

    before: str
    number: int
    after: str

    @property
    def is_like(self) -> bool:
        return "%" in (self.before + self.after)

    def filled(self, words: Sequence[str]) -> str:
        word = words[self.number]
        if self.is_like:
            word = connection.ops.prep_for_like_query(word)
        return f"{self.before}{word}{self.after}"


@dataclass(frozen=True, slots=True)
class _Ids:
    """A parameter that is a whole list of numbers: of ``__one_of``."""

    number: int


@dataclass(frozen=True, eq=False)
class _Kept:
    rows: QuerySet[Any]
    compiler: Any
    sql: str
    params: tuple[Any, ...]

    def ask(self, words: Sequence[Any]) -> list[Any]:
        params = tuple(_fill(param, words) for param in self.params)
        return answered(self.rows, self.compiler, here(), self.sql, params)


def _fill(param: Any, words: Sequence[Any]) -> Any:
    if isinstance(param, _Blank):
        return param.filled(words)
    if isinstance(param, _Ids):
        return words[param.number]
    return [_fill(part, words) for part in param] if isinstance(param, list) else param


def _blank(param: Any) -> Any:
    """``param`` with its stands as blanks."""
    if isinstance(param, list):
        is_ids = len(param) == 1 and isinstance(param[0], int) and param[0] <= _FIRST
        return _Ids(_FIRST - param[0]) if is_ids else [_blank(part) for part in param]
    if not isinstance(param, str) or not (found := _STAND.search(param)):
        return param
    return _Blank(param[: found.start()], int(found.group(1)), param[found.end() :])


def _blanks(params: Sequence[Any]) -> Iterator[_Blank | _Ids]:
    for param in params:
        if isinstance(param, (_Blank, _Ids)):
            yield param
        elif isinstance(param, list):
            yield from _blanks(param)


def _shape(where: Q, words: list[Any]) -> tuple[Hashable, ...]:
    """The condition without its words, which are put into ``words``."""
    parts: list[Hashable] = []
    for child in where.children:
        if isinstance(child, Q):
            parts.append(_shape(child, words))
            continue
        if not isinstance(child, tuple):
            raise _NotKept
        lookup, value = child
        if isinstance(value, str):
            words.append(value)
            parts.append((lookup, ("word",)))
        elif lookup.endswith("__one_of"):
            words.append([int(number) for number in value])
            parts.append((lookup, ("ids",)))
        elif isinstance(value, list) and all(isinstance(part, str) for part in value):
            words.extend(value)
            parts.append((lookup, ("words", len(value))))
        elif isinstance(value, bool):
            parts.append((lookup, ("told", value)))
        else:
            raise _NotKept
    return (where.connector, where.negated, tuple(parts))


def _with_stands(shape: tuple[Any, ...], numbers: Iterator[int]) -> Q:
    connector, negated, parts = shape
    children: list[Any] = []
    for part in parts:
        if len(part) == 3:
            children.append(_with_stands(part, numbers))
            continue
        lookup, (kind, *told) = part
        if kind == "told":
            children.append((lookup, *told))
        elif kind == "word":
            children.append((lookup, _stand(numbers)))
        elif kind == "ids":
            children.append((lookup, [_FIRST - next(numbers)]))
        else:
            children.append((lookup, [_stand(numbers) for _ in range(*told)]))
    return Q(*children, _connector=connector, _negated=negated)


def _stand(numbers: Iterator[int]) -> str:
    return f"\ue000{next(numbers)}\ue001"


_BUILT_ANEW: Final = "where the ORM leaves a word out, it has to be told which"


@lru_cache(maxsize=1024)
def _compiled(
    build: Callable[..., QuerySet[Any, Any]], reader: Reader, on: date, given: tuple[int, ...], shapes: tuple[Any, ...]
) -> _Kept | str | None:  # fmt: skip
    numbers = count()
    wheres = [_with_stands(shape, numbers) for shape in shapes]
    words = range(next(numbers))
    connection.ensure_connection()
    with connection.execute_wrapper(ask_nothing):
        rows = build(reader.actor, *given, *wheres)
        compiler = kept_compiler(rows)
        try:
            sql, told = compiler.as_sql()
        except EmptyResultSet:
            return None
    params = tuple(_blank(param) for param in told)
    found = {blank.number for blank in _blanks(params)}
    baked = [p for p in params if isinstance(p, datetime) or (type(p) is date and p != on)]
    if not found <= set(words) or baked or rows._prefetch_related_lookups:  # type: ignore[attr-defined]
        raise ValueError(
            f"{build.__name__} cannot be kept: its parameters are not the words and the day alone"
        )
    return _Kept(rows, compiler, sql, params) if found == set(words) else _BUILT_ANEW


def kept_where(
    build: Callable[..., QuerySet[Any, M]], actor: Any, *wheres: Q, on: date, given: tuple[int, ...] = ()
) -> list[M]:
    """The rows of ``build(actor, *given, *wheres)``. ``actor`` may be None, for what every reader finds alike. Conditions
    that hold other things than words are built anew each time.
    """
    words: list[Any] = []
    try:
        shapes = tuple(_shape(where, words) for where in wheres)
    except _NotKept:
        return list(build(actor, *given, *wheres))
    reader = Reader(actor, None if actor is None else actor.scope_key)
    found = _compiled(build, reader, on, given, shapes)
    if isinstance(found, str):
        return list(build(actor, *given, *wheres))
    return [] if found is None else found.ask(words)
