"""支援措置 that come to an end, for the units that must renew or end them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone

from accounts.actor import Actor
from accounts.roles import Permission
from common.kept_sql import kept
from common.queue import QueueGroup, QueueRow
from households.models import AddressProtection, Household, HouseholdMember

RENEWAL_DAYS: Final = 30  # domain.md 7.4: renewal from one month before


def home_rows(actor: Actor, at: datetime) -> list[QueueRow]:
    """Protections of the actor's unit with a last day within 30 days or past, of people whom it sees; one query."""
    if not actor.has(Permission.PROTECTION_EDIT):
        return []
    today = timezone.localdate(at)
    days = (today, today + timedelta(days=RENEWAL_DAYS + 1))
    rows: list[Any] = kept(_ending, actor, *days, on=timezone.localdate())
    return [
        QueueRow(
            group=QueueGroup.TODAY, kind="支援措置", title=f"{row.person.display_name}さんの支援措置が終わります",
            url=reverse("households:protection", args=[row.home]), due_on=row.last_on,
            detail="本人に確かめて、更新するか、終了を記録します",
        )
        for row in rows
        if row.home is not None
    ]  # fmt: skip


def _ending(actor: Actor, today: date, before: date) -> QuerySet[Any]:
    home = (
        HouseholdMember.objects.filter(person=OuterRef("person"), during__contains=today)
        .filter(household__in=Household.objects.visible_to(actor))
        .order_by("-pk")
    )
    return (
        AddressProtection.objects.visible_to(actor)
        .ending(before)
        .select_related("person")
        .annotate(home=Subquery(home.values("household_id")[:1]))
        .order_by("during", "pk")[:20]
    )
