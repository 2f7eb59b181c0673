"""タイムスタディ: a study of some weeks whose ratio splits the costs of the months that it covers."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pghistory
import pgtrigger
from django.db import models
from django.db.models import F, Q

from accounts.models import Agency, Staff
from accounts.roles import Permission
from budgets.enums import StudySampling
from budgets.models.stream import WorkCategory
from budgets.workflow import StudyState

if TYPE_CHECKING:
    from accounts.actor import Actor


class StudyQuerySet(models.QuerySet["TimeStudy"]):
    def visible_to(self, actor: Actor) -> StudyQuerySet:
        """Money is for finance and audit."""
        return self.all() if actor.has(Permission.APPORTION_VIEW) else self.none()

    def approved_for(self, month: date) -> StudyQuerySet:
        """Approved studies that cover the month (its first day)."""
        return self.filter(state=StudyState.APPROVED, covers_from__lte=month, covers_to__gte=month)


@pghistory.track()
class TimeStudy(models.Model):
    """タイムスタディ: period, staff, sampling, and after approval its frozen result for the months it covers."""

    name = models.CharField("名称", max_length=80)
    sampling = models.CharField("調べ方", max_length=20, choices=StudySampling)
    starts_on = models.DateField("調査の初日")
    ends_on = models.DateField("調査の末日")
    covers_from = models.DateField("使う最初の月")
    covers_to = models.DateField("使う最後の月")
    level = models.PositiveSmallIntegerField("信頼水準（%）", default=95)
    moments_each = models.PositiveSmallIntegerField("1人に尋ねる時点の数", default=0)
    basis = models.CharField("根拠（決裁など）", max_length=200)
    state = models.CharField("状態", max_length=20, choices=StudyState, default=StudyState.DRAFT)
    result = models.JSONField("凍結した結果", default=dict, blank=True)
    input_hash = models.CharField("入力のハッシュ", max_length=64, blank=True)
    code_version = models.CharField("計算プログラムの版", max_length=40, blank=True)
    created_at = models.DateTimeField("登録日時")
    created_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="+", verbose_name="登録した職員"
    )
    approved_at = models.DateTimeField("承認日時", null=True, blank=True)
    approved_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="承認した職員"
    )

    objects = StudyQuerySet.as_manager()

    class Meta:
        verbose_name = "タイムスタディ"
        constraints = [
            models.CheckConstraint(name="study_period", condition=Q(ends_on__gte=F("starts_on"))),
            models.CheckConstraint(
                name="study_covers_whole_months",
                condition=Q(covers_from__day=1, covers_to__day=1, covers_to__gte=F("covers_from")),
            ),
            models.CheckConstraint(
                name="study_approved_pair",
                condition=Q(state=StudyState.DRAFT, approved_at__isnull=True, approved_by__isnull=True)
                | (Q(state=StudyState.APPROVED, approved_at__isnull=False, approved_by__isnull=False) & ~Q(input_hash="")),
            ),
        ]  # fmt: skip
        triggers = [
            pgtrigger.Protect(
                name="approved_stays_approved",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__state="approved"),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_approved(self) -> bool:
        return self.state == StudyState.APPROVED


class StudyPartQuerySet(models.QuerySet):
    def visible_to(self, actor: Actor) -> StudyPartQuerySet:
        """Finance and audit all; a worker the own part."""
        if actor.has(Permission.APPORTION_VIEW):
            return self.all()
        return self.filter(staff=actor.staff_id) if actor.has(Permission.WORK_RECORD) else self.none()


@pghistory.track()
class StudyMember(models.Model):
    """調査に加わる職員."""

    study = models.ForeignKey(
        TimeStudy, on_delete=models.CASCADE, related_name="members", verbose_name="調査"
    )
    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", verbose_name="職員")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", verbose_name="機関")

    objects = StudyPartQuerySet.as_manager()

    class Meta:
        verbose_name = "調査に加わる職員"
        constraints = [models.UniqueConstraint(fields=["study", "staff"], name="study_member_once")]

    def __str__(self) -> str:
        return f"{self.study} {self.staff}"


@pghistory.track()
class StudyMoment(models.Model):
    """調査の時点: one random moment of one worker, and what that worker was doing (none: not answered yet)."""

    study = models.ForeignKey(
        TimeStudy, on_delete=models.CASCADE, related_name="moments", verbose_name="調査"
    )
    staff = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="study_moments", verbose_name="職員"
    )
    moment_at = models.DateTimeField("時点")
    category = models.ForeignKey(
        WorkCategory, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="業務区分"
    )  # fmt: skip
    answered_on = models.DateField("回答日", null=True, blank=True)

    objects = StudyPartQuerySet.as_manager()

    class Meta:
        verbose_name = "調査の時点"
        constraints = [
            models.UniqueConstraint(fields=["study", "staff", "moment_at"], name="study_moment_once"),
            models.CheckConstraint(
                name="study_moment_answered",
                condition=Q(category__isnull=True, answered_on__isnull=True)
                | Q(category__isnull=False, answered_on__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.staff} {self.moment_at:%Y-%m-%d %H:%M}"
