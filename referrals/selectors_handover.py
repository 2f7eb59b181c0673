"""Work that stands with nobody, on the home page of the manager."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils import timezone

from accounts.actor import Actor
from accounts.roles import Permission
from common.queue import QueueGroup, QueueRow
from referrals.handover import staff_with_work


def home_rows(actor: Actor, at: datetime) -> list[QueueRow]:
    """Leavers whose open work has not been handed over; one query, for managers only."""
    if not actor.has(Permission.HAND_OVER) or actor.agency is None:
        return []
    today = timezone.localdate(at)
    gone = [row for row in staff_with_work(actor.agency, today, actor) if not row.is_here]  # type: ignore[attr-defined]
    return [
        QueueRow(
            group=QueueGroup.WORRY, kind="引き継ぎ", title=f"{row.name}さんの仕事が残っています",
            url=reverse("handover:staff", args=[row.pk]), due_on=today, badge="担当者なし",
            detail="異動・退職した人の担当を、今いる人に引き継ぎます",
        )
        for row in gone
    ]  # fmt: skip
