"""緊急閲覧: one worker opens one case for an hour, with a reason, and somebody answers for it afterwards."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pghistory
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import F, Q

from accounts.models import Agency, Staff
from accounts.roles import Permission
from cases.enums import BreakGlassReason, BreakGlassVerdict
from cases.models.case import Case, not_denied

if TYPE_CHECKING:
    from accounts.actor import Actor

OPEN_FOR = timedelta(minutes=60)


class BreakGlassQuerySet(models.QuerySet["BreakGlass"]):
    def visible_to(self, actor: Actor) -> BreakGlassQuerySet:
        """Who opened it, the manager of their agency, the lead agency, and the directors of the case's sectors."""
        if actor.agency is None or actor.staff_id is None:
            return self.none()
        seen = Q(staff=actor.staff_id)
        if actor.has(Permission.BREAK_GLASS_REVIEW):
            seen |= Q(agency=actor.agency_id) | Q(case__lead_agency=actor.agency_id)
            if actor.sector:
                seen |= Q(case__sectors__contains=[actor.sector])
        elif actor.has_casework:
            seen |= Q(case__lead_agency=actor.agency_id)
        return self.filter(seen, not_denied(actor, "case_id"))

    def running(self, at: datetime) -> BreakGlassQuerySet:
        return self.filter(ends_at__gt=at)

    def unreviewed(self) -> BreakGlassQuerySet:
        return self.filter(reviewed_at__isnull=True)


@pghistory.track()
class BreakGlass(models.Model):
    """緊急閲覧: ``group`` holds its one grant on the case and one on the household, both ending at ``ends_at``."""

    request_key = models.UUIDField(default=uuid4, unique=True, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+", verbose_name="ケース")
    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", verbose_name="開いた職員")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", verbose_name="その所属")
    group = models.OneToOneField(
        Group, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="権限グループ"
    )
    reason = models.CharField("理由", max_length=20, choices=BreakGlassReason)
    text = models.TextField("くわしい事情")
    opened_at = models.DateTimeField("開いた日時")
    ends_at = models.DateTimeField("閉じる日時")
    reviewed_at = models.DateTimeField("確認日時", null=True, blank=True)
    reviewed_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="確認した職員"
    )
    verdict = models.CharField("確認の結果", max_length=20, choices=BreakGlassVerdict, blank=True)
    review_note = models.TextField("確認の内容", blank=True)

    objects = BreakGlassQuerySet.as_manager()

    class Meta:
        verbose_name = "緊急閲覧"
        constraints = [
            models.CheckConstraint(
                name="break_glass_one_hour",
                condition=Q(ends_at__gt=F("opened_at"), ends_at__lte=F("opened_at") + OPEN_FOR),
            ),
            models.CheckConstraint(
                name="break_glass_reviewed_pair",
                condition=Q(reviewed_at__isnull=True, reviewed_by__isnull=True, verdict="")
                | (Q(reviewed_at__isnull=False, reviewed_by__isnull=False) & ~Q(verdict="")),
            ),
            models.CheckConstraint(
                name="break_glass_not_self_reviewed",
                condition=Q(reviewed_by__isnull=True) | ~Q(reviewed_by=F("staff")),
            ),
        ]
        indexes = [
            models.Index(fields=["staff", "-ends_at"], name="break_glass_staff"),
            models.Index(
                fields=["-opened_at"], condition=Q(reviewed_at__isnull=True), name="break_glass_unreviewed"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case} {self.opened_at:%Y-%m-%d %H:%M}"
