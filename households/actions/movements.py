"""世帯の異動: what every movement shares: opening it, keeping it, and taking it back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Staff
from audit.actions import record
from common.errors import InvalidTransition, RuleViolation
from common.tags import check_tag
from households.actions.grants import end_grants_resting_on
from households.actions.naming import clear_names
from households.actions.search_index import refill_search
from households.changes import Changes, put_back
from households.enums import MovementKind, MovementSource
from households.models import (
    AddressProtection,
    Household,
    HouseholdGrant,
    HouseholdMember,
    HouseholdMovement,
    MovementPerson,
    Person,
)
from households.permissions import check_can_edit_household

PROTECTED: Final = "連絡先が秘匿されている人を含むため、支援措置の「見てよい機関」だけが記録できます。"
LIVES_ELSEWHERE: Final = (
    "{name}さんは、その日に別の世帯で同居と記録されています。その世帯を離れた日を先に記録するか、"
    "「別居」として加えてください。"
)


SENT_BEFORE = "画面を開き直してから、もう一度送信してください。"


@dataclass(frozen=True, slots=True)
class Moved:
    """What is said of any movement: the day, the people (ids; first things first), a note, and where it was learnt."""

    on: date
    people: tuple[int, ...] = ()
    note: str = ""
    request_key: UUID = field(default_factory=uuid4)
    source: str = MovementSource.HAND


@dataclass(slots=True)
class Opened:
    """A movement being written: the locked household, the memberships of its people on that day, what changes."""

    household: Household
    moved: Moved
    members: list[HouseholdMember]
    staff: Staff
    changes: Changes = field(default_factory=Changes)


def known_movement(request_key: UUID, household: Household) -> HouseholdMovement | None:
    """The movement of the household that the same opening of the form has already made. Raises RuleViolation for the
    key of another household's: who brings it could learn from the answer that something happened there.
    """
    known = HouseholdMovement.objects.filter(request_key=request_key).first()
    if known is not None and known.household_id != household.pk:
        raise RuleViolation(SENT_BEFORE)
    return known


def lock_household(household: Household, actor: Actor) -> Household:
    row = Household.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=household.pk)
    check_can_edit_household(actor, row)
    return row


def check_day(on: date, at: datetime) -> None:
    if on > timezone.localdate(at):
        raise RuleViolation("異動日が今日より後です。その日になってから記録してください。", field="on")
    if on.year < 1868:
        raise RuleViolation("異動日を確かめてください（明治より前です）。", field="on")


def open_movement(
    *, household: Household, moved: Moved, actor: Actor, at: datetime, hides_move: bool = True, needs: int = 1
) -> Opened:
    """Lock the household and its people, and check what holds for every movement.

    ``hides_move``: the movement tells where somebody is, so only a unit of a protection may write it.
    """
    check_day(moved.on, at)
    household = lock_household(household, actor)
    _, staff = actor.office()
    ids = tuple(dict.fromkeys(moved.people))
    if len(ids) < needs:
        words = "対象の人を選んでください。" if needs == 1 else f"対象の人を{needs}人選んでください。"
        raise RuleViolation(words, field="people")
    list(Person.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk").values_list("pk"))
    members = list(
        HouseholdMember.objects.filter(household=household, person__in=ids, during__contains=moved.on)
        .select_related("person")
        .order_by("pk")
    )
    if {m.person_id for m in members} != set(ids):
        raise RuleViolation("その日に世帯員ではない人が選ばれています。", field="people")
    for member in members:
        if member.person.died_on and member.person.died_on < moved.on:
            raise RuleViolation(f"{member.person.display_name}さんの死亡日より後の異動です。", field="on")
    if hides_move:
        check_not_hidden(ids, actor)
    return Opened(household, moved, members, staff)


def check_not_hidden(people: Iterable[int], actor: Actor) -> None:
    if AddressProtection.objects.closed_to(actor).filter(person__in=list(people)).exists():
        raise RuleViolation(PROTECTED)


def keep_movement(
    opened: Opened, kind: MovementKind, *, actor: Actor, at: datetime, other: Household | None = None,
    people: Iterable[int] | None = None,
) -> HouseholdMovement:  # fmt: skip
    """The dated row of it, with what it changed."""
    movement = HouseholdMovement.objects.create(
        request_key=opened.moved.request_key, household=opened.household, kind=kind, on=opened.moved.on,
        other_household=other, note=opened.moved.note.strip(), source=opened.moved.source,
        changes=opened.changes.rows, recorded_by=opened.staff, recorded_at=at,
    )  # fmt: skip
    ids = dict.fromkeys(opened.moved.people if people is None else people)
    homes = [opened.household.pk, *([other.pk] if other else [])]
    clear_names(homes=homes, people=ids, actor=actor, at=at)
    MovementPerson.objects.bulk_create(MovementPerson(movement=movement, person_id=pk) for pk in ids)
    record(
        actor=actor, action=f"household.{kind.value}", target=opened.household, at=at, also=movement,
        movement=movement.pk, people=list(ids),
    )  # fmt: skip
    return movement


@transaction.atomic
def withdraw_movement(
    *, movement: HouseholdMovement, reason: str, actor: Actor, at: datetime, tag: str | None = None
) -> HouseholdMovement:
    """A movement that was recorded by mistake: what it changed is put back, the row stays with the reason.

    Raises RuleViolation when something it changed was changed again since: the later one comes first. ``tag``: the
    movement as it was read.
    """
    movement = (
        HouseholdMovement.objects.visible_to(actor)
        .select_related("household")
        .select_for_update(of=("self",))
        .get(pk=movement.pk)
    )
    lock_household(movement.household, actor)
    _, staff = actor.office()
    check_tag(movement, tag)
    if movement.withdrawn_at is not None:
        raise InvalidTransition("この異動は、すでに取り消されています。")
    if not reason.strip():
        raise RuleViolation("取り消す理由を入力してください。", field="reason")
    people = list(MovementPerson.objects.filter(movement=movement).values_list("person_id", flat=True))
    check_not_hidden(people, actor)
    try:
        with transaction.atomic():
            put_back(movement.changes)
    except IntegrityError:
        raise RuleViolation(
            "取り消すと、ほかの記録（別の世帯での同居など）と重なります。先にそちらを直してください。"
        ) from None
    for person in Person.objects.filter(pk__in=people).order_by("pk"):
        refill_search(person)
    end_grants_resting_on(movement, grant_models=[HouseholdGrant], at=at)
    movement.withdrawn_at, movement.withdrawn_by, movement.withdrawal_reason = at, staff, reason.strip()
    movement.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawal_reason"])
    record(
        actor=actor,
        action="household.withdraw_movement",
        target=movement.household,
        at=at,
        also=movement,
        movement=movement.pk,
    )
    return movement


# ── Memberships ─────────────────────────────────────────────────────────────────────────────────────────────


def end_membership_on(changes: Changes, member: HouseholdMember, on: date) -> None:
    """The day before ``on`` is the last one; somebody who joined on that very day was never here."""
    if member.during.lower is not None and member.during.lower >= on:
        changes.remove(member)
        return
    changes.change(member, during=DateRange(member.during.lower, on))


def begin_membership(
    changes: Changes, *, household: Household, person: Person, on: date | None, until: date | None = None,
    relation: str, lives_together: bool, is_key_person: bool = False, by_identity: bool = False,
) -> HouseholdMember:  # fmt: skip
    """A new membership from ``on`` to the day before ``until``; nobody lives in two households on one day."""
    if person.birth_on and on and on < person.birth_on:
        raise RuleViolation(
            f"{person.display_name}さんの生年月日より前に世帯に加わることになります。", field="on"
        )
    during = DateRange(on, until)
    if lives_together and not by_identity:
        check_lives_nowhere_else(person, during)
    member = HouseholdMember(
        household=household, person=person, relation=relation, lives_together=lives_together,
        is_key_person=is_key_person, during=during, by_identity=by_identity,
    )  # fmt: skip
    try:
        with transaction.atomic():
            changes.add(member)
    except IntegrityError:
        raise RuleViolation(
            f"{person.display_name}さんは、その日すでに世帯員です。", field="people"
        ) from None
    return member


def check_lives_nowhere_else(
    person: Person, during: DateRange, *, but: int | None = None, field: str = "person"
) -> None:
    """Living together (同居) is in one household on one day; 別居 may stand beside it (住民票と実際の住まい).

    The sentence names no household: the reader may not see that one.
    """
    others = HouseholdMember.objects.filter(
        person=person, lives_together=True, by_identity=False, during__overlap=during
    )
    if but is not None:
        others = others.exclude(pk=but)
    if others.exists():
        raise RuleViolation(LIVES_ELSEWHERE.format(name=person.display_name), field=field)


def turn_membership(changes: Changes, member: HouseholdMember, on: date, **values: object) -> HouseholdMember:
    """From ``on`` the same membership with other values; before that day it stays what it was."""
    if member.during.lower is not None and member.during.lower == on:
        if values.get("lives_together") and not member.by_identity:
            check_lives_nowhere_else(member.person, member.during, but=member.pk, field="people")
        changes.change(member, **values)
        return member
    until = member.during.upper
    changes.change(member, during=DateRange(member.during.lower, on))
    told = {
        "relation": member.relation, "lives_together": member.lives_together, "is_key_person": member.is_key_person,
        **values,
    }  # fmt: skip
    return begin_membership(
        changes, household=member.household, person=member.person, on=on, until=until,
        relation=str(told["relation"]), lives_together=bool(told["lives_together"]),
        is_key_person=bool(told["is_key_person"]), by_identity=member.by_identity,
    )  # fmt: skip


def stay_behind(household: Household, leaving: Iterable[int], on: date) -> bool:
    """Whether anybody still belongs on that day when some people leave."""
    rows = HouseholdMember.objects.filter(household=household, during__contains=on)
    return rows.exclude(person__in=list(leaving)).exists()


def day_before(on: date) -> date:
    return on - timedelta(days=1)
