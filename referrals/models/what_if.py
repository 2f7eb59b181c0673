"""型の比較: one reckoning of what each coordination model would have done; kept, so that everybody reads the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pghistory
from django.db import models
from django.db.models import Q

from accounts.models import Staff
from accounts.roles import Permission

if TYPE_CHECKING:
    from accounts.actor import Actor

STEPS = 8  # how the cases lie now, reading the year, six models


class WhatIfQuerySet(models.QuerySet["WhatIfRun"]):
    def visible_to(self, actor: Actor) -> WhatIfQuerySet:
        """Counts that name nobody: for all who look at a sector."""
        return self.all() if actor.has(Permission.SECTOR_VIEW) else self.none()

    def unfinished(self) -> WhatIfQuerySet:
        return self.filter(ended_at__isnull=True)


@pghistory.track(exclude=["result"])
class WhatIfRun(models.Model):
    """One order. ``done`` of ``STEPS`` are in ``result``; a worker that dies leaves the rest to the next."""

    asked_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", verbose_name="頼んだ職員")
    asked_at = models.DateTimeField("頼んだ日時")
    done = models.PositiveSmallIntegerField("終えた段", default=0)
    result = models.JSONField("結果", default=dict, blank=True)
    ended_at = models.DateTimeField("終わった日時", null=True, blank=True)

    objects = WhatIfQuerySet.as_manager()

    class Meta:
        verbose_name = "型の比較"
        constraints = [
            models.CheckConstraint(
                name="what_if_ended_iff_done",
                condition=Q(done=STEPS, ended_at__isnull=False) | Q(done__lt=STEPS, ended_at__isnull=True),
            ),
            models.UniqueConstraint(
                name="what_if_one_at_a_time", fields=["ended_at"], condition=Q(ended_at__isnull=True),
                nulls_distinct=False,
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.asked_at:%Y-%m-%d %H:%M}"
