"""Who sits at the table and still cannot see an item: for the convener, before the sitting rather than in it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Value
from django.utils import timezone

from accounts.enums import ABUSE_LAWS, Ground
from cases.models import CaseGrant
from households.models import Consent, ConsentAgency
from referrals.models import AgendaItem, ConferenceMember
from referrals.models.conference import EMERGENCY_LASTS


def blind_seats(
    items: Iterable[AgendaItem], seats: Iterable[ConferenceMember], at: datetime, *, found_only: bool = False
) -> dict[int, list[str]]:
    """By item, the short names of the invited agencies to which nothing opens it; the same rule as the scope of the
    papers of a conference that is not secret. One query. ``found_only``: only the items that somebody cannot see.
    """
    items, seats = list(items), list(seats)
    granted = (
        CaseGrant.objects.in_force(at)
        .filter(content_object__in=[i.case_id for i in items], group__in=[s.agency.group_id for s in seats])
        .values_list(Value("case"), "content_object_id", "group_id")
    )
    named = ConsentAgency.objects.filter(
        consent__in=Consent.objects.in_force(timezone.localdate(at)).covering_everything(),
        consent__person__in=[i.case.person_id for i in items if i.case.person_id],
    ).values_list(Value("consent"), "consent__person_id", "agency_id")
    known = set(granted.union(named))
    found: dict[int, list[str]] = {}
    for item in items:
        if item.ground in ABUSE_LAWS or (
            item.ground == Ground.EMERGENCY and item.conference.starts_at > at - EMERGENCY_LASTS
        ):
            continue
        found[item.pk] = [
            seat.agency.short_name
            for seat in seats
            if ("case", item.case_id, seat.agency.group_id) not in known
            and not (
                item.ground == Ground.CONSENT and ("consent", item.case.person_id, seat.agency_id) in known
            )
        ]
    return {pk: names for pk, names in found.items() if names} if found_only else found
