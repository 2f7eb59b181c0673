"""重層的支援体制整備事業交付金: base amounts per field, the added programmes, and what was spent."""

from __future__ import annotations

from fractions import Fraction

import pghistory
from django.db import models
from django.db.models import F, Q

from accounts.models import Staff
from budgets.enums import GrantField, GrantPart
from budgets.models.apportionment import MoneyQuerySet
from budgets.models.stream import FundingStream


@pghistory.track()
class IntegratedGrantLine(models.Model):
    """重層交付金の内訳: one programme of one field in a fiscal year. Amounts are empty until somebody knows them."""

    fiscal_year = models.PositiveSmallIntegerField("年度")
    part = models.CharField("区分", max_length=20, choices=GrantPart)
    field = models.CharField("分野", max_length=20, choices=GrantField)
    code = models.CharField("コード", max_length=30)
    name = models.CharField("事業", max_length=100)
    stream = models.ForeignKey(
        FundingStream, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="財源"
    )
    position = models.PositiveSmallIntegerField("順", default=0)
    rate_numerator = models.PositiveIntegerField("国の補助率の分子")
    rate_denominator = models.PositiveIntegerField("国の補助率の分母")
    unit = models.PositiveIntegerField("切り捨ての単位（円）", default=1000)
    standard_yen = models.BigIntegerField("基準額（円）", null=True, blank=True)
    total_yen = models.BigIntegerField("総事業費（円）", null=True, blank=True)
    income_yen = models.BigIntegerField("寄附金その他の収入額（円）", null=True, blank=True)
    eligible_yen = models.BigIntegerField("対象経費の実支出額（円）", null=True, blank=True)
    granted_yen = models.BigIntegerField("交付決定額（円）", null=True, blank=True)
    source = models.CharField("出典", max_length=200, blank=True)
    needs_check = models.BooleanField("要確認", default=True)
    version = models.PositiveSmallIntegerField("版", default=1)
    changed_at = models.DateTimeField("変更日時", null=True, blank=True)
    changed_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="変更した職員"
    )

    objects = MoneyQuerySet.as_manager()

    class Meta:
        verbose_name = "重層交付金の内訳"
        constraints = [
            models.UniqueConstraint(fields=["fiscal_year", "code"], name="integrated_line_once"),
            models.CheckConstraint(
                name="integrated_rate_is_proper",
                condition=Q(rate_denominator__gt=0, rate_numerator__lte=F("rate_denominator"), unit__gt=0),
                violation_error_message="補助率は0以上1以下です。",
            ),
            models.CheckConstraint(
                name="integrated_changed_pair",
                condition=Q(changed_at__isnull=True, changed_by__isnull=True)
                | Q(changed_at__isnull=False, changed_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fiscal_year} {self.name}"

    @property
    def rate(self) -> Fraction:
        return Fraction(self.rate_numerator, self.rate_denominator)
