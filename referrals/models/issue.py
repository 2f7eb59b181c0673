"""地域課題: what several cases have in common and no single agency can solve, from its finding to its effect."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pghistory
from django.db import models
from django.db.models import Count, Exists, OuterRef, Subquery
from django.db.models.functions import Coalesce

from accounts.models import Agency, Area, Staff
from accounts.roles import Permission
from cases.models import Case
from cases.models.case import not_denied, sees_case
from common.models import Versioned
from referrals.enums import IssueTheme
from referrals.models.conference import AgendaItem, Conference
from referrals.workflow import IssueState

if TYPE_CHECKING:
    from accounts.actor import Actor

SMALL = 5  # a number of cases under this is not told


class IssueQuerySet(models.QuerySet["CommunityIssue"]):
    def visible_to(self, actor: Actor) -> IssueQuerySet:
        """Issues name nobody: open to all who work with cases; to a guest those on the agenda of a sitting of theirs."""
        if not actor.has(Permission.ISSUE_VIEW):
            return self.none()
        if actor.has(Permission.CASE_VIEW):
            return self.all()
        return self.filter(
            Exists(
                IssueItem.objects.filter(
                    issue=OuterRef("pk"), conference__in=Conference.objects.visible_to(actor)
                )
            )
        )

    def with_count(self) -> IssueQuerySet:
        """With ``cases_behind``: all cases behind it, whoever asks; shown only by ``told_count``."""
        counted = (
            IssueCase.objects.filter(issue=OuterRef("pk")).order_by().values("issue").annotate(n=Count("pk"))
        )
        return self.annotate(cases_behind=Coalesce(Subquery(counted.values("n")), 0))


@pghistory.track()
class CommunityIssue(Versioned):
    """One issue. Its words name nobody; the cases behind it stand in ``IssueCase``."""

    title = models.CharField("地域課題", max_length=120)
    theme = models.CharField("テーマ", max_length=20, choices=IssueTheme)
    area = models.ForeignKey(Area, on_delete=models.PROTECT, null=True, blank=True, verbose_name="圏域")
    description = models.TextField("どんなことが起きているか", blank=True)
    state = models.CharField("段階", max_length=12, choices=IssueState, default=IssueState.FOUND)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", verbose_name="挙げた機関")
    raised_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="+", verbose_name="挙げた職員"
    )
    raised_at = models.DateTimeField("挙げた日時")
    moved_at = models.DateTimeField("段階が変わった日時")

    objects = IssueQuerySet.as_manager()

    class Meta:
        verbose_name = "地域課題"
        indexes = [models.Index(fields=["state", "-moved_at"], name="issue_by_state")]

    def __str__(self) -> str:
        return self.title


class IssueCaseQuerySet(models.QuerySet["IssueCase"]):
    def visible_to(self, actor: Actor) -> IssueCaseQuerySet:
        """Which case is behind an issue is known only to who sees the case."""
        return self.filter(
            sees_case(actor, "case_id"), not_denied(actor, "case_id"),
            issue__in=CommunityIssue.objects.visible_to(actor),
        )  # fmt: skip


@pghistory.track()
class IssueCase(models.Model):
    """A case behind an issue."""

    issue = models.ForeignKey(
        CommunityIssue, on_delete=models.CASCADE, related_name="links", verbose_name="地域課題"
    )
    case = models.ForeignKey(
        Case, on_delete=models.PROTECT, related_name="issue_links", verbose_name="ケース"
    )
    linked_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="+", verbose_name="結んだ職員"
    )
    linked_at = models.DateTimeField("結んだ日時")

    objects = IssueCaseQuerySet.as_manager()

    class Meta:
        verbose_name = "地域課題のもとのケース"
        constraints = [models.UniqueConstraint(fields=["issue", "case"], name="issue_case_once")]

    def __str__(self) -> str:
        return f"{self.issue} {self.case}"


class IssueItemQuerySet(models.QuerySet["IssueItem"]):
    def visible_to(self, actor: Actor) -> IssueItemQuerySet:
        return self.filter(
            conference__in=Conference.objects.visible_to(actor),
            issue__in=CommunityIssue.objects.visible_to(actor),
        )


@pghistory.track()
class IssueItem(Versioned):
    """An issue on the agenda of a conference; households and issues stand in one order (``position``)."""

    is_issue = True
    household_id = None

    conference = models.ForeignKey(
        Conference, on_delete=models.CASCADE, related_name="issue_items", verbose_name="会議"
    )
    issue = models.ForeignKey(
        CommunityIssue, on_delete=models.PROTECT, related_name="items", verbose_name="地域課題"
    )
    position = models.PositiveSmallIntegerField("順", default=0)
    minutes = models.PositiveSmallIntegerField("時間（分）", default=15)
    topic = models.CharField("協議すること", max_length=200)
    conclusion = models.TextField("結論", blank=True)

    objects = IssueItemQuerySet.as_manager()

    class Meta:
        verbose_name = "地域課題の議題"
        constraints = [models.UniqueConstraint(fields=["conference", "issue"], name="issue_item_once")]

    def __str__(self) -> str:
        return self.topic


AgendaRow = AgendaItem | IssueItem


def agenda_in_order(rows: Iterable[AgendaRow]) -> list[AgendaRow]:
    """Households and issues of one agenda as they stand; of the same place a household first."""
    return sorted(rows, key=lambda row: (row.position, row.is_issue, row.pk))


class IssueStepQuerySet(models.QuerySet["IssueStep"]):
    def visible_to(self, actor: Actor) -> IssueStepQuerySet:
        return self.filter(issue__in=CommunityIssue.objects.visible_to(actor))


@pghistory.track()
class IssueStep(models.Model):
    """地域課題の歩み: one step of an issue, with what was done or found; it is told to the cases it came from."""

    issue = models.ForeignKey(
        CommunityIssue, on_delete=models.CASCADE, related_name="steps", verbose_name="地域課題"
    )
    state = models.CharField("段階", max_length=12, choices=IssueState)
    note = models.TextField("したこと・わかったこと")
    at = models.DateTimeField("日時")
    by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", verbose_name="記録した職員")
    item = models.ForeignKey(
        IssueItem,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="steps",
        verbose_name="会議の議題",
    )

    objects = IssueStepQuerySet.as_manager()

    class Meta:
        verbose_name = "地域課題の歩み"
        indexes = [models.Index(fields=["issue", "at"], name="issue_steps")]

    def __str__(self) -> str:
        return f"{self.issue} {self.get_state_display()}"


class IssueReportQuerySet(models.QuerySet["IssueReport"]):
    def visible_to(self, actor: Actor) -> IssueReportQuerySet:
        return self.filter(sees_case(actor, "case_id"), not_denied(actor, "case_id"))


@pghistory.track()
class IssueReport(models.Model):
    """地域課題の報告: a step as it stands in the stream of one of the cases behind the issue."""

    step = models.ForeignKey(
        IssueStep, on_delete=models.CASCADE, related_name="reports", verbose_name="地域課題の歩み"
    )
    case = models.ForeignKey(
        Case, on_delete=models.PROTECT, related_name="issue_reports", verbose_name="ケース"
    )

    objects = IssueReportQuerySet.as_manager()

    class Meta:
        verbose_name = "地域課題の報告"
        constraints = [models.UniqueConstraint(fields=["step", "case"], name="issue_report_once")]
        indexes = [models.Index(fields=["case"], name="issue_report_case")]

    def __str__(self) -> str:
        return f"{self.step} {self.case}"
