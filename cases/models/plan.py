"""プラン and 評価."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pghistory
from django.db import models
from django.db.models import F, Q

from accounts.models import Agency, Staff
from cases.enums import Achievement, Doer, Judgement
from cases.models.case import Case, sees_case
from cases.models.codes import Code
from cases.workflow import PlanState
from common.models import Versioned

if TYPE_CHECKING:
    from accounts.actor import Actor


class PlanQuerySet(models.QuerySet["SupportPlan"]):
    def visible_to(self, actor: Actor) -> PlanQuerySet:
        return self.filter(sees_case(actor, "case_id"))


@pghistory.track()
class SupportPlan(Versioned):
    """プラン: written by the lead, decided by a conference, evaluated, replaced by a re-plan that keeps the old."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="plans", verbose_name="ケース")
    ordinal = models.PositiveSmallIntegerField("回数")
    state = models.CharField("状態", max_length=20, choices=PlanState, default=PlanState.DRAFT)
    hope = models.TextField("本人の目指す姿", blank=True)
    long_goal = models.TextField("長期目標", blank=True)
    short_goal = models.TextField("本プランにおける達成目標", blank=True)
    starts_on = models.DateField("期間の初日", null=True, blank=True)
    ends_on = models.DateField("期間の末日", null=True, blank=True)
    monitoring_on = models.DateField("次回モニタリング", null=True, blank=True)
    services = models.ManyToManyField(Code, blank=True, related_name="+", verbose_name="利用する事業")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", verbose_name="作成機関")
    written_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", verbose_name="作成者")
    written_at = models.DateTimeField("作成日時")
    decided_at = models.DateTimeField("決定日時", null=True, blank=True)
    decided_by = models.ForeignKey(
        Staff,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="決定を記録した職員",
    )
    decided_where = models.CharField("決定した会議", max_length=200, blank=True)

    objects = PlanQuerySet.as_manager()

    class Meta:
        verbose_name = "プラン"
        constraints = [
            models.UniqueConstraint(fields=["case", "ordinal"], name="plan_ordinal_once"),
            models.UniqueConstraint(
                fields=["case"], condition=Q(state=PlanState.DRAFT), name="one_draft_plan_per_case"
            ),
            models.UniqueConstraint(
                fields=["case"], condition=Q(state=PlanState.DECIDED), name="one_decided_plan_per_case"
            ),
            models.CheckConstraint(
                name="plan_decided_pair",
                condition=(
                    Q(state=PlanState.DRAFT, decided_at__isnull=True, decided_by__isnull=True)
                    | (~Q(state=PlanState.DRAFT) & Q(decided_at__isnull=False, decided_by__isnull=False))
                ),
            ),
            models.CheckConstraint(
                name="plan_period_order",
                condition=Q(starts_on__isnull=True)
                | Q(ends_on__isnull=True)
                | Q(ends_on__gte=F("starts_on")),
                violation_error_message="期間の末日が初日より前です。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case} プラン{self.ordinal}"


@pghistory.track()
class PlanItem(models.Model):
    """One row of the role table: problem × goal × who × what × how often × by when."""

    plan = models.ForeignKey(
        SupportPlan, on_delete=models.CASCADE, related_name="items", verbose_name="プラン"
    )
    position = models.PositiveSmallIntegerField("順", default=0)
    problem = models.CharField("解決したい課題", max_length=300, blank=True)
    doer = models.CharField("実施する人", max_length=20, choices=Doer, default=Doer.AGENCY)
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="担当機関"
    )
    staff = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="担当者"
    )
    doer_text = models.CharField("実施者（その他）", max_length=100, blank=True)
    action = models.CharField("実施すること", max_length=300)
    frequency = models.CharField("期間・頻度", max_length=100, blank=True)
    due_on = models.DateField("期限", null=True, blank=True)

    class Meta:
        verbose_name = "プランの実施内容"
        indexes = [models.Index(fields=["plan", "position", "id"], name="plan_item_order")]

    def __str__(self) -> str:
        return self.action


class EvaluationQuerySet(models.QuerySet["Evaluation"]):
    def visible_to(self, actor: Actor) -> EvaluationQuerySet:
        return self.filter(sees_case(actor, "plan__case_id"))


@pghistory.track()
class Evaluation(models.Model):
    """評価: what a plan achieved and what follows."""

    plan = models.OneToOneField(
        SupportPlan, on_delete=models.PROTECT, related_name="evaluation", verbose_name="プラン"
    )
    achievement = models.CharField("目標の達成状況", max_length=20, choices=Achievement)
    changes = models.ManyToManyField(Code, blank=True, related_name="+", verbose_name="見られた変化")
    note = models.TextField("評価", blank=True)
    remaining = models.TextField("残された課題", blank=True)
    wish = models.TextField("本人の希望・満足度", blank=True)
    judgement = models.CharField("判定", max_length=20, choices=Judgement)
    evaluated_at = models.DateTimeField("評価日時")
    evaluated_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", verbose_name="評価者")

    objects = EvaluationQuerySet.as_manager()

    class Meta:
        verbose_name = "評価"

    def __str__(self) -> str:
        return f"{self.plan} {self.get_judgement_display()}"
