"""Which method is in force from when, and how overheads are spread."""

from __future__ import annotations

from datetime import date

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from accounts.models import Agency, Staff
from budgets.enums import Method, OverheadMethod, RemainderRule
from budgets.models.apportionment import MoneyQuerySet


class MethodChoiceQuerySet(MoneyQuerySet):
    def on(self, month: date) -> MethodChoiceQuerySet:
        """Choices that had begun by ``month``, the latest first; of one agency (or of all) the first is in force."""
        return self.filter(valid_from__lte=month).order_by("-valid_from", "-pk")


@pghistory.track()
class MethodChoice(models.Model):
    """按分の方式: from a month on, for one agency or, where ``agency`` is empty, for all that have none of their own."""

    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="機関"
    )
    method = models.CharField("方式", max_length=30, choices=Method)
    valid_from = models.DateField("最初の月")
    basis = models.CharField("根拠（決裁など）", max_length=200)
    set_at = models.DateTimeField("登録日時")
    set_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", verbose_name="登録した職員")

    objects = MethodChoiceQuerySet.as_manager()

    class Meta:
        verbose_name = "按分の方式"
        constraints = [
            models.CheckConstraint(name="method_first_day", condition=Q(valid_from__day=1)),
            models.CheckConstraint(name="method_is_one_way", condition=~Q(method=Method.MIXED)),
            models.UniqueConstraint(
                fields=["agency", "valid_from"], nulls_distinct=False, name="method_once_a_month"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agency or '全機関'} {self.get_method_display()}"


@pghistory.track(exclude=["inputs"])  # input_hash stands for them
class OverheadPlan(models.Model):
    """間接費の配賦: what serves several streams at once, by the stated method and, step by step, in the stated order.

    A later plan of the same month replaces the earlier one, which stays. ``inputs`` and ``result`` are frozen.
    """

    month = models.DateField("月")
    version = models.PositiveSmallIntegerField("版", default=1)
    method = models.CharField("配賦の方法", max_length=20, choices=OverheadMethod)
    order = ArrayField(models.CharField(max_length=20), verbose_name="配賦の順序", default=list, blank=True)
    remainder_rule = models.CharField(
        "端数の扱い", max_length=30, choices=RemainderRule, default=RemainderRule.LARGEST_REMAINDER
    )
    total_yen = models.BigIntegerField("間接費の合計（円）")
    inputs = models.JSONField("凍結した入力", default=dict)
    result = models.JSONField("配賦の結果", default=dict)
    printed = models.CharField("印刷する方法と順序", max_length=300)
    input_hash = models.CharField("入力のハッシュ", max_length=64)
    code_version = models.CharField("計算プログラムの版", max_length=40)
    decided_on = models.DateField("決裁日")
    decided_by = models.CharField("決裁者・決裁番号", max_length=100)
    entered_at = models.DateTimeField("登録日時")
    entered_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="+", verbose_name="登録した職員"
    )

    objects = MoneyQuerySet.as_manager()

    class Meta:
        verbose_name = "間接費の配賦"
        constraints = [
            models.CheckConstraint(name="overhead_first_day", condition=Q(month__day=1)),
            models.UniqueConstraint(fields=["month", "version"], name="overhead_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.printed}"
