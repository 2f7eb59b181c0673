"""Months of generated municipalities, approved by the actions: each agency's manager, else the clerk in writing."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import timezone

from accounts.actor import Actor, build_actor
from accounts.enums import Role
from accounts.models import Appointment
from budgets.actions.month_steps import approve_month
from budgets.month_minutes import approval_lines

INSTEAD = "長の席が空いているため、日誌と出勤簿を照合した"


def approve_everywhere(month: date, clerk: Actor, at: datetime) -> None:
    """Every agency of the month that has not approved it yet."""
    on = timezone.localtime(at).date()
    for line in approval_lines(month):
        if line.is_done:
            continue
        head = (
            Appointment.objects.current(on)
            .filter(role=Role.AGENCY_MANAGER, agency=line.agency)
            .select_related("staff")
            .order_by("pk")
            .first()
        )
        actor = clerk if head is None else build_actor(head.staff, on=on, appointment_id=head.pk)
        approve_month(
            month=month, agency=line.agency, expected_digest=line.digest, actor=actor, at=at,
            instead_reason=INSTEAD if head is None else "",
        )  # fmt: skip
