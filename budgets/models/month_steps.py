"""What leads a month to its lock, and what may still be added after it: approvals and adjustments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pghistory
import pgtrigger
from django.db import models
from django.db.models import F, Q

from accounts.models import Agency, Staff
from accounts.roles import Permission
from budgets.models.apportionment import ApportionmentRun, MoneyQuerySet, WorkMonth
from budgets.models.stream import WorkCategory
from budgets.workflow import AdjustmentState

if TYPE_CHECKING:
    from accounts.actor import Actor


class ApprovalQuerySet(models.QuerySet["MonthApproval"]):
    def visible_to(self, actor: Actor) -> ApprovalQuerySet:
        """Finance and audit all; a manager those of the agency."""
        if actor.has(Permission.APPORTION_VIEW):
            return self.all()
        return self.filter(agency=actor.agency_id) if actor.has(Permission.WORK_VIEW_AGENCY) else self.none()

    def standing(self) -> ApprovalQuerySet:
        return self.filter(withdrawn_at__isnull=True)


@pghistory.track()
class MonthApproval(models.Model):
    """月の承認: the manager of an agency stands for its minutes of a month, until one of them changes.

    ``digest`` is of the minutes that were looked at. ``instead_reason``: an agency without a manager, for which the
    finance clerk confirms in writing.
    """

    month = models.DateField("月")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", verbose_name="機関")
    minutes = models.PositiveIntegerField("承認した分")
    digest = models.CharField("業務実績のハッシュ", max_length=64)
    approved_at = models.DateTimeField("承認日時")
    approved_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="+", verbose_name="承認した職員"
    )
    instead_reason = models.CharField("承認に代わる確認の理由", max_length=200, blank=True)
    withdrawn_at = models.DateTimeField("取り消し日時", null=True, blank=True)
    withdrawn_reason = models.CharField("取り消しの理由", max_length=200, blank=True)

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        verbose_name = "月の承認"
        constraints = [
            models.CheckConstraint(name="approval_first_day", condition=Q(month__day=1)),
            models.UniqueConstraint(
                fields=["month", "agency"], condition=Q(withdrawn_at__isnull=True), name="approval_once"
            ),
            models.CheckConstraint(
                name="approval_withdrawn_pair",
                condition=Q(withdrawn_at__isnull=True, withdrawn_reason="")
                | (Q(withdrawn_at__isnull=False) & ~Q(withdrawn_reason="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agency} {self.month:%Y-%m}"


@pghistory.track()
class MonthAdjustment(models.Model):
    """締め後の調整: minutes moved from one category to another (either may be none), or yen of cost added or taken away.

    Dated, proposed by one person and approved by another; ``run`` is the re-run that its approval made.
    """

    month = models.ForeignKey(
        WorkMonth, on_delete=models.PROTECT, related_name="adjustments", verbose_name="業務月"
    )
    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", verbose_name="職員")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", verbose_name="機関")
    dated_on = models.DateField("調整の日付")
    from_category = models.ForeignKey(
        WorkCategory,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="減らす業務区分",
    )
    to_category = models.ForeignKey(
        WorkCategory,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="増やす業務区分",
    )
    minutes = models.PositiveIntegerField("動かす分", default=0)
    yen = models.BigIntegerField("人件費の増減（円）", default=0)
    reason = models.CharField("理由", max_length=300)
    state = models.CharField("状態", max_length=20, choices=AdjustmentState, default=AdjustmentState.PROPOSED)
    proposed_at = models.DateTimeField("起案日時")
    proposed_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="+", verbose_name="起案した職員"
    )
    decided_at = models.DateTimeField("決定日時", null=True, blank=True)
    decided_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="決定した職員"
    )
    run = models.ForeignKey(
        ApportionmentRun, on_delete=models.PROTECT, null=True, blank=True, related_name="adjustments",
        verbose_name="調整後の計算",
    )  # fmt: skip

    objects = MoneyQuerySet.as_manager()

    class Meta:
        verbose_name = "締め後の調整"
        constraints = [
            models.CheckConstraint(
                name="adjustment_says_something",
                condition=(Q(minutes__gt=0) & (Q(from_category__isnull=False) | Q(to_category__isnull=False)))
                | (Q(minutes=0, from_category__isnull=True, to_category__isnull=True) & ~Q(yen=0)),
            ),
            models.CheckConstraint(
                name="adjustment_decided_pair",
                condition=Q(state=AdjustmentState.PROPOSED, decided_at__isnull=True, decided_by__isnull=True)
                | (~Q(state=AdjustmentState.PROPOSED) & Q(decided_at__isnull=False, decided_by__isnull=False)),
            ),
            models.CheckConstraint(
                name="adjustment_two_people",
                condition=~Q(state=AdjustmentState.APPROVED) | ~Q(decided_by=F("proposed_by")),
                violation_error_message="起案した人は承認できません。",
            ),
            models.CheckConstraint(
                name="adjustment_approved_has_run",
                condition=Q(state=AdjustmentState.APPROVED, run__isnull=False)
                | (~Q(state=AdjustmentState.APPROVED) & Q(run__isnull=True)),
            ),
        ]  # fmt: skip
        triggers = [
            pgtrigger.Protect(
                name="decided_stays_decided",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Condition("OLD.state <> 'proposed'"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.staff} {self.dated_on:%Y-%m-%d}"
