"""The doors of the API: only actors come in, and broken rules answer in Japanese. (Settings name these.)"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework import status
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.roles import Permission
from common.errors import RuleViolation, StaleRecord
from common.tags import tag_of

if TYPE_CHECKING:
    from rest_framework.views import APIView


class ActorRequired(BasePermission):
    """A signed-in actor whose role has the view's ``permission`` (one, or any of several)."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        actor = getattr(request._request, "actor", None)
        if actor is None or not request.user.is_authenticated:
            return False
        needed: Permission | tuple[Permission, ...] | None = getattr(view, "permission", None)
        if isinstance(needed, tuple):
            return any(actor.has(one) for one in needed)
        return needed is None or actor.has(needed)


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """StaleRecord → 412 with the tag that stands; RuleViolation → its status with ``{"detail": …, "field": …}``; the rest as DRF does."""
    from rest_framework.views import exception_handler as drf_exception_handler

    if isinstance(exc, StaleRecord):
        tag, version = tag_of(exc.current), getattr(exc.current, "version", None)
        return Response(
            {"detail": exc.message, "field": exc.field, "version": version, "etag": tag},
            status=status.HTTP_412_PRECONDITION_FAILED, headers={"ETag": f'"{tag}"'},
        )  # fmt: skip
    if isinstance(exc, RuleViolation):
        return Response(
            {"detail": exc.message, "field": exc.field},
            status=getattr(exc, "status", status.HTTP_422_UNPROCESSABLE_ENTITY),
        )
    return drf_exception_handler(exc, context)
