"""The doors that every view goes through: ``permission``, ``no_permission``, and ``scoped_get`` for one object."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db import models
from django.http import Http404, HttpResponseBase
from django.utils import timezone

from accounts.http import ActorRequest
from accounts.roles import Permission
from audit.actions import record_access
from audit.models import AccessKind
from common.kept_sql import kept

M = TypeVar("M", bound=models.Model)
LAST_ID = 2**63 - 1  # a bigint; what is larger is nobody's
View = Callable[..., HttpResponseBase]


def permission(needed: Permission) -> Callable[[View], View]:
    """The view needs a signed-in actor whose role has ``needed``; otherwise sign-in, or 403."""

    def decorate(view: View) -> View:
        @wraps(view)
        def inner(request: ActorRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not request.actor.has(needed):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        inner.declared_permission = needed  # type: ignore[attr-defined]
        return inner

    return decorate


def no_permission(reason: str, *, login: bool = True) -> Callable[[View], View]:
    """The view needs no permission, for the stated reason; ``login=False`` only for health and sign-in pages."""

    def decorate(view: View) -> View:
        @wraps(view)
        def inner(request: ActorRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if login and not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            return view(request, *args, **kwargs)

        inner.declared_permission = reason  # type: ignore[attr-defined]
        return inner

    return decorate


def _remote(request: ActorRequest) -> tuple[str, str]:
    return request.path[:300], request.META.get("REMOTE_ADDR", "")[:60]


def scoped_get(
    queryset: models.QuerySet[M],
    request: ActorRequest,
    *,
    log: AccessKind | None = AccessKind.VIEW,
    **lookup: Any,
) -> M:
    """One row of ``queryset`` (already ``visible_to`` the actor). Logs the read with the ground on which the actor sees
    the row (``with_access_ground`` of the queryset, where it has one); a miss is logged and is a 404.

    The answer is the same whether the row does not exist or is not the actor's: existence is not told.
    """
    label = queryset.model._meta.label_lower
    if log is not None and hasattr(queryset, "with_access_ground"):
        queryset = queryset.with_access_ground(request.actor)
    try:
        row: M | None = queryset.get(**lookup)
    except (ObjectDoesNotExist, ValueError):
        row = None
    return _told(request, row, label, str(next(iter(lookup.values()), "")), log)


def kept_get(
    model: type[M], build: Callable[..., models.QuerySet[M]], request: ActorRequest, *, pk: int
) -> M:
    """``scoped_get`` of a page that is opened all day: the one row of ``build(actor, pk)``, a kept query (``common.kept_sql``)
    that is already ``visible_to`` the actor and tells its ``access_ground``.
    """
    rows = kept(build, request.actor, on=timezone.localdate(), pk=pk) if pk <= LAST_ID else []
    return _told(request, rows[0] if rows else None, model._meta.label_lower, str(pk), AccessKind.VIEW)


def _told(request: ActorRequest, row: M | None, label: str, key: str, log: AccessKind | None) -> M:
    """The row, or a 404; either is logged."""
    path, remote = _remote(request)
    if row is None:
        record_access(
            actor=request.actor, kind=AccessKind.DENIED, target_type=label, target_id=key[:80], at=timezone.now(),
            path=path, remote_addr=remote,
        )  # fmt: skip
        raise Http404
    if log is not None:
        record_access(
            actor=request.actor, kind=log, target_type=label, target_id=str(row.pk), at=timezone.now(),
            path=path, remote_addr=remote, ground=str(getattr(row, "access_ground", "") or ""),
        )  # fmt: skip
    return row


def log_reads(request: ActorRequest, kind: AccessKind, target_type: str, target_id: str) -> None:
    """Log a search, print or export that ``scoped_get`` does not see."""
    path, remote = _remote(request)
    record_access(
        actor=request.actor, kind=kind, target_type=target_type, target_id=target_id[:80], at=timezone.now(),
        path=path, remote_addr=remote,
    )  # fmt: skip
