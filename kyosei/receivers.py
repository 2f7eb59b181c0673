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
    """A closed conference enters its minutes for every member who attended.

    The minutes are those of the call (``starts_at``, ``minutes``), which the convener may correct before closing: the
    clicks that open and close the sitting on the screen are not when people sat down and left.
    """
    numbers = list(
        AgendaItem.objects.filter(conference=conference)
        .order_by("pk")
        .values_list("case__number", flat=True)[:2]
    )
    meeting = Meeting(
        source_id=conference.pk, label=conference.get_kind_display(), starts_at=conference.starts_at,
        minutes=conference.minutes, case_number=numbers[0] if len(numbers) == 1 else "",
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
