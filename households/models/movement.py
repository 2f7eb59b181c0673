"""世帯の異動: what happened to a household on which day, and where it lived before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

import pghistory
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import Q

from accounts.models import Int8Range, Staff
from households.enums import MovementKind, MovementSource
from households.models.follow import follows_merge
from households.models.household import Household
from households.models.person import Person

if TYPE_CHECKING:
    from accounts.actor import Actor


class MovementQuerySet(models.QuerySet["HouseholdMovement"]):
    def visible_to(self, actor: Actor) -> MovementQuerySet:
        """Whoever sees the household that it happened to. The other household of it has its own scope."""
        return self.filter(household__in=Household.objects.visible_to(actor))

    def standing(self) -> MovementQuerySet:
        return self.filter(withdrawn_at__isnull=True)


@pghistory.track()
class HouseholdMovement(models.Model):
    """世帯の異動: birth, move, split, death … of some people of a household, dated, with what it changed.

    ``changes`` is what withdrawing it puts back (``households.changes``). A withdrawn row stays with its reason.
    """

    request_key = models.UUIDField(default=uuid4, unique=True, editable=False)
    household = models.ForeignKey(
        Household, on_delete=models.PROTECT, related_name="movements", verbose_name="世帯"
    )
    kind = models.CharField("異動の種類", max_length=20, choices=MovementKind)
    on = models.DateField("異動日")
    people = models.ManyToManyField(
        Person, through="MovementPerson", related_name="+", verbose_name="異動した人"
    )
    other_household = models.ForeignKey(
        Household,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="もう一方の世帯",
    )
    note = models.CharField("補足", max_length=300, blank=True)
    source = models.CharField("記録のもと", max_length=20, choices=MovementSource)
    changes: Any = models.JSONField("変えたこと", default=list)
    recorded_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="+", verbose_name="記録した職員"
    )
    recorded_at = models.DateTimeField("記録日時")
    withdrawn_by = models.ForeignKey(
        Staff,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="取り消した職員",
    )
    withdrawn_at = models.DateTimeField("取り消し日時", null=True, blank=True)
    withdrawal_reason = models.CharField("取り消した理由", max_length=300, blank=True)

    # what its writes change (common.tags)
    tag_fields: ClassVar = ("kind", "on", "note", "withdrawn_at")

    objects = MovementQuerySet.as_manager()

    class Meta:
        verbose_name = "世帯の異動"
        constraints = [
            models.CheckConstraint(
                name="movement_withdrawn_pair",
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True)
                | (Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False) & ~Q(withdrawal_reason="")),
            ),
            models.CheckConstraint(
                name="movement_of_two_households",
                condition=Q(other_household__isnull=True) | ~Q(other_household=models.F("household")),
            ),
        ]
        indexes = [
            models.Index(fields=["household", "on"], name="movement_household"),
            models.Index(
                fields=["other_household"],
                condition=Q(other_household__isnull=False),
                name="movement_other",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.on}"


@pghistory.track()
class MovementPerson(models.Model):
    """異動した人: one person of a movement."""

    movement = models.ForeignKey(
        HouseholdMovement, on_delete=models.CASCADE, related_name="named", verbose_name="異動"
    )
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", verbose_name="人")

    class Meta:
        verbose_name = "異動した人"
        triggers = [follows_merge("person")]

    def __str__(self) -> str:
        return f"{self.movement} {self.person}"


class FormerAddressQuerySet(models.QuerySet["FormerAddress"]):
    def visible_to(self, actor: Actor) -> FormerAddressQuerySet:
        return self.filter(household__in=Household.objects.visible_to(actor))


@pghistory.track()
class FormerAddress(models.Model):
    """旧住所: where a household lived in a period that has ended; the household itself holds where it lives now."""

    household = models.ForeignKey(
        Household, on_delete=models.PROTECT, related_name="former_addresses", verbose_name="世帯"
    )
    postal_code = models.CharField("郵便番号", max_length=8, blank=True)
    address = models.CharField("住所", max_length=200)
    during = DateRangeField("期間")

    objects = FormerAddressQuerySet.as_manager()

    class Meta:
        verbose_name = "旧住所"
        constraints = [
            ExclusionConstraint(
                name="one_address_at_a_time",
                expressions=[
                    (Int8Range("household_id"), RangeOperators.OVERLAPS),
                    ("during", RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(name="former_address_ended", condition=Q(during__endswith__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"旧住所 {self.pk}"
