"""What the program could not enter by itself, kept until the worker has looked at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pghistory
from django.db import models
from django.db.models import Q

from accounts.models import Agency, Staff
from accounts.roles import Permission
from budgets.enums import SourceType

if TYPE_CHECKING:
    from accounts.actor import Actor


class WorkFindingQuerySet(models.QuerySet["WorkFinding"]):
    def visible_to(self, actor: Actor) -> WorkFindingQuerySet:
        """One's own; an agency manager those of the agency; finance and audit all."""
        if actor.has(Permission.APPORTION_VIEW):
            return self.all()
        if actor.has(Permission.WORK_VIEW_AGENCY):
            return self.filter(Q(staff=actor.staff_id) | Q(agency=actor.agency_id))
        if actor.has(Permission.WORK_RECORD):
            return self.filter(staff=actor.staff_id)
        return self.none()

    def waiting(self) -> WorkFindingQuerySet:
        return self.filter(settled_at__isnull=True)


@pghistory.track()
class WorkFinding(models.Model):
    """業務実績の確認事項: minutes of a record that found no free place in the worker's day, in words."""

    staff = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="work_findings", verbose_name="職員"
    )
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", verbose_name="機関")
    worked_on = models.DateField("日")
    source_type = models.CharField("由来", max_length=20, choices=SourceType)
    source_id = models.BigIntegerField("由来の記録")
    text = models.CharField("内容", max_length=300)
    raised_at = models.DateTimeField("発生日時")
    settled_at = models.DateTimeField("確認日時", null=True, blank=True)
    settled_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="確認した職員"
    )

    objects = WorkFindingQuerySet.as_manager()

    class Meta:
        verbose_name = "業務実績の確認事項"
        constraints = [
            models.UniqueConstraint(fields=["source_type", "source_id", "staff"], name="work_finding_once"),
            models.CheckConstraint(
                name="work_finding_settled_pair",
                condition=Q(settled_at__isnull=True, settled_by__isnull=True)
                | Q(settled_at__isnull=False, settled_by__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["staff", "worked_on"],
                condition=Q(settled_at__isnull=True),
                name="work_finding_waiting",
            )
        ]

    def __str__(self) -> str:
        return self.text
