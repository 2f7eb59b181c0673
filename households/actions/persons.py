"""Registering and correcting a person and a household."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import date, datetime

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from accounts.actor import Actor
from accounts.enums import Ground
from accounts.models import Area
from audit.actions import record
from common.errors import NotAllowed, RuleViolation
from common.models import check_version
from households.actions.grants import grant_household
from households.actions.naming import check_name, clear_names, household_name
from households.contact import shield_for
from households.enums import Relation
from households.lifetimes import check_births_in_order, check_lives_in_order
from households.models import AddressProtection, Household, HouseholdMember, Person
from households.permissions import READ_ONLY, check_can_edit_household
from households.signals import area_changed


@dataclass(frozen=True, slots=True)
class PersonData:
    """What was said of a person; nothing of it is required."""

    family_name: str = ""
    given_name: str = ""
    family_kana: str = ""
    given_kana: str = ""
    alias: str = ""
    birth_on: date | None = None
    birth_note: str = ""
    died_on: date | None = None
    sex: str = ""
    phone: str = ""
    workplace: str = ""
    note: str = ""


def check_dates(data: PersonData, today: date) -> None:
    """Birth and death lie in the past and in order."""
    if data.birth_on and data.birth_on > today:
        raise RuleViolation("生年月日が今日より後です。", field="birth_on")
    if data.birth_on and data.birth_on.year < 1868:
        raise RuleViolation("生年月日を確かめてください（明治より前です）。", field="birth_on")
    if data.died_on and data.died_on > today:
        raise RuleViolation("死亡日が今日より後です。", field="died_on")
    if data.died_on and data.birth_on and data.died_on < data.birth_on:
        raise RuleViolation("死亡日が生年月日より前です。", field="died_on")


def build_person(data: PersonData, *, at: datetime) -> Person:
    """A saved person with its search columns. The caller has checked the permission."""
    check_dates(data, timezone.localdate(at))
    person = Person(created_at=at, **asdict(data))
    person.fill_search()
    person.save()
    return person


@transaction.atomic
def update_person(*, person: Person, data: PersonData, version: int, actor: Actor, at: datetime) -> Person:
    """Correct a person; StaleRecord when somebody else saved in between.

    Contact details that are protected from the actor stay as they are, whatever was sent.
    """
    person = Person.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=person.pk)
    check_can_edit_household(actor)
    if not Person.objects.visible_to(actor.by_office()).filter(pk=person.pk).exists():
        raise NotAllowed(READ_ONLY)
    check_version(person, version)
    check_dates(data, timezone.localdate(at))
    _check_against_memberships(person, data)
    if AddressProtection.objects.closed_to(actor).filter(person=person).exists():
        shield = shield_for(actor)
        stands = {name: getattr(person, name) for name in ("alias", "birth_note")}
        struck = {name: text for name, text in stands.items() if shield.of_person(text, person.pk) != text}
        data = replace(data, phone=person.phone, workplace=person.workplace, note=person.note, **struck)
    changed = [name for name, value in asdict(data).items() if getattr(person, name) != value]
    for name, value in asdict(data).items():
        setattr(person, name, value)
    if {"birth_on", "sex"} & set(changed):
        check_lives_in_order(person, field="birth_on" if "birth_on" in changed else "sex")
    if "birth_on" in changed:
        check_births_in_order(person, field="birth_on")
    person.fill_search(hides_contact=AddressProtection.objects.in_force().filter(person=person).exists())
    person.save()
    if {"phone", "workplace"} & set(changed):
        clear_names(people=[person.pk], actor=actor, at=at)
    record(actor=actor, action="person.update", target=person, at=at, fields=changed)
    return person


def _check_against_memberships(person: Person, data: PersonData) -> None:
    """Nobody belongs to a household before birth; a death is recorded as what it is, so that memberships end with it."""
    if data.died_on and data.died_on != person.died_on:
        raise RuleViolation(
            "死亡日は、世帯のページの「異動を記録する」から「死亡」として記録してください。", field="died_on"
        )
    if person.died_on and not data.died_on:
        raise RuleViolation("死亡日を消すには、世帯の異動の「死亡」を取り消してください。", field="died_on")
    if (
        data.birth_on
        and data.birth_on != person.birth_on
        and person.memberships.filter(during__startswith__lt=data.birth_on).exists()
    ):
        raise RuleViolation("世帯に加わった日より後の生年月日です。", field="birth_on")


def _free_from(person: Person) -> date | None:
    """From when the person lives nowhere else: the day they left their last household, else unknown."""
    ends = [m.during.upper for m in person.memberships.all() if m.during.upper is not None]
    return max(ends, default=None)


def build_household(*, person: Person | None, area: Area | None, actor: Actor, at: datetime) -> Household:
    """A household around ``person`` (本人, from an unknown day on), seen by the actor's agency as its own duty."""
    household = Household.objects.create(name=household_name(person), area=area, created_at=at)
    if person is not None:
        HouseholdMember.objects.create(
            household=household,
            person=person,
            relation=Relation.SELF,
            is_key_person=False,
            during=DateRange(_free_from(person), None),
        )
    if actor.agency is not None:
        grant_household(
            household=household,
            agency=actor.agency,
            ground=Ground.OWN_DUTY,
            basis=household,
            actor=actor,
            at=at,
        )
    record(actor=actor, action="household.register", target=household, at=at)
    return household


@transaction.atomic
def register_household(*, data: PersonData, actor: Actor, at: datetime) -> Household:
    """A new person and the household around them, outside a consultation."""
    check_can_edit_household(actor)
    person = build_person(data, at=at)
    return build_household(
        person=person, area=actor.agency.area if actor.agency else None, actor=actor, at=at
    )


@transaction.atomic
def update_household(
    *, household: Household, name: str, area: Area | None, postal_code: str, address: str, phone: str, version: int,
    actor: Actor, at: datetime,
) -> Household:  # fmt: skip
    """Correct name, area, address and phone of a household; what is protected from the actor stays. A name that tells what
    is protected is refused.
    """
    household = Household.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=household.pk)
    check_can_edit_household(actor, household)
    check_version(household, version)
    household.name = name
    before = household.area_id
    if is_open := not shield_for(actor).hides(household):
        household.area = area
        household.postal_code, household.address, household.phone = postal_code, address, phone
    household.save()
    check_name(household)
    if is_open:
        clear_names(people=household.members.values_list("person_id", flat=True), actor=actor, at=at)
    record(actor=actor, action="household.update", target=household, at=at)
    if household.area_id != before:
        area_changed.send(Household, household=household, actor=actor, at=at)
    return household
