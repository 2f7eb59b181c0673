"""What casework puts on the home page."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.actor import Actor
from accounts.roles import Permission
from cases.models import Case, Draft, FollowUp
from common.japan.wareki import format_wareki_short
from common.queue import QueueGroup, QueueRow

AHEAD = timedelta(days=7)
SILENT = timedelta(days=30)
LIMIT = 30


def home_rows(actor: Actor, at: datetime) -> list[QueueRow]:
    """Follow-ups and next dates within a week or overdue, silent cases that my agency leads, my drafts. Four queries."""
    if not actor.has(Permission.CASE_VIEW) or actor.agency is None:
        return []
    return [*_follow_ups(actor, at), *_next_dates(actor, at), *_silent(actor, at), *_drafts(actor)]


def _follow_ups(actor: Actor, at: datetime) -> list[QueueRow]:
    rows = (
        FollowUp.objects.visible_to(actor)
        .waiting()
        .filter(agency=actor.agency_id, due_on__lte=timezone.localdate(at) + AHEAD)
        .select_related("case__household", "staff")
        .order_by("due_on", "pk")[:LIMIT]
    )
    return [
        QueueRow(
            group=QueueGroup.TODAY, kind="フォロー", title=row.case.household.name,
            url=reverse("cases:follow_up", args=[row.pk]), due_on=row.due_on,
            detail=f"終結後の{row.get_way_display()}・担当 {row.staff.name if row.staff else '未定'}",
        )
        for row in rows
    ]  # fmt: skip


def _next_dates(actor: Actor, at: datetime) -> list[QueueRow]:
    rows = (
        Case.objects.visible_to(actor)
        .open()
        .filter(lead_staff=actor.staff_id, next_on__lte=timezone.localdate(at) + AHEAD)
        .select_related("household")
        .order_by("next_on", "pk")[:LIMIT]
    )
    return [
        QueueRow(
            group=QueueGroup.TODAY, kind="次の予定", title=row.household.name,
            url=reverse("cases:detail", args=[row.number]), due_on=row.next_on, detail=row.next_text,
        )
        for row in rows
    ]  # fmt: skip


def _silent(actor: Actor, at: datetime) -> list[QueueRow]:
    rows = (
        Case.objects.visible_to(actor)
        .open()
        .filter(lead_agency=actor.agency_id)
        .filter(Q(last_contact_at__lt=at - SILENT) | Q(next_on__isnull=True, last_contact_at__lt=at - AHEAD))
        .select_related("household", "lead_staff")
        .order_by("last_contact_at", "pk")[:LIMIT]
    )
    found = []
    for row in rows:
        days = (at - row.last_contact_at).days if row.last_contact_at else None
        words = []
        if days is not None and days >= SILENT.days:
            words.append(f"{days}日間、対応の記録がありません")
        if row.next_on is None:
            words.append("次の予定が決まっていません")
        found.append(
            QueueRow(
                group=QueueGroup.WORRY,
                kind="気がかり",
                title=row.household.name,
                url=reverse("cases:detail", args=[row.number]),
                detail="・".join([*words, f"担当 {row.lead_staff.name}"]),
            )
        )
    return found


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
