"""共通経費: the total cost of one jointly run community-building activity, split by a driver with its evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from accounts.models import Staff
from accounts.roles import Permission
from budgets.enums import PoolDriver, RemainderRule
from budgets.models.stream import FundingStream

if TYPE_CHECKING:
    from accounts.actor import Actor


class PoolQuerySet(models.QuerySet):
    def visible_to(self, actor: Actor) -> PoolQuerySet:
        """Money is for finance and audit."""
        return self.all() if actor.has(Permission.APPORTION_VIEW) else self.none()


@pghistory.track()
class CostPool(models.Model):
    """共通経費: who decided on the driver and when is printed with it (notice of 2017-03-31)."""

    name = models.CharField("事業の名称", max_length=80)
    month_from = models.DateField("最初の月")
    month_to = models.DateField("最後の月")
    total_yen = models.BigIntegerField("総費用（円）")
    driver = models.CharField("按分の基準", max_length=20, choices=PoolDriver)
    driver_name = models.CharField("市町村が定める基準の名称", max_length=60, blank=True)
    remainder_rule = models.CharField(
        "端数の扱い", max_length=30, choices=RemainderRule, default=RemainderRule.LARGEST_REMAINDER
    )
    decided_on = models.DateField("決裁日")
    decided_by = models.CharField("決裁者・決裁番号", max_length=100)
    # whose personnel costs are within the total: they must not be apportioned a second time
    worker_ids = ArrayField(models.BigIntegerField(), verbose_name="総費用に人件費を含む職員", default=list, blank=True)  # fmt: skip
    entered_at = models.DateTimeField("登録日時")
    entered_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="+", verbose_name="登録した職員"
    )

    objects = PoolQuerySet.as_manager()

    class Meta:
        verbose_name = "共通経費"
        constraints = [
            models.CheckConstraint(
                name="pool_whole_months",
                condition=Q(month_from__day=1, month_to__day=1, month_to__gte=F("month_from")),
            ),
            models.CheckConstraint(
                name="pool_own_driver_has_a_name",
                condition=~Q(driver=PoolDriver.OWN) | ~Q(driver_name=""),
                violation_error_message="市町村が定める基準には、名称を入れてください。",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def driver_label(self) -> str:
        return self.driver_name or PoolDriver(self.driver).label


@pghistory.track(exclude=["file"])
class PoolShare(models.Model):
    """共通経費の基準: the figure of one stream, the paper that it comes from, and a copy of that paper."""

    pool = models.ForeignKey(
        CostPool, on_delete=models.CASCADE, related_name="shares", verbose_name="共通経費"
    )
    stream = models.ForeignKey(FundingStream, on_delete=models.PROTECT, related_name="+", verbose_name="財源")
    amount = models.DecimalField("数値", max_digits=14, decimal_places=4)
    evidence = models.CharField("根拠の資料", max_length=200)
    file_name = models.CharField("ファイル名", max_length=120, blank=True)
    file = models.BinaryField("写し", null=True, blank=True)
    sha256 = models.CharField("ハッシュ値", max_length=64, blank=True)

    objects = PoolQuerySet.as_manager()

    class Meta:
        verbose_name = "共通経費の基準"
        constraints = [
            models.UniqueConstraint(fields=["pool", "stream"], name="pool_share_once"),
            models.CheckConstraint(
                name="pool_share_not_negative",
                condition=Q(amount__gte=0),
                violation_error_message="基準の数値は0以上で入力してください。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pool} {self.stream} {self.amount}"
