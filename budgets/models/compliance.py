"""財源の確認事項: what an auditor would ask about, found while it can still be mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pghistory
from django.db import models
from django.db.models import Q

from accounts.models import Agency, Staff
from accounts.roles import Permission
from budgets.enums import FindingKind

if TYPE_CHECKING:
    from accounts.actor import Actor


class ComplianceQuerySet(models.QuerySet["ComplianceFinding"]):
    def visible_to(self, actor: Actor) -> ComplianceQuerySet:
        """One's own; an agency manager those of the agency; finance and audit all."""
        if actor.has(Permission.APPORTION_VIEW):
            return self.all()
        if actor.has(Permission.WORK_VIEW_AGENCY):
            return self.filter(Q(staff=actor.staff_id) | Q(agency=actor.agency_id))
        if actor.has(Permission.WORK_RECORD):
            return self.filter(staff=actor.staff_id)
        return self.none()

    def waiting(self) -> ComplianceQuerySet:
        """Neither answered nor mended: they stop the lock."""
        return self.filter(answered_at__isnull=True, mended_at__isnull=True)


@pghistory.track()
class ComplianceFinding(models.Model):
    """財源の確認事項: one thing in words; over when the record was corrected (``mended_at``) or a reason was given."""

    key = models.CharField("同一性", max_length=120, unique=True)
    kind = models.CharField("種類", max_length=30, choices=FindingKind)
    staff = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="compliance_findings", verbose_name="職員"
    )
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", verbose_name="機関")
    month = models.DateField("月")
    worked_on = models.DateField("日", null=True, blank=True)
    entry_id = models.BigIntegerField("業務実績", null=True, blank=True)
    text = models.CharField("内容", max_length=300)
    raised_at = models.DateTimeField("発生日時")
    answer = models.CharField("理由", max_length=300, blank=True)
    answered_at = models.DateTimeField("回答日時", null=True, blank=True)
    answered_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="回答した職員"
    )
    mended_at = models.DateTimeField("解消日時", null=True, blank=True)

    objects = ComplianceQuerySet.as_manager()

    class Meta:
        verbose_name = "財源の確認事項"
        constraints = [
            models.CheckConstraint(name="compliance_first_day", condition=Q(month__day=1)),
            models.CheckConstraint(
                name="compliance_answered_pair",
                condition=Q(answered_at__isnull=True, answered_by__isnull=True, answer="")
                | (Q(answered_at__isnull=False, answered_by__isnull=False) & ~Q(answer="")),
            ),
        ]
        indexes = [
            models.Index(
                fields=["month", "staff"],
                condition=Q(answered_at__isnull=True, mended_at__isnull=True),
                name="compliance_waiting",
            ),
            models.Index(fields=["entry_id"], name="compliance_entry"),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def is_answered(self) -> bool:
        return self.answered_at is not None

    @property
    def is_mended(self) -> bool:
        return self.mended_at is not None

    @property
    def is_waiting(self) -> bool:
        return self.answered_at is None and self.mended_at is None
