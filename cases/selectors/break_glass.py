"""緊急閲覧 on the home page and in the banner of every page."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.urls import reverse

from accounts.actor import Actor
from accounts.roles import Permission
from cases.models import BreakGlass
from common.queue import QueueGroup, QueueRow

REVIEW_WITHIN = timedelta(days=1)


def home_rows(actor: Actor, at: datetime) -> list[QueueRow]:
    """Openings that the actor has to answer for, until they are answered; one query, for reviewers only."""
    if not actor.has(Permission.BREAK_GLASS_REVIEW):
        return []
    rows = (
        BreakGlass.objects.visible_to(actor)
        .unreviewed()
        .exclude(staff=actor.staff_id)
        .select_related("case", "staff", "agency")
        .order_by("opened_at", "pk")[:20]
    )
    return [
        QueueRow(
            group=QueueGroup.ANSWER, kind="緊急閲覧", title=f"{row.case.number}の緊急閲覧を確認する",
            url=reverse("break_glass:review", args=[row.pk]), due_at=row.opened_at + REVIEW_WITHIN,
            detail=f"{row.agency.short_name} {row.staff.name}・{row.get_reason_display()}",
        )
        for row in rows
    ]  # fmt: skip


def running(actor: Actor, at: datetime) -> list[BreakGlass]:
    """The actor's own openings that have not closed yet. No query for an actor that never opened one."""
    if len(actor.group_ids) < 2 or actor.staff_id is None:
        return []
    rows = BreakGlass.objects.visible_to(actor).filter(staff=actor.staff_id).running(at)
    return list(rows.select_related("case").order_by("ends_at"))
