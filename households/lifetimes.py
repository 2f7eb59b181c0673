"""Birth and death of a parent and a child, in order: the rule that holds from whichever side either is written."""

from __future__ import annotations

from datetime import date
from typing import Final

from common.errors import RuleViolation
from households.enums import KinshipKind, Sex
from households.models import Kinship, Person

# a child is born at most so long after the father's death
GESTATION_DAYS: Final = 300


def _born_after(parent: Person, born_on: date | None) -> bool:
    """Nobody gives birth after their death; a father may have died in the months before."""
    if born_on is None or parent.died_on is None or parent.died_on >= born_on:
        return False
    return parent.sex == Sex.FEMALE or (born_on - parent.died_on).days > GESTATION_DAYS


def check_parent_alive(parent: Person, born_on: date | None, *, field: str) -> None:
    if _born_after(parent, born_on):
        raise RuleViolation(
            f"{parent.display_name}さんの死亡日より後の出生です。日付か親を確かめてください。", field=field
        )


def check_lives_in_order(person: Person, *, field: str) -> None:
    """The person, as they are now told of (saved or not), against the recorded birth parents and children.

    The sentence names nobody else: the reader may not see that record.
    """
    kin = Kinship.objects.filter(kind=KinshipKind.PARENT).select_related("person", "relative").order_by("pk")
    for kinship in kin.filter(relative=person.pk) if person.birth_on else ():
        if _born_after(kinship.person, person.birth_on):
            raise RuleViolation(
                "実の親の死亡日より後の出生になります。日付か親子の関係を確かめてください。", field=field
            )
    for kinship in kin.filter(person=person.pk) if person.died_on else ():
        if _born_after(person, kinship.relative.birth_on):
            raise RuleViolation(
                "実の子の生年月日より前の死亡になります。日付か親子の関係を確かめてください。", field=field
            )
