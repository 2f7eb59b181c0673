"""財源, its shares by fiscal year, and 業務区分."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from accounts.enums import Sector
from accounts.models import Staff
from budgets.enums import Account, Activity, CategoryKind, Payer, RemainderRule

if TYPE_CHECKING:
    from accounts.actor import Actor


class FundingStreamQuerySet(models.QuerySet["FundingStream"]):
    def visible_to(self, actor: Actor) -> FundingStreamQuerySet:
        """Streams are open to all: they hold no personal data."""
        return self.all()


@pghistory.track()
class FundingStream(models.Model):
    """財源: where the money of some work comes from. Exactly one is the 一般財源 that takes a remainder."""

    code = models.CharField("コード", max_length=30, unique=True)
    name = models.CharField("名称", max_length=100)
    short_name = models.CharField("略称", max_length=30)
    account = models.CharField("会計", max_length=20, choices=Account)
    legal_basis = models.CharField("根拠", max_length=200, blank=True)
    eligible = models.CharField("対象", max_length=100, blank=True)
    position = models.PositiveSmallIntegerField("順", default=0)
    is_general = models.BooleanField("一般財源", default=False)
    needs_check = models.BooleanField("要確認", default=True)

    objects = FundingStreamQuerySet.as_manager()

    class Meta:
        verbose_name = "財源"
        constraints = [
            models.UniqueConstraint(
                fields=["is_general"], condition=Q(is_general=True), name="one_general_stream"
            )
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class FundingShare(models.Model):
    """負担割合: the part of a stream that one payer bears in one fiscal year, as an exact fraction."""

    stream = models.ForeignKey(
        FundingStream, on_delete=models.CASCADE, related_name="shares", verbose_name="財源"
    )
    fiscal_year = models.PositiveSmallIntegerField("年度")
    payer = models.CharField("負担者", max_length=20, choices=Payer)
    numerator = models.PositiveIntegerField("分子")
    denominator = models.PositiveIntegerField("分母")
    source = models.CharField("出典", max_length=200, blank=True)
    needs_check = models.BooleanField("要確認", default=True)

    class Meta:
        verbose_name = "負担割合"
        constraints = [
            models.UniqueConstraint(fields=["stream", "fiscal_year", "payer"], name="share_once"),
            models.CheckConstraint(
                name="share_is_proper",
                condition=Q(denominator__gt=0) & Q(numerator__lte=F("denominator")),
                violation_error_message="割合は0以上1以下です。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stream} {self.get_payer_display()} {self.numerator}/{self.denominator}"


class StreamYearQuerySet(models.QuerySet["StreamYear"]):
    def visible_to(self, actor: Actor) -> StreamYearQuerySet:
        """Conditions of the money are open to all whose minutes they concern."""
        return self.all()


@pghistory.track()
class StreamYear(models.Model):
    """財源の年度: who and what is eligible (age, sectors, activities), the standard amount and the rounding of a stream in one fiscal year; versioned."""

    stream = models.ForeignKey(
        FundingStream, on_delete=models.CASCADE, related_name="years", verbose_name="財源"
    )
    fiscal_year = models.PositiveSmallIntegerField("年度")
    standard_yen = models.BigIntegerField("基準額（円）", null=True, blank=True)
    must_be_dedicated = models.BooleanField("専従を求める", default=False)
    age_from = models.PositiveSmallIntegerField("対象の年齢（以上）", null=True, blank=True)
    age_below = models.PositiveSmallIntegerField("対象の年齢（未満）", null=True, blank=True)
    # empty: of any sector, by any activity; a record is eligible with one of its sectors
    sectors = ArrayField(
        models.CharField(max_length=20, choices=Sector), verbose_name="対象の分野", default=list, blank=True
    )
    activities = ArrayField(
        models.CharField(max_length=20, choices=Activity), verbose_name="対象の活動", default=list, blank=True
    )
    remainder_rule = models.CharField("端数の扱い", max_length=30, choices=RemainderRule, blank=True)
    ends_on = models.DateField("年度途中の終わり", null=True, blank=True)
    source = models.CharField("出典", max_length=200, blank=True)
    needs_check = models.BooleanField("要確認", default=True)
    version = models.PositiveSmallIntegerField("版", default=1)
    changed_at = models.DateTimeField("変更日時", null=True, blank=True)
    changed_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="変更した職員"
    )

    objects = StreamYearQuerySet.as_manager()

    class Meta:
        verbose_name = "財源の年度"
        constraints = [
            models.UniqueConstraint(fields=["stream", "fiscal_year"], name="stream_year_once"),
            models.CheckConstraint(
                name="stream_year_ages",
                condition=Q(age_from__isnull=True)
                | Q(age_below__isnull=True)
                | Q(age_from__lt=F("age_below")),
                violation_error_message="年齢の範囲が逆か、空です。",
            ),
            models.CheckConstraint(
                name="stream_year_changed_pair",
                condition=Q(changed_at__isnull=True, changed_by__isnull=True)
                | Q(changed_at__isnull=False, changed_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stream} {self.fiscal_year}"


class WorkCategoryQuerySet(models.QuerySet["WorkCategory"]):
    def visible_to(self, actor: Actor) -> WorkCategoryQuerySet:
        """Categories are open to all: they hold no personal data."""
        return self.all()


@pghistory.track()
class WorkCategory(models.Model):
    """業務区分: what a stretch of work was; a direct one belongs to exactly one stream."""

    code = models.CharField("コード", max_length=30, unique=True)
    name = models.CharField("名称", max_length=60)
    key = models.CharField("入力の略記", max_length=20, blank=True)
    kind = models.CharField("種類", max_length=10, choices=CategoryKind)
    stream = models.ForeignKey(
        FundingStream,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="categories",
        verbose_name="財源",
    )
    position = models.PositiveSmallIntegerField("順", default=0)

    objects = WorkCategoryQuerySet.as_manager()

    class Meta:
        verbose_name = "業務区分"
        constraints = [
            models.CheckConstraint(
                name="direct_category_has_stream",
                condition=Q(kind=CategoryKind.DIRECT, stream__isnull=False)
                | (~Q(kind=CategoryKind.DIRECT) & Q(stream__isnull=True)),
            )
        ]

    def __str__(self) -> str:
        return self.name
