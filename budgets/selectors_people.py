"""Workers whose time is paid from the streams, with the agency of the day."""

from __future__ import annotations

from datetime import date

from accounts.actor import Actor
from accounts.models import Agency, Appointment, Staff
from accounts.roles import PERMISSIONS, Permission

RECORDING_ROLES = [role for role, own in PERMISSIONS.items() if Permission.WORK_RECORD in own]


def recording_people(actor: Actor, on: date) -> list[tuple[Staff, Agency]]:
    """Everybody who records work on a day, once, by name. One query. For those who settle the money."""
    if not actor.has(Permission.APPORTION_VIEW):
        return []
    rows = (
        Appointment.objects.current(on)
        .filter(role__in=RECORDING_ROLES, staff__is_active=True)
        .select_related("staff", "agency")
        .order_by("staff_id", "pk")
        .distinct("staff_id")
    )
    return sorted(
        ((row.staff, row.agency) for row in rows), key=lambda pair: (pair[1].code, pair[0].kana, pair[0].pk)
    )
