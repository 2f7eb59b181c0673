"""精算: the claim of a stream for a fiscal year, the plan of its money, and shares that change in mid-year."""

from __future__ import annotations

import pghistory
import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from accounts.models import Staff
from budgets.enums import Payer
from budgets.models.apportionment import MoneyQuerySet
from budgets.models.stream import FundingStream
from budgets.workflow_claims import ClaimState

_FILED_IS_FROZEN = """
    IF OLD.state <> 'draft' AND
       (to_jsonb(NEW) - ARRAY['state', 'corrected_at', 'corrected_by_id', 'correction_reason'] IS DISTINCT FROM
        to_jsonb(OLD) - ARRAY['state', 'corrected_at', 'corrected_by_id', 'correction_reason']
        OR OLD.state = 'corrected' OR NEW.state = 'draft') THEN
        RAISE EXCEPTION 'a filed claim is frozen' USING ERRCODE = 'KY002';
    END IF;
    RETURN NEW;
"""


@pghistory.track(exclude=["inputs", "result"])  # input_hash stands for them
class GrantClaim(models.Model):
    """精算: one stream and year. A filed claim never changes; a later one is filed in its place and says why."""

    stream = models.ForeignKey(
        FundingStream, on_delete=models.PROTECT, related_name="claims", verbose_name="財源"
    )
    fiscal_year = models.PositiveSmallIntegerField("年度")
    revision = models.PositiveSmallIntegerField("回", default=1)
    state = models.CharField("状態", max_length=20, choices=ClaimState, default=ClaimState.DRAFT)
    other_yen = models.BigIntegerField("人件費のほかの事業費（円）", default=0)
    ineligible_yen = models.BigIntegerField("対象外の経費（円）", default=0)
    income_yen = models.BigIntegerField("寄付金その他の収入額（円）", default=0)
    granted_yen = models.BigIntegerField("交付決定額（円）", null=True, blank=True)
    unit_yen = models.PositiveIntegerField("端数の単位（円）", default=1000)
    note = models.CharField("備考", max_length=300, blank=True)
    version = models.PositiveIntegerField("版", default=1)
    drafted_at = models.DateTimeField("作成日時")
    drafted_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="+", verbose_name="作成した職員"
    )
    inputs = models.JSONField("凍結した入力", default=dict, blank=True)
    result = models.JSONField("精算の額", default=dict, blank=True)
    input_hash = models.CharField("入力のハッシュ", max_length=64, blank=True)
    filed_at = models.DateTimeField("提出日時", null=True, blank=True)
    filed_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="提出した職員"
    )
    corrects = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="訂正する精算"
    )
    correction_reason = models.CharField("訂正の理由", max_length=300, blank=True)
    corrected_at = models.DateTimeField("訂正日時", null=True, blank=True)
    corrected_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="訂正した職員"
    )

    objects = MoneyQuerySet.as_manager()

    class Meta:
        verbose_name = "精算"
        constraints = [
            models.UniqueConstraint(fields=["stream", "fiscal_year", "revision"], name="claim_revision_once"),
            models.UniqueConstraint(
                fields=["stream", "fiscal_year"], condition=Q(state=ClaimState.DRAFT), name="claim_one_draft"
            ),
            models.UniqueConstraint(
                fields=["stream", "fiscal_year"], condition=Q(state=ClaimState.FILED), name="claim_one_filed"
            ),
            models.CheckConstraint(
                name="claim_amounts",
                condition=Q(other_yen__gte=0, ineligible_yen__gte=0, income_yen__gte=0, unit_yen__gte=1)
                & (Q(granted_yen__isnull=True) | Q(granted_yen__gte=0)),
            ),
            models.CheckConstraint(
                name="claim_filed_pair",
                condition=Q(
                    state=ClaimState.DRAFT, filed_at__isnull=True, filed_by__isnull=True, input_hash=""
                )
                | (
                    ~Q(state=ClaimState.DRAFT)
                    & Q(filed_at__isnull=False, filed_by__isnull=False)
                    & ~Q(input_hash="")
                ),
            ),
            models.CheckConstraint(
                name="claim_corrected_pair",
                condition=Q(state=ClaimState.CORRECTED, corrected_at__isnull=False, corrected_by__isnull=False)
                | (~Q(state=ClaimState.CORRECTED) & Q(corrected_at__isnull=True, corrected_by__isnull=True)),
            ),
            models.CheckConstraint(
                name="claim_correction_says_why",
                condition=Q(corrects__isnull=True) | (~Q(correction_reason="") & Q(revision__gt=1)),
            ),
        ]  # fmt: skip
        triggers = [
            pgtrigger.Trigger(
                name="filed_is_frozen",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func=_FILED_IS_FROZEN,
            ),
            pgtrigger.Protect(
                name="filed_stays",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Condition("OLD.state <> 'draft'"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stream} {self.fiscal_year} 第{self.revision}回"

    @property
    def is_draft(self) -> bool:
        return self.state == ClaimState.DRAFT

    @property
    def is_corrected(self) -> bool:
        """A later claim was filed in its place."""
        return self.state == ClaimState.CORRECTED


@pghistory.track()
class ShareChange(models.Model):
    """年度途中の負担割合: the part of one payer from a month of the year on. The year's shares hold until then."""

    stream = models.ForeignKey(
        FundingStream, on_delete=models.CASCADE, related_name="share_changes", verbose_name="財源"
    )
    first = models.DateField("適用の最初の月")
    payer = models.CharField("負担者", max_length=20, choices=Payer)
    numerator = models.PositiveIntegerField("分子")
    denominator = models.PositiveIntegerField("分母")
    source = models.CharField("出典", max_length=200)

    objects = MoneyQuerySet.as_manager()

    class Meta:
        verbose_name = "年度途中の負担割合"
        constraints = [
            models.UniqueConstraint(fields=["stream", "first", "payer"], name="share_change_once"),
            models.CheckConstraint(name="share_change_first_day", condition=Q(first__day=1)),
            models.CheckConstraint(
                name="share_change_is_proper",
                condition=Q(denominator__gt=0) & Q(numerator__lte=F("denominator")),
            ),
        ]

    def __str__(self) -> str:
        return (
            f"{self.stream} {self.first:%Y-%m} {self.get_payer_display()} {self.numerator}/{self.denominator}"
        )


@pghistory.track()
class StreamBudget(models.Model):
    """財源の予算: the year's money of a stream, planned by month (April first)."""

    stream = models.ForeignKey(
        FundingStream, on_delete=models.CASCADE, related_name="budgets", verbose_name="財源"
    )
    fiscal_year = models.PositiveSmallIntegerField("年度")
    months = ArrayField(models.BigIntegerField(), size=12, verbose_name="月別の予算（円）")
    version = models.PositiveIntegerField("版", default=1)
    changed_at = models.DateTimeField("変更日時")
    changed_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="+", verbose_name="変更した職員"
    )

    objects = MoneyQuerySet.as_manager()

    class Meta:
        verbose_name = "財源の予算"
        constraints = [
            models.UniqueConstraint(fields=["stream", "fiscal_year"], name="stream_budget_once"),
            models.CheckConstraint(name="stream_budget_twelve", condition=Q(months__len=12)),
        ]

    def __str__(self) -> str:
        return f"{self.stream} {self.fiscal_year}"

    @property
    def total(self) -> int:
        return sum(self.months)
