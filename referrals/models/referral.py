"""つなぎ: one agency asks another to take part. It is answered, put to a conference, or escalates; never declined."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from accounts.enums import Ground
from accounts.models import Agency, Staff
from accounts.roles import Permission
from cases.models import Case
from cases.models.case import not_denied, sees_case
from common.models import Versioned
from households.models import Consent
from referrals.enums import SharedPart
from referrals.workflow import REFERRAL_WAITING, ReferralState

if TYPE_CHECKING:
    from accounts.actor import Actor


class ReferralQuerySet(models.QuerySet["Referral"]):
    def visible_to(self, actor: Actor) -> ReferralQuerySet:
        """The agency at either end, the director's office it rose to, and whoever sees the case; never a worker on the deny list.

        Of requests that went out together, an agency that has not answered its own does not see the others: each
        answers for itself.
        """
        if not actor.has(Permission.REFERRAL_VIEW) or actor.agency_id is None:
            return self.none()
        own = Referral.objects.filter(
            batch=OuterRef("batch"), to_agency=actor.agency_id, state=ReferralState.SENT
        )
        not_blind = Q(batch__isnull=True) | ~Exists(own)
        return self.filter(
            Q(from_agency=actor.agency_id)
            | Q(to_agency=actor.agency_id)
            | Q(escalated_to=actor.agency_id)
            | (sees_case(actor, "case_id") & not_blind),
            not_denied(actor, "case_id"),
        )

    def waiting(self) -> ReferralQuerySet:
        return self.filter(state__in=REFERRAL_WAITING)

    def unanswered(self) -> ReferralQuerySet:
        return self.filter(state=ReferralState.SENT)

    def overdue(self, at: datetime) -> ReferralQuerySet:
        """Unanswered past the deadline and not yet escalated."""
        return self.unanswered().filter(deadline_at__lte=at, escalated_at__isnull=True)


@pghistory.track()
class Referral(Versioned):
    """One request from one agency to one agency about one case."""

    request_key = models.UUIDField(default=uuid4, unique=True, editable=False)
    batch = models.UUIDField("同時に送ったつなぎ", null=True, blank=True, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="referrals", verbose_name="ケース")
    from_agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="sent_referrals", verbose_name="つなぎ元"
    )
    to_agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="received_referrals", verbose_name="つなぎ先"
    )
    sent_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", verbose_name="送った職員")
    sent_at = models.DateTimeField("送付日時")
    purpose = models.CharField("お願いしたいこと", max_length=200)
    message = models.TextField("補足", blank=True)
    ground = models.CharField("共有の根拠", max_length=30, choices=Ground)
    consent = models.ForeignKey(
        Consent,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="referrals",
        verbose_name="同意",
    )
    parts = ArrayField(
        models.CharField(max_length=20, choices=SharedPart),
        verbose_name="見せる記録",
        default=list,
        blank=True,
    )
    deadline_at = models.DateTimeField("返事の期限")
    state = models.CharField("状態", max_length=20, choices=ReferralState, default=ReferralState.SENT)
    answered_at = models.DateTimeField("返事の日時", null=True, blank=True)
    answered_by = models.ForeignKey(
        Staff,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="返事をした職員",
    )
    answer_note = models.TextField("返事の内容・理由", blank=True)
    escalated_at = models.DateTimeField("上申日時", null=True, blank=True)
    escalated_to = models.ForeignKey(
        Agency, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="上申先"
    )

    objects = ReferralQuerySet.as_manager()

    class Meta:
        verbose_name = "つなぎ"
        constraints = [
            models.CheckConstraint(
                name="referral_not_to_self",
                condition=~Q(from_agency=F("to_agency")),
                violation_error_message="自分の機関へつなぐことはできません。",
            ),
            models.CheckConstraint(
                name="referral_on_consent_names_it",
                condition=~Q(ground=Ground.CONSENT) | Q(consent__isnull=False),
            ),
            models.CheckConstraint(
                name="referral_answered_iff_not_sent",
                condition=(
                    Q(state=ReferralState.SENT, answered_at__isnull=True, answered_by__isnull=True)
                    | (~Q(state=ReferralState.SENT) & Q(answered_at__isnull=False, answered_by__isnull=False))
                ),
            ),
            models.CheckConstraint(
                name="referral_escalated_pair",
                condition=Q(escalated_at__isnull=True, escalated_to__isnull=True)
                | Q(escalated_at__isnull=False, escalated_to__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["case", "to_agency"],
                condition=Q(state__in=["sent", "conference"]),
                name="one_waiting_referral_per_agency",
                violation_error_message="この機関には返事待ちのつなぎがすでにあります。",
            ),
        ]
        indexes = [
            models.Index(
                fields=["to_agency", "deadline_at"], condition=Q(state="sent"), name="referral_inbox"
            ),
            models.Index(fields=["from_agency", "-sent_at"], name="referral_outbox"),
            models.Index(
                fields=["batch", "to_agency"], condition=Q(batch__isnull=False), name="referral_batch"
            ),
            models.Index(fields=["to_agency", "-sent_at"], name="referral_received"),
            models.Index(fields=["escalated_to", "-escalated_at"], name="referral_escalated"),
        ]

    def __str__(self) -> str:
        return f"{self.case} → {self.to_agency}"

    @property
    def is_waiting(self) -> bool:
        return self.state in REFERRAL_WAITING

    @property
    def shows_record(self) -> bool:
        """While it waits, and for a partner to whom the ground does not open the whole record."""
        return self.is_waiting or self.state == ReferralState.PARTNER


class ChaseQuerySet(models.QuerySet["ReferralChase"]):
    def visible_to(self, actor: Actor) -> ChaseQuerySet:
        return self.filter(referral__in=Referral.objects.visible_to(actor))


class ReferralChase(models.Model):
    """催促: a request was still unanswered so many working days after it was sent, and both ends were told, once."""

    referral = models.ForeignKey(
        Referral, on_delete=models.CASCADE, related_name="chases", verbose_name="つなぎ"
    )
    working_days = models.PositiveSmallIntegerField("送付からの開庁日数")
    chased_at = models.DateTimeField("催促した日時")

    objects = ChaseQuerySet.as_manager()

    class Meta:
        verbose_name = "催促"
        constraints = [
            models.UniqueConstraint(fields=["referral", "working_days"], name="referral_chased_once")
        ]

    def __str__(self) -> str:
        return f"{self.referral} {self.working_days}"
