"""What the API of every app shares: one scope a view, one object at a time logged, pages by cursor, and a repeated
``Idempotency-Key`` that makes one record.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, cast
from uuid import UUID, uuid4, uuid5

from django.db import transaction
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status, viewsets
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.pagination import CursorPagination, PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import scoped_get
from accounts.actor import Actor
from accounts.http import ActorRequest
from accounts.roles import Permission
from accounts.sent_forms import first_sent_at, take_key
from common.errors import RuleViolation
from common.tags import tag_of

_ETAG: Final = re.compile(r'(?:W/)?"(\d{1,9})"')
_TAG: Final = re.compile(r'(?:W/)?"([0-9a-f]{1,64})"')
IF_MATCH: Final = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="読んだときの版（ETag）。ないと428、古いと412"
)
IF_NONE_MATCH: Final = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="持っている版（ETag）。同じなら304"
)
IDEMPOTENCY: Final = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.UUID,
    OpenApiParameter.HEADER,
    description="同じ鍵と内容は一度だけ書かれる。違う内容は422",
)


class NewestFirst(CursorPagination):
    """50 rows a page; the view names its order."""

    page_size = 50

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:
        return tuple(getattr(view, "cursor_order", ("-pk",)))


class ListPages(PageNumberPagination):
    """50 rows a page of a list that is made, not stored: ``?page=2``."""

    page_size = 50


def actor_of(request: Request) -> Actor:
    """The actor that the middleware put on the request."""
    return cast(ActorRequest, request._request).actor


class ScopedViewSet(viewsets.GenericViewSet):
    """A view set whose rows are ``scope(actor)``; one object is read through ``scoped_get`` and logged."""

    permission: Permission | tuple[Permission, ...]
    pagination_class: type[Any] | None = NewestFirst
    cursor_order: tuple[str, ...] = ("-pk",)

    def scope(self, actor: Actor) -> Any:
        raise NotImplementedError

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """A parameter that does not exist is said, not passed over: a misspelt filter would give every row."""
        super().initial(request, *args, **kwargs)
        narrowed = getattr(self, "filterset_class", None)
        fields = narrowed.base_filters if narrowed is not None else getattr(self, "filterset_fields", ())
        place = "page" if self.pagination_class is ListPages else "cursor"
        known = {place, *getattr(self, "query_parameters", ()), *fields}
        if unknown := sorted(set(request.query_params) - known):
            raise ValidationError({name: [f"「{name}」という絞り込みはありません。"] for name in unknown})

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        return self.scope(actor_of(self.request))

    def paged(self, rows: Sequence[Any], serializer: type[Any], **context: Any) -> Response:
        """One page of a list that was made."""
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(serializer(page, many=True, context=context).data)

    def get_object(self) -> Any:
        request = cast(ActorRequest, self.request._request)
        return scoped_get(self.get_queryset(), request, **{self.lookup_field: self.kwargs[self.lookup_field]})


def _given_key(request: Request) -> UUID | None:
    given = request.headers.get("Idempotency-Key", "")
    if not given:
        return None
    try:
        return UUID(given)
    except ValueError:
        raise RuleViolation("Idempotency-Key は UUID で送ってください。", field="Idempotency-Key") from None


@contextmanager
def sent_once(request: Request, at: datetime) -> Iterator[UUID]:
    """The key of a write whose action knows the record that it made by it: see ``_sent``."""
    with _sent(request, at) as (key, _):
        yield key


@contextmanager
def done_once(request: Request, at: datetime) -> Iterator[bool]:
    """Whether a write is still to be done; ``False`` for what this key did before, which is answered as it stands now
    and asked for no version: its own write has changed it.
    """
    with _sent(request, at) as (_, is_new):
        yield is_new


def made_at(request: Request) -> datetime:
    """When what this key did before was done (in ``done_once``): the moment that the record bears."""
    key = _given_key(request)
    assert key is not None
    return first_sent_at(actor=actor_of(request), key=key)


@contextmanager
def _sent(request: Request, at: datetime) -> Iterator[tuple[UUID, bool]]:
    """The same ``Idempotency-Key`` with the same body writes once, however often and however fast it is sent; with
    another body it is refused. Without the header every request is its own.

    Two at once: the second waits for the first, then finds what it made. A refused write leaves its key free.
    """
    actor = actor_of(request)
    key, staff = _given_key(request), actor.staff
    if key is None or staff is None:
        yield uuid4(), True
        return
    said = f"{request.method} {request.path} {json.dumps(request.data, sort_keys=True, default=str)}"
    fingerprint = sha256(said.encode()).hexdigest()
    with transaction.atomic():
        is_new, is_same = take_key(actor=actor, key=key, said=fingerprint, at=at)
        if not is_same:
            raise RuleViolation(
                "同じ Idempotency-Key で、前と違う内容が送られました。", field="Idempotency-Key"
            )
        # the key of the record is the sender's own: another person's same key is another write
        yield uuid5(key, str(staff.pk)), is_new


def etag_of(row: Any) -> str:
    return f'"{tag_of(row)}"'


def if_match_tag(request: Request) -> str:
    """As ``if_match``, for a row of either kind: what ``common.tags`` compares."""
    given = request.headers.get("If-Match", "")
    if not given:
        raise PreconditionRequired
    found = _TAG.fullmatch(given.strip())
    return found[1] if found else ""  # no tag that was ever given


def if_match(request: Request) -> int:
    """The version that the sender has read (``If-Match: "3"``); 428 without one. The action compares it: 412."""
    given = request.headers.get("If-Match", "")
    if not given:
        raise PreconditionRequired
    found = _ETAG.fullmatch(given.strip())
    return int(found[1]) if found else -1  # no version that was ever given


class PreconditionRequired(APIException):
    """RFC 6585: a write without the version that was read would overwrite what others wrote meanwhile."""

    status_code = status.HTTP_428_PRECONDITION_REQUIRED
    default_detail = "読んだときの版を If-Match で送ってください（ETag の値）。"
    default_code = "precondition_required"


def tagged(data: Any, row: Any, code: int = status.HTTP_200_OK) -> Response:
    """An answer about one row, with its version."""
    return Response(data, status=code, headers={"ETag": etag_of(row)})


class TaggedRetrieveMixin:
    """One object with its ETag; ``If-None-Match`` of the same version is answered 304, without a body."""

    @extend_schema(parameters=[IF_NONE_MATCH])
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        row = self.get_object()  # type: ignore[attr-defined]
        seen = [tag.strip() for tag in request.headers.get("If-None-Match", "").split(",")]
        if etag_of(row) in seen:
            return Response(status=status.HTTP_304_NOT_MODIFIED, headers={"ETag": etag_of(row)})
        return tagged(self.get_serializer(row).data, row)  # type: ignore[attr-defined]
