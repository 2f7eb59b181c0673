"""Who belongs to a household, from when to when."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from accounts.actor import Actor
from audit.actions import record
from common.errors import Overlap, RuleViolation
from households.actions.movements import check_lives_nowhere_else, lock_household
from households.actions.persons import PersonData, build_person
from households.actions.protection import check_not_together
from households.models import Household, HouseholdMember, Person


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
    during = DateRange(since, None)
    if HouseholdMember.objects.filter(household=household, person=person, during__overlap=during).exists():
        raise Overlap("この人はすでに世帯員です。", field="person")
    if lives_together and not by_identity:
        check_lives_nowhere_else(person, during)
    member = HouseholdMember.objects.create(
        household=household, person=person, relation=relation, lives_together=lives_together,
        is_key_person=is_key_person, during=during, by_identity=by_identity,
    )  # fmt: skip
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


@transaction.atomic
def edit_member(
    *,
    member: HouseholdMember,
    relation: str,
    lives_together: bool,
    is_key_person: bool,
    actor: Actor,
    at: datetime,
) -> HouseholdMember:
    """Correct relation, living together and key person: what was wrong from the first day, not what changed one day.

    Who sees the person's record anyway opens it here.
    """
    household = lock_household(member.household, actor)
    member = HouseholdMember.objects.select_related("person").get(pk=member.pk, household=household)
    member.relation, member.lives_together, member.is_key_person = relation, lives_together, is_key_person
    if (
        member.by_identity
        and Person.objects.visible_to(actor.by_office()).filter(pk=member.person_id).exists()
    ):
        member.by_identity = False
    if lives_together and not member.by_identity:
        check_lives_nowhere_else(member.person, member.during, but=member.pk)
    member.save(update_fields=["relation", "lives_together", "is_key_person", "by_identity"])
    record(actor=actor, action="household.edit_member", target=household, at=at, person=member.person_id)
    return member


@transaction.atomic
def end_membership(*, member: HouseholdMember, last_on: date, actor: Actor, at: datetime) -> HouseholdMember:
    """The person leaves after ``last_on`` (moved, died, facility); the past stays answerable."""
    household = lock_household(member.household, actor)
    member = HouseholdMember.objects.select_related("person").get(pk=member.pk, household=household)
    if member.person.died_on and last_on > member.person.died_on:
        raise RuleViolation("世帯を離れた日が、死亡日より後です。", field="last_on")
    if last_on > timezone.localdate(at):
        raise RuleViolation("世帯を離れた日が今日より後です。", field="last_on")
    if member.during.lower and last_on < member.during.lower:
        raise RuleViolation("世帯を離れた日が、加わった日より前です。", field="last_on")
    if member.during.upper is not None:
        raise RuleViolation("すでに世帯を離れています。", field="last_on")
    member.during = DateRange(member.during.lower, date.fromordinal(last_on.toordinal() + 1))
    member.save(update_fields=["during"])
    record(
        actor=actor, action="household.end_membership", target=household, at=at, person=member.person_id,
        last_on=last_on.isoformat(),
    )  # fmt: skip
    return member
