"""What a person's calendar shows: the conferences in which they sit."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts.actor import build_actor
from accounts.models import Staff
from referrals.enums import Attendance
from referrals.models import CalendarFeed, Conference, ConferenceMember
from referrals.models.calendar import hashed

BACK = timedelta(days=60)
MOST = 500


def feed_of_token(token: str) -> CalendarFeed | None:
    """The feed in force of a worker who still works here."""
    return (
        CalendarFeed.objects.in_force()
        .filter(token_hash=hashed(token), staff__is_active=True)
        .select_related("staff")
        .first()
    )


def sittings_of(staff: Staff, at: datetime) -> QuerySet[Conference]:
    """Conferences at which they sit, of the last two months and to come, as far as a present post of theirs sees them."""
    actor = build_actor(staff, on=timezone.localdate(at))
    posts = [actor] + [
        build_actor(staff, on=timezone.localdate(at), appointment_id=other.pk)
        for other in actor.other_appointments
    ]
    visible = Conference.objects.none()
    for post in posts:
        visible = visible | Conference.objects.visible_to(post)
    seated = ConferenceMember.objects.filter(conference=OuterRef("pk"), staff=staff).exclude(
        attendance=Attendance.ABSENT
    )
    return visible.filter(Exists(seated), starts_at__gt=at - BACK).order_by("starts_at", "pk")[:MOST]
