"""親族関係: who is kin to whom, inside and across households, and what cannot be."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.actor import Actor
from audit.actions import record
from common.errors import RuleViolation
from common.tags import check_tag
from households.actions.movements import Moved, keep_movement, known_movement, lock_household, open_movement
from households.actions.protection import check_not_together
from households.changes import Changes
from households.enums import ELDER_KINDS, PARENT_KINDS, SYMMETRIC_KINDS, KinshipKind, MovementKind
from households.lifetimes import check_elder_first, check_parent_alive, check_years_between
from households.models import Household, HouseholdMovement, Kinship, Person
from households.models.descent import DESCENT_LOCK
from households.relations import check_kinship_with_relation

TWO_BIRTH_PARENTS = "実の親は2人までです。養親・継親・里親なら、そのように選んでください。"
CIRCLE = "自分自身の先祖になってしまいます（たがいに親子など）。向きを確かめてください。"


def lock_descent() -> None:
    """Parenthood is written one at a time in the whole program: two clerks cannot each write half of a circle."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [DESCENT_LOCK])


def descends(person_id: int, from_id: int) -> bool:
    """Whether ``person_id`` is among the descendants of ``from_id`` by recorded parenthood of any kind."""
    seen: set[int] = set()
    level = {from_id}
    while level:
        seen |= level
        rows = Kinship.objects.filter(person__in=level, kind__in=PARENT_KINDS)
        level = set(rows.values_list("relative_id", flat=True)) - seen
        if person_id in level:
            return True
    return False


def _known(household: Household, actor: Actor) -> QuerySet[Person]:
    """The people of a household that the actor sees, and all others whose record they see."""
    seen = Person.objects.visible_to(actor).values("pk")
    return Person.objects.filter(Q(pk__in=seen) | Q(pk__in=household.members.values("person_id")))


def check_kinship(person: Person, relative: Person, kind: str) -> None:
    """What no family has, whatever was typed. Unknown birth dates are allowed; both are people whom the actor sees."""
    if person.pk == relative.pk:
        raise RuleViolation("本人自身を親族にはできません。", field="relative")
    if kind in ELDER_KINDS:
        check_elder_first(person, relative, field="relative")
    if kind in PARENT_KINDS:
        lock_descent()
        if descends(person.pk, relative.pk):
            raise RuleViolation(CIRCLE, field="relative")
        both = Kinship.objects.filter(person=person, relative=relative, kind__in=PARENT_KINDS)
        if both.exclude(kind=kind).exists():
            raise RuleViolation(
                "この二人の親子関係は、別の種類で記録されています。先にそれを取り消してください。",
                field="kind",
            )
    if kind == KinshipKind.PARENT:
        check_parent_alive(person, relative.birth_on, field="relative")
        parents = Kinship.objects.filter(relative=relative, kind=KinshipKind.PARENT).exclude(person=person)
        if parents.count() >= 2:
            raise RuleViolation(TWO_BIRTH_PARENTS, field="kind")


def in_order(person: Person, relative: Person, kind: str) -> tuple[Person, Person]:
    """Of a kind that is the same from both sides, the older record stands first."""
    return (relative, person) if kind in SYMMETRIC_KINDS and person.pk > relative.pk else (person, relative)


def kinship_of(person: Person, relative: Person, kind: str) -> Kinship | None:
    """The kinship of the two that stands, whichever of them is named first."""
    person, relative = in_order(person, relative, kind)
    return Kinship.objects.filter(person=person, relative=relative, kind=kind).first()


def write_kinship(changes: Changes | None, kinship: Kinship) -> None:
    """Save it; what the database refuses is told in words."""
    try:
        with transaction.atomic():
            if changes is None:
                kinship.save()
            else:
                changes.add(kinship)
    except IntegrityError:
        raise RuleViolation(
            "ほかの職員が先に親族関係を記録しました。画面を開き直して確かめてください。", field="relative"
        ) from None


