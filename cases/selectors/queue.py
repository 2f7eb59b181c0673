"""What casework puts on the home page."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import BooleanField, Q, When
from django.db.models import Case as CaseExpr
from django.urls import reverse
from django.utils import timezone

from accounts.actor import Actor
from accounts.roles import Permission
from cases.models import Case, Draft
from cases.selectors.watch import home_rows as watch_rows
from common.japan.wareki import format_wareki_short
from common.queue import QueueGroup, QueueRow
from households.contact import hidden_home

AHEAD = timedelta(days=7)
SILENT = timedelta(days=30)
LIMIT = 30


def home_rows(actor: Actor, at: datetime) -> list[QueueRow]:
    """Follow-ups and next dates within a week or overdue, silent cases that my agency leads, my drafts. Three queries."""
    if not actor.has(Permission.CASE_VIEW) or actor.agency is None:
        return []
    return [*watch_rows(actor, at), *_cases(actor, at), *_drafts(actor)]


def _cases(actor: Actor, at: datetime) -> list[QueueRow]:
    """My own next dates, then the silent cases of my agency, in one query: a case can be both."""
    until = timezone.localdate(at) + AHEAD
    due = Q(lead_staff=actor.staff_id, next_on__lte=until)
    silent = Q(lead_agency=actor.agency_id) & (
        Q(last_contact_at__lt=at - SILENT) | Q(next_on__isnull=True, last_contact_at__lt=at - AHEAD)
    )
    rows = (
        Case.objects.visible_to(actor)
        .open()
        .filter(due | silent)
        .annotate(hides=hidden_home(actor, "household_id"))
        .annotate(is_due=CaseExpr(When(due, then=True), default=False, output_field=BooleanField()))
        .select_related("household", "lead_staff")
        .order_by("-is_due", "next_on", "last_contact_at", "pk")[: 2 * LIMIT]
    )
    found = [_next_date(row) for row in rows if row.is_due][:LIMIT]
    quiet = [row for row in rows if _is_silent(row, actor, at)]
    quiet.sort(key=lambda row: (row.last_contact_at is None, row.last_contact_at, row.pk))
    return [*found, *(_quiet(row, at) for row in quiet[:LIMIT])]


def _is_silent(row: Case, actor: Actor, at: datetime) -> bool:
    if row.lead_agency_id != actor.agency_id or row.last_contact_at is None:
        return False
    return row.last_contact_at < at - SILENT or (row.next_on is None and row.last_contact_at < at - AHEAD)


def _next_date(row: Case) -> QueueRow:
    return QueueRow(
        group=QueueGroup.TODAY, kind="次の予定", title=row.household.name,
        url=reverse("cases:detail", args=[row.number]), due_on=row.next_on,
        detail="" if getattr(row, "hides", False) else row.next_text,
    )  # fmt: skip


def _quiet(row: Case, at: datetime) -> QueueRow:
    words = []
    days = (at - row.last_contact_at).days if row.last_contact_at else None
    if days is not None and days >= SILENT.days:
        words.append(f"{days}日間、対応の記録がありません")
    if row.next_on is None:
        words.append("次の予定が決まっていません")
    return QueueRow(
        group=QueueGroup.WORRY,
        kind="気がかり",
        title=row.household.name,
        url=reverse("cases:detail", args=[row.number]),
        detail="・".join([*words, f"担当 {row.lead_staff.name}"]),
    )


def _drafts(actor: Actor) -> list[QueueRow]:
    rows = Draft.objects.visible_to(actor).order_by("-updated_at", "-pk")[:10]
    return [
        QueueRow(
            group=QueueGroup.DRAFT, kind="書きかけ", title=str(row),
            url=f"{row.url}{'&' if '?' in row.url else '?'}draft={row.pk}",
            detail=f"{format_wareki_short(timezone.localdate(row.updated_at))} {timezone.localtime(row.updated_at):%H:%M}",
        )
        for row in rows
    ]  # fmt: skip
