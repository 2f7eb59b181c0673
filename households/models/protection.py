"""支援措置 (protection of an address) and the rules by which a person may be contacted."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pghistory
from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import Exists, OuterRef, Q

from accounts.models import Agency, Staff
from common.models import Versioned, period_last
from households.models.follow import follows_merge
from households.models.household import denied_households
from households.models.person import Person, people_of

if TYPE_CHECKING:
    from accounts.actor import Actor


class ProtectionQuerySet(models.QuerySet["AddressProtection"]):
    def in_force(self) -> ProtectionQuerySet:
        """Until somebody of a unit has recorded its end: a period that merely ran out opens nothing."""
        return self.filter(ended_at__isnull=True)

    def visible_to(self, actor: Actor) -> ProtectionQuerySet:
        """The units named in it, but nobody whom a deny list names; for everybody else it does not exist."""
        if actor.agency_id is None or not actor.has_casework:
            return self.none()
        return self.filter(_names_unit(actor)).exclude(person__in=people_of(denied_households(actor)))

    def closed_to(self, actor: Actor) -> ProtectionQuerySet:
        """Protections in force that hide the person's contact details from the actor."""
        rows = self.in_force()
        if actor.agency_id is None or not actor.has_casework:
            return rows
        return rows.exclude(_names_unit(actor))

    def ending(self, before: date) -> ProtectionQuerySet:
        """In force with a last day before a day, or already past it."""
        return self.in_force().filter(during__endswith__lte=before)


def _names_unit(actor: Actor) -> Exists:
    return Exists(ProtectionUnit.objects.filter(protection=OuterRef("pk"), agency=actor.agency_id))


@pghistory.track()
class AddressProtection(Versioned):
    """支援措置: address, phone, school, workplace, desk and move of a person are shown to the named units only.

    DV等支援措置 lasts a year and is renewed from one month before its end (domain.md 7.4). The period alone ends
    nothing here: the unit records the end.
    """

    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="protections", verbose_name="守られる人"
    )
    units = models.ManyToManyField(
        Agency, through="ProtectionUnit", related_name="+", verbose_name="見てよい機関"
    )
    during = DateRangeField("措置の期間")
    adversary = models.ForeignKey(
        Person,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="相手方（登録あり）",
    )
    adversary_name = models.CharField("相手方の氏名", max_length=60, blank=True)
    decided_where = models.CharField("申出先・決定した所", max_length=100, blank=True)
    note = models.CharField("補足", max_length=300, blank=True)
    given_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="+", verbose_name="登録した職員"
    )
    given_at = models.DateTimeField("登録日時")
    ended_at = models.DateTimeField("終了の記録日時", null=True, blank=True)
    ended_by = models.ForeignKey(
        Staff,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="終了を記録した職員",
    )
    end_note = models.CharField("終了の理由", max_length=300, blank=True)

    objects = ProtectionQuerySet.as_manager()

    class Meta:
        verbose_name = "支援措置"
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(ended_at__isnull=True), name="protection_once"
            ),
            models.CheckConstraint(
                name="protection_ended_pair",
                condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_at__isnull=False, ended_by__isnull=False),
            ),
        ]
        triggers = [follows_merge("person"), follows_merge("adversary")]

    def __str__(self) -> str:
        return f"支援措置 {self.pk}"

    @property
    def last_on(self) -> date | None:
        return period_last(self.during)


@pghistory.track()
class ProtectionUnit(models.Model):
    """見てよい機関: a unit to which a protected address is open."""

    protection = models.ForeignKey(
        AddressProtection, on_delete=models.PROTECT, related_name="named", verbose_name="支援措置"
    )
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", verbose_name="機関")

    class Meta:
        verbose_name = "支援措置の見てよい機関"
        constraints = [models.UniqueConstraint(fields=["protection", "agency"], name="protection_unit_once")]

    def __str__(self) -> str:
        return f"{self.protection} {self.agency}"


class SafeContactQuerySet(models.QuerySet["SafeContact"]):
    def visible_to(self, actor: Actor) -> SafeContactQuerySet:
        """Whoever sees the person: a rule that the caller does not know protects nobody."""
        return self.filter(person__in=Person.objects.visible_to(actor))

    def standing(self) -> SafeContactQuerySet:
        return self.filter(ended_at__isnull=True)


@pghistory.track()
class SafeContact(models.Model):
    """安全な連絡: how, when and by whom a person may be called or written to. One standing rule per person."""

    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="safe_contacts", verbose_name="人"
    )
    may_call = models.BooleanField("電話してよい", default=True)
    may_write = models.BooleanField("手紙・書類を送ってよい", default=True)
    may_visit = models.BooleanField("訪問してよい", default=True)
    when = models.CharField("よい時間", max_length=100, blank=True)
    by_whom = models.CharField("だれから・何と名乗るか", max_length=100, blank=True)
    caution = models.CharField("してはいけないこと", max_length=300, blank=True)
    written_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="+", verbose_name="記録した職員"
    )
    written_at = models.DateTimeField("記録日時")
    ended_at = models.DateTimeField("終了日時", null=True, blank=True)
    ended_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="終えた職員"
    )

    objects = SafeContactQuerySet.as_manager()

    class Meta:
        verbose_name = "安全な連絡の決まり"
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(ended_at__isnull=True), name="safe_contact_once"
            ),
            models.CheckConstraint(
                name="safe_contact_ended_pair",
                condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_at__isnull=False, ended_by__isnull=False),
            ),
        ]
        triggers = [follows_merge("person")]

    def __str__(self) -> str:
        return f"安全な連絡 {self.pk}"

    @property
    def lines(self) -> list[str]:
        """The rule in short sentences, prohibitions first."""
        said = [
            "" if self.may_call else "電話しない",
            "" if self.may_write else "手紙・書類を送らない",
            "" if self.may_visit else "訪問しない",
            self.caution,
            f"よい時間：{self.when}" if self.when else "",
            f"連絡する人：{self.by_whom}" if self.by_whom else "",
        ]
        return [line for line in said if line]
