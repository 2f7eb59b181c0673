"""会議後アンケート: five short questions, named, after a conference (domain.md 1.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pghistory
from django.db import models
from django.db.models import Q

from accounts.models import Staff
from referrals.enums import Agreement
from referrals.models.conference import Conference, ConferenceMember

if TYPE_CHECKING:
    from accounts.actor import Actor

SURVEY = {
    "purpose": "会議の目的がわかった",
    "situation": "世帯の状況をつかめた",
    "roles": "自分の機関の役割が決まった",
    "voice": "言いたいことを言えた",
    "time": "時間と準備はちょうどよかった",
}


class SurveyQuerySet(models.QuerySet["SurveyAnswer"]):
    def visible_to(self, actor: Actor) -> SurveyQuerySet:
        """One's own answer; all of them for the convening agency."""
        if actor.staff_id is None:
            return self.none()
        return self.filter(
            Q(staff=actor.staff_id) | Q(conference__convener=actor.agency_id),
            conference__in=Conference.objects.visible_to(actor),
        )


@pghistory.track()
class SurveyAnswer(models.Model):
    """What one attendee says of a conference that is over."""

    conference = models.ForeignKey(
        Conference, on_delete=models.CASCADE, related_name="answers", verbose_name="会議"
    )
    member = models.OneToOneField(
        ConferenceMember, on_delete=models.CASCADE, related_name="answer", verbose_name="構成員"
    )
    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", verbose_name="答えた人")
    purpose = models.PositiveSmallIntegerField(SURVEY["purpose"], choices=Agreement)
    situation = models.PositiveSmallIntegerField(SURVEY["situation"], choices=Agreement)
    roles = models.PositiveSmallIntegerField(SURVEY["roles"], choices=Agreement)
    voice = models.PositiveSmallIntegerField(SURVEY["voice"], choices=Agreement)
    time = models.PositiveSmallIntegerField(SURVEY["time"], choices=Agreement)
    comment = models.TextField("次の会議に向けて", blank=True)
    answered_at = models.DateTimeField("回答日時")

    objects = SurveyQuerySet.as_manager()

    class Meta:
        verbose_name = "会議後アンケートの回答"

    def __str__(self) -> str:
        return f"{self.conference} {self.staff}"
