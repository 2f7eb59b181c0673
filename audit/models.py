"""What was done and what was read. Rows are never changed or deleted (a trigger refuses it)."""

from __future__ import annotations

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models

_APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


class TrailQuerySet(models.QuerySet):
    """Scope shared by both trails: all of it for the auditor, an agency's own staff for its manager."""

    def visible_to(self, actor: object) -> TrailQuerySet:
        permissions, agency_id = getattr(actor, "permissions", ()), getattr(actor, "agency_id", None)
        if "audit_view" in permissions:
            return self.all()
        if "trail_agency" in permissions and agency_id is not None:
            return self.filter(agency_id_text=str(agency_id))
        return self.none()


class ChangeRecord(models.Model):
    """One write by one action: who did what to which record, written in the action's own transaction."""

    at = models.DateTimeField("日時", db_index=True)
    actor_label = models.CharField("操作者", max_length=200)
    staff_id_text = models.CharField("職員ID", max_length=40, blank=True)
    agency_id_text = models.CharField("機関ID", max_length=40, blank=True)
    role = models.CharField("役割", max_length=40, blank=True)
    action = models.CharField("操作", max_length=80)
    target_type = models.CharField("対象の種類", max_length=80)
    target_id = models.CharField("対象ID", max_length=40)
    detail = models.JSONField("内容", default=dict, blank=True)

    objects = TrailQuerySet.as_manager()

    class Meta:
        verbose_name = "変更の記録"
        indexes = [models.Index(fields=["target_type", "target_id", "-at"], name="change_target")]
        triggers = [_APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.action} {self.target_type}:{self.target_id}"


class AccessKind(models.TextChoices):
    VIEW = "view", "閲覧"
    SEARCH = "search", "検索"
    PRINT = "print", "印刷"
    EXPORT = "export", "出力"
    DENIED = "denied", "閲覧不可"
    REFUSED = "refused", "断られた操作"


NOT_READ = (AccessKind.DENIED, AccessKind.REFUSED)  # lines that tell of no record that was shown


class AccessRecord(models.Model):
    """One read (or refused read) of personal data: who, what, when, from where, on what ground."""

    at = models.DateTimeField("日時")
    actor_label = models.CharField("操作者", max_length=200)
    staff_id_text = models.CharField("職員ID", max_length=40, blank=True)
    agency_id_text = models.CharField("機関ID", max_length=40, blank=True)
    role = models.CharField("役割", max_length=40, blank=True)
    kind = models.CharField("種類", max_length=10, choices=AccessKind)
    target_type = models.CharField("対象の種類", max_length=80)
    target_id = models.CharField("対象ID", max_length=80)
    ground = models.CharField("根拠", max_length=40, blank=True)
    path = models.CharField("ページ", max_length=300, blank=True)
    remote_addr = models.CharField("接続元", max_length=60, blank=True)

    objects = TrailQuerySet.as_manager()

    class Meta:
        verbose_name = "閲覧の記録"
        indexes = [
            models.Index(fields=["target_type", "target_id", "-at"], name="access_target"),
            models.Index(fields=["staff_id_text", "-at"], name="access_staff"),
            models.Index(fields=["agency_id_text", "-at"], name="access_agency"),
            BrinIndex(fields=["at"], name="access_at_brin"),
        ]
        triggers = [_APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.kind} {self.target_type}:{self.target_id}"


class ChainBlockQuerySet(models.QuerySet["ChainBlock"]):
    def visible_to(self, actor: object) -> ChainBlockQuerySet:
        """The chain holds sums only, but it is the auditor's tool."""
        return self.all() if "audit_view" in getattr(actor, "permissions", ()) else self.none()

    def heads(self) -> ChainBlockQuerySet:
        """The newest block of every table, by table."""
        return self.order_by("table_name", "-number").distinct("table_name")


class ChainBlock(models.Model):
    """鎖の区切り: up to 1,000 rows of one history or log table, summed in the order of their ids, chained to the block before.

    ``digests`` holds the sha256 of every row (32 bytes each, in the order of ``ids``), ``hash`` covers everything else
    in the block and the former block's hash, so one printed hash vouches for all rows before it.
    """

    table_name = models.CharField("表", max_length=63)
    number = models.PositiveIntegerField("番号")
    columns = ArrayField(models.CharField(max_length=63), verbose_name="列")
    first_id = models.BigIntegerField("はじめの行")
    last_id = models.BigIntegerField("終わりの行")
    row_count = models.PositiveIntegerField("行数")
    ids = ArrayField(models.BigIntegerField(), verbose_name="行のID")
    digests = models.BinaryField("行のハッシュ値")
    prev_hash = models.BinaryField("前の区切りのハッシュ値")
    hash = models.BinaryField("ハッシュ値")
    sealed_at = models.DateTimeField("封じた日時")

    objects = ChainBlockQuerySet.as_manager()

    class Meta:
        verbose_name = "記録の鎖"
        constraints = [
            models.UniqueConstraint(fields=["table_name", "number"], name="chain_block_once"),
            models.CheckConstraint(
                name="chain_block_holds_rows",
                condition=models.Q(row_count__gte=1, last_id__gte=models.F("first_id")),
            ),
        ]
        indexes = [models.Index(fields=["sealed_at"], name="chain_sealed_at")]
        triggers = [_APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.table_name} {self.number}"
