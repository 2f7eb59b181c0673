"""Code lists as data (cities vary them, the ministry revises them), and numbering by fiscal year."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from accounts.enums import Sector
from cases.enums import CodeList

if TYPE_CHECKING:
    from accounts.actor import Actor


class CodeQuerySet(models.QuerySet["Code"]):
    def of(self, code_list: CodeList, on: date) -> CodeQuerySet:
        """The codes of a list that are valid on a day, in their order."""
        return self.filter(
            Q(valid_until__isnull=True) | Q(valid_until__gt=on), code_list=code_list, valid_from__lte=on
        ).order_by("position", "code")

    def visible_to(self, actor: Actor) -> CodeQuerySet:
        """Code lists are open to all: they hold no personal data."""
        return self.all()


class Code(models.Model):
    """One code of one list, valid from a day (to a day, half-open). ``sectors`` is what a concern proposes."""

    code_list = models.CharField("一覧", max_length=30, choices=CodeList)
    code = models.CharField("コード", max_length=30)
    label = models.CharField("表示", max_length=100)
    position = models.PositiveSmallIntegerField("順", default=0)
    sectors = ArrayField(
        models.CharField(max_length=20, choices=Sector),
        verbose_name="想定される分野",
        default=list,
        blank=True,
    )
    source = models.CharField("出典", max_length=200, blank=True)
    needs_check = models.BooleanField("要確認", default=False)
    valid_from = models.DateField("適用開始日")
    valid_until = models.DateField("適用終了日", null=True, blank=True)

    objects = CodeQuerySet.as_manager()

    class Meta:
        verbose_name = "コード"
        constraints = [
            models.UniqueConstraint(fields=["code_list", "code", "valid_from"], name="code_once"),
            models.CheckConstraint(
                name="code_valid_order",
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=models.F("valid_from")),
            ),
        ]

    def __str__(self) -> str:
        return self.label


class NumberSeries(models.Model):
    """The last number given in a series and fiscal year; the row is locked while a number is taken."""

    series = models.CharField("系列", max_length=20)
    fiscal_year = models.PositiveSmallIntegerField("年度")
    last = models.PositiveIntegerField("最後の番号", default=0)

    class Meta:
        verbose_name = "番号"
        constraints = [models.UniqueConstraint(fields=["series", "fiscal_year"], name="series_once")]

    def __str__(self) -> str:
        return f"{self.series} {self.fiscal_year}: {self.last}"
