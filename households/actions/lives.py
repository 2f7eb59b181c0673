"""出生・死亡: a life begins or ends in a household."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from accounts.actor import Actor
from common.errors import RuleViolation
from households.actions.kinship import check_kinship, write_kinship
from households.actions.movements import (
    Moved,
    Opened,
    begin_membership,
    keep_movement,
    known_movement,
    open_movement,
)
from households.actions.persons import PersonData, build_person
from households.changes import Changes
from households.enums import KinshipKind, MovementKind
from households.lifetimes import check_lives_in_order, check_parent_alive
from households.models import Household, HouseholdMember, HouseholdMovement, Kinship, Person
from households.relations import check_relation
from households.signals import person_died


@transaction.atomic
def record_birth(
    *, household: Household, moved: Moved, child: PersonData, relation: str, actor: Actor, at: datetime
) -> HouseholdMovement:
    """A child is born into the household; the chosen people (``moved.people``, at most two) are its parents.

    Raises RuleViolation for a birth after the mother's death, or by a parent who is younger than the child.
    """
    if (known := known_movement(moved.request_key, household)) is not None:
        return known
    if len(moved.people) > 2:
        raise RuleViolation(
            "実の親は2人までです。養親などは、生まれたあとに親族関係へ記録してください。", field="people"
        )
    opened = open_movement(
        household=household, moved=replace(moved, people=()), actor=actor, at=at, needs=0, hides_move=False
    )
    parents = _parents(opened, moved.people)
    for parent in parents:
        check_parent_alive(parent, moved.on, field="on")
    values = {name: getattr(child, name) for name in PersonData.__dataclass_fields__} | {"birth_on": moved.on}
    person = build_person(PersonData(**values), at=at)
    check_relation(opened.household, person, relation, on=moved.on)
    begin_membership(
        opened.changes, household=opened.household, person=person, on=moved.on, relation=relation,
        lives_together=True,
    )  # fmt: skip
    for parent in parents:
        check_kinship(parent, person, KinshipKind.PARENT)
        write_kinship(opened.changes, Kinship(person=parent, relative=person, kind=KinshipKind.PARENT))
    return keep_movement(
        opened, MovementKind.BIRTH, actor=actor, at=at, people=[person.pk, *(p.pk for p in parents)]
    )


def _parents(opened: Opened, ids: tuple[int, ...]) -> list[Person]:
    """Parents belong to the household, or did: a father may have died, a mother may live apart."""
    rows = Person.objects.filter(
        pk__in=HouseholdMember.objects.filter(household=opened.household, person__in=ids).values("person_id")
    ).order_by("pk")
    found = list(rows)
    if len(found) != len(set(ids)):
        raise RuleViolation("親は、この世帯の人から選んでください。", field="people")
    return found


def close_life(changes: Changes, person: Person, died_on: date) -> list[int]:
    """The person belongs nowhere after the day of death; ids of the households that they belonged to until then.

    Raises RuleViolation for a death before a recorded child was born.
    """
    if person.birth_on and died_on < person.birth_on:
        raise RuleViolation("死亡日が生年月日より前です。", field="on")
    homes = []
    for member in HouseholdMember.objects.filter(person=person).order_by("pk"):
        last = DateRange(member.during.lower, date.fromordinal(died_on.toordinal() + 1))
        if member.during.lower is not None and member.during.lower > died_on:
            raise RuleViolation(
                "死亡日より後に世帯に加わった記録があります。先にそちらを直してください。", field="on"
            )
        if member.during.upper is None or member.during.upper > last.upper:
            changes.change(member, during=last)
            homes.append(member.household_id)
    changes.change(person, died_on=died_on)
    check_lives_in_order(person, field="on")
    return homes


@transaction.atomic
def record_death(*, household: Household, moved: Moved, actor: Actor, at: datetime) -> HouseholdMovement:
    """One person has died: every membership ends on that day, cases stay, their lead workers are told."""
    if (known := known_movement(moved.request_key, household)) is not None:
        return known
    if len(moved.people) != 1:
        raise RuleViolation("亡くなった人を1人選んでください。", field="people")
    opened = open_movement(household=household, moved=moved, actor=actor, at=at, hides_move=False)
    person = Person.objects.select_for_update(of=("self",)).get(pk=moved.people[0])
    if not Person.objects.visible_to(actor.by_office()).filter(pk=person.pk).exists():
        raise RuleViolation(
            "この人の記録は別の機関が持っています。その機関に記録を頼んでください。", field="people"
        )
    if person.died_on is not None:
        raise RuleViolation("死亡日が、すでに記録されています。", field="people")
    close_life(opened.changes, person, moved.on)
    movement = keep_movement(opened, MovementKind.DEATH, actor=actor, at=at)
    person_died.send(Person, person=person, actor=actor, at=at)
    return movement
