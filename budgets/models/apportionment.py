"""業務月, 人件費, and the frozen results of an apportionment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pghistory
import pgtrigger
from django.db import models
from django.db.models import Q

from accounts.models import Agency, Staff
from accounts.roles import Permission
from budgets.enums import Method, RemainderRule
from budgets.models.stream import FundingStream
from budgets.models.work import month_gate
from budgets.workflow import CLOSED_MONTHS, MonthState

if TYPE_CHECKING:
    from accounts.actor import Actor

_COST_MONTH_IS_LOCKED = f"""
    IF TG_OP IN ('UPDATE', 'DELETE') THEN {month_gate("OLD.month")}
    END IF;
    IF TG_OP IN ('INSERT', 'UPDATE') THEN {month_gate("NEW.month")}
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
"""


class MoneyQuerySet(models.QuerySet):
    """Scope shared by months, costs, runs and rows: money is for finance and audit."""

    def visible_to(self, actor: Actor) -> MoneyQuerySet:
        return self.all() if actor.has(Permission.APPORTION_VIEW) else self.none()


@pghistory.track()
class WorkMonth(models.Model):
    """業務月: open, approved by every agency's manager, locked by the finance clerk, reported.

    A locked month never moves (invariant 8): what is corrected later is an adjustment.
    """

    month = models.DateField("月", unique=True)
    state = models.CharField("状態", max_length=20, choices=MonthState, default=MonthState.OPEN)
    remainder_rule = models.CharField(
        "端数の扱い", max_length=30, choices=RemainderRule, default=RemainderRule.LARGEST_REMAINDER
    )
    locked_at = models.DateTimeField("締め日時", null=True, blank=True)
    locked_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="締めた職員"
    )

    reported_at = models.DateTimeField("報告日時", null=True, blank=True)
    reported_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="報告した職員"
    )
    reported_as = models.CharField("報告の文書番号", max_length=200, blank=True)

    objects = MoneyQuerySet.as_manager()

    class Meta:
        verbose_name = "業務月"
        constraints = [
            models.CheckConstraint(name="work_month_first_day", condition=Q(month__day=1)),
            models.CheckConstraint(
                name="work_month_locked_pair",
                condition=Q(state__in=[MonthState.OPEN, MonthState.APPROVED], locked_at__isnull=True, locked_by__isnull=True)
                | Q(state__in=CLOSED_MONTHS, locked_at__isnull=False, locked_by__isnull=False),
            ),
            models.CheckConstraint(
                name="work_month_reported_pair",
                condition=(~Q(state=MonthState.REPORTED) & Q(reported_at__isnull=True, reported_by__isnull=True, reported_as=""))
                | (Q(state=MonthState.REPORTED, reported_at__isnull=False, reported_by__isnull=False) & ~Q(reported_as="")),
            ),
        ]  # fmt: skip
        triggers = [
            pgtrigger.Protect(
                name="locked_stays_locked",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.state = 'reported' OR (OLD.state = 'locked' AND (NEW.state <> 'reported'"
                    " OR NEW.month <> OLD.month OR NEW.remainder_rule <> OLD.remainder_rule"
                    " OR NEW.locked_at <> OLD.locked_at OR NEW.locked_by_id <> OLD.locked_by_id))"
                ),
            ),
            pgtrigger.Protect(
                name="locked_is_not_deleted",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Condition("OLD.state IN ('locked', 'reported')"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"

    @property
    def is_locked(self) -> bool:
        """Nothing moves in it any more, whether it was reported yet or not."""
        return self.state in CLOSED_MONTHS

    @property
    def is_reported(self) -> bool:
        return self.state == MonthState.REPORTED


@pghistory.track()
class PersonnelCost(models.Model):
    """人件費: whole yen of one worker in one month."""

    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="costs", verbose_name="職員")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", verbose_name="機関")
    month = models.DateField("月")
    yen = models.BigIntegerField("人件費（円）")
    items = models.JSONField("費目", default=dict, blank=True)  # CostItem → yen; {}: only the sum is known

    objects = MoneyQuerySet.as_manager()

    class Meta:
        verbose_name = "人件費"
        constraints = [
            models.UniqueConstraint(fields=["staff", "month"], name="cost_once"),
            models.CheckConstraint(name="cost_first_day", condition=Q(month__day=1)),
            models.CheckConstraint(
                name="cost_not_negative",
                condition=Q(yen__gte=0),
                violation_error_message="人件費は0円以上で入力してください。",
            ),
        ]
        indexes = [models.Index(fields=["month", "staff"], name="cost_month")]
        triggers = [
            pgtrigger.Trigger(
                name="locked_cost_month",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                func=_COST_MONTH_IS_LOCKED,
            )
        ]

    def __str__(self) -> str:
        return f"{self.staff} {self.month:%Y-%m} {self.yen}円"


@pghistory.track(exclude=["inputs"])  # input_hash stands for them
class ApportionmentRun(models.Model):
    """按分の計算: one computation from frozen inputs; never changed after it was made."""

    month = models.ForeignKey(WorkMonth, on_delete=models.PROTECT, related_name="runs", verbose_name="業務月")
    method = models.CharField("方式", max_length=30, choices=Method, default=Method.ACTUAL_MINUTES)
    remainder_rule = models.CharField("端数の扱い", max_length=30, choices=RemainderRule)
    ran_at = models.DateTimeField("計算日時")
    ran_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", verbose_name="計算した職員")
    total_yen = models.BigIntegerField("人件費の合計（円）")
    inputs = models.JSONField("凍結した入力", default=dict)
    input_hash = models.CharField("入力のハッシュ", max_length=64)
    code_version = models.CharField("計算プログラムの版", max_length=40)
    is_final = models.BooleanField("締めの計算", default=False)
    rule_versions = models.JSONField("使った規則の版", default=dict, blank=True)
    adjustment_no = models.PositiveSmallIntegerField("調整の回", default=0)  # 0: no re-run after the lock
    corrects = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="調整前の計算"
    )

    objects = MoneyQuerySet.as_manager()

    class Meta:
        verbose_name = "按分の計算"
        indexes = [models.Index(fields=["month", "-ran_at"], name="run_month")]
        constraints = [
            models.UniqueConstraint(fields=["month"], condition=Q(is_final=True), name="one_final_run"),
            models.UniqueConstraint(
                fields=["month", "adjustment_no"], condition=Q(adjustment_no__gt=0), name="one_run_an_adjustment"
            ),
            models.CheckConstraint(
                name="adjusted_run_corrects_another",
                condition=Q(adjustment_no=0, corrects__isnull=True)
                | Q(adjustment_no__gt=0, corrects__isnull=False, is_final=False),
            ),
        ]  # fmt: skip
        triggers = [
            pgtrigger.Protect(name="run_is_frozen", operation=pgtrigger.Update | pgtrigger.Delete,
                              condition=pgtrigger.Condition("OLD.is_final OR OLD.adjustment_no > 0")),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.month} {self.ran_at:%Y-%m-%d %H:%M}"


@pghistory.track()
class ApportionmentRow(models.Model):
    """One worker × one stream: minutes, exact ratio, yen."""

    run = models.ForeignKey(
        ApportionmentRun, on_delete=models.CASCADE, related_name="rows", verbose_name="計算"
    )
    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", verbose_name="職員")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", verbose_name="機関")
    stream = models.ForeignKey(FundingStream, on_delete=models.PROTECT, related_name="+", verbose_name="財源")
    minutes = models.PositiveIntegerField("直接の分")
    direct_minutes = models.PositiveIntegerField("直接の分の合計（分母）")
    shared_minutes = models.PositiveIntegerField("共通の分", default=0)
    yen = models.BigIntegerField("按分額（円）")
    method = models.CharField("方式", max_length=30, choices=Method, default=Method.ACTUAL_MINUTES)

    objects = MoneyQuerySet.as_manager()

    class Meta:
        verbose_name = "按分の行"
        constraints = [models.UniqueConstraint(fields=["run", "staff", "stream"], name="row_once")]
        triggers = [pgtrigger.Protect(name="row_is_frozen", operation=pgtrigger.Update)]

    def __str__(self) -> str:
        return f"{self.staff} {self.stream} {self.yen}円"
