"""予定表の購読: a secret address from which one person's calendar reads when and where they sit, and nothing else."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pghistory
from django.db import models

from accounts.models import Staff

if TYPE_CHECKING:
    from accounts.actor import Actor


def hashed(token: str) -> str:
    return sha256(token.encode()).hexdigest()


class FeedQuerySet(models.QuerySet["CalendarFeed"]):
    def visible_to(self, actor: Actor) -> FeedQuerySet:
        """One's own."""
        return self.filter(staff=actor.staff_id) if actor.staff_id else self.none()

    def in_force(self) -> FeedQuerySet:
        return self.filter(revoked_at__isnull=True)


@pghistory.track(exclude=["window_at", "window_reads", "read_at"])
class CalendarFeed(models.Model):
    """The address of one person's feed; only the hash of its secret is kept. ``window_*`` count the reads of a minute."""

    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", verbose_name="職員")
    token_hash = models.CharField("秘密の印", max_length=64, unique=True)
    made_at = models.DateTimeField("作成日時")
    revoked_at = models.DateTimeField("止めた日時", null=True, blank=True)
    read_at = models.DateTimeField("最後に読まれた日時", null=True, blank=True)
    window_at = models.DateTimeField("数え始めた日時", null=True, blank=True)
    window_reads = models.PositiveIntegerField("その間に読まれた回数", default=0)

    objects = FeedQuerySet.as_manager()

    class Meta:
        verbose_name = "予定表の購読"
        constraints = [
            models.UniqueConstraint(
                fields=["staff"],
                condition=models.Q(revoked_at__isnull=True),
                name="calendar_feed_one_in_force",
            )
        ]

    def __str__(self) -> str:
        return f"{self.staff} {self.made_at:%Y-%m-%d}"
