"""What was done and what was read. Rows are never changed or deleted (a trigger refuses it)."""

from __future__ import annotations

import pgtrigger
from django.contrib.postgres.indexes import BrinIndex
from django.db import models

_APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


class TrailQuerySet(models.QuerySet):
    """Scope shared by both trails: for the auditor's role."""

    def visible_to(self, actor: object) -> TrailQuerySet:
        return self.all() if "audit_view" in getattr(actor, "permissions", ()) else self.none()


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
            BrinIndex(fields=["at"], name="access_at_brin"),
        ]
        triggers = [_APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.kind} {self.target_type}:{self.target_id}"
