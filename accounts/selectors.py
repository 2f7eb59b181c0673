"""What accounts put on the home page and on every page."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Notice
from common.japan.wareki import format_wareki
from common.queue import QueueGroup, QueueRow

LIMIT = 20


def _when(moment: datetime) -> str:
    local = timezone.localtime(moment)
    return f"{format_wareki(local.date())}{local:%H:%M}"


def home_rows(actor: Actor, at: datetime) -> list[QueueRow]:
    """Unread notices; one query. They have no deadline, so they are never late."""
    rows = Notice.objects.visible_to(actor).unread().order_by("-created_at", "-pk")[:LIMIT]
    return [
        QueueRow(
            group=QueueGroup.NOTICE, kind="知らせ", title=row.text, url=reverse("accounts:notice", args=[row.pk]),
            detail=_when(row.created_at),
        )
        for row in rows
    ]  # fmt: skip
