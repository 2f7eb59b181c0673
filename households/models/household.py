"""世帯, who may see it, and who may never see it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pghistory
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from accounts.models import Area, Staff
from accounts.roles import Permission
from common.models import Versioned, bigram_field, bigram_index
from households.enums import DenialReason
from households.household_search import household_columns
from households.models.grants import AccessGrant, ground_of, indexes_of_grants

if TYPE_CHECKING:
    from accounts.actor import Actor

VIEW_HOUSEHOLD = "view_household"


class HouseholdQuerySet(models.QuerySet["Household"]):
    def visible_to(self, actor: Actor) -> HouseholdQuerySet:
        """The one definition of who sees a household: the groups that hold a grant on it that has not ended, but never
        a worker whom the household's deny list names.
        """
        if not actor.has(Permission.HOUSEHOLD_VIEW):
            return self.none()
        return self.filter(
            Exists(
                HouseholdGrant.objects.filter(
                    content_object=OuterRef("pk"), group__in=actor.group_ids
                ).filter(Q(ends_at__isnull=True) | Q(ends_at__gt=Now()))
            ),
            ~Q(pk__in=denied_households(actor)),
        )

    def with_access_ground(self, actor: Actor) -> HouseholdQuerySet:
        """Adds ``access_ground``: why the actor may see it, for the access log."""
        return self.annotate(access_ground=ground_of(HouseholdGrant.objects.all(), actor, "pk"))


@pghistory.track(exclude=["search_terms", "search_text"])
class Household(Versioned):
    """世帯: the unit of support. Its people come and go by dated membership."""

    name = models.CharField("世帯名", max_length=100)
    area = models.ForeignKey(Area, on_delete=models.PROTECT, null=True, blank=True, verbose_name="圏域")
    postal_code = models.CharField("郵便番号", max_length=8, blank=True)
    address = models.CharField("住所", max_length=200, blank=True)
    phone = models.CharField("電話", max_length=30, blank=True)
    created_at = models.DateTimeField("登録日時")
    # made by save() from the rest (households.household_search); a reader's shield decides what of it may be a reason
    search_text = models.TextField(editable=False, default="")
    search_terms = bigram_field()

    objects = HouseholdQuerySet.as_manager()

    class Meta:
        verbose_name = "世帯"
        permissions = []
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="household_recent"),
            bigram_index("household_search"),
        ]

    def __str__(self) -> str:
        return self.name

    def save(
        self,
        *,
        force_insert: Any = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Iterable[str] | None = None,
    ) -> None:
        """The search columns always follow what they are made from."""
        columns = household_columns(
            name=self.name, address=self.address, postal_code=self.postal_code, phone=self.phone
        )
        for column, value in columns.items():
            setattr(self, column, value)
        if update_fields is not None:
            update_fields = {*update_fields, *columns}
        super().save(
            force_insert=force_insert, force_update=force_update, using=using, update_fields=update_fields
        )

    @property
    def pseudonym(self) -> str:
        """What minutes and money pages show instead of a name."""
        return f"世帯{self.pk:06d}"


@pghistory.track()
class HouseholdGrant(AccessGrant):
    """Who may see a household."""

    content_object = models.ForeignKey(
        Household, on_delete=models.CASCADE, related_name="grants", db_index=False
    )

    class Meta(AccessGrant.Meta):
        abstract = False
        verbose_name = "世帯の閲覧権"
        constraints = [
            models.UniqueConstraint(
                fields=["content_object", "group", "permission", "ground", "basis_type", "basis_id"],
                condition=Q(ends_at__isnull=True),
                name="household_grant_once",
            )
        ]
        indexes = indexes_of_grants("household")


class DenialQuerySet(models.QuerySet["HouseholdDenial"]):
    def in_force(self) -> DenialQuerySet:
        return self.filter(ended_at__isnull=True)

    def visible_to(self, actor: Actor) -> DenialQuerySet:
        """The deny list is read by whoever sees the household; the worker it names does not see the household."""
        return self.filter(household__in=Household.objects.visible_to(actor))


@pghistory.track()
class HouseholdDenial(models.Model):
    """閲覧させない職員: a worker who may never see that this household, its people and its cases exist.

    It beats every role, every grant and break-glass (domain.md 7.4; beyond-peers 15).
    """

    household = models.ForeignKey(
        Household, on_delete=models.PROTECT, related_name="denials", verbose_name="世帯"
    )
    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", verbose_name="職員")
    reason = models.CharField("理由", max_length=20, choices=DenialReason)
    note = models.CharField("補足", max_length=300, blank=True)
    given_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="+", verbose_name="指定した職員"
    )
    given_at = models.DateTimeField("指定日時")
    ended_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="解除した職員"
    )
    ended_at = models.DateTimeField("解除日時", null=True, blank=True)
    end_reason = models.CharField("解除の理由", max_length=300, blank=True)

    objects = DenialQuerySet.as_manager()

    class Meta:
        verbose_name = "閲覧させない職員"
        constraints = [
            models.UniqueConstraint(
                fields=["household", "staff"], condition=Q(ended_at__isnull=True), name="denial_once"
            ),
            models.CheckConstraint(
                name="denial_ended_pair",
                condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_at__isnull=False, ended_by__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["staff"], condition=Q(ended_at__isnull=True), name="denial_staff")]

    def __str__(self) -> str:
        return f"{self.household} {self.staff}"


def staff_denied(household_id: int) -> set[int]:
    """Ids of the workers whom the household's deny list names: no notice about it reaches them either."""
    rows = HouseholdDenial.objects.in_force().filter(household=household_id)
    return set(rows.values_list("staff_id", flat=True))


def denials_of(staff: Any, household: Any) -> models.QuerySet[HouseholdDenial]:
    """Rows that exist where the deny list of a household names a worker (both ids or expressions)."""
    return HouseholdDenial.objects.in_force().filter(staff=staff, household=household)


def denied_households(actor: Actor) -> models.QuerySet[HouseholdDenial, int]:
    """Ids of the households whose deny list names the actor: a subquery that no row of the outer query touches."""
    rows = HouseholdDenial.objects.in_force()
    rows = rows.none() if actor.staff_id is None else rows.filter(staff=actor.staff_id)
    return rows.values_list("household_id", flat=True)
