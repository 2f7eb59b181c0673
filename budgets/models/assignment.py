"""従事の割当: for which money a worker is paid, from a day to a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pghistory
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q

from accounts.models import Agency, Int8Range, Staff
from accounts.roles import Permission
from budgets.models.stream import FundingStream

if TYPE_CHECKING:
    from accounts.actor import Actor


class DutyAssignmentQuerySet(models.QuerySet["DutyAssignment"]):
    def visible_to(self, actor: Actor) -> DutyAssignmentQuerySet:
        """Finance and audit all; a manager those of the agency; everybody the own."""
        if actor.has(Permission.APPORTION_VIEW):
            return self.all()
        if actor.has(Permission.WORK_VIEW_AGENCY):
            return self.filter(Q(staff=actor.staff_id) | Q(agency=actor.agency_id))
        if actor.has(Permission.WORK_RECORD):
            return self.filter(staff=actor.staff_id)
        return self.none()


@pghistory.track()
class DutyAssignment(models.Model):
    """従事の割当: 専従 for exactly one stream, or 兼務 (``stream`` empty); half-open period, one at a time."""

    staff = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="assignments", verbose_name="職員"
    )
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", verbose_name="機関")
    stream = models.ForeignKey(
        FundingStream,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="専従の財源",
    )
    during = DateRangeField("期間")
    qualification = models.CharField("資格", max_length=60, blank=True)
    fte_numerator = models.PositiveSmallIntegerField("常勤換算の分子", default=1)
    fte_denominator = models.PositiveSmallIntegerField("常勤換算の分母", default=1)
    set_at = models.DateTimeField("登録日時")
    set_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", verbose_name="登録した職員")

    objects = DutyAssignmentQuerySet.as_manager()

    class Meta:
        verbose_name = "従事の割当"
        constraints = [
            ExclusionConstraint(
                name="assignment_no_overlap",
                expressions=[
                    (Int8Range("staff_id"), RangeOperators.OVERLAPS),
                    ("during", RangeOperators.OVERLAPS),
                ],
                violation_error_message="この職員の割当の期間が重なっています。",
            ),
            models.CheckConstraint(
                name="assignment_fte_is_proper",
                condition=Q(fte_denominator__gt=0, fte_numerator__lte=F("fte_denominator")),
                violation_error_message="常勤換算は0以上1以下です。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.staff} {'専従' if self.is_dedicated else '兼務'}"

    @property
    def is_dedicated(self) -> bool:
        return self.stream_id is not None
