"""Puts the Actor on the request, and turns broken rules into answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.actor import Actor, build_actor
from audit.actions import record_access
from audit.models import AccessKind
from common import refusals
from common.errors import NotAllowed, RuleViolation

APPOINTMENT_KEY = "appointment_id"


class ActorMiddleware:
    """``request.actor`` for every signed-in request, in the appointment that the session chose."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            request.actor = build_actor(  # type: ignore[attr-defined]
                request.user,
                on=timezone.localdate(),
                appointment_id=request.session.get(APPOINTMENT_KEY),
            )
        else:
            request.actor = Actor(label="未ログイン", permissions=frozenset())  # type: ignore[attr-defined]
        return self.get_response(request)


class RefusalMiddleware:
    """An act that was refused stands in the access log: the address, the status, and which fields were wrong.

    403 whatever was asked; what a form or the API refuses (a forged id, a grant to oneself, a day that cannot be, an
    old version) when something would have been written. A record that is not the reader's is logged by ``scoped_get``.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        refusals.begin()
        response = self.get_response(request)
        wrote = request.method not in ("GET", "HEAD", "OPTIONS")
        if request.user.is_authenticated and (
            response.status_code == 403 or (wrote and response.status_code in _REFUSED)
        ):
            match = request.resolver_match
            what = " ".join([str(response.status_code), *_fields(response)])
            record_access(
                actor=request.actor, kind=AccessKind.REFUSED,  # type: ignore[attr-defined]
                target_type=(match.view_name if match else "")[:80], target_id=what[:80], at=timezone.now(),
                path=request.path[:300], remote_addr=request.META.get("REMOTE_ADDR", "")[:60],
            )  # fmt: skip
        return response


_REFUSED: Final = (400, 409, 412, 422, 428)


def _fields(response: HttpResponse) -> list[str]:
    """``field:code`` of a form, the names of the fields of an answer of the API."""
    if said := refusals.said():
        return sorted(
            dict.fromkeys(said), key=lambda one: "=" not in one
        )  # forged ids first: the column is short
    data = getattr(response, "data", None)
    if not isinstance(data, dict):
        return []
    return [str(data["field"])] if data.get("field") else sorted(str(name) for name in data)


class RuleViolationMiddleware:
    """A rule broken outside a form still gets a clear page: 403 for NotAllowed, 422 for the rest."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, ObjectDoesNotExist):
            # the right to a record ended between the page and the act (a withdrawn consent, an hour that is over)
            return render(request, "404.html", status=404)
        if isinstance(exception, RuleViolation):
            status = 403 if isinstance(exception, NotAllowed) else 422
            return render(request, "rule_violation.html", {"violation": exception}, status=status)
        return None
