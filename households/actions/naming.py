"""世帯名 stands in many lists: it never says where a protected person can be found."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db.models import QuerySet
from django.utils import timezone

from accounts.actor import Actor
from audit.actions import record
from common.errors import RuleViolation
from households.contact import Shield, shield_for_everybody
from households.enums import Relation
from households.models import Household, HouseholdMember, Person

TELLS_PLACE: Final = "世帯名に、秘匿する連絡先（住所・建物・電話・勤め先など）が入っています。「森下 世帯」のように、場所の分からない名前にしてください。"
UNNAMED: Final = "氏名不明 世帯"


def household_name(person: Person | None) -> str:
    """「森下 和子 世帯」, or 氏名不明 世帯 for an anonymous contact."""
    return f"{person.display_name} 世帯" if person else UNNAMED


def check_name(household: Household) -> None:
    """Raise RuleViolation beside the name when it holds what is protected of somebody who lives, or lived, there."""
    if _tells(household, shield_for_everybody()):
        raise RuleViolation(TELLS_PLACE, field="name")


def clear_names(*, homes: Iterable[int] = (), people: Iterable[int] = (), actor: Actor, at: datetime) -> None:
    """Give a plain name to those of ``homes``, and of the homes that the details of ``people`` may be typed in, whose name
    tells what is protected by now. In the caller's transaction; what the name was stays in the trail.
    """
    shield, protected = shield_for_everybody(), set(people)
    wanted = {home for home in homes if home in shield.read_in}
    if protected & shield.people:
        wanted |= {home for home, persons in shield.read_in.items() if persons & protected}
    if not wanted:
        return
    for home in Household.objects.select_for_update(of=("self",)).filter(pk__in=wanted).order_by("pk"):
        if not _tells(home, shield):
            continue
        home.name = _plain_name(home, at)
        if _tells(home, shield):  # an alias may be a place as well
            home.name = UNNAMED
        home.save(update_fields=["name"])
        record(actor=actor, action="household.update", target=home, at=at, fields=["name"])


def _tells(household: Household, shield: Shield) -> bool:
    """Names of its people alone tell nothing, even where a family is called like a town."""
    name = household.name
    if household.pk not in shield.read_in or shield.text(name, household) == name:
        return False
    for names in _members(household).values_list("person__family_name", "person__given_name"):
        for part in filter(None, names):
            name = name.replace(part, "")
    return re.sub(r"世帯|家|さん|\s", "", name) != ""


def _plain_name(household: Household, at: datetime) -> str:
    """By the 本人 of today, else whoever else lives there."""
    today = _members(household).filter(during__contains=timezone.localdate(at)).select_related("person")
    members = sorted(today, key=lambda member: (member.relation != Relation.SELF, member.pk))
    return household_name(members[0].person if members else None)


def _members(household: Household) -> QuerySet[HouseholdMember]:
    return HouseholdMember.objects.filter(household=household)
