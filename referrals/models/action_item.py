"""決定事項: what a conference decided of a case or of a community issue, and who does it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, ClassVar
from uuid import uuid4

import pghistory
from django.db import models
from django.db.models import Exists, OuterRef, Q

from accounts.models import Agency, Staff
from accounts.roles import Permission
from cases.models import Case
from cases.models.case import not_denied, sees_case
from referrals.models.conference import SECRET_KINDS, AgendaItem, Conference
from referrals.models.issue import IssueItem
from referrals.workflow import ActionItemState

if TYPE_CHECKING:
    from accounts.actor import Actor


class ActionItemQuerySet(models.QuerySet["ActionItem"]):
    def visible_to(self, actor: Actor, papers: Collection[int] | None = None) -> ActionItemQuerySet:
        """The agency that has to do it, whoever may read the conference's papers, and whoever sees the case. What was decided
        of a community issue names nobody: also all who have to do with the sitting, and who work with cases.

        What a secret conference decided stays with its attendees and the agency that has to do it. ``papers``: ids of
        the agenda items that the actor may read, where the caller has asked for those of the rows already.
        """
        reads = (
            Q(Exists(AgendaItem.objects.visible_to(actor).filter(pk=OuterRef("agenda_item_id"))))
            if papers is None
            else Q(agenda_item__in=papers)
        )
        return self.filter(
            Q(agency=actor.agency_id)
            | reads
            | (~Q(agenda_item__conference__kind__in=SECRET_KINDS) & sees_case(actor, "case_id"))
            | self._of_issues(actor),
            not_denied(actor, "case_id"),
        )

    @staticmethod
    def _of_issues(actor: Actor) -> Q:
        if not actor.has(Permission.ISSUE_VIEW):
            return Q(pk__in=[])
        if actor.has(Permission.CASE_VIEW):
            return Q(issue_item__isnull=False)
        return Q(
            Exists(
                IssueItem.objects.filter(
                    pk=OuterRef("issue_item_id"), conference__in=Conference.objects.visible_to(actor)
                )
            )
        )

    def open(self) -> ActionItemQuerySet:
        return self.filter(state=ActionItemState.OPEN)


@pghistory.track()
class ActionItem(models.Model):
    """決定事項: what was decided, who does it, by when. It waits in that agency's queue until it is done. It comes from an item
    about a case, or from one about a community issue (then it has no case).
    """

    agenda_item = models.ForeignKey(
        AgendaItem, on_delete=models.PROTECT, null=True, blank=True, related_name="action_items", verbose_name="議題"
    )  # fmt: skip
    issue_item = models.ForeignKey(
        IssueItem, on_delete=models.PROTECT, null=True, blank=True, related_name="action_items",
        verbose_name="地域課題の議題",
    )  # fmt: skip
    request_key = models.UUIDField(default=uuid4, unique=True, editable=False)
    case = models.ForeignKey(
        Case, on_delete=models.PROTECT, null=True, blank=True, related_name="action_items", verbose_name="ケース"
    )  # fmt: skip
    text = models.CharField("決まったこと", max_length=300)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", verbose_name="担当機関")
    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", verbose_name="担当者")
    due_on = models.DateField("期限")
    state = models.CharField("状態", max_length=20, choices=ActionItemState, default=ActionItemState.OPEN)
    decided_at = models.DateTimeField("決定日時")
    done_at = models.DateTimeField("実施日時", null=True, blank=True)
    done_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="実施者"
    )
    outcome = models.TextField("結果", blank=True)

    # what its writes change (common.tags)
    tag_fields: ClassVar = ("text", "agency_id", "staff_id", "due_on", "state", "done_at")

    objects = ActionItemQuerySet.as_manager()

    class Meta:
        verbose_name = "決定事項"
        constraints = [
            models.CheckConstraint(
                name="action_item_done_pair",
                condition=Q(state=ActionItemState.OPEN, done_at__isnull=True, done_by__isnull=True)
                | Q(state=ActionItemState.DONE, done_at__isnull=False, done_by__isnull=False),
            ),
            models.CheckConstraint(
                name="action_item_of_case_or_issue",
                condition=Q(agenda_item__isnull=False, case__isnull=False, issue_item__isnull=True)
                | Q(agenda_item__isnull=True, case__isnull=True, issue_item__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["agency", "due_on"], condition=Q(state="open"), name="action_item_queue"),
            models.Index(fields=["case", "-decided_at"], name="action_item_case"),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def household_id(self) -> int | None:
        """Of the case that it was decided of; None of a community issue."""
        return self.case.household_id if self.case else None

    @property
    def conference(self) -> Conference:
        """The sitting that decided it."""
        item = self.agenda_item or self.issue_item
        assert item is not None
        return item.conference
