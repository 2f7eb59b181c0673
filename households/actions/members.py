"""Who belongs to a household, from when to when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from accounts.actor import Actor
from audit.actions import record
from common.errors import Overlap, RuleViolation
from common.tags import check_tag
from households.actions.movements import (
    check_lives_nowhere_else,
    check_not_hidden,
    day_before,
    lock_household,
)
from households.actions.naming import clear_names
from households.actions.persons import PersonData, build_person
from households.actions.protection import check_not_together
from households.models import Household, HouseholdMember, Person
from households.relations import check_relation


@transaction.atomic
def add_member(
    *, household: Household, person: Person | None, data: PersonData | None, relation: str, lives_together: bool,
    is_key_person: bool, since: date | None, actor: Actor, at: datetime,
) -> HouseholdMember:  # fmt: skip
    """A known person or a new one joins; ``since`` None means that the day is not known. Somebody whose record the actor
    does not see joins by name and birth date; the record stays closed (``by_identity``).

    Raises Overlap when the person already belongs in that period, RuleViolation when a protection forbids it.
    """
    household = lock_household(household, actor)
    if since and since > timezone.localdate(at):
        raise RuleViolation("世帯に加わった日が今日より後です。", field="since")
    by_identity = False
    if person is None:
        if data is None:
            raise RuleViolation("加える人を選ぶか、氏名などを入力してください。", field="person")
        person = build_person(data, at=at)
    elif not Person.objects.findable_by(actor).filter(pk=person.pk).exists():
        raise RuleViolation("その人は見つかりません。", field="person")
    elif not Person.objects.visible_to(actor.by_office()).filter(pk=person.pk).exists():
        # nobody else keeps the record of somebody without a household
        by_identity = person.memberships.exists()
    if person.birth_on and since and since < person.birth_on:
        raise RuleViolation("世帯に加わった日が生年月日より前です。", field="since")
    check_not_together([person.pk], household.members.values_list("person_id", flat=True))
    if person.died_on:
        raise RuleViolation(
            "亡くなった人は、世帯に加えられません。死亡日を確かめてください。", field="person"
        )
    check_relation(household, person, relation, on=timezone.localdate(at))
    during = DateRange(since, None)
    if HouseholdMember.objects.filter(household=household, person=person, during__overlap=during).exists():
        raise Overlap("この人はすでに世帯員です。", field="person")
    if lives_together and not by_identity:
        check_lives_nowhere_else(person, during)
    member = HouseholdMember.objects.create(
        household=household, person=person, relation=relation, lives_together=lives_together,
        is_key_person=is_key_person, during=during, by_identity=by_identity,
    )  # fmt: skip
    if not by_identity:  # by a name that changes, who only knows the person's name would learn of a place
        clear_names(people=[person.pk], actor=actor, at=at)
    record(
        actor=actor,
        action="household.add_member",
        target=household,
        at=at,
        person=person.pk,
        relation=relation,
        by_identity=by_identity,
    )
    return member


@dataclass(frozen=True, slots=True)
class MemberDays:
    """First and last day of a membership, None where it is not known or goes on; ``shown``: those of the form's page."""

    first_on: date | None
    last_on: date | None
    shown: tuple[date | None, date | None]


def member_days(member: HouseholdMember) -> tuple[date | None, date | None]:
    """First and last day, both of them days on which the person belongs."""
    return member.during.lower, day_before(member.during.upper) if member.during.upper else None


