"""年度替わりの引き継ぎ: many cases of one agency go to new lead workers by rule, on a day."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pghistory
from django.db import models
from django.db.models import Q

from accounts.models import Agency, Staff
from accounts.roles import Permission
from cases.models import Case
from cases.models.case import not_denied
from referrals.workflow_transfer import Block, RowState, TransferState

if TYPE_CHECKING:
    from accounts.actor import Actor


class TransferQuerySet(models.QuerySet["Transfer"]):
    def visible_to(self, actor: Actor) -> TransferQuerySet:
        """Those of the agency that the actor is the head of."""
        if not actor.has(Permission.HAND_OVER) or actor.agency_id is None:
            return self.none()
        return self.filter(agency=actor.agency_id)


@pghistory.track()
class Transfer(models.Model):
    """年度替わりの引き継ぎ: which cases (``rule``: how the list came about), to whom, from which day, with which words."""

    request_key = models.UUIDField(default=uuid4, unique=True, editable=False)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", verbose_name="機関")
    state = models.CharField("状態", max_length=10, choices=TransferState, default=TransferState.DRAFT)
    rule = models.JSONField("条件")
    effective_on = models.DateField("引き継ぐ日")
    note = models.TextField("全員への申し送り", blank=True)
    made_at = models.DateTimeField("作成日時")
    made_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="+", verbose_name="作成した職員"
    )
    planned_at = models.DateTimeField("決めた日時", null=True, blank=True)
    planned_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="決めた職員"
    )
    finished_at = models.DateTimeField("移し終えた日時", null=True, blank=True)

    objects = TransferQuerySet.as_manager()

    class Meta:
        verbose_name = "年度替わりの引き継ぎ"
        constraints = [
            models.CheckConstraint(
                name="transfer_planned_pair",
                condition=Q(planned_at__isnull=True, planned_by__isnull=True)
                | Q(planned_at__isnull=False, planned_by__isnull=False),
            ),
            models.CheckConstraint(
                name="transfer_moves_only_when_planned",
                condition=Q(planned_at__isnull=False)
                | Q(state__in=[TransferState.DRAFT, TransferState.DROPPED]),
            ),
        ]
        indexes = [models.Index(fields=["agency", "-made_at"], name="transfer_agency")]

    def __str__(self) -> str:
        return f"{self.agency} {self.effective_on}"


class TransferRowQuerySet(models.QuerySet["TransferRow"]):
    def visible_to(self, actor: Actor) -> TransferRowQuerySet:
        """Rows of one's agency's transfers, but none of a household whose deny list names the reader."""
        return self.filter(
            not_denied(actor, "case_id"), transfer__in=Transfer.objects.visible_to(actor).values("pk")
        )


@pghistory.track()
class TransferRow(models.Model):
    """引き継ぐケース: one case of a transfer, its new lead worker, and what became of it.

    ``is_chosen``: the head of the agency picked the person for this case by hand. ``items``: ids of the decisions that
    went along. ``was_since`` is what comes back when the transfer is undone.
    """

    transfer = models.ForeignKey(
        Transfer, on_delete=models.CASCADE, related_name="rows", verbose_name="年度替わりの引き継ぎ"
    )
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+", verbose_name="ケース")
    from_staff = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="+", verbose_name="前の担当者"
    )
    to_staff = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="引き継ぐ人"
    )
    is_chosen = models.BooleanField("人を選んで確かめた", default=False)
    note = models.CharField("このケースの申し送り", max_length=300, blank=True)
    state = models.CharField("状態", max_length=10, choices=RowState, default=RowState.WAITING)
    blocked = models.CharField("移せないわけ", max_length=20, choices=Block, blank=True)
    items = models.JSONField("一緒に移した決定事項", default=list, blank=True)
    was_since = models.DateTimeField("前の担当になった日時", null=True, blank=True)
    moved_at = models.DateTimeField("移した日時", null=True, blank=True)

    objects = TransferRowQuerySet.as_manager()

    class Meta:
        verbose_name = "引き継ぐケース"
        constraints = [
            models.UniqueConstraint(fields=["transfer", "case"], name="transfer_row_once"),
            models.CheckConstraint(
                name="moved_row_knows_what_was",
                condition=Q(state__in=[RowState.WAITING, RowState.BLOCKED])
                | Q(moved_at__isnull=False, was_since__isnull=False, to_staff__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["transfer", "state", "id"], name="transfer_row_state")]

    def __str__(self) -> str:
        return f"{self.transfer_id} {self.case}"
