"""転居・転出・施設・別居: where people live, from which day, and where they lived before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from accounts.actor import Actor
from common.errors import RuleViolation
from households.actions.movements import (
    Moved,
    Opened,
    end_membership_on,
    keep_movement,
    known_movement,
    open_movement,
    stay_behind,
    turn_membership,
)
from households.changes import Changes
from households.contact import shield_for
from households.enums import MovementKind
from households.models import FormerAddress, Household, HouseholdMovement


@dataclass(frozen=True, slots=True)
class Place:
    """A new address."""

    postal_code: str = ""
    address: str = ""
    phone: str = ""


def move_address(changes: Changes, household: Household, place: Place, on: date) -> None:
    """The household lives at ``place`` from ``on``; where it lived until then is kept with its period."""
    last = FormerAddress.objects.filter(household=household).order_by("-during").first()
    since = last.during.upper if last else None
    if since is not None and since > on:
        raise RuleViolation(
            "この日より後の転居が、すでに記録されています。先にそちらを取り消してください。", field="on"
        )
    data = household
    if data.address and since != on:
        changes.add(
            FormerAddress(
                household=household, postal_code=data.postal_code, address=data.address, during=DateRange(since, on)
            )
        )  # fmt: skip
    values = {"postal_code": place.postal_code, "address": place.address}
    if place.phone:
        values["phone"] = place.phone
    changes.change(household, **values)


@transaction.atomic
def move_household(
    *, household: Household, moved: Moved, place: Place, kind: MovementKind, actor: Actor, at: datetime
) -> HouseholdMovement:
    """転居 or 転入 of the whole household: ``place`` is its address from that day."""
    if (known := known_movement(moved.request_key, household)) is not None:
        return known
    opened = open_movement(household=household, moved=moved, actor=actor, at=at, needs=0)
    if shield_for(actor).hides(opened.household):
        raise RuleViolation("住所は秘匿されているため、「見てよい機関」だけが記録できます。", field="address")
    if not place.address.strip():
        raise RuleViolation("新しい住所を入力してください。", field="address")
    move_address(opened.changes, opened.household, place, moved.on)
    return keep_movement(opened, kind, actor=actor, at=at)


@transaction.atomic
def move_out(
    *, household: Household, moved: Moved, place: Place, actor: Actor, at: datetime
) -> HouseholdMovement:
    """転出: some people leave the household and the city; when nobody stays the household itself has moved."""
    if (known := known_movement(moved.request_key, household)) is not None:
        return known
    opened = open_movement(household=household, moved=moved, actor=actor, at=at)
    if stay_behind(opened.household, moved.people, moved.on):
        for member in opened.members:
            end_membership_on(opened.changes, member, moved.on)
    elif place.address.strip() and not shield_for(actor).hides(opened.household):
        move_address(opened.changes, opened.household, place, moved.on)
    return keep_movement(opened, MovementKind.MOVE_OUT, actor=actor, at=at)


def _live(opened: Opened, *, together: bool) -> None:
    for member in opened.members:
        if member.lives_together == together:
            words = "同居" if together else "別居・入所"
            raise RuleViolation(
                f"{member.person.display_name}さんは、その日すでに{words}と記録されています。", field="people"
            )
        turn_membership(opened.changes, member, opened.moved.on, lives_together=together)


@transaction.atomic
def change_living(
    *, household: Household, moved: Moved, kind: MovementKind, actor: Actor, at: datetime
) -> HouseholdMovement:
    """施設入所・施設退所・別居・同居: people stay of the household, and live in it, or not, from that day."""
    if (known := known_movement(moved.request_key, household)) is not None:
        return known
    opened = open_movement(household=household, moved=moved, actor=actor, at=at)
    _live(opened, together=kind in (MovementKind.FACILITY_OUT, MovementKind.TOGETHER))
    return keep_movement(opened, kind, actor=actor, at=at)
