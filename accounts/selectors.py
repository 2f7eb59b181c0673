"""What accounts put on the home page and on every page."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from accounts.actor import Actor
from accounts.models import Notice
from common.queue import QueueGroup, QueueRow

LIMIT = 20


def home_rows(actor: Actor, at: datetime) -> list[QueueRow]:
    """Unread notices; one query."""
    rows = Notice.objects.visible_to(actor).unread().order_by("-created_at", "-pk")[:LIMIT]
    return [
        QueueRow(
            group=QueueGroup.ANSWER, kind="知らせ", title=row.text, url=reverse("accounts:notice", args=[row.pk]),
            due_at=row.created_at,
        )
        for row in rows
    ]  # fmt: skip
