"""続柄 (a member to 本人) beside birth dates and 親族関係: the three may not say opposite things."""

from __future__ import annotations

from datetime import date

from common.errors import RuleViolation
from households.enums import PARENT_KINDS, KinshipKind, Relation
from households.models import Household, Kinship, Person

_OLDER = frozenset({Relation.PARENT, Relation.GRANDPARENT})
_YOUNGER = frozenset({Relation.CHILD, Relation.GRANDCHILD})
_DOWNWARDS = (*PARENT_KINDS, KinshipKind.GRANDPARENT)


def check_relation(
    household: Household, person: Person, relation: str, *, on: date, field: str = "relation"
) -> None:
    """``person`` is to be the ``relation`` of the household's 本人; what no family has is refused, unknown dates are not.

    A stepparent may be younger than the stepchild.
    """
    centre = _centre(household, person, on)
    if centre is None or relation not in _OLDER | _YOUNGER:
        return
    elder, younger = (person, centre) if relation in _OLDER else (centre, person)
    told = Relation(relation).label
    if Kinship.objects.filter(person=younger, relative=elder, kind__in=_DOWNWARDS).exists():
        raise RuleViolation(
            f"続柄「{told}」は、記録されている親族関係と逆です。続柄か親族関係を確かめてください。",
            field=field,
        )
    if elder.birth_on is None or younger.birth_on is None or elder.birth_on < younger.birth_on:
        return
    if not Kinship.objects.filter(person=elder, relative=younger, kind=KinshipKind.STEP_PARENT).exists():
        order = "後" if relation in _OLDER else "前"
        raise RuleViolation(
            f"続柄が「{told}」ですが、本人より{order}に生まれています。続柄か生年月日を確かめてください。",
            field=field,
        )


def check_kinship_with_relation(
    household: Household, elder: Person, younger: Person, kind: str, *, on: date
) -> None:
    """``elder`` is to be a parent or grandparent of ``younger``: against what their 続柄 says in this household."""
    if kind not in _DOWNWARDS:
        return
    rows = household.members.filter(during__contains=on, person__in=[elder, younger])
    said = dict(rows.values_list("person_id", "relation"))
    up, down = said.get(elder.pk), said.get(younger.pk)
    if (down == Relation.SELF and up in _YOUNGER) or (up == Relation.SELF and down in _OLDER):
        raise RuleViolation(
            "世帯員の続柄と逆の関係です。関係の向きか、世帯員の続柄を確かめてください。", field="relative"
        )


def _centre(household: Household, person: Person, on: date) -> Person | None:
    row = (
        household.members.filter(during__contains=on, relation=Relation.SELF)
        .exclude(person=person)
        .select_related("person")
        .order_by("pk")
        .first()
    )
    return row.person if row else None
