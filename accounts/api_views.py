"""What the API of every app shares: one scope a view, one object at a time logged, pages by cursor, and a repeated
``Idempotency-Key`` that makes one record.
"""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID, uuid4

from rest_framework import viewsets
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

from accounts.access import scoped_get
from accounts.actor import Actor
from accounts.http import ActorRequest
from accounts.roles import Permission
from common.errors import RuleViolation


class NewestFirst(CursorPagination):
    """50 rows a page; the view names its order."""

    page_size = 50

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:
        return tuple(getattr(view, "cursor_order", ("-pk",)))


def actor_of(request: Request) -> Actor:
    """The actor that the middleware put on the request."""
    return cast(ActorRequest, request._request).actor


class ScopedViewSet(viewsets.GenericViewSet):
    """A view set whose rows are ``scope(actor)``; one object is read through ``scoped_get`` and logged."""

    permission: Permission | tuple[Permission, ...]
    pagination_class = NewestFirst
    cursor_order: tuple[str, ...] = ("-pk",)

    def scope(self, actor: Actor) -> Any:
        raise NotImplementedError

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        return self.scope(actor_of(self.request))

    def get_object(self) -> Any:
        request = cast(ActorRequest, self.request._request)
        return scoped_get(self.get_queryset(), request, **{self.lookup_field: self.kwargs[self.lookup_field]})


def request_key(request: Request) -> UUID:
    """The ``Idempotency-Key`` header as a UUID; without one, every request is its own."""
    given = request.headers.get("Idempotency-Key", "")
    if not given:
        return uuid4()
    try:
        return UUID(given)
    except ValueError:
        raise RuleViolation("Idempotency-Key は UUID で送ってください。", field="Idempotency-Key") from None