@transaction.atomic
def edit_member(
    *, member: HouseholdMember, relation: str, lives_together: bool, is_key_person: bool, actor: Actor, at: datetime,
    days: MemberDays | None = None, tag: str | None = None,
) -> HouseholdMember:  # fmt: skip
    """Correct relation, living together, key person, first and last day: what was wrong, not what changed one day.

    Who sees the person's record anyway opens it here. ``days`` None leaves the days; those that the page showed are
    left, too, so that a page opened before somebody left opens nothing again. ``tag``: the membership as it was read.
    """
    household = lock_household(member.household, actor)
    member = HouseholdMember.objects.select_related("person").get(pk=member.pk, household=household)
    check_tag(member, tag)
    if relation != member.relation:
        check_relation(household, member.person, relation, on=timezone.localdate(at))
    member.relation, member.lives_together, member.is_key_person = relation, lives_together, is_key_person
    if (
        member.by_identity
        and Person.objects.visible_to(actor.by_office()).filter(pk=member.person_id).exists()
    ):
        member.by_identity = False
    told = _correct_days(member, days, actor, at) if days else {}
    if lives_together and not member.by_identity:
        check_lives_nowhere_else(member.person, member.during, but=member.pk)
    member.save(update_fields=["relation", "lives_together", "is_key_person", "by_identity", "during"])
    record(
        actor=actor, action="household.edit_member", target=household, at=at, person=member.person_id, **told
    )  # fmt: skip
    return member


def _correct_days(member: HouseholdMember, days: MemberDays, actor: Actor, at: datetime) -> dict[str, str]:
    """Other days, checked as those of a new membership are; what the trail keeps of them."""
    first, last = days.first_on, days.last_on
    if (first, last) == days.shown:
        return {}
    check_not_hidden([member.person_id], actor)
    if days.shown != member_days(member):
        raise RuleViolation(
            "ほかの職員が、先にこの人の期間を変えました。画面を開き直して確かめてください。", field="first_on"
        )
    person, today = member.person, timezone.localdate(at)
    if first and first > today:
        raise RuleViolation("世帯に加わった日が今日より後です。", field="first_on")
    if first and person.birth_on and first < person.birth_on:
        raise RuleViolation("世帯に加わった日が生年月日より前です。", field="first_on")
    _check_last_day(member, first, last, today)
    member.during = DateRange(first, last + timedelta(days=1) if last else None)
    others = HouseholdMember.objects.filter(household=member.household, person=person).exclude(pk=member.pk)
    if others.filter(during__overlap=member.during).exists():
        raise Overlap("この人の、この世帯での別の期間と重なります。", field="first_on")
    if member.lives_together and not member.by_identity:
        check_lives_nowhere_else(person, member.during, but=member.pk, field="first_on")
    return {"first_on": first.isoformat() if first else "", "last_on": last.isoformat() if last else ""}


def _check_last_day(member: HouseholdMember, first: date | None, last: date | None, today: date) -> None:
    died_on = member.person.died_on
    if died_on and (last is None or last > died_on):
        raise RuleViolation("世帯を離れた日が、死亡日より後です。", field="last_on")
    if last and last > today:
        raise RuleViolation("世帯を離れた日が今日より後です。", field="last_on")
    if first and last and last < first:
        raise RuleViolation("世帯を離れた日が、加わった日より前です。", field="last_on")


@transaction.atomic
def end_membership(
    *, member: HouseholdMember, last_on: date, actor: Actor, at: datetime, tag: str | None = None
) -> HouseholdMember:
    """The person leaves after ``last_on`` (moved, died, facility); the past stays answerable. ``tag``: as it was read."""
    household = lock_household(member.household, actor)
    member = HouseholdMember.objects.select_related("person").get(pk=member.pk, household=household)
    check_tag(member, tag)
    check_not_hidden([member.person_id], actor)
    _check_last_day(member, member.during.lower, last_on, timezone.localdate(at))
    if member.during.upper is not None:
        raise RuleViolation("すでに世帯を離れています。", field="last_on")
    member.during = DateRange(member.during.lower, date.fromordinal(last_on.toordinal() + 1))
    member.save(update_fields=["during"])
    record(
        actor=actor, action="household.end_membership", target=household, at=at, person=member.person_id,
        last_on=last_on.isoformat(),
    )  # fmt: skip
    return member
