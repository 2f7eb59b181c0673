"""Birth and death of a parent and a child, in order: the rule that holds from whichever side either is written."""

from __future__ import annotations

from datetime import date
from typing import Final

from common.errors import RuleViolation
from common.japan.age import age_on
from households.enums import ELDER_KINDS, KinshipKind, Sex
from households.models import Kinship, Person

# a child is born at most so long after the father's death
GESTATION_DAYS: Final = 300
# years between a birth parent and a child that nobody is asked about
PARENT_AT_LEAST: Final = 12
PARENT_AT_MOST: Final = 70


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


def check_births_in_order(person: Person, *, field: str) -> None:
    """The birth date, as it is now told, against those of recorded parents, grandparents, children and grandchildren."""
    if person.birth_on is None:
        return
    kin = Kinship.objects.filter(kind__in=ELDER_KINDS)
    if kin.filter(relative=person.pk, person__birth_on__gte=person.birth_on).exists():
        raise RuleViolation(
            "記録されている親（祖父母）より前か、同じ日の生まれになります。日付か親族関係の向きを確かめてください。",
            field=field,
        )
    if kin.filter(person=person.pk, relative__birth_on__lte=person.birth_on).exists():
        raise RuleViolation(
            "記録されている子（孫）より後か、同じ日の生まれになります。日付か親族関係の向きを確かめてください。",
            field=field,
        )


def check_elder_first(elder: Person, younger: Person, *, field: str) -> None:
    """Both are people whom the reader sees."""
    if elder.birth_on and younger.birth_on and elder.birth_on >= younger.birth_on:
        raise RuleViolation(
            f"{elder.display_name}さんは、{younger.display_name}さんより先に生まれていません。"
            "親（祖父母）と子（孫）の向きか、生年月日を確かめてください。",
            field=field,
        )


def check_years_between(parent: Person, child: Person, *, field: str) -> None:
    """A birth parent of under 12 or over 70 years is asked about once: the two may stand the wrong way round."""
    if parent.birth_on is None or child.birth_on is None:
        return
    years = age_on(parent.birth_on, child.birth_on)
    if not PARENT_AT_LEAST <= years <= PARENT_AT_MOST:
        raise RuleViolation(
            f"{parent.display_name}さんは、{child.display_name}さんが生まれたとき{years}歳です。"
            "実の親子でまちがいなければ、ここに印を付けて、もう一度記録してください。",
            field=field,
        )
