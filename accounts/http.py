"""The request type that views annotate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails

    from accounts.actor import Actor


class ActorRequest(HttpRequest):
    """A request that passed the middleware: ``actor`` is always there."""

    actor: Actor
    htmx: HtmxDetails
