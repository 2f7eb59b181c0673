"""Which office takes what has risen, where a director is away without a deputy (decision 0011)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from accounts.enums import Role
from accounts.models import Agency, Appointment, StaffAbsence
from referrals.models import Referral


@dataclass(frozen=True, slots=True)
class Taking:
    """``office`` takes it, ``people`` hear of it; ``instead_of``: the office that would have, had anybody been there."""

    office: Agency
    people: frozenset[int]
    instead_of: Agency | None = None


def at_work(offices: Sequence[Agency], at: datetime) -> dict[int, set[int]]:
    """By office, who of its people is there today: not away, or acting for somebody who is. Two queries."""
    today = timezone.localdate(at)
    found: dict[int, set[int]] = {office.pk: set() for office in offices}
    away = set(StaffAbsence.objects.current(today).values_list("staff_id", flat=True))
    posts = Appointment.objects.current(today).filter(agency__in=list(found), staff__is_active=True)
    for office, staff in posts.values_list("agency_id", "staff_id"):
        if staff not in away:
            found[office].add(staff)
    return found


def taking(referral: Referral, offices: Sequence[Agency], others: Sequence[Agency], at: datetime) -> Taking:
    """The first of ``offices`` with somebody at work; else of the ``others``; else the first of all stays answerable, and
    the heads of the asked and of the leading agency hear of it, so that somebody does.
    """
    line = [*offices, *(o for o in others if o not in offices and o.pk != referral.to_agency_id)]
    present = at_work(line, at)
    for office in line:
        if present[office.pk]:
            return Taking(office, frozenset(present[office.pk]), None if office == line[0] else line[0])
    heads = Appointment.objects.current(timezone.localdate(at)).filter(
        role=Role.AGENCY_MANAGER, agency__in=[referral.to_agency_id, referral.case.lead_agency_id]
    )
    posts = Appointment.objects.current(timezone.localdate(at)).filter(agency=line[0])
    return Taking(
        line[0],
        frozenset([*heads.values_list("staff_id", flat=True), *posts.values_list("staff_id", flat=True)]),
    )
