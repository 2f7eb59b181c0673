"""The secret address of a person's calendar: made, stopped, and read within bounds."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Case, F, Q, Value, When

from accounts.actor import Actor
from audit.actions import record
from common.errors import NotAllowed
from referrals.models import CalendarFeed
from referrals.models.calendar import hashed

WINDOW = timedelta(minutes=1)
MOST_READS = 6  # in one window


@transaction.atomic
def make_feed(*, actor: Actor, at: datetime) -> tuple[CalendarFeed, str]:
    """A new address; the old one stops at once. The secret is returned once and kept nowhere."""
    if actor.staff is None:
        raise NotAllowed("予定表の購読は、職員だけが作れます。")
    stop_feed(actor=actor, at=at)
    token = secrets.token_urlsafe(32)
    feed = CalendarFeed.objects.create(staff=actor.staff, token_hash=hashed(token), made_at=at)
    record(actor=actor, action="calendar_feed.make", target=feed, at=at)
    return feed, token


@transaction.atomic
def stop_feed(*, actor: Actor, at: datetime) -> bool:
    """Stop the address in force; stopping twice is once."""
    feed = (
        CalendarFeed.objects.visible_to(actor)
        .in_force()
        .select_for_update(of=("self",))
        .order_by("pk")
        .first()
    )
    if feed is None:
        return False
    feed.revoked_at = at
    feed.save(update_fields=["revoked_at"])
    record(actor=actor, action="calendar_feed.stop", target=feed, at=at)
    return True


def count_read(*, feed: CalendarFeed, at: datetime) -> bool:
    """Whether this read is within bounds; one statement, whatever the client does. A read that is refused is not counted,
    so that a client that asks every second is served once the minute is over.
    """
    fresh = Q(window_at__isnull=True) | Q(window_at__lte=at - WINDOW)
    served = (
        CalendarFeed.objects.filter(pk=feed.pk)
        .filter(fresh | Q(window_reads__lt=MOST_READS))
        .update(
            window_reads=Case(When(fresh, then=Value(1)), default=F("window_reads") + 1),
            window_at=Case(When(fresh, then=Value(at)), default=F("window_at")),
            read_at=at,
        )
    )
    return bool(served)
