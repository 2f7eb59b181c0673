"""協力者: partners without an account, what they are asked, and the one-time page by which they answer."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from accounts.enums import Ground
from accounts.models import Agency, Area, Staff
from accounts.roles import Permission
from cases.models import AssessmentItem, Case
from cases.models.case import not_denied, sees_case
from common.models import Versioned
from households.models import Consent
from referrals.enums import SharedPart
from referrals.enums_outside import CodeWay, OutsideKind, OutsideOutcome
from referrals.workflow_outside import OUTSIDE_OPEN, OUTSIDE_TAKEN, OUTSIDE_WAITING, OutsideState

if TYPE_CHECKING:
    from accounts.actor import Actor

MOST_TRIES = 5


class OutsidePartnerQuerySet(models.QuerySet["OutsidePartner"]):
    def visible_to(self, actor: Actor) -> OutsidePartnerQuerySet:
        """The directory is shared by everybody whose role makes requests."""
        return self.all() if actor.has(Permission.REFERRAL_VIEW) else self.none()

    def current(self) -> OutsidePartnerQuerySet:
        return self.filter(is_current=True)


@pghistory.track()
class OutsidePartner(Versioned):
    """協力者: a 民生委員, NPO, school, clinic … that takes part without an account; found by kind and area."""

    name = models.CharField("名前", max_length=60)
    kind = models.CharField("種別", max_length=20, choices=OutsideKind)
    organisation = models.CharField("所属", max_length=100, blank=True)
    area = models.ForeignKey(
        Area, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="地区"
    )
    phone = models.CharField("電話", max_length=20, blank=True)
    email = models.EmailField("メール", blank=True)
    note = models.CharField("連絡のしかた・できること", max_length=200, blank=True)
    is_current = models.BooleanField("いま頼める", default=True)
    added_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="+", verbose_name="登録した職員"
    )
    added_at = models.DateTimeField("登録日時")

    objects = OutsidePartnerQuerySet.as_manager()

    class Meta:
        verbose_name = "協力者"
        constraints = [
            models.CheckConstraint(
                name="outside_partner_can_be_reached",
                condition=~Q(phone="") | ~Q(email=""),
                violation_error_message="電話かメールのどちらかを入れてください。",
            ),
            models.UniqueConstraint(
                fields=["name", "kind", "organisation"],
                name="outside_partner_once",
                violation_error_message="同じ名前・種別・所属の協力者が登録されています。",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def label(self) -> str:
        """As the log names it."""
        return f"{self.name}（{self.get_kind_display()}・アカウントなし）"


class OutsideRequestQuerySet(models.QuerySet["OutsideRequest"]):
    def visible_to(self, actor: Actor) -> OutsideRequestQuerySet:
        """The agency that asks, and whoever sees the case; never a worker on the deny list."""
        if not actor.has(Permission.REFERRAL_VIEW) or actor.agency_id is None:
            return self.none()
        return self.filter(
            Q(from_agency=actor.agency_id) | sees_case(actor, "case_id"), not_denied(actor, "case_id")
        )

    def waiting(self) -> OutsideRequestQuerySet:
        return self.filter(state__in=OUTSIDE_WAITING)

    def unfinished(self) -> OutsideRequestQuerySet:
        return self.filter(state__in=OUTSIDE_OPEN)


@pghistory.track()
class OutsideRequest(Versioned):
    """協力者へのお願い: what a partner without an account is asked, on which ground, and what came of it.

    ``purpose`` is read before the partner has accepted and says nothing of who it is about. ``parts`` are shown after
    acceptance and the code, as far as the ground covers them on the day. A consent names agencies, so ``agreement``
    says when and in which words the person agreed to this partner.
    """

    request_key = models.UUIDField(default=uuid4, unique=True, editable=False)
    case = models.ForeignKey(
        Case, on_delete=models.PROTECT, related_name="outside_requests", verbose_name="ケース"
    )
    partner = models.ForeignKey(
        OutsidePartner, on_delete=models.PROTECT, related_name="requests", verbose_name="協力者"
    )
    need = models.ForeignKey(
        AssessmentItem,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="どの困りごとに",
    )
    from_agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="+", verbose_name="お願いした機関"
    )
    sent_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", verbose_name="送った職員")
    sent_at = models.DateTimeField("送付日時")
    purpose = models.CharField("お願いしたいこと", max_length=200)
    ground = models.CharField("共有の根拠", max_length=30, choices=Ground)
    consent = models.ForeignKey(
        Consent, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="同意"
    )
    agreement = models.CharField("本人の了承", max_length=300, blank=True)
    parts = ArrayField(
        models.CharField(max_length=20, choices=SharedPart),
        verbose_name="受けたあとに見せる記録",
        default=list,
        blank=True,
    )
    state = models.CharField("状態", max_length=20, choices=OutsideState, default=OutsideState.SENT)
    answered_at = models.DateTimeField("返事の日時", null=True, blank=True)
    answer_note = models.TextField("返事のひとこと", blank=True)
    finished_at = models.DateTimeField("結果の日時", null=True, blank=True)
    outcome = models.CharField("結果", max_length=20, choices=OutsideOutcome, blank=True)
    outcome_note = models.TextField("結果の説明", blank=True)
    withdrawn_at = models.DateTimeField("取り下げた日時", null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        Staff,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="取り下げた職員",
    )

    objects = OutsideRequestQuerySet.as_manager()

    class Meta:
        verbose_name = "協力者へのお願い"
        constraints = [
            models.CheckConstraint(
                name="outside_on_consent_names_it",
                condition=~Q(ground=Ground.CONSENT) | (Q(consent__isnull=False) & ~Q(agreement="")),
            ),
            models.CheckConstraint(
                name="outside_answered_once_taken",
                condition=~Q(state__in=[*OUTSIDE_TAKEN, OutsideState.CONFERENCE, OutsideState.DONE])
                | Q(answered_at__isnull=False),
            ),
            models.CheckConstraint(
                name="outside_done_with_outcome",
                condition=(Q(state=OutsideState.DONE, finished_at__isnull=False) & ~Q(outcome=""))
                | (~Q(state=OutsideState.DONE) & Q(finished_at__isnull=True, outcome="")),
            ),
            models.CheckConstraint(
                name="outside_withdrawn_pair",
                condition=Q(
                    state=OutsideState.WITHDRAWN, withdrawn_at__isnull=False, withdrawn_by__isnull=False
                )
                | (
                    ~Q(state=OutsideState.WITHDRAWN) & Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True)
                ),
            ),
            models.UniqueConstraint(
                fields=["case", "partner"],
                condition=Q(state__in=[state.value for state in OUTSIDE_OPEN]),
                name="one_open_request_per_outside_partner",
                violation_error_message="この協力者には、このケースのお願いがすでに出ています。",
            ),
        ]
        indexes = [
            models.Index(
                fields=["from_agency", "sent_at"],
                name="outside_open",
                condition=Q(state__in=[state.value for state in OUTSIDE_OPEN]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.case} → {self.partner}"

    @property
    def is_open(self) -> bool:
        return self.state in OUTSIDE_OPEN

    @property
    def is_taken(self) -> bool:
        return self.state in OUTSIDE_TAKEN


class OutsideLinkQuerySet(models.QuerySet["OutsideLink"]):
    def visible_to(self, actor: Actor) -> OutsideLinkQuerySet:
        """Whoever sees the request sees when its page was made, opened and shut."""
        return self.filter(request__in=OutsideRequest.objects.visible_to(actor))

    def alive(self, at: datetime) -> OutsideLinkQuerySet:
        return self.filter(ended_at__isnull=True, expires_at__gt=at)

    def run_out(self, at: datetime) -> OutsideLinkQuerySet:
        """Over by their date and not yet told of: whoever asked has to make a new page, or look for somebody else."""
        return self.filter(
            ended_at__isnull=True,
            expires_at__lte=at,
            expiry_told_at__isnull=True,
            request__state__in=OUTSIDE_OPEN,
        )


@pghistory.track(exclude=["token_hash", "code_hash", "browser_hash"])
class OutsideLink(models.Model):
    """協力者のページ: an unguessable address that answers for eight days. The database keeps sums of the address, of the
    code and of the browser that gave it, never these themselves.
    """

    request = models.ForeignKey(
        OutsideRequest, on_delete=models.PROTECT, related_name="links", verbose_name="お願い"
    )
    token_hash = models.CharField("アドレスのハッシュ値", max_length=64, unique=True)
    issued_at = models.DateTimeField("発行日時")
    issued_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="+", verbose_name="発行した職員"
    )
    is_mailed = models.BooleanField("メールで送った", default=False)
    code_way = models.CharField("コードの伝え方", max_length=10, choices=CodeWay)
    expires_at = models.DateTimeField("期限")
    ended_at = models.DateTimeField("閉じた日時", null=True, blank=True)
    expiry_told_at = models.DateTimeField("期限切れを知らせた日時", null=True, blank=True)
    opened_at = models.DateTimeField("はじめて開かれた日時", null=True, blank=True)
    code_hash = models.CharField("コードのハッシュ値", max_length=64, blank=True)
    code_until = models.DateTimeField("コードの期限", null=True, blank=True)
    code_tries = models.PositiveSmallIntegerField("コードの間違い", default=0)
    codes_made = models.PositiveSmallIntegerField("コードを出した回数", default=0)
    code_used_at = models.DateTimeField("コードが使われた日時", null=True, blank=True)
    browser_hash = models.CharField("開いた端末のハッシュ値", max_length=64, blank=True)

    objects = OutsideLinkQuerySet.as_manager()

    class Meta:
        verbose_name = "協力者のページ"
        constraints = [
            models.UniqueConstraint(
                fields=["request"], condition=Q(ended_at__isnull=True), name="one_living_outside_link"
            ),
            models.CheckConstraint(
                name="outside_link_expires_later", condition=Q(expires_at__gt=models.F("issued_at"))
            ),
            models.CheckConstraint(
                name="outside_link_by_another_way",
                condition=Q(is_mailed=False) | Q(code_way=CodeWay.PHONE),
                violation_error_message="アドレスをメールで送るときは、コードは電話で伝えます。",
            ),
            models.CheckConstraint(
                name="outside_code_tries_are_few", condition=Q(code_tries__lte=MOST_TRIES)
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"],
                name="outside_running_out",
                condition=Q(ended_at__isnull=True, expiry_told_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.request} {self.issued_at:%Y-%m-%d}"

    def is_alive(self, at: datetime) -> bool:
        return self.ended_at is None and self.expires_at > at

    def has_code(self, at: datetime) -> bool:
        """Whether there is a code that may still be given."""
        return bool(self.code_hash) and self.code_until is not None and self.code_until > at
