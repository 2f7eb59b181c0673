"""支援経過 and 見立て."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pghistory
from django.db import models
from django.db.models import Q

from accounts.enums import Sector
from accounts.models import Agency, Staff
from cases.enums import ItemKind, Way
from cases.models.case import Case, CaseGrant, sees_case
from cases.models.codes import Code
from common.models import Versioned
from households.models import Person, follows_merge
from households.models.grants import ground_of

if TYPE_CHECKING:
    from accounts.actor import Actor


class NoteQuerySet(models.QuerySet["ProgressNote"]):
    def visible_to(self, actor: Actor) -> NoteQuerySet:
        return self.filter(sees_case(actor, "case_id"))

    def with_access_ground(self, actor: Actor) -> NoteQuerySet:
        """Adds ``access_ground``: that of the case."""
        return self.annotate(access_ground=ground_of(CaseGrant.objects.all(), actor, "case_id"))


@pghistory.track()
class ProgressNote(Versioned):
    """支援経過: what was done, by whom, how long, and what comes next."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="notes", verbose_name="ケース")
    request_key = models.UUIDField(default=uuid4, unique=True, editable=False)
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="対象の人"
    )
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", verbose_name="機関")
    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="notes", verbose_name="対応者")
    started_at = models.DateTimeField("対応日時")
    minutes = models.PositiveSmallIntegerField("所要時間（分）")
    way = models.CharField("対応方法", max_length=20, choices=Way, default=Way.PHONE)
    counterpart = models.CharField("相手", max_length=100, blank=True)
    companion = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="同行した人"
    )
    text = models.TextField("内容")
    next_on = models.DateField("次回予定日", null=True, blank=True)
    next_text = models.CharField("次回予定", max_length=200, blank=True)
    written_at = models.DateTimeField("記録日時")

    objects = NoteQuerySet.as_manager()

    class Meta:
        verbose_name = "支援経過"
        triggers = [follows_merge("person")]
        constraints = [
            models.CheckConstraint(
                name="note_minutes",
                condition=Q(minutes__gte=1, minutes__lte=1440),
                violation_error_message="時間は1分以上24時間以内で入力してください。",
            )
        ]
        indexes = [
            models.Index(fields=["case", "-started_at", "-id"], name="note_case"),
            models.Index(fields=["staff", "-started_at"], name="note_staff"),
        ]

    def __str__(self) -> str:
        return f"{self.case} {self.started_at:%Y-%m-%d}"

    @property
    def ends_at(self) -> datetime:
        return self.started_at + timedelta(minutes=self.minutes)


class AssessmentItemQuerySet(models.QuerySet["AssessmentItem"]):
    def visible_to(self, actor: Actor) -> AssessmentItemQuerySet:
        return self.filter(sees_case(actor, "case_id"))

    def standing(self) -> AssessmentItemQuerySet:
        return self.filter(ended_at__isnull=True)


@pghistory.track()
class AssessmentItem(Versioned):
    """見立て: one strength, wish or problem of a person or of the whole household."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="items", verbose_name="ケース")
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="だれの"
    )
    kind = models.CharField("種類", max_length=20, choices=ItemKind)
    code = models.ForeignKey(
        Code, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="課題と背景要因"
    )
    sector = models.CharField("分野", max_length=20, choices=Sector, blank=True)
    text = models.CharField("内容", max_length=500)
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="+", verbose_name="記録した機関"
    )
    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", verbose_name="記録した職員")
    written_at = models.DateTimeField("記録日時")
    ended_at = models.DateTimeField("解消日時", null=True, blank=True)

    objects = AssessmentItemQuerySet.as_manager()

    class Meta:
        verbose_name = "見立て"
        triggers = [follows_merge("person")]
        indexes = [models.Index(fields=["case", "kind", "id"], name="item_case")]

    def __str__(self) -> str:
        return self.text
