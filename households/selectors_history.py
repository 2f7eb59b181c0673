"""A household through time: who lived together on a day, where, and what happened when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from accounts.actor import Actor
from common.japan.age import age_on
from households.contact import HouseholdContact, Shield
from households.models import (
    FormerAddress,
    Household,
    HouseholdMember,
    HouseholdMovement,
    Person,
    without_search,
)

# kinds that tell where somebody is, or is no longer: not told of a protected person
STAYING = frozenset({"birth", "death", "marriage", "divorce", "correction"})


@dataclass(frozen=True, slots=True)
class DayRow:
    """A member as they were on a day. ``is_hidden``: where a protected person lived on which day is not told."""

    member: HouseholdMember
    age: int | None
    is_hidden: bool

    @property
    def role(self) -> str:
        return str(self.member.get_relation_display())

    @property
    def living(self) -> str:
        if self.is_hidden:
            return "（秘匿）"
        return "同居" if self.member.lives_together else "別居・入所"


def household_on(household: Household, on: date, shield: Shield) -> list[DayRow]:
    """The members on ``on``, 本人 first; one query.

    A protected person stands in it on every day, so that nobody finds the day of their leaving by trying days.
    """
    rows: dict[int, DayRow] = {}
    for member in (
        HouseholdMember.objects.filter(household=household)
        .select_related("person")
        .defer(*without_search("person"))
        .order_by("pk")
    ):
        person = member.person
        hidden = person.pk in shield.people
        if not hidden and on not in member.during:
            continue
        age = age_on(person.birth_on, on) if person.birth_on and person.birth_on <= on else None
        rows[person.pk] = DayRow(member, age, hidden)
    return sorted(rows.values(), key=lambda row: (row.member.relation != "self", row.member.pk))


def address_on(household: Household, on: date, shield: Shield, actor: Actor) -> HouseholdContact:
    """Where the household lived on that day, through the reader's shield; one query."""
    former = (
        FormerAddress.objects.visible_to(actor)
        .filter(household=household, during__contains=on)
        .order_by("pk")
        .first()
    )
    return shield.household(household) if former is None else shield.former_home(household, former)


@dataclass(frozen=True, slots=True)
class MovementRow:
    """One movement as the reader may know it."""

    movement: HouseholdMovement
    people: list[Person]
    other: Household | None
    came: bool
    may_withdraw: bool

    @property
    def words(self) -> str:
        """「世帯分離」, or from the other side 「世帯分離（分かれて来た側）」."""
        return str(self.movement.get_kind_display())


def movement_rows(household: Household, actor: Actor, shield: Shield) -> list[MovementRow]:
    """Everything that happened to the household, oldest first; three queries.

    The other household of a split or a join is named only to who sees it; what tells the whereabouts of a protected
    person is left out.
    """
    rows = list(
        HouseholdMovement.objects.filter(Q(household=household) | Q(other_household=household))
        .select_related("household", "other_household", "recorded_by")
        .defer("changes")
        .prefetch_related("people")
        .order_by("on", "pk")
    )
    others = {r.household_id for r in rows} | {r.other_household_id for r in rows if r.other_household_id}
    seen = set(Household.objects.visible_to(actor).filter(pk__in=others).values_list("pk", flat=True))
    found = []
    for row in rows:
        people = list(dict.fromkeys(row.people.all()))
        if row.kind not in STAYING and (
            shield.hides(household) or any(p.pk in shield.people for p in people)
        ):
            continue
        came = row.household_id != household.pk
        other = row.household if came else row.other_household
        found.append(
            MovementRow(
                row, people, other if other is not None and other.pk in seen else None, came,
                not came and row.withdrawn_at is None,
            )
        )  # fmt: skip
    return found
