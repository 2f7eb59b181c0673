"""Who belongs to a household, from when to when, and who is kin to whom."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.actor import Actor
from audit.actions import record
from common.errors import Overlap, RuleViolation
from households.actions.persons import PersonData, build_person
from households.actions.protection import check_not_together
from households.enums import KinshipKind
from households.models import Household, HouseholdMember, Kinship, Person
from households.permissions import check_can_edit_household

SYMMETRIC = frozenset(
    {KinshipKind.SPOUSE, KinshipKind.PARTNER, KinshipKind.FORMER_SPOUSE, KinshipKind.SIBLING}
)


def _locked(household: Household, actor: Actor) -> Household:
    row = Household.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=household.pk)
    check_can_edit_household(actor, row)
    return row


@transaction.atomic
def add_member(
    *, household: Household, person: Person | None, data: PersonData | None, relation: str, lives_together: bool,
    is_key_person: bool, since: date | None, actor: Actor, at: datetime,
) -> HouseholdMember:  # fmt: skip
    """A known person or a new one joins; ``since`` None means that the day is not known. Somebody whose record the actor
    does not see joins by name and birth date; the record stays closed (``by_identity``).

    Raises Overlap when the person already belongs in that period, RuleViolation when a protection forbids it.
    """
    household = _locked(household, actor)
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
    during = DateRange(since, None)
    if HouseholdMember.objects.filter(household=household, person=person, during__overlap=during).exists():
        raise Overlap("この人はすでに世帯員です。", field="person")
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
    """Correct relation, living together and key person. Who sees the person's record anyway opens it here."""
    household = _locked(member.household, actor)
    member = HouseholdMember.objects.get(pk=member.pk, household=household)
    member.relation, member.lives_together, member.is_key_person = relation, lives_together, is_key_person
    if (
        member.by_identity
        and Person.objects.visible_to(actor.by_office()).filter(pk=member.person_id).exists()
    ):
        member.by_identity = False
    member.save(update_fields=["relation", "lives_together", "is_key_person", "by_identity"])
    record(actor=actor, action="household.edit_member", target=household, at=at, person=member.person_id)
    return member


@transaction.atomic
def end_membership(*, member: HouseholdMember, last_on: date, actor: Actor, at: datetime) -> HouseholdMember:
    """The person leaves after ``last_on`` (moved, died, facility); the past stays answerable."""
    household = _locked(member.household, actor)
    member = HouseholdMember.objects.get(pk=member.pk, household=household)
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


def _descends(person_id: int, from_id: int) -> bool:
    """Whether ``person_id`` is among the descendants of ``from_id`` by recorded parenthood."""
    seen: set[int] = set()
    level = {from_id}
    while level:
        seen |= level
        level = (
            set(
                Kinship.objects.filter(person__in=level, kind=KinshipKind.PARENT).values_list(
                    "relative_id", flat=True
                )
            )
            - seen
        )
        if person_id in level:
            return True
    return False


def _known(household: Household, actor: Actor) -> QuerySet[Person]:
    """The people of a household that the actor sees, and all others whose record they see."""
    seen = Person.objects.visible_to(actor).values("pk")
    return Person.objects.filter(Q(pk__in=seen) | Q(pk__in=household.members.values("person_id")))


@transaction.atomic
def add_kinship(
    *,
    household: Household,
    person: Person,
    relative: Person,
    kind: str,
    note: str,
    actor: Actor,
    at: datetime,
) -> Kinship:
    """``person`` is the ``kind`` of ``relative``; both are people whom the actor sees. Symmetric kinds stand once."""
    household = _locked(household, actor)
    known = _known(household, actor).filter(pk__in=[person.pk, relative.pk]).count()
    if person.pk == relative.pk:
        raise RuleViolation("本人自身を親族にはできません。", field="relative")
    if known != 2:
        raise RuleViolation("その人は見つかりません。", field="relative")
    check_not_together([person.pk], [relative.pk])
    if kind in SYMMETRIC and person.pk > relative.pk:
        person, relative = relative, person
    if kind == KinshipKind.PARENT:
        if person.birth_on and relative.birth_on and person.birth_on >= relative.birth_on:
            raise RuleViolation("親の生年月日が子より後です。", field="relative")
        if _descends(person.pk, relative.pk):
            raise RuleViolation("たがいに親子になってしまいます。向きを確かめてください。", field="relative")
    kinship, made = Kinship.objects.get_or_create(
        person=person, relative=relative, kind=kind, defaults={"note": note}
    )
    if made:
        record(
            actor=actor, action="household.add_kinship", target=household, at=at, person=person.pk,
            relative=relative.pk, kind=kind,
        )  # fmt: skip
    return kinship


@transaction.atomic
def remove_kinship(*, household: Household, kinship: Kinship, actor: Actor, at: datetime) -> None:
    """Take back a kinship that was recorded by mistake (the history keeps it)."""
    household = _locked(household, actor)
    if _known(household, actor).filter(pk__in=[kinship.person_id, kinship.relative_id]).count() != 2:
        raise RuleViolation("その関係は見つかりません。")
    record(
        actor=actor, action="household.remove_kinship", target=household, at=at, person=kinship.person_id,
        relative=kinship.relative_id, kind=kinship.kind,
    )  # fmt: skip
    kinship.delete()
