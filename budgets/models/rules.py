"""区分の表: the decision table of a fiscal year, dated and versioned; a version is never changed, a new one follows."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pghistory
import pgtrigger
from django.db import models

from accounts.models import Staff

if TYPE_CHECKING:
    from accounts.actor import Actor


class AttributionTableQuerySet(models.QuerySet["AttributionTable"]):
    def visible_to(self, actor: Actor) -> AttributionTableQuerySet:
        """The rules are open to all whose minutes they decide: they hold no personal data."""
        return self.all()

    def on(self, day: date) -> AttributionTableQuerySet:
        """The version that decides on ``day`` comes first: the latest that had begun, then the latest saved."""
        return self.filter(valid_from__lte=day).order_by("-valid_from", "-version")


@pghistory.track()
class AttributionTable(models.Model):
    """区分の表: lines and examples as data (budgets.attribution reads them)."""

    fiscal_year = models.PositiveSmallIntegerField("年度")
    version = models.PositiveSmallIntegerField("版")
    valid_from = models.DateField("適用の初日")
    lines = models.JSONField("行")
    examples = models.JSONField("例")
    note = models.CharField("変更の理由", max_length=200)
    saved_at = models.DateTimeField("保存日時")
    saved_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="+", verbose_name="保存した職員"
    )

    objects = AttributionTableQuerySet.as_manager()

    class Meta:
        verbose_name = "区分の表"
        constraints = [
            models.UniqueConstraint(fields=["fiscal_year", "version"], name="attribution_version_once")
        ]
        triggers = [
            pgtrigger.Protect(name="version_is_frozen", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.fiscal_year}年度 第{self.version}版"
