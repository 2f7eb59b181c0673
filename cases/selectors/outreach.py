"""Whom we go to without having been asked: the list, the home page, and the counts by month."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, DateTimeField, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone

from accounts.actor import Actor
from accounts.roles import Permission
from cases.enums import OutreachAnswer
from cases.models import Outreach, OutreachAttempt
from cases.workflow import OutreachState
from common.japan.fiscal import add_months, fiscal_year_first
from common.queue import QueueGroup, QueueRow

AHEAD = timedelta(days=7)
LIMIT = 20


def listed(actor: Actor, *, state: str = OutreachState.RUNNING, whose: str = "") -> QuerySet[Outreach]:
    """For the list: with how often and when somebody last tried. One query with its page."""
    tried = OutreachAttempt.objects.filter(outreach=OuterRef("pk")).order_by("-started_at", "-pk")
    rows = Outreach.objects.visible_to(actor).filter(state=state)
    if whose == "mine":
        rows = rows.filter(Q(staff=actor.staff_id) | Q(companion=actor.staff_id))
    return rows.select_related("person", "agency", "staff", "companion", "case").annotate(
        tries=Count("attempts"),
        last_at=Subquery(tried.values("started_at")[:1], output_field=DateTimeField()),
        last_answer=Subquery(tried.values("answer")[:1]),
    )


def attempts_of(outreach: Outreach) -> list[OutreachAttempt]:
    """Newest first; one query. The caller has scoped the outreach."""
    rows = OutreachAttempt.objects.filter(outreach=outreach).select_related("agency", "staff")
    return list(rows.order_by("-started_at", "-pk"))


def home_rows(actor: Actor, at: datetime) -> list[QueueRow]:
    """Where my agency goes within a week, or should have gone. One query."""
    if not actor.has(Permission.CASE_WRITE) or actor.agency is None:
        return []
    rows = (
        Outreach.objects.visible_to(actor)
        .running()
        .filter(agency=actor.agency_id, next_on__lte=timezone.localdate(at) + AHEAD)
        .select_related("person", "staff", "companion")
        .order_by("next_on", "pk")[:LIMIT]
    )
    return [
        QueueRow(
            group=QueueGroup.TODAY, kind="アウトリーチ", title=row.who, url=reverse("outreach:detail", args=[row.pk]),
            due_on=row.next_on, detail=f"{row.get_closeness_display()}・担当 {(row.companion or row.staff).name}",
        )
        for row in rows
    ]  # fmt: skip


def month_counts(actor: Actor, year: int) -> list[dict[str, Any]]:
    """The year's months: people whom we began to go to, attempts, how many answered, and how many agreed. Two queries.

    対象者数（同意前・同意後）and 訪問・同行・電話 are what the programme's reports count (domain.md).
    """
    first = fiscal_year_first(year)
    months = [add_months(first, n) for n in range(12)]
    mine = Outreach.objects.visible_to(actor).filter(agency=actor.agency_id)
    rows: list[dict[str, Any]] = [
        {"month": month, "begun": 0, "tries": 0, "reached": 0, "agreed": 0} for month in months
    ]
    at = dict(zip(months, rows, strict=True))
    for heard, agreed in mine.values_list("heard_at", "agreed_on"):
        if (row := at.get(timezone.localtime(heard).date().replace(day=1))) is not None:
            row["begun"] += 1
        if agreed and (row := at.get(agreed.replace(day=1))) is not None:
            row["agreed"] += 1
    tried = OutreachAttempt.objects.visible_to(actor).filter(
        agency=actor.agency_id, started_at__date__gte=first, started_at__date__lt=add_months(first, 12)
    )
    for started, answer in tried.values_list("started_at", "answer"):
        row = at[timezone.localtime(started).date().replace(day=1)]
        row["tries"] += 1
        row["reached"] += answer in (OutreachAnswer.VOICE, OutreachAnswer.MET, OutreachAnswer.NOT_NOW)
    return rows
