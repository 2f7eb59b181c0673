"""気がかり: a case that nobody may be holding, or that will soon need somebody; derived by rules, never written by hand."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, ClassVar

import pghistory
from django.db import models
from django.db.models import Q

from accounts.models import Agency, Staff
from accounts.roles import Permission
from cases.enums import RiskKind, RiskOwner, Urgency
from cases.models.case import Case, not_denied, sees_case
from households.models import AddressProtection

if TYPE_CHECKING:
    from accounts.actor import Actor

# what an agency answers for without having to see the record: its own turn, the protection of which it is a unit
OWN_KINDS = (RiskKind.WATCH_LATE, RiskKind.WATCH_NOBODY, RiskKind.PROTECTION)


class SilentRiskQuerySet(models.QuerySet["SilentRisk"]):
    def visible_to(self, actor: Actor, *, few: bool = False) -> SilentRiskQuerySet:
        """Whoever knows of it (``known_to``), and the office it rose to since nobody of the agency is here (decision
        0011): that one learns the number and what is the matter, and nothing about a person. ``few``: see ``sees_case``.
        """
        risen = Q(owner_as=RiskOwner.AGENCY, owner_agency=actor.agency_id, about_id__isnull=True)
        return self._told(actor, risen, few=few)

    def known_to(self, actor: Actor) -> SilentRiskQuerySet:
        """Whoever sees the case, and the agency that has to look or to protect; never a worker on the deny list, and
        what is about a protected person only for the units of that protection.
        """
        return self._told(actor, Q(pk__in=[]))

    def _told(self, actor: Actor, also: Q, *, few: bool = False) -> SilentRiskQuerySet:
        if not actor.has(Permission.CASE_VIEW) or actor.agency_id is None:
            return self.none()
        closed = AddressProtection.objects.closed_to(actor).values("person_id")
        own = Q(kind__in=OWN_KINDS, owner_agency=actor.agency_id) | also
        return self.filter(
            sees_case(actor, "case_id", few=few) | (own & not_denied(actor, "case_id")),
            Q(about_id__isnull=True) | ~Q(about_id__in=closed),
        )

    def standing(self) -> SilentRiskQuerySet:
        return self.filter(resolved_at__isnull=True)

    def waiting(self, on: date) -> SilentRiskQuerySet:
        """Standing and not put off beyond the day."""
        return self.standing().filter(Q(put_off_until__isnull=True) | Q(put_off_until__lte=on))


class SilentRisk(models.Model):
    """気がかり: one reason, of one case, with who has to act. The rules (``cases.risk_rules``) make and end the rows.

    ``subject_id`` is the id of what the rule found (person, protection, consent, plan, turn, absence; 0: the case),
    ``about_id`` that of the person concerned: plain ids, since the row follows from other rows and is made anew from
    them. A row that is over keeps ``resolved_at``; the same reason later is a new row.
    """

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="risks", verbose_name="ケース")
    kind = models.CharField("気がかり", max_length=20, choices=RiskKind)
    subject_id = models.BigIntegerField("対象", default=0)
    about_id = models.BigIntegerField("だれのこと", null=True, blank=True)
    due_on = models.DateField("いつから")
    urgency = models.PositiveSmallIntegerField("急ぎ", choices=Urgency)
    owner_agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", verbose_name="機関")
    owner_staff = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="担当者"
    )
    owner_as = models.CharField("立場", max_length=10, choices=RiskOwner)
    found_at = models.DateTimeField("気づいた日時")
    resolved_at = models.DateTimeField("なくなった日時", null=True, blank=True)
    put_off_until = models.DateField("次に見る日", null=True, blank=True)

    # what its writes change (common.tags)
    tag_fields: ClassVar = (
        "due_on",
        "urgency",
        "owner_agency_id",
        "owner_staff_id",
        "owner_as",
        "put_off_until",
        "resolved_at",
    )

    objects = SilentRiskQuerySet.as_manager()

    class Meta:
        verbose_name = "気がかり"
        constraints = [
            models.UniqueConstraint(
                fields=["case", "kind", "subject_id"], condition=Q(resolved_at__isnull=True), name="risk_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["urgency", "due_on", "id"], condition=Q(resolved_at__isnull=True), name="risk_order"
            ),
            models.Index(
                fields=["owner_agency", "urgency", "due_on", "id"],
                condition=Q(resolved_at__isnull=True), name="risk_agency",
            ),
            models.Index(
                fields=["owner_staff", "urgency", "due_on", "id"],
                condition=Q(resolved_at__isnull=True), name="risk_staff",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.case} {self.get_kind_display()}"


class RiskPutOffQuerySet(models.QuerySet["RiskPutOff"]):
    def visible_to(self, actor: Actor) -> RiskPutOffQuerySet:
        """Reasons tell of the record: an office that a worry rose to reads its own people's alone."""
        own = Q(put_off_by=actor.staff_id, risk__in=SilentRisk.objects.visible_to(actor))
        return self.filter(Q(risk__in=SilentRisk.objects.known_to(actor)) | own)


@pghistory.track()
class RiskPutOff(models.Model):
    """気がかりの先送り: the owner has looked, and says when to look again and why not now."""

    risk = models.ForeignKey(
        SilentRisk, on_delete=models.CASCADE, related_name="put_offs", verbose_name="気がかり"
    )
    until_on = models.DateField("次に見る日")
    reason = models.CharField("理由", max_length=300)
    put_off_at = models.DateTimeField("記録日時")
    put_off_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="+", verbose_name="記録した職員"
    )

    objects = RiskPutOffQuerySet.as_manager()

    class Meta:
        verbose_name = "気がかりの先送り"
        indexes = [models.Index(fields=["risk", "-put_off_at"], name="risk_put_off")]

    def __str__(self) -> str:
        return f"{self.risk} {self.until_on}"
