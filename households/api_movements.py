"""世帯の異動 of the API: the same actions as the page of movements calls."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.actor import Actor
from common.errors import RuleViolation
from households.actions.join import join_household
from households.actions.kinship import record_marriage
from households.actions.lives import record_birth, record_death
from households.actions.movements import Moved
from households.actions.moves import Place, change_living, move_household, move_out
from households.actions.persons import PersonData
from households.actions.split import NewHome, split_household
from households.enums import MovementKind
from households.models import Household, HouseholdMovement


def write_movement(
    home: Household, data: dict[str, Any], key: UUID, actor: Actor, at: datetime
) -> HouseholdMovement:
    """``data``: what ``NewMovementSerializer`` has read; it refuses what a kind does not use."""
    kind = MovementKind(data["kind"])
    said: dict[str, Any] = {
        "household": home, "moved": Moved(data["on"], tuple(data["people"]), data["note"], key), "actor": actor, "at": at,
    }  # fmt: skip
    where = {name: data[name] for name in ("postal_code", "address", "phone")}
    match kind:
        case MovementKind.MOVE | MovementKind.MOVE_IN:
            return move_household(**said, place=Place(**where), kind=kind)
        case MovementKind.MOVE_OUT:
            return move_out(**said, place=Place(**where))
        case MovementKind.SPLIT:
            return split_household(**said, home=NewHome(head=data["head"], **where))
        case MovementKind.JOIN:
            return join_household(**said, into=_target(data["into"], actor))
        case MovementKind.BIRTH:
            return record_birth(**said, child=PersonData(**data["child"] or {}), relation=data["relation"])
        case MovementKind.DEATH:
            return record_death(**said)
        case MovementKind.MARRIAGE | MovementKind.DIVORCE:
            return record_marriage(**said, kind=kind)
        case _:
            return change_living(**said, kind=kind)


def _target(pk: int | None, actor: Actor) -> Household:
    found = Household.objects.visible_to(actor).filter(pk=pk).first() if pk else None
    if found is None:
        raise RuleViolation("移る先の世帯が見つかりません。", field="into")
    return found
