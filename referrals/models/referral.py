"""つなぎ: one agency asks another to take part. It is answered, put to a conference, or escalates; never declined."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce, Now, TruncDate
from django.db.models.lookups import GreaterThanOrEqual
from django.utils import timezone

from accounts.enums import Ground
from accounts.models import Agency, Staff
from accounts.roles import Permission
from cases.models import AssessmentItem, Case
from cases.models.case import not_denied, sees_case
from common.models import Versioned
from households.grounds import GROUND_RULES
from households.models import Consent
from referrals.enums import ReferralOutcome, SharedPart
from referrals.workflow import REFERRAL_TAKEN, REFERRAL_WAITING, STAGE_MEANING, ReferralState, Stage

if TYPE_CHECKING:
    from accounts.actor import Actor


_UNSTARTED = Q(started_at__isnull=True, finished_at__isnull=True)
_UNRISEN = Q(state=ReferralState.SENT, escalated_at__isnull=True)
STAGE_Q: dict[Stage, Q] = {
    Stage.DRAFT: Q(pk__in=[]),
    Stage.SENT: _UNRISEN & Q(seen_at__isnull=True),
    Stage.SEEN: _UNRISEN & Q(seen_at__isnull=False),
    Stage.ESCALATED: Q(state=ReferralState.SENT, escalated_at__isnull=False),
    Stage.CONFERENCE: Q(state=ReferralState.CONFERENCE),
    Stage.LEAD: Q(state=ReferralState.LEAD) & _UNSTARTED,
    Stage.PARTNER: Q(state=ReferralState.PARTNER) & _UNSTARTED,
    Stage.SETTLED: Q(state=ReferralState.SETTLED) & _UNSTARTED,
    Stage.WORKING: Q(started_at__isnull=False, finished_at__isnull=True),
    Stage.DONE: Q(finished_at__isnull=False),
    Stage.WITHDRAWN: Q(state=ReferralState.WITHDRAWN),
}


def answers_for_itself(agency_id: int) -> Q:
    """Of requests that went out together, an agency that has not answered its own reads the others' by no way."""
    own = Referral.objects.filter(batch=OuterRef("batch"), to_agency=agency_id, state=ReferralState.SENT)
    return Q(batch__isnull=True) | Q(from_agency=agency_id) | Q(to_agency=agency_id) | ~Q(Exists(own))


def on_standing_ground() -> Q:
    """``disclosure_rules.ground_stands`` for queries, today: the consent is in force, an emergency is not over."""
    consented = Q(ground=Ground.CONSENT, consent__in=Consent.objects.in_force(TruncDate(Now())).values("pk"))
    lasting = {ground: rule.lasts for ground, rule in GROUND_RULES.items() if rule.lasts is not None}
    stands = consented | ~Q(ground__in=[Ground.CONSENT, *lasting])
    since = Coalesce("answered_at", "sent_at")
    for ground, lasts in lasting.items():
        stands |= Q(GreaterThanOrEqual(TruncDate(since + lasts), TruncDate(Now())), ground=ground)
    return stands


class ReferralQuerySet(models.QuerySet["Referral"]):
    def visible_to(self, actor: Actor, *, few: bool = False) -> ReferralQuerySet:
        """The agency at either end, the director's office it rose to, and whoever sees the case; never a worker on the deny list.

        Of requests that went out together, an agency that has not answered its own does not see the others: each
        answers for itself. ``few``: the same rows, for a caller that stops after a few of many (``sees_case``).
        """
        if not actor.has(Permission.REFERRAL_VIEW) or actor.agency_id is None:
            return self.none()
        return self.filter(
            Q(from_agency=actor.agency_id)
            | Q(to_agency=actor.agency_id)
            | Q(escalated_to=actor.agency_id)
            | (sees_case(actor, "case_id", few=few) & answers_for_itself(actor.agency_id)),
            not_denied(actor, "case_id"),
        )

    def waiting(self) -> ReferralQuerySet:
        return self.filter(state__in=REFERRAL_WAITING)

    def unanswered(self) -> ReferralQuerySet:
        return self.filter(state=ReferralState.SENT)

    def owing_outcome(self) -> ReferralQuerySet:
        return self.filter(state__in=REFERRAL_TAKEN, finished_at__isnull=True)

    def at_stage(self, stage: str) -> ReferralQuerySet:
        """The rows whose ``stage`` it is; none for a draft, which is no row yet."""
        return self.filter(STAGE_Q[Stage(stage)])

    def overdue(self, at: datetime) -> ReferralQuerySet:
        """Unanswered past the deadline and not yet escalated; one whose receiver was closed does not wait for it."""
        closed = Agency.objects.filter(closed_on__lte=timezone.localdate(at)).values("pk")
        late = Q(deadline_at__lte=at) | Q(to_agency__in=closed)
        return self.unanswered().filter(late, escalated_at__isnull=True)


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
    need = models.ForeignKey(
        AssessmentItem,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="referrals",
        verbose_name="どの困りごとに",
    )
    seen_at = models.DateTimeField("相手が開いた日時", null=True, blank=True)
    started_at = models.DateTimeField("対応を始めた日時", null=True, blank=True)
    finished_at = models.DateTimeField("結果を知らせた日時", null=True, blank=True)
    finished_by = models.ForeignKey(
        Staff,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="結果を知らせた職員",
    )
    outcome = models.CharField("結果", max_length=20, choices=ReferralOutcome, blank=True)
    outcome_note = models.TextField("結果の説明", blank=True)
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
            models.CheckConstraint(
                name="referral_done_with_outcome",
                condition=Q(finished_at__isnull=True, finished_by__isnull=True, outcome="")
                | (
                    Q(finished_at__isnull=False, finished_by__isnull=False, started_at__isnull=False)
                    & Q(state__in=REFERRAL_TAKEN)
                    & ~Q(outcome="")
                ),
            ),
            models.CheckConstraint(
                name="referral_started_when_taken",
                condition=Q(started_at__isnull=True) | Q(state__in=REFERRAL_TAKEN),
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
            models.Index(
                fields=["from_agency", "answered_at"],
                name="referral_outcome_owed",
                condition=Q(state__in=REFERRAL_TAKEN, finished_at__isnull=True),
            ),
            models.Index(
                fields=["to_agency", "answered_at"],
                name="referral_outcome_to_tell",
                condition=Q(state__in=REFERRAL_TAKEN, finished_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case} → {self.to_agency}"

    @property
    def is_waiting(self) -> bool:
        return self.state in REFERRAL_WAITING

    @property
    def owes_outcome(self) -> bool:
        """Taken on, and the sender has not heard what came of it."""
        return self.state in REFERRAL_TAKEN and self.finished_at is None

    @property
    def stage(self) -> Stage:
        """Where it stands, as the page says it. ``STAGE_Q`` is the same for queries."""
        if self.finished_at is not None:
            return Stage.DONE
        if self.started_at is not None:
            return Stage.WORKING
        if self.state == ReferralState.SENT:
            if self.escalated_at is not None:
                return Stage.ESCALATED
            return Stage.SEEN if self.seen_at is not None else Stage.SENT
        return Stage(self.state)

    @property
    def meaning(self) -> str:
        """What its stage means, in plain words."""
        return STAGE_MEANING[self.stage]

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
