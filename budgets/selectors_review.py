"""Findings as other pages show them: the month, the week, the home page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.contrib.postgres.fields import DateTimeRangeField
from django.db.models import Count, QuerySet, Value
from django.urls import reverse
from django.utils import timezone

from accounts.actor import Actor
from accounts.roles import Permission
from budgets.enums import FindingKind
from budgets.models import ComplianceFinding
from common.kept_sql import day_of, kept
from common.queue import QueueGroup, QueueRow

SHOWN = 20


def waiting_of(actor: Actor, month: date) -> list[ComplianceFinding]:
    """The first findings of a month that wait. One query."""
    rows = ComplianceFinding.objects.visible_to(actor).waiting().filter(month=month)
    return list(rows.select_related("staff").order_by("worked_on", "pk")[:SHOWN])


def _waiting_of_months(actor: Actor, staff: int, first: int, last: int) -> QuerySet[ComplianceFinding]:
    rows = ComplianceFinding.objects.visible_to(actor).waiting().filter(staff=staff)
    return rows.filter(month__in=[day_of(first), day_of(last)]).order_by("worked_on", "pk")[:200]


def waiting_of_week(actor: Actor, staff_id: int, first: date, last: date) -> list[ComplianceFinding]:
    """What waits on the days of one worker's week, and on its months as a whole. One query."""
    months = {"first": first.replace(day=1).toordinal(), "last": last.replace(day=1).toordinal()}
    found = kept(_waiting_of_months, actor, on=timezone.localdate(), staff=staff_id, **months)
    return [row for row in found if row.worked_on is None or first <= row.worked_on <= last]


def review_counts(actor: Actor) -> list[QuerySet[Any, Any]]:
    """What waits as (kind, findings, workers, None): of oneself, of the agency, or, for those who lock, of all."""
    if not (actor.has(Permission.MONTH_LOCK) or actor.has(Permission.WORK_RECORD)):
        return []
    waiting = ComplianceFinding.objects.visible_to(actor).waiting().values("kind").order_by()
    counted = waiting.annotate(n=Count("pk"), people=Count("staff", distinct=True))
    return [counted.values_list("kind", "n", "people", Value(None, output_field=DateTimeRangeField()))]


def review_home_rows(actor: Actor, counted: Iterable[tuple[str, int, int]]) -> list[QueueRow]:
    """One row for each kind of ``review_counts``."""
    is_finance = actor.has(Permission.MONTH_LOCK)
    return [
        QueueRow(
            group=QueueGroup.MONTH if is_finance else QueueGroup.TODAY, kind="確認事項",
            title=f"「{FindingKind(kind).label}」が{n}件（{people}人）", detail="直すか、理由を書く",
            url=reverse("apportionment:review" if is_finance else "work:review"), due_on=None,
        )
        for kind, n, people in sorted(counted)
    ]  # fmt: skip
