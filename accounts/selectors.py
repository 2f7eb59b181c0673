"""What accounts put on the home page and on every page."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Notice
from common.japan.wareki import format_wareki
from common.kept_sql import kept
from common.queue import QueueGroup, QueueRow

LIMIT = 20


def _when(moment: datetime) -> str:
    local = timezone.localtime(moment)
    return f"{format_wareki(local.date())}{local:%H:%M}"


def _row(notice: Notice, actor: Actor) -> QueueRow:
    own = notice.staff_id == actor.staff_id
    return QueueRow(
        group=QueueGroup.NOTICE, kind="知らせ", title=notice.text, url=reverse("accounts:notice", args=[notice.pk]),
        detail=_when(notice.created_at) + ("" if own else f"・{notice.staff.name}さん宛て"),
        badge="" if own else "代わりに読む",
    )  # fmt: skip


def home_rows(actor: Actor, at: datetime) -> list[QueueRow]:
    """Unread notices, one's own and those of people who are away; one query. They have no deadline, so they are never
    late.
    """
    if actor.staff_id is None:
        return []
    return [_row(notice, actor) for notice in kept(_unread, actor, on=timezone.localdate())]


def _unread(actor: Actor) -> QuerySet[Notice]:
    rows = Notice.objects.visible_to(actor).unread().select_related("staff")
    return rows.order_by("-created_at", "-pk")[:LIMIT]
