"""相談受付: one contact, written once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q

from accounts.enums import ConsentState, Ground, Sector
from accounts.models import Agency, Staff
from accounts.roles import Permission
from cases.enums import Caller, Outcome, Way
from cases.models.codes import Code
from common.models import Versioned
from households.enums import Relation
from households.models import Household, Person, denied_households, follows_merge
from households.models.grants import ground_of

if TYPE_CHECKING:
    from accounts.actor import Actor


class ConsultationQuerySet(models.QuerySet["Consultation"]):
    def visible_to(self, actor: Actor) -> ConsultationQuerySet:
        """The agency that received it and whoever sees the case that it led to, but nobody whom a deny list names."""
        from cases.models.case import sees_case

        if not actor.has(Permission.CASE_VIEW):
            return self.none()
        return self.filter(
            Q(agency=actor.agency_id) | sees_case(actor, "case_id"),
            ~Q(household_id__in=denied_households(actor)),
        )

    def with_access_ground(self, actor: Actor) -> ConsultationQuerySet:
        """Adds ``access_ground``: the agency's own duty for what it received, else the ground of the case."""
        from cases.models.case import CaseGrant

        return self.annotate(
            access_ground=models.Case(
                models.When(agency=actor.agency_id, then=models.Value(Ground.OWN_DUTY.value)),
                default=ground_of(CaseGrant.objects.all(), actor, "case_id"),
                output_field=models.CharField(),
            )
        )

    def with_led_to_outreach(self) -> ConsultationQuerySet:
        """Adds ``led_to_outreach``: who told of the worry then stays with the agency that heard it."""
        told = self.model.objects.filter(pk=OuterRef("pk"), outreaches__isnull=False)
        return self.annotate(led_to_outreach=Exists(told))


@pghistory.track()
class Consultation(Versioned):
    """One contact. Only the text, the way and the minutes are needed; no fact about the person is."""

    receipt_no = models.CharField("受付番号", max_length=20, unique=True)
    request_key = models.UUIDField(default=uuid4, unique=True, editable=False)
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="consultations", verbose_name="受付機関"
    )
    staff = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="consultations", verbose_name="受付者"
    )
    started_at = models.DateTimeField("受付日時")
    minutes = models.PositiveSmallIntegerField("所要時間（分）")
    way = models.CharField("対応方法", max_length=20, choices=Way, default=Way.VISIT_DESK)
    route = models.ForeignKey(
        Code, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="相談経路"
    )
    caller = models.CharField("来談者", max_length=20, choices=Caller, default=Caller.SELF)
    caller_name = models.CharField("来談者の氏名", max_length=60, blank=True)
    caller_phone = models.CharField("来談者の電話", max_length=30, blank=True)
    caller_relation = models.CharField("本人との関係", max_length=60, blank=True)
    text = models.TextField("話されたこと")
    is_anonymous = models.BooleanField("匿名", default=False)
    household = models.ForeignKey(
        Household,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="consultations",
        verbose_name="世帯",
    )
    person = models.ForeignKey(
        Person,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="consultations",
        verbose_name="本人",
    )
    case = models.ForeignKey(
        "cases.Case", on_delete=models.PROTECT, null=True, blank=True, related_name="consultations",
        verbose_name="ケース",
    )  # fmt: skip
    sectors = ArrayField(
        models.CharField(max_length=20, choices=Sector), verbose_name="分野", default=list, blank=True
    )
    consent = models.CharField("同意", max_length=20, choices=ConsentState, default=ConsentState.UNKNOWN)
    outcome = models.CharField("対応の結果", max_length=20, choices=Outcome, default=Outcome.UNDECIDED)

    objects = ConsultationQuerySet.as_manager()

    class Meta:
        verbose_name = "相談受付"
        triggers = [follows_merge("person")]
        constraints = [
            models.CheckConstraint(
                name="consultation_minutes",
                condition=Q(minutes__gte=1, minutes__lte=1440),
                violation_error_message="時間は1分以上24時間以内で入力してください。",
            ),
            models.CheckConstraint(
                name="consultation_support_has_case",
                condition=~Q(outcome__in=[Outcome.SUPPORT, Outcome.REFER]) | Q(case__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["agency", "-started_at", "-id"], name="consultation_agency"),
            models.Index(fields=["-started_at", "-id"], name="consultation_recent"),
        ]

    def __str__(self) -> str:
        return self.receipt_no

    @property
    def ends_at(self) -> datetime:
        return self.started_at + timedelta(minutes=self.minutes)


@pghistory.track()
class ConsultationConcern(models.Model):
    """相談内容: ○ several, ◎ at most one most pressing."""

    consultation = models.ForeignKey(
        Consultation, on_delete=models.CASCADE, related_name="concerns", verbose_name="相談受付"
    )
    code = models.ForeignKey(Code, on_delete=models.PROTECT, related_name="+", verbose_name="相談内容")
    is_most_pressing = models.BooleanField("最も困っていること（◎）", default=False)

    class Meta:
        verbose_name = "相談内容"
        constraints = [
            models.UniqueConstraint(fields=["consultation", "code"], name="concern_once"),
            models.UniqueConstraint(
                fields=["consultation"], condition=Q(is_most_pressing=True), name="concern_one_most_pressing"
            ),
        ]

    def __str__(self) -> str:
        return f"{'◎' if self.is_most_pressing else '○'}{self.code}"


class ConsultationPersonQuerySet(models.QuerySet["ConsultationPerson"]):
    def visible_to(self, actor: Actor) -> ConsultationPersonQuerySet:
        return self.filter(consultation__in=Consultation.objects.visible_to(actor))


@pghistory.track()
class ConsultationPerson(models.Model):
    """いっしょに来た人・話に出た人: somebody beside the person at the centre whom a contact is about."""

    consultation = models.ForeignKey(
        Consultation, on_delete=models.PROTECT, related_name="others", verbose_name="相談受付"
    )
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", verbose_name="人")
    relation = models.CharField("本人との続柄", max_length=20, choices=Relation, default=Relation.UNKNOWN)

    objects = ConsultationPersonQuerySet.as_manager()

    class Meta:
        verbose_name = "相談に出た人"
        triggers = [follows_merge("person")]
        indexes = [models.Index(fields=["consultation", "id"], name="consultation_others")]

    def __str__(self) -> str:
        return f"{self.consultation} {self.person}"
