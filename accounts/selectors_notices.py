"""知らせの送付 for the system administrator: what is stuck. No words of a notice and nobody it is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Notice, NoticeDelivery, Staff
from accounts.models.notice import NOBODY
from accounts.notice_kinds import DeliveryState
from accounts.roles import Permission

LATE: Final = timedelta(minutes=15)
RECENT: Final = timedelta(days=14)
SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Post:
    """How the post stands: ``waiting_since`` is the oldest letter that is due; ``stuck`` what did not go out."""

    waiting: int
    waiting_since: datetime | None
    is_late: bool
    sent_today: int
    failed: int
    unsure: int
    stuck: list[NoticeDelivery]
    without_reader: list[dict[str, Any]]
    without_address: int


def _stuck(rows: QuerySet[NoticeDelivery], at: datetime) -> QuerySet[NoticeDelivery]:
    """Given up, tried in vain so far, or interrupted in the last two weeks."""
    tried = Q(state=DeliveryState.WAITING, attempts__gt=0)
    recent = Q(state=DeliveryState.UNSURE, claimed_at__gt=at - RECENT)
    return rows.filter(Q(state=DeliveryState.FAILED) | tried | recent)


def post_of(actor: Actor, at: datetime) -> Post:
    """Five queries, however much is stuck."""
    today = timezone.localdate(at)
    rows = NoticeDelivery.objects.visible_to(actor)
    counts = rows.aggregate(
        waiting=Count("pk", filter=Q(state=DeliveryState.WAITING)),
        since=Min("due_at", filter=Q(state=DeliveryState.WAITING, due_at__lte=at, attempts=0)),
        sent=Count("pk", filter=Q(state=DeliveryState.SENT, attempts__gt=0, sent_at__date=today)),
        failed=Count("pk", filter=Q(state=DeliveryState.FAILED)),
        unsure=Count("pk", filter=Q(state=DeliveryState.UNSURE, claimed_at__gt=at - RECENT)),
    )
    lost: list[Any] = []
    if actor.has(Permission.STAFF_ADMIN):
        unread = Notice.objects.unread().with_stage(today).filter(Q(stage=NOBODY))
        lost = list(
            unread.order_by()
            .values("agency__name")
            .annotate(n=Count("pk"), since=Min("created_at"))
            .order_by("-n")
        )
    mailless = Staff.objects.visible_to(actor).filter(is_active=True, email="")
    mailless = mailless.filter(appointments__during__contains=today)
    return Post(
        waiting=counts["waiting"],
        waiting_since=counts["since"],
        is_late=bool(counts["since"] and at - counts["since"] > LATE),
        sent_today=counts["sent"],
        failed=counts["failed"],
        unsure=counts["unsure"],
        stuck=list(_stuck(rows, at).select_related("staff").order_by("due_at", "pk")[:SHOWN]),
        without_reader=lost,
        without_address=mailless.distinct().count(),
    )
