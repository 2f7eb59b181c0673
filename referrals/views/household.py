"""つなぎ that wait, on the household's page."""

from __future__ import annotations

from collections.abc import Sequence

from django.template.loader import render_to_string
from django.utils import timezone

from accounts.http import ActorRequest
from accounts.roles import Permission
from households.models import Household, Person
from referrals.models import Referral
from referrals.selectors import as_rows, for_rows


def waiting_section(request: ActorRequest, household: Household, people: Sequence[Person]) -> str:
    """What has been asked about this household and is not settled, as far as the reader sees it. Two queries."""
    if not request.actor.has(Permission.REFERRAL_VIEW):
        return ""
    waiting = Referral.objects.visible_to(request.actor).waiting().filter(case__household=household)
    rows = as_rows(
        list(for_rows(waiting, request.actor).order_by("deadline_at", "pk")), request.actor, timezone.now()
    )
    context = {"household": household, "rows": rows}
    return render_to_string("referrals/_household.html", context, request) if rows else ""
