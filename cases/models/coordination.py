"""連携の型の設定: which coordination model holds from which day, and who runs the sub-projects then."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pghistory
import pgtrigger
from django.db import models
from django.db.models import Q

from accounts.models import Agency, Staff
from cases.coordination import NEEDS_CENTER, Model, Project


class CoordinationQuerySet(models.QuerySet["CoordinationSetting"]):
    def visible_to(self, actor: object) -> CoordinationQuerySet:
        """Open to every signed-in worker: who coordinates here is no secret, and no personal data."""
        return self.all()

    def standing(self) -> CoordinationQuerySet:
        return self.filter(withdrawn_at__isnull=True)

    def in_force(self, on: date) -> CoordinationQuerySet:
        """Those that have begun by the day, the one that holds first."""
        return self.standing().filter(starts_on__lte=on).order_by("-starts_on")


@pghistory.track()
class CoordinationSetting(models.Model):
    """From ``starts_on`` this model holds, until the next one begins. A case keeps the model of the day on which it was opened.

    What has begun is never changed (trigger ``begun_setting_stands``): a new row begins on a later day.
    """

    request_key = models.UUIDField(default=uuid4, unique=True, editable=False)
    starts_on = models.DateField("開始日")
    model = models.CharField("連携の型", max_length=30, choices=Model)
    center = models.ForeignKey(
        Agency,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="中心となる機関",
    )
    coordinator_may_lead = models.BooleanField("調整役も主担当になれる", default=False)
    conference_days = models.PositiveSmallIntegerField("会議までの開庁日数", null=True, blank=True)
    reason = models.CharField("理由", max_length=300)
    set_at = models.DateTimeField("登録日時")
    set_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", verbose_name="登録した職員")
    withdrawn_at = models.DateTimeField("取り消した日時", null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        Staff,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="取り消した職員",
    )

    objects = CoordinationQuerySet.as_manager()

    class Meta:
        verbose_name = "連携の型の設定"
        constraints = [
            models.UniqueConstraint(
                fields=["starts_on"], condition=Q(withdrawn_at__isnull=True), name="one_model_a_day"
            ),
            models.CheckConstraint(
                name="model_has_its_center",
                condition=~Q(model__in=NEEDS_CENTER) | Q(center__isnull=False),
            ),
            models.CheckConstraint(
                name="setting_withdrawn_pair",
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="begun_setting_stands",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func=(
                    "IF OLD.withdrawn_at IS NOT NULL OR OLD.starts_on <= (now() AT TIME ZONE 'Asia/Tokyo')::date THEN "
                    "RAISE EXCEPTION 'coordination setting % has begun', OLD.id; END IF; "
                    "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;"
                ),
            )
        ]

    def __str__(self) -> str:
        return f"{self.starts_on} {self.get_model_display()}"


class OperatorQuerySet(models.QuerySet["ProjectOperator"]):
    def visible_to(self, actor: object) -> OperatorQuerySet:
        return self.all()


@pghistory.track()
class ProjectOperator(models.Model):
    """実施機関: who runs a sub-project under a setting: the city itself or an entrusted body, one or several."""

    setting = models.ForeignKey(
        CoordinationSetting, on_delete=models.CASCADE, related_name="operators", verbose_name="連携の型の設定"
    )
    project = models.CharField("事業", max_length=20, choices=Project)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", verbose_name="機関")

    objects = OperatorQuerySet.as_manager()

    class Meta:
        verbose_name = "事業の実施機関"
        constraints = [models.UniqueConstraint(fields=["setting", "project", "agency"], name="operator_once")]

    def __str__(self) -> str:
        return f"{self.get_project_display()} {self.agency}"
