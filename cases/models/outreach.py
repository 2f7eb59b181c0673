"""アウトリーチ: somebody who has asked for nothing, and everything that was tried to come near them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pghistory
from django.db import models
from django.db.models import Q

from accounts.enums import Ground
from accounts.models import Agency, Staff
from accounts.roles import Permission
from cases.enums import Closeness, OutreachAnswer, OutreachEnd, OutreachWay, WorrySource
from cases.models.case import Case, CaseGrant, sees_case
from cases.models.consultation import Consultation
from cases.workflow import OutreachState
from common.models import Versioned
from households.models import Household, Person, denied_households, follows_merge
from households.models.grants import ground_of

if TYPE_CHECKING:
    from accounts.actor import Actor


class OutreachQuerySet(models.QuerySet["Outreach"]):
    def visible_to(self, actor: Actor) -> OutreachQuerySet:
        """The agency that goes there; and whoever sees the case that it became. Nobody whom a deny list names."""
        if not actor.has(Permission.CASE_VIEW) or actor.agency is None:
            return self.none()
        return self.filter(
            Q(agency=actor.agency_id) | sees_case(actor, "case_id"),
            ~Q(household_id__in=denied_households(actor)),
        )

    def with_access_ground(self, actor: Actor) -> OutreachQuerySet:
        """Adds ``access_ground``: the agency's own duty, else the ground of the case."""
        return self.annotate(
            access_ground=models.Case(
                models.When(agency=actor.agency_id, then=models.Value(Ground.OWN_DUTY.value)),
                default=ground_of(CaseGrant.objects.all(), actor, "case_id"),
                output_field=models.CharField(),
            )
        )

    def running(self) -> OutreachQuerySet:
        return self.filter(state=OutreachState.RUNNING)


@pghistory.track()
class Outreach(Versioned):
    """One person (or household) whom somebody worries about and who has not asked. No fact about them is needed:
    「青い屋根の家の息子さん」 is enough. While it runs, somebody has a next date.

    ``household`` is only the folder for it: one is made when nobody knows which it is. Who told of the worry stays with
    the agency that heard it (:meth:`tells_source_to`): neither the person nor a partner reads it, then or later.
    """

    request_key = models.UUIDField(default=uuid4, unique=True, editable=False)
    household = models.ForeignKey(
        Household, on_delete=models.PROTECT, related_name="outreaches", verbose_name="世帯"
    )
    person = models.ForeignKey(
        Person,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="outreaches",
        verbose_name="本人",
    )
    described = models.CharField("どんな人か", max_length=100)
    worry = models.TextField("気がかり")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", verbose_name="担当機関")
    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", verbose_name="担当者")
    companion = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="伴走者"
    )
    peer = models.CharField("ピア（同じ経験のある人）", max_length=60, blank=True)
    source = models.CharField("気がかりの出どころ", max_length=20, choices=WorrySource)
    source_name = models.CharField("教えてくれた人", max_length=60, blank=True)
    source_contact = models.CharField("教えてくれた人の連絡先", max_length=100, blank=True)
    heard_at = models.DateTimeField("聞いた日時")
    consultation = models.ForeignKey(
        Consultation, on_delete=models.PROTECT, null=True, blank=True, related_name="outreaches",
        verbose_name="相談受付",
    )  # fmt: skip
    closeness = models.CharField("関係の段階", max_length=20, choices=Closeness, default=Closeness.KNOWN)
    state = models.CharField("状態", max_length=20, choices=OutreachState, default=OutreachState.RUNNING)
    next_on = models.DateField("次に関わる日", null=True, blank=True)
    next_text = models.CharField("次にすること", max_length=200, blank=True)
    agreed_on = models.DateField("相談することになった日", null=True, blank=True)
    agreed_how = models.CharField("どう決まったか", max_length=300, blank=True)
    case = models.ForeignKey(
        Case,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="outreaches",
        verbose_name="ケース",
    )
    end_reason = models.CharField("終えた理由", max_length=20, choices=OutreachEnd, blank=True)
    end_note = models.CharField("終えた事情", max_length=300, blank=True)
    finished_at = models.DateTimeField("終えた日時", null=True, blank=True)
    finished_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="終えた職員"
    )

    objects = OutreachQuerySet.as_manager()

    class Meta:
        verbose_name = "アウトリーチ"
        triggers = [follows_merge("person")]
        constraints = [
            models.CheckConstraint(
                name="outreach_running_has_next",
                condition=Q(
                    state=OutreachState.RUNNING,
                    next_on__isnull=False,
                    finished_at__isnull=True,
                    end_reason="",
                )
                | Q(
                    state=OutreachState.AGREED,
                    case__isnull=False,
                    agreed_on__isnull=False,
                    finished_at__isnull=False,
                    finished_by__isnull=False,
                    end_reason="",
                )
                | (
                    Q(state=OutreachState.ENDED, finished_at__isnull=False, finished_by__isnull=False)
                    & ~Q(end_reason="")
                ),
            )
        ]
        indexes = [
            models.Index(fields=["agency", "next_on"], condition=Q(state="running"), name="outreach_running"),
            models.Index(fields=["agency", "-heard_at", "-id"], name="outreach_agency"),
        ]

    def __str__(self) -> str:
        return self.described

    @property
    def is_running(self) -> bool:
        return self.state == OutreachState.RUNNING

    @property
    def who(self) -> str:
        """The person's name where somebody knows it, else what they are known by."""
        return self.person.display_name if self.person else self.described

    def tells_source_to(self, actor: Actor) -> bool:
        """Only the agency that heard the worry knows from whom."""
        return self.agency_id == actor.agency_id


class OutreachAttemptQuerySet(models.QuerySet["OutreachAttempt"]):
    def visible_to(self, actor: Actor) -> OutreachAttemptQuerySet:
        return self.filter(outreach__in=Outreach.objects.visible_to(actor))


@pghistory.track()
class OutreachAttempt(models.Model):
    """アウトリーチの関わり: one attempt, whatever came of it. Its minutes are work."""

    outreach = models.ForeignKey(
        Outreach, on_delete=models.PROTECT, related_name="attempts", verbose_name="アウトリーチ"
    )
    request_key = models.UUIDField(default=uuid4, unique=True, editable=False)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", verbose_name="機関")
    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", verbose_name="対応者")
    started_at = models.DateTimeField("対応日時")
    minutes = models.PositiveSmallIntegerField("所要時間（分）", null=True, blank=True)
    way = models.CharField("方法", max_length=20, choices=OutreachWay)
    answer = models.CharField("応え", max_length=20, choices=OutreachAnswer)
    note = models.TextField("様子", blank=True)
    written_at = models.DateTimeField("記録日時")

    objects = OutreachAttemptQuerySet.as_manager()

    class Meta:
        verbose_name = "アウトリーチの関わり"
        constraints = [
            models.CheckConstraint(
                name="outreach_attempt_minutes",
                condition=Q(minutes__isnull=True) | Q(minutes__gte=1, minutes__lte=1440),
            )
        ]
        indexes = [models.Index(fields=["outreach", "-started_at", "-id"], name="outreach_attempts")]

    def __str__(self) -> str:
        return f"{self.outreach} {self.started_at:%Y-%m-%d}"

    @property
    def ends_at(self) -> datetime:
        return self.started_at + timedelta(minutes=self.minutes or 0)

    @property
    def case(self) -> Case | None:
        """The case that the outreach became; none before."""
        return self.outreach.case

    @property
    def person(self) -> Person | None:
        return self.outreach.person