@transaction.atomic
def add_kinship(
    *, household: Household, person: Person, relative: Person, kind: str, note: str, actor: Actor, at: datetime,
    is_sure: bool = False,
) -> Kinship:  # fmt: skip
    """``person`` is the ``kind`` of ``relative``; both are people whom the actor sees. Symmetric kinds stand once.

    ``is_sure``: the worker has been asked about the years between a birth parent and the child.
    """
    household = lock_household(household, actor)
    known = _known(household, actor).filter(pk__in=[person.pk, relative.pk]).count()
    if person.pk != relative.pk and known != 2:
        raise RuleViolation("その人は見つかりません。", field="relative")
    check_not_together([person.pk], [relative.pk])
    person, relative = in_order(person, relative, kind)
    check_kinship(person, relative, kind)
    check_kinship_with_relation(household, person, relative, kind, on=timezone.localdate(at))
    standing = kinship_of(person, relative, kind)
    if standing is not None:
        return standing
    if kind == KinshipKind.PARENT and not is_sure:
        check_years_between(person, relative, field="is_sure")
    kinship = Kinship(person=person, relative=relative, kind=kind, note=note)
    write_kinship(None, kinship)
    record(
        actor=actor, action="household.add_kinship", target=household, at=at, person=person.pk,
        relative=relative.pk, kind=kind,
    )  # fmt: skip
    return kinship


@transaction.atomic
def remove_kinship(
    *, household: Household, kinship: Kinship, actor: Actor, at: datetime, tag: str | None = None
) -> None:
    """Take back a kinship that was recorded by mistake (the history keeps it). ``tag``: the kinship as it was read."""
    household = lock_household(household, actor)
    locked = Kinship.objects.select_for_update(of=("self",)).filter(pk=kinship.pk).first()
    if locked is None:
        raise RuleViolation("その関係は見つかりません。")
    kinship = locked
    check_tag(kinship, tag)
    both = [kinship.person_id, kinship.relative_id]
    if _known(household, actor).filter(pk__in=both).count() != 2:
        raise RuleViolation("その関係は見つかりません。")
    record(
        actor=actor, action="household.remove_kinship", target=household, at=at, person=kinship.person_id,
        relative=kinship.relative_id, kind=kinship.kind,
    )  # fmt: skip
    kinship.delete()


@transaction.atomic
def record_marriage(
    *, household: Household, moved: Moved, kind: MovementKind, actor: Actor, at: datetime
) -> HouseholdMovement:
    """婚姻 or 離婚 of two people of the household; an earlier marriage of the two becomes 元配偶者."""
    if (known := known_movement(moved.request_key, household)) is not None:
        return known
    if len(moved.people) != 2:
        raise RuleViolation("2人を選んでください。", field="people")
    opened = open_movement(household=household, moved=moved, actor=actor, at=at, needs=2, hides_move=False)
    check_not_together(moved.people[:1], moved.people[1:])
    if Person.objects.visible_to(actor.by_office()).filter(pk__in=moved.people).count() != 2:
        raise RuleViolation(
            "ほかの機関が記録している人の婚姻・離婚は、ここには記録できません。その機関に知らせてください。",
            field="people",
        )
    one, two = sorted((m.person for m in opened.members), key=lambda p: p.pk)
    if kind == MovementKind.MARRIAGE:
        _marry(opened.changes, one, two)
    else:
        _divorce(opened.changes, one, two)
    return keep_movement(opened, kind, actor=actor, at=at)


def _marry(changes: Changes, one: Person, two: Person) -> None:
    lock_descent()
    married = Kinship.objects.filter(kind=KinshipKind.SPOUSE).filter(
        Q(person__in=[one, two]) | Q(relative__in=[one, two])
    )
    if any(k.person_id == one.pk and k.relative_id == two.pk for k in married):
        raise RuleViolation("二人は、すでに配偶者として記録されています。", field="people")
    for kinship in married.select_related("person", "relative").order_by("pk"):
        if kinship.person.died_on is None and kinship.relative.died_on is None:
            raise RuleViolation(
                "すでに配偶者が記録されている人がいます。先に離婚か死亡を記録してください。", field="people"
            )
    if descends(one.pk, two.pk) or descends(two.pk, one.pk):
        raise RuleViolation(
            "親子や祖父母と孫は、配偶者にはなりません。人を確かめてください。", field="people"
        )
    for former in Kinship.objects.filter(
        person=one, relative=two, kind__in=(KinshipKind.PARTNER, KinshipKind.FORMER_SPOUSE)
    ):
        changes.remove(former)
    write_kinship(changes, Kinship(person=one, relative=two, kind=KinshipKind.SPOUSE))


def _divorce(changes: Changes, one: Person, two: Person) -> None:
    spouse = Kinship.objects.filter(person=one, relative=two, kind=KinshipKind.SPOUSE).first()
    if spouse is not None:
        changes.remove(spouse)
    if not Kinship.objects.filter(person=one, relative=two, kind=KinshipKind.FORMER_SPOUSE).exists():
        write_kinship(changes, Kinship(person=one, relative=two, kind=KinshipKind.FORMER_SPOUSE))
