"""Keyset paging: lists that page by the last row seen, so page 2,000 costs what page 1 costs.

One query a page (``page_size + 1`` rows, never a COUNT), stable under equal values (the primary key
breaks ties) and under rows that come and go between two pages. ``?sort=name`` or ``?sort=-name`` chooses
the order, ``?cursor=`` the place. A cursor is opaque but not secret: it only repeats values of a row the
reader has just seen, and what it can reach is bounded by the queryset, which the view has scoped. A
cursor that makes no sense gives the first page.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import F, Field, Model, Q, QuerySet
from django.db.models.expressions import OrderBy
from django.http import QueryDict

M = TypeVar("M", bound=Model)

MAX_CURSOR_LENGTH = 4000
PAGE_SIZE = 50


@dataclass(frozen=True)
class Sort:
    """One way to order a list.

    ``fields`` are field paths or annotations of the queryset, most significant first; ``-`` before one
    turns it round. The reverse order turns all of them. ``nulls_last`` keeps rows without a value at the
    end both ways; without it they count as the greatest value, which is how PostgreSQL's own indexes are
    ordered, so leave it off where an index must serve the order.
    """

    label: str
    fields: Sequence[str]
    nulls_last: bool = False


@dataclass(frozen=True)
class SortHeader:
    """What ``components/sort_header.html`` needs for one column."""

    label: str
    url: str
    aria_sort: str  # ascending | descending | none

    @property
    def is_current(self) -> bool:
        return self.aria_sort != "none"


@dataclass(frozen=True)
class KeysetPage(Generic[M]):
    """One page: its rows, the way to its neighbours (``""`` where there is none) and the column headers."""

    rows: list[M]
    next_url: str
    previous_url: str
    first_url: str
    sort: str
    headers: Mapping[str, SortHeader] = field(default_factory=dict)

    @property
    def has_next(self) -> bool:
        return bool(self.next_url)

    @property
    def has_previous(self) -> bool:
        return bool(self.previous_url)

    def __iter__(self) -> Any:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class _Key:
    """One column of the order, in the direction in which it is walked."""

    path: str
    descending: bool
    nullable: bool
    nulls_last: bool

    def order_by(self) -> OrderBy:
        expression = F(self.path)
        nulls: dict[str, Any] = {}
        if self.nullable:
            nulls = {"nulls_last": True} if self.nulls_last else {"nulls_first": True}
        return expression.desc(**nulls) if self.descending else expression.asc(**nulls)

    def reversed(self) -> _Key:
        return _Key(self.path, not self.descending, self.nullable, not self.nulls_last)

    def equal(self, value: Any) -> Q:
        return Q(**{f"{self.path}__isnull": True}) if value is None else Q(**{self.path: value})

    def beyond(self, value: Any) -> Q | None:
        """The rows strictly after ``value`` in this column; ``None`` if there can be none."""
        if value is None:
            return None if self.nulls_last else Q(**{f"{self.path}__isnull": False})
        after = Q(**{f"{self.path}__{'lt' if self.descending else 'gt'}": value})
        if self.nullable and self.nulls_last:
            after |= Q(**{f"{self.path}__isnull": True})
        return after


# ── Values in a cursor ──────────────────────────────────────────────────────────────────────────────────────


def _pack(value: Any) -> list[Any]:
    if value is None or isinstance(value, bool | int | float | str):
        return ["", value]
    if isinstance(value, datetime):
        return ["t", value.isoformat()]
    if isinstance(value, date):
        return ["d", value.isoformat()]
    if isinstance(value, Decimal):
        return ["n", str(value)]
    if isinstance(value, UUID):
        return ["u", str(value)]
    raise TypeError(f"A list cannot be paged by a value of type {type(value).__name__}.")


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        value.encode()  # a lone surrogate raises ValueError
    bad = (isinstance(value, str) and "\x00" in value) or (
        isinstance(value, float) and not math.isfinite(value)
    )
    if bad or not (value is None or isinstance(value, bool | int | float | str)):
        raise ValueError("cursor value")
    return value


def _decimal(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError("cursor value")
    return number


def _aware(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("cursor value")
    return moment


_UNPACK = {"": _plain, "t": _aware, "d": date.fromisoformat, "n": _decimal, "u": UUID}


def _encode(direction: str, sort: str, values: Sequence[Any]) -> str:
    payload = json.dumps([direction, sort, [_pack(value) for value in values]], separators=(",", ":"))
    return base64.urlsafe_b64encode(payload.encode()).decode().rstrip("=")


def _decode(cursor: str, sort: str, length: int) -> tuple[bool, list[Any]] | None:
    """(backwards, values) of a cursor for this order; ``None`` if it is not one."""
    if not cursor or len(cursor) > MAX_CURSOR_LENGTH:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        direction, made_for, packed = json.loads(raw)
        values = [_UNPACK[kind](value) for kind, value in packed]
    except (ValueError, TypeError, KeyError, InvalidOperation, RecursionError):
        return None
    if made_for != sort or direction not in {"n", "p"} or len(values) != length:
        return None
    return direction == "p", values


# ── Order and place ─────────────────────────────────────────────────────────────────────────────────────────


def _is_nullable(model: type[Model], path: str) -> bool:
    """Whether a path can be NULL; an annotation, whose source is not known here, is taken to be."""
    current: type[Model] | None = model
    for name in path.split("__"):
        if name == "pk":
            return False
        try:
            column = current._meta.get_field(name) if current else None
        except FieldDoesNotExist:
            return True
        if not isinstance(column, Field) or column.null:
            return True
        related = column.related_model
        current = related if isinstance(related, type) else None
    return False


def _keys(model: type[Model], sort: Sort, descending: bool) -> list[_Key]:
    keys = []
    for name in (*sort.fields, "pk"):
        path = name.removeprefix("-")
        down = descending != name.startswith("-")
        keys.append(_Key(path, down, _is_nullable(model, path), sort.nulls_last or not down))
    return keys


def _beyond(keys: Sequence[_Key], values: Sequence[Any]) -> Q:
    """The rows after a place: (a, b, pk) > (x, y, z) spelled out, with a bound on the first column for
    its index.
    """
    alternatives = Q(pk__in=[])
    same = Q()
    for key, value in zip(keys, values, strict=True):
        after = key.beyond(value)
        if after is not None:
            alternatives |= same & after
        same &= key.equal(value)
    first, value = keys[0], values[0]
    if first.nullable or value is None:
        return alternatives
    return Q(**{f"{first.path}__{'lte' if first.descending else 'gte'}": value}) & alternatives


def _place(queryset: QuerySet[M], keys: Sequence[_Key], values: Sequence[Any]) -> QuerySet[M] | None:
    """The queryset from a place on; ``None`` if the cursor's values do not fit the columns."""
    try:
        return queryset.filter(_beyond(keys, values))
    except (ValueError, TypeError, ValidationError):
        return None


