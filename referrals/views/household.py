"""つなぎ that wait, on the household's page."""

from __future__ import annotations

from collections.abc import Sequence

from django.template.loader import render_to_string
from django.utils import timezone

from accounts.http import ActorRequest
from accounts.roles import Permission
from households.models import Household, Person
from referrals.models import Referral
from referrals.selectors import asked_words, for_queue, hours_left


def waiting_section(request: ActorRequest, household: Household, people: Sequence[Person]) -> str:
    """What has been asked about this household and is not settled, as far as the reader sees it. One query."""
    if not request.actor.has(Permission.REFERRAL_VIEW):
        return ""
    waiting = Referral.objects.visible_to(request.actor).waiting().filter(case__household=household)
    now = timezone.now()
    rows = []
    for referral in for_queue(waiting, request.actor).order_by("deadline_at", "pk"):
        left = hours_left(referral, now)
        days = (timezone.localdate(referral.deadline_at) - timezone.localdate(now)).days
        asked = asked_words(
            referral,
            request.actor,
            timezone.localdate(now),
            sees_case=bool(getattr(referral, "sees_case", False)),
        )
        rows.append((referral, left if abs(left) < 72 else "", days, asked))
    if not rows:
        return ""
    return render_to_string("referrals/_household.html", {"household": household, "rows": rows}, request)
