"""受け入れの問い合わせ: whether there is room, asked before anybody is named, and kept as evidence of what is missing."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import pghistory
from django.db import models
from django.db.models import Exists, OuterRef, Q

from accounts.models import Agency, Area, Staff
from accounts.roles import Permission
from cases.models import Case, Code
from cases.models.case import not_denied
from common.models import Versioned
from referrals.enums_outside import POSITIVE, CapacityReply
from referrals.models.referral import Referral

if TYPE_CHECKING:
    from accounts.actor import Actor


class CapacityQuestionQuerySet(models.QuerySet["CapacityQuestion"]):
    def visible_to(self, actor: Actor) -> CapacityQuestionQuerySet:
        """The agency that asks and those that are asked, never a worker on the deny list of the household behind it. The case
        itself follows the scope of cases.
        """
        if not actor.has(Permission.REFERRAL_VIEW) or actor.agency_id is None:
            return self.none()
        asked = CapacityAnswer.objects.filter(question=OuterRef("pk"), agency=actor.agency_id)
        return self.filter(Q(from_agency=actor.agency_id) | Q(Exists(asked)), not_denied(actor, "case_id"))

    def standing(self) -> CapacityQuestionQuerySet:
        return self.filter(withdrawn_at__isnull=True)

    def met(self) -> CapacityQuestionQuerySet:
        """Somebody has room."""
        return self.standing().filter(_answered(reply__in=POSITIVE))

    def unmet(self, at: datetime) -> CapacityQuestionQuerySet:
        """不足: all said no, or the deadline passed and nobody said yes. One question is one gap, however many were asked."""
        nobody_left = ~_answered(reply="")
        return self.standing().filter(~_answered(reply__in=POSITIVE), nobody_left | Q(deadline_at__lte=at))

    def refused(self) -> CapacityQuestionQuerySet:
        """Everybody who was asked has answered, and nobody has room."""
        return self.standing().filter(~_answered(reply__in=POSITIVE), ~_answered(reply=""))


def _answered(**lookup: object) -> Q:
    return Q(Exists(CapacityAnswer.objects.filter(question=OuterRef("pk"), **lookup)))


@pghistory.track()
class CapacityQuestion(Versioned):
    """One question about room, by theme and area, without a word about who needs it."""

    request_key = models.UUIDField(default=uuid4, unique=True, editable=False)
    from_agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="+", verbose_name="問い合わせた機関"
    )
    asked_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="+", verbose_name="問い合わせた職員"
    )
    asked_at = models.DateTimeField("問い合わせた日時")
    case = models.ForeignKey(
        Case,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="capacity_questions",
        verbose_name="もとのケース",
    )
    theme = models.ForeignKey(Code, on_delete=models.PROTECT, related_name="+", verbose_name="テーマ")
    area = models.ForeignKey(
        Area, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="地区"
    )
    text = models.CharField("必要なこと", max_length=300)
    period = models.CharField("いつから・いつまで", max_length=100, blank=True)
    deadline_at = models.DateTimeField("返事の期限")
    withdrawn_at = models.DateTimeField("取り下げた日時", null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        Staff,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="取り下げた職員",
    )

    objects = CapacityQuestionQuerySet.as_manager()

    class Meta:
        verbose_name = "受け入れの問い合わせ"
        constraints = [
            models.CheckConstraint(
                name="capacity_withdrawn_pair",
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
            ),
            models.CheckConstraint(
                name="capacity_deadline_later", condition=Q(deadline_at__gt=models.F("asked_at"))
            ),
        ]
        indexes = [
            models.Index(fields=["from_agency", "-asked_at"], name="capacity_asked"),
            models.Index(fields=["asked_at"], name="capacity_by_day"),
        ]

    def __str__(self) -> str:
        return self.text


class CapacityAnswerQuerySet(models.QuerySet["CapacityAnswer"]):
    def visible_to(self, actor: Actor) -> CapacityAnswerQuerySet:
        """All of a question for who asked it, one's own for who was asked: each answers for itself."""
        if not actor.has(Permission.REFERRAL_VIEW) or actor.agency_id is None:
            return self.none()
        return self.filter(
            Q(question__from_agency=actor.agency_id) | Q(agency=actor.agency_id),
            not_denied(actor, "question__case_id"),
        )

    def waiting(self) -> CapacityAnswerQuerySet:
        return self.filter(reply="", question__withdrawn_at__isnull=True)


@pghistory.track()
class CapacityAnswer(Versioned):
    """One agency that was asked whether it has room, and what it said. ``referral``: the つなぎ that came of a yes."""

    question = models.ForeignKey(
        CapacityQuestion, on_delete=models.PROTECT, related_name="answers", verbose_name="問い合わせ"
    )
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="+", verbose_name="問い合わせ先"
    )
    reply = models.CharField("返事", max_length=20, choices=CapacityReply, blank=True)
    note = models.CharField("ひとこと", max_length=300, blank=True)
    answered_at = models.DateTimeField("返事の日時", null=True, blank=True)
    answered_by = models.ForeignKey(
        Staff,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="返事をした職員",
    )
    referral = models.ForeignKey(
        Referral,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="つながったつなぎ",
    )

    objects = CapacityAnswerQuerySet.as_manager()

    class Meta:
        verbose_name = "受け入れの返事"
        constraints = [
            models.UniqueConstraint(fields=["question", "agency"], name="capacity_asked_once"),
            models.CheckConstraint(
                name="capacity_answered_pair",
                condition=Q(reply="", answered_at__isnull=True, answered_by__isnull=True)
                | (~Q(reply="") & Q(answered_at__isnull=False, answered_by__isnull=False)),
            ),
            models.CheckConstraint(
                name="capacity_referral_on_a_yes",
                condition=Q(referral__isnull=True) | Q(reply__in=[reply.value for reply in POSITIVE]),
            ),
        ]
        indexes = [
            models.Index(fields=["agency"], name="capacity_to_answer", condition=Q(reply="")),
        ]

    def __str__(self) -> str:
        return f"{self.question} → {self.agency}"
