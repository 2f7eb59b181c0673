"""Heads of the chain by day, for printing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Count, Max, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from audit.models import ChainBlock


@dataclass(frozen=True, slots=True)
class Head:
    """The last block of one table at the end of a day."""

    table_name: str
    number: int
    hash_hex: str
    last_id: int
    sealed_at: datetime

    @property
    def hash_parts(self) -> list[str]:
        """Eight groups of eight, as they are compared on paper."""
        return [self.hash_hex[n : n + 8] for n in range(0, 64, 8)]


@dataclass(frozen=True, slots=True)
class ChainDay:
    """What was chained on one day."""

    day: date
    blocks: int
    rows: int
    last_at: datetime


def _end(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))


def day_heads(day: date) -> list[Head]:
    """The head of every table at the end of ``day``, by table."""
    rows = ChainBlock.objects.filter(sealed_at__lt=_end(day)).heads()
    return [
        Head(table, number, bytes(value).hex(), last_id, at)
        for table, number, value, last_id, at in rows.values_list(
            "table_name", "number", "hash", "last_id", "sealed_at"
        )
    ]


def chain_days(limit: int = 31) -> list[ChainDay]:
    """The newest days on which something was chained."""
    rows = (
        ChainBlock.objects.annotate(day=TruncDate("sealed_at"))
        .values("day")
        .annotate(blocks=Count("pk"), total=Sum("row_count"), last_at=Max("sealed_at"))
        .order_by("-day")[:limit]
    )
    return [ChainDay(r["day"], r["blocks"], r["total"], r["last_at"]) for r in rows]
