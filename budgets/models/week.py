"""What makes a week quick to record: a worker's templates and timer; and what was reminded of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pghistory
from django.db import models
from django.db.models import Q

from accounts.models import Staff
from accounts.roles import Permission
from budgets.models.stream import WorkCategory

if TYPE_CHECKING:
    from accounts.actor import Actor


class OwnQuerySet(models.QuerySet):
    def visible_to(self, actor: Actor) -> OwnQuerySet:
        """One's own."""
        return self.filter(staff=actor.staff_id) if actor.has(Permission.WORK_RECORD) else self.none()


@pghistory.track()
class WorkTemplate(models.Model):
    """業務のひな形: a line that a worker enters often, as it would be typed."""

    staff = models.ForeignKey(
        Staff, on_delete=models.CASCADE, related_name="work_templates", verbose_name="職員"
    )
    name = models.CharField("名前", max_length=30)
    line = models.CharField("打つ内容", max_length=120)
    position = models.PositiveSmallIntegerField("順", default=0)

    objects = OwnQuerySet.as_manager()

    class Meta:
        verbose_name = "業務のひな形"
        constraints = [models.UniqueConstraint(fields=["staff", "name"], name="work_template_once")]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class WorkTimer(models.Model):
    """業務の計測: what a worker began and has not ended; one at a time, kept on the server, so that nothing is lost."""

    staff = models.OneToOneField(
        Staff, on_delete=models.CASCADE, related_name="work_timer", verbose_name="職員"
    )
    category = models.ForeignKey(
        WorkCategory, on_delete=models.PROTECT, related_name="+", verbose_name="業務区分"
    )
    note = models.CharField("内容", max_length=100, blank=True)
    started_at = models.DateTimeField("開始日時")

    objects = OwnQuerySet.as_manager()

    class Meta:
        verbose_name = "業務の計測"

    def __str__(self) -> str:
        return f"{self.staff} {self.started_at:%Y-%m-%d %H:%M}"


@pghistory.track()
class WorkReminder(models.Model):
    """業務記録の催促: that a worker, then the manager, heard of unfilled hours of a week. Each step once."""

    TO_WORKER, TO_MANAGER = 1, 2

    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="+", verbose_name="職員")
    week = models.DateField("週の月曜日")
    step = models.PositiveSmallIntegerField("段階")
    minutes = models.PositiveIntegerField("未記入の分")
    sent_at = models.DateTimeField("送信日時")

    objects = OwnQuerySet.as_manager()

    class Meta:
        verbose_name = "業務記録の催促"
        constraints = [
            models.UniqueConstraint(fields=["staff", "week", "step"], name="work_reminder_once"),
            models.CheckConstraint(name="work_reminder_step", condition=Q(step__in=[1, 2])),
        ]

    def __str__(self) -> str:
        return f"{self.staff} {self.week:%Y-%m-%d}"
