"""世帯分離: some people of a household become one of their own; who may see it follows, and never further."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from accounts.actor import Actor
from accounts.enums import Ground
from accounts.models import Agency
from common.errors import RuleViolation
from households.actions.grants import grant_household
from households.actions.movements import (
    Moved,
    Opened,
    begin_membership,
    end_membership_on,
    keep_movement,
    known_movement,
    open_movement,
    stay_behind,
)
from households.actions.naming import household_name
from households.contact import shield_for_everybody
from households.enums import MovementKind, Relation
from households.models import (
    AddressProtection,
    Household,
    HouseholdDenial,
    HouseholdGrant,
    HouseholdMovement,
    ProtectionUnit,
)


@dataclass(frozen=True, slots=True)
class NewHome:
    """Where the new household lives; nothing of it is required."""

    head: int | None = None
    postal_code: str = ""
    address: str = ""
    phone: str = ""


@transaction.atomic
def split_household(
    *, household: Household, moved: Moved, home: NewHome, actor: Actor, at: datetime
) -> HouseholdMovement:
    """From ``moved.on`` the chosen people are a household of their own around ``home.head`` (else the first of them).

    Agencies that saw the old household as their own duty see the new one too, with the same deny list. Where a
    protected person leaves, only the units of their protection do: nobody else learns that there is a new household.
    Other grounds (a consent, a conference) rest on the old household's own record and are not carried over.
    """
    if (known := known_movement(moved.request_key, household)) is not None:
        return known
    opened = open_movement(household=household, moved=moved, actor=actor, at=at)
    if not stay_behind(opened.household, moved.people, moved.on):
        raise RuleViolation(
            "全員を分けることはできません。世帯ごと移ったときは「転居」を記録してください。", field="people"
        )
    heads = {m.person_id: m for m in opened.members}
    head = heads.get(home.head or 0, opened.members[0])
    new = Household(
        name=household_name(head.person), area=None, created_at=at, postal_code=home.postal_code,
        address=home.address, phone=home.phone,
    )  # fmt: skip
    _place(new, opened, home)
    opened.changes.add(new)
    for member in opened.members:
        until, relation = member.during.upper, member.relation
        end_membership_on(opened.changes, member, moved.on)
        begin_membership(
            opened.changes, household=new, person=member.person, on=moved.on, until=until,
            relation=Relation.SELF if member is head else _relation_to(head.relation, relation),
            lives_together=member.lives_together, is_key_person=member.is_key_person,
            by_identity=member.by_identity,
        )  # fmt: skip
    movement = keep_movement(opened, MovementKind.SPLIT, actor=actor, at=at, other=new)
    _let_see(opened, new, movement, actor, at)
    return movement


def _place(new: Household, opened: Opened, home: NewHome) -> None:
    """A split on paper alone keeps the address, unless somebody protected lives there."""
    old = opened.household
    if home.address or shield_for_everybody().hides(old):
        return
    new.area, new.phone = old.area, old.phone
    new.postal_code, new.address = home.postal_code or old.postal_code, old.address


def _relation_to(head: str, relation: str) -> str:
    """What a relation to the old 本人 is to the new one, where that is certain; otherwise it is to be asked."""
    if head == Relation.CHILD and relation == Relation.CHILD:
        return Relation.SIBLING
    if head == Relation.SPOUSE and relation == Relation.CHILD:
        return Relation.CHILD
    return Relation.UNKNOWN


def own_duty_agencies(household: Household, at: datetime) -> list[Agency]:
    """Agencies that see the household as their own duty today."""
    groups = (
        HouseholdGrant.objects.in_force(at)
        .filter(content_object=household, ground=Ground.OWN_DUTY)
        .values("group_id")
    )
    return list(Agency.objects.filter(group__in=groups).order_by("pk"))


def may_follow(agencies: list[Agency], people: tuple[int, ...]) -> list[Agency]:
    """The agencies that may see where these people go: of a protected person only the units of the protection."""
    for protection in AddressProtection.objects.in_force().filter(person__in=people).order_by("pk"):
        units = set(ProtectionUnit.objects.filter(protection=protection).values_list("agency_id", flat=True))
        agencies = [agency for agency in agencies if agency.pk in units]
    return agencies


def _let_see(opened: Opened, new: Household, movement: HouseholdMovement, actor: Actor, at: datetime) -> None:
    agency, _ = actor.office()
    others = [a for a in own_duty_agencies(opened.household, at) if a.pk != agency.pk]
    for row in [agency, *may_follow(others, opened.moved.people)]:
        grant_household(household=new, agency=row, ground=Ground.OWN_DUTY, basis=movement, actor=actor, at=at)
    copy_denials(opened.household, new, opened, at)


def copy_denials(source: Household, target: Household, opened: Opened, at: datetime) -> None:
    """Whoever may never see these people does not see them in the other household either."""
    known = HouseholdDenial.objects.in_force().filter(household=target).values("staff_id")
    for denial in (
        HouseholdDenial.objects.in_force()
        .filter(household=source)
        .exclude(Q(staff__in=known) | Q(staff=opened.staff))
        .order_by("pk")
    ):
        HouseholdDenial.objects.create(
            household=target, staff_id=denial.staff_id, reason=denial.reason, note=denial.note,
            given_by=opened.staff, given_at=at,
        )  # fmt: skip
