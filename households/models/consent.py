"""同意: which kinds of personal information may go to which agencies, from whom, for what, until when."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import uuid4

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import TruncDate

from accounts.enums import ConsentState
from accounts.models import Agency, Staff
from common.models import Versioned
from households.enums import ConsentGiver, ConsentMethod, InformationKind
from households.models.follow import follows_merge
from households.models.household import Household
from households.models.person import HouseholdMember, Person
from households.models.protection import AddressProtection

if TYPE_CHECKING:
    from accounts.actor import Actor


class ConsentQuerySet(models.QuerySet["Consent"]):
    def visible_to(self, actor: Actor) -> ConsentQuerySet:
        """Whoever sees the household sees what its people agreed to."""
        return self.filter(household__in=Household.objects.visible_to(actor))

    def in_force(self, on: date | TruncDate) -> ConsentQuerySet:
        """Given, not withdrawn, and not past its last day; ``on`` is a day, or the database's own today."""
        return self.filter(state=ConsentState.YES, given_on__lte=on).filter(
            Q(ends_on__isnull=True) | Q(ends_on__gte=on)
        )

    def covering_everything(self) -> ConsentQuerySet:
        """All six kinds: only such a consent opens a whole record or its papers."""
        return self.filter(kinds__contains=InformationKind.values)

    def naming(self, agency: Agency) -> ConsentQuerySet:
        return self.filter(Exists(ConsentAgency.objects.filter(consent=OuterRef("pk"), agency=agency)))


@pghistory.track()
class Consent(Versioned):
    """One answer of one person (or who answers for them): yes with its scope, not obtained, or refused.

    Scope is the six kinds of information × the named agencies (domain.md 1.6). A yes can be withdrawn at any time;
    the row stays and says when.
    """

    request_key = models.UUIDField(default=uuid4, unique=True, editable=False)
    household = models.ForeignKey(
        Household, on_delete=models.PROTECT, related_name="consents", verbose_name="世帯"
    )
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="consents", verbose_name="だれの情報"
    )
    state = models.CharField("同意", max_length=20, choices=ConsentState)
    giver = models.CharField("答えた人", max_length=20, choices=ConsentGiver, default=ConsentGiver.SELF)
    giver_name = models.CharField("答えた人の氏名", max_length=60, blank=True)
    kinds = ArrayField(
        models.CharField(max_length=20, choices=InformationKind), verbose_name="情報の種類", default=list
    )
    agencies = models.ManyToManyField(
        Agency, through="ConsentAgency", related_name="+", verbose_name="伝える先"
    )
    purpose = models.CharField("使いみち", max_length=200, blank=True)
    given_on = models.DateField("答えた日")
    ends_on = models.DateField("期限", null=True, blank=True)
    method = models.CharField("方法", max_length=20, choices=ConsentMethod)
    explained_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="+", verbose_name="説明した職員"
    )
    witness = models.CharField("立会人", max_length=60, blank=True)
    paper_place = models.CharField("書面の保管場所", max_length=100, blank=True)
    note = models.CharField("本人の言葉・補足", max_length=500, blank=True)
    recorded_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="+", verbose_name="記録した職員"
    )
    recorded_at = models.DateTimeField("記録日時")
    withdrawn_on = models.DateField("撤回した日", null=True, blank=True)
    withdrawn_at = models.DateTimeField("撤回の記録日時", null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        Staff,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="撤回を受けた職員",
    )
    withdrawal_note = models.CharField("撤回の様子", max_length=300, blank=True)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        verbose_name = "同意"
        constraints = [
            models.CheckConstraint(
                name="consent_withdrawn_pair",
                condition=Q(
                    state=ConsentState.WITHDRAWN,
                    withdrawn_on__isnull=False,
                    withdrawn_at__isnull=False,
                    withdrawn_by__isnull=False,
                )
                | (
                    ~Q(state=ConsentState.WITHDRAWN)
                    & Q(withdrawn_on__isnull=True, withdrawn_at__isnull=True, withdrawn_by__isnull=True)
                ),
            ),
            models.CheckConstraint(
                name="consent_ends_after_given",
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("given_on")),
                violation_error_message="期限が、同意した日より前です。",
            ),
            models.CheckConstraint(
                name="spoken_consent_has_witness",
                condition=~Q(method=ConsentMethod.SPOKEN) | ~Q(state=ConsentState.YES) | ~Q(witness=""),
                violation_error_message="口頭の同意には、立会人を入れてください。",
            ),
        ]
        triggers = [follows_merge("person")]
        indexes = [models.Index(fields=["household", "-given_on", "-id"], name="consent_household")]

    def __str__(self) -> str:
        return f"{self.person} {self.get_state_display()}"

    @property
    def kind_labels(self) -> list[str]:
        return [InformationKind(kind).label for kind in self.kinds]

    @property
    def covers_everything(self) -> bool:
        """All six kinds: only such a consent opens a whole record."""
        return set(self.kinds) >= set(InformationKind.values)


@pghistory.track()
class ConsentAgency(models.Model):
    """伝える先: one agency that a consent names."""

    consent = models.ForeignKey(Consent, on_delete=models.PROTECT, related_name="named", verbose_name="同意")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", verbose_name="機関")

    class Meta:
        verbose_name = "同意の伝える先"
        constraints = [models.UniqueConstraint(fields=["consent", "agency"], name="consent_agency_once")]

    def __str__(self) -> str:
        return f"{self.consent} → {self.agency}"


class ConsentScanQuerySet(models.QuerySet["ConsentScan"]):
    def visible_to(self, actor: Actor) -> ConsentScanQuerySet:
        """Whoever sees the consent; but a picture cannot have a line struck out: the paper of a person whose address is
        protected, or who shares a household with one, is for the units alone.
        """
        closed = AddressProtection.objects.closed_to(actor).values("person_id")
        homes = HouseholdMember.objects.filter(person__in=closed).values("household_id")
        return self.filter(consent__in=Consent.objects.visible_to(actor)).exclude(
            consent__household__in=homes
        )


@pghistory.track(exclude=["data"])
class ConsentScan(models.Model):
    """同意書の写し: the signed paper, kept in the database so that it has the record's own scope and backup."""

    consent = models.OneToOneField(
        Consent, on_delete=models.PROTECT, related_name="scan", verbose_name="同意"
    )
    content_type = models.CharField("形式", max_length=40)
    data = models.BinaryField("写し")
    sha256 = models.CharField("ハッシュ値", max_length=64)
    stored_at = models.DateTimeField("保存日時")

    objects = ConsentScanQuerySet.as_manager()

    class Meta:
        verbose_name = "同意書の写し"

    def __str__(self) -> str:
        return f"{self.consent} 写し"
