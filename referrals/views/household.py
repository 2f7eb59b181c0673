"""つなぎ that wait, on the household's page."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils import timezone

from accounts.actor import Actor
from accounts.http import ActorRequest
from accounts.roles import Permission
from common.kept_sql import kept
from households.models import Household, Person
from referrals.models import Referral
from referrals.selectors import asked_words, for_queue, hours_left


def waiting_section(request: ActorRequest, household: Household, people: Sequence[Person]) -> str:
    """What has been asked about this household and is not settled, as far as the reader sees it. One query."""
    if not request.actor.has(Permission.REFERRAL_VIEW):
        return ""
    now = timezone.now()
    rows = []
    for referral in kept(_waiting, request.actor, on=timezone.localdate(now), household=household.pk):
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


def _waiting(actor: Actor, household: int) -> QuerySet[Referral]:
    rows = Referral.objects.visible_to(actor).waiting().filter(case__household=household)
    return for_queue(rows, actor).order_by("deadline_at", "pk")