def _values(row: Model, keys: Sequence[_Key]) -> list[Any]:
    return [getattr(row, _alias(i) if "__" in key.path else key.path) for i, key in enumerate(keys)]


def _alias(index: int) -> str:
    return f"_keyset_{index}"


def _url(request_get: QueryDict, **changes: str) -> str:
    """The same address with other parameters; the place is forgotten unless it is among the changes."""
    params = request_get.copy()
    params.pop("cursor", None)
    for name, value in changes.items():
        params[name] = value
    return f"?{params.urlencode()}"


def _headers(request_get: QueryDict, sorts: Mapping[str, Sort], sort: str) -> dict[str, SortHeader]:
    headers = {}
    for name, choice in sorts.items():
        state = {name: "ascending", f"-{name}": "descending"}.get(sort, "none")
        target = f"-{name}" if state == "ascending" else name
        headers[name] = SortHeader(choice.label, _url(request_get, sort=target), state)
    return headers


def paginate(
    queryset: QuerySet[M],
    *,
    request_get: QueryDict,
    sorts: Mapping[str, Sort],
    default: str,
    page_size: int = PAGE_SIZE,
    first: Callable[[int], list[M]] | None = None,
) -> KeysetPage[M]:
    """One page of ``queryset`` as the query string asks for it, in one query.

    ``first`` gives so many rows of the first page in the default order, where they are to be had more cheaply than by
    building the query anew.

    ``default`` is the order without ``?sort=`` (``"-received"`` for newest first). An unknown order or an
    unreadable cursor falls back to the default order and the first page: the address may be old or mistyped.
    """
    sort = request_get.get("sort", default)
    if sort.removeprefix("-") not in sorts:
        sort = default
    keys = _keys(queryset.model, sorts[sort.removeprefix("-")], sort.startswith("-"))
    paths = {_alias(i): F(key.path) for i, key in enumerate(keys) if "__" in key.path}
    ordered = queryset.annotate(**paths) if paths else queryset
    found = _decode(request_get.get("cursor", ""), sort, len(keys))
    backwards, values = found or (False, [])
    walked = [key.reversed() for key in keys] if backwards else keys
    placed = _place(ordered, walked, values) if values else ordered
    if placed is None:
        backwards, values, walked, placed = False, [], keys, ordered
    if first is not None and sort == default and not values:
        rows = first(page_size + 1)
    else:
        rows = list(placed.order_by(*(key.order_by() for key in walked))[: page_size + 1])
    more = len(rows) > page_size
    rows = rows[:page_size]
    if backwards:
        rows.reverse()
    has_next, has_previous = (bool(rows), more) if backwards else (more, bool(values) and bool(rows))
    first_url = _url(request_get)
    back = _url(request_get, cursor=_encode("p", sort, _values(rows[0], keys))) if has_previous else ""
    return KeysetPage(
        rows=rows,
        next_url=_url(request_get, cursor=_encode("n", sort, _values(rows[-1], keys))) if has_next else "",
        previous_url=first_url if values and not rows else back,
        first_url=first_url,
        sort=sort,
        headers=_headers(request_get, sorts, sort),
    )
