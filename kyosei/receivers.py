"""Where apps of one level meet: budgets and referrals do not know each other; connected in apps.py."""

from __future__ import annotations

from datetime import datetime

from accounts.actor import Actor
from budgets.actions.derive_entry import Meeting, derive_meeting_entry
from referrals.enums import Attendance
from referrals.models import AgendaItem, Conference, ConferenceMember


def derive_from_conference(
    sender: object, *, conference: Conference, actor: Actor, at: datetime, **kwargs: object
) -> None:
    """A closed conference enters its minutes for every member who attended: from opening to closing, as the convener
    left or corrected them when closing, or else those of the call.
    """
    starts_at, minutes = conference.starts_at, conference.minutes
    if conference.started_at and conference.closed_at:
        sat = conference.closed_at - conference.started_at
        starts_at, minutes = conference.started_at, max(1, round(sat.total_seconds() / 60))
    numbers = list(
        AgendaItem.objects.filter(conference=conference)
        .order_by("pk")
        .values_list("case__number", flat=True)[:2]
    )
    meeting = Meeting(
        source_id=conference.pk, label=conference.get_kind_display(), starts_at=starts_at,
        minutes=minutes, case_number=numbers[0] if len(numbers) == 1 else "",
    )  # fmt: skip
    members = (
        ConferenceMember.objects.filter(
            conference=conference, attendance=Attendance.ATTENDING, staff__isnull=False
        )
        .select_related("staff", "agency")
        .order_by("pk")
    )
    for member in members:
        if member.staff is not None:
            derive_meeting_entry(
                meeting=meeting, staff=member.staff, agency=member.agency, actor=actor, at=at
            )
