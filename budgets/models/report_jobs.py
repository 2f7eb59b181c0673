"""Long reports: the order, its progress, and the finished file in pieces. A row outlives the worker that makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pghistory
from django.db import models
from django.db.models import Q

from accounts.models import Appointment, Staff
from accounts.roles import Permission
from budgets.models.apportionment import MoneyQuerySet
from budgets.workflow_claims import JobState, LayoutKind, ReportKind

if TYPE_CHECKING:
    from accounts.actor import Actor

PIECE = 1 << 20  # bytes of a piece


class ReportJobQuerySet(models.QuerySet["ReportJob"]):
    def visible_to(self, actor: Actor) -> ReportJobQuerySet:
        """Finance and audit, and only what they ordered themselves: who takes a file answers for it."""
        if not actor.has(Permission.APPORTION_VIEW):
            return self.none()
        return self.filter(asked_by=actor.staff_id)


@pghistory.track(exclude=["done", "beat_at"])
class ReportJob(models.Model):
    """長い帳票の作成: one order. ``done`` of ``whole`` steps; ``beat_at`` is the last sign of the worker's life."""

    kind = models.CharField("種類", max_length=20, choices=ReportKind)
    fiscal_year = models.PositiveSmallIntegerField("年度")
    month = models.DateField("月", null=True, blank=True)
    asked_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", verbose_name="頼んだ職員")
    appointment = models.ForeignKey(
        Appointment, on_delete=models.PROTECT, related_name="+", verbose_name="頼んだ職員の辞令"
    )
    asked_at = models.DateTimeField("頼んだ日時")
    state = models.CharField("状態", max_length=10, choices=JobState, default=JobState.RUNNING)
    step = models.CharField("いまの作業", max_length=60, blank=True)
    whole = models.PositiveIntegerField("全体", default=0)
    done = models.PositiveIntegerField("済み", default=0)
    starts = models.PositiveSmallIntegerField("作り始めた回数", default=0)
    beat_at = models.DateTimeField("最後に動いた日時", null=True, blank=True)
    ended_at = models.DateTimeField("終わった日時", null=True, blank=True)
    note = models.CharField("作れなかった理由", max_length=200, blank=True)
    size = models.BigIntegerField("大きさ（バイト）", default=0)
    sha256 = models.CharField("ファイルのハッシュ", max_length=64, blank=True)

    objects = ReportJobQuerySet.as_manager()

    class Meta:
        verbose_name = "長い帳票の作成"
        constraints = [
            models.CheckConstraint(
                name="report_ended_iff_over",
                condition=Q(state=JobState.RUNNING, ended_at__isnull=True)
                | (~Q(state=JobState.RUNNING) & Q(ended_at__isnull=False)),
            ),
            models.UniqueConstraint(
                name="report_one_running",
                fields=["kind", "fiscal_year", "month", "asked_by"],
                condition=Q(state=JobState.RUNNING),
                nulls_distinct=False,
            ),
        ]
        indexes = [models.Index(fields=["id"], condition=Q(state=JobState.RUNNING), name="report_job_queue")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.fiscal_year} {self.asked_at:%Y-%m-%d %H:%M}"


class ReportPieceQuerySet(models.QuerySet["ReportPiece"]):
    def visible_to(self, actor: Actor) -> ReportPieceQuerySet:
        """Pieces of finished files of the jobs that the actor sees."""
        return self.filter(job__in=ReportJob.objects.visible_to(actor).filter(state=JobState.DONE))


class ReportPiece(models.Model):
    """帳票のファイルの一片: at most ``PIECE`` bytes; they are read once the job is done."""

    job = models.ForeignKey(ReportJob, on_delete=models.CASCADE, related_name="pieces", verbose_name="作成")
    number = models.PositiveIntegerField("番号")
    data = models.BinaryField("内容")

    objects = ReportPieceQuerySet.as_manager()

    class Meta:
        verbose_name = "帳票のファイルの一片"
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="report_piece_once")]

    def __str__(self) -> str:
        return f"{self.job_id} {self.number}"


@pghistory.track()
class ExportLayout(models.Model):
    """出力の列の型: the columns that a finance system imports, saved by name."""

    name = models.CharField("名称", max_length=60, unique=True)
    kind = models.CharField("1行の内容", max_length=20, choices=LayoutKind)
    columns = models.JSONField("列")  # [{"label": …, "field": …, "fixed": …}]
    encoding = models.CharField(
        "文字コード", max_length=10, choices=[("utf-8-sig", "UTF-8（BOM付き）"), ("cp932", "シフトJIS")],
        default="utf-8-sig",
    )  # fmt: skip
    has_header = models.BooleanField("見出しの行", default=True)
    version = models.PositiveIntegerField("版", default=1)
    changed_at = models.DateTimeField("変更日時")
    changed_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="+", verbose_name="変更した職員"
    )

    objects = MoneyQuerySet.as_manager()

    class Meta:
        verbose_name = "出力の列の型"

    def __str__(self) -> str:
        return self.name
