"""Puts the Actor on the request, and turns broken rules into answers."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.actor import Actor, build_actor
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
