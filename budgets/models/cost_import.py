"""Files of personnel costs: which column is what, remembered, and the file while its columns are being told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pghistory
from django.db import models

from accounts.models import Staff
from budgets.models.apportionment import MoneyQuerySet

if TYPE_CHECKING:
    from accounts.actor import Actor


@pghistory.track()
class CostColumnMap(models.Model):
    """人件費の列の対応: for files with exactly these headings, which column is the number, the name and each 費目."""

    signature = models.CharField("見出しのハッシュ", max_length=64, unique=True)
    headings = models.JSONField("見出し")
    columns = models.JSONField("列の対応")  # heading → username, name, yen or a CostItem
    saved_at = models.DateTimeField("保存日時")
    saved_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="+", verbose_name="保存した職員"
    )

    objects = MoneyQuerySet.as_manager()

    class Meta:
        verbose_name = "人件費の列の対応"

    def __str__(self) -> str:
        return "・".join(self.headings)[:80]


class UploadQuerySet(models.QuerySet["CostUpload"]):
    def visible_to(self, actor: Actor) -> UploadQuerySet:
        """Nobody but who sent it."""
        return self.filter(uploaded_by=actor.staff_id) if actor.staff_id is not None else self.none()


@pghistory.track(exclude=["data"])
class CostUpload(models.Model):
    """人件費のファイル: kept while its sender tells what the columns are, then thrown away."""

    month = models.DateField("月")
    name = models.CharField("ファイル名", max_length=120)
    data = models.BinaryField("内容")
    sha256 = models.CharField("ハッシュ値", max_length=64)
    uploaded_at = models.DateTimeField("送信日時")
    uploaded_by = models.ForeignKey(
        Staff, on_delete=models.CASCADE, related_name="+", verbose_name="送信した職員"
    )

    objects = UploadQuerySet.as_manager()

    class Meta:
        verbose_name = "人件費のファイル"

    def __str__(self) -> str:
        return self.name
