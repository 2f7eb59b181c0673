"""世帯合併: people of another household move into this one; both pasts stay where they are."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.actor import Actor
from audit.actions import record
from common.errors import RuleViolation
from households.actions.movements import (
    Moved,
    begin_membership,
    end_membership_on,
    keep_movement,
    known_movement,
    lock_household,
    open_movement,
)
from households.actions.protection import check_not_together
from households.actions.split import copy_denials
from households.enums import MovementKind, Relation
from households.models import Household, HouseholdMember, HouseholdMovement


@transaction.atomic
def join_household(
    *, household: Household, into: Household, moved: Moved, actor: Actor, at: datetime
) -> HouseholdMovement:
    """From ``moved.on`` the chosen people of ``household`` belong to ``into``; the actor sees both.

    No grant is carried over: the agencies of the one household do not see the other by it. The deny list is, since a
    worker on it may not see these people anywhere. Whoever is protected never meets whom they fled from.
    """
    if (known := known_movement(moved.request_key, household)) is not None:
        return known
    if into.pk == household.pk:
        raise RuleViolation("同じ世帯には合併できません。", field="into")
    for row in sorted(
        (household, into), key=lambda h: h.pk
    ):  # always in one order: two joins at once never lock up
        lock_household(row, actor)
    opened = open_movement(household=household, moved=moved, actor=actor, at=at)
    target = lock_household(into, actor)
    check_not_together(
        moved.people, HouseholdMember.objects.filter(household=target).values_list("person_id", flat=True)
    )
    for member in opened.members:
        until = member.during.upper
        end_membership_on(opened.changes, member, moved.on)
        standing = HouseholdMember.objects.filter(
            household=target, person=member.person, during__contains=moved.on
        ).first()
        if standing is not None:
            continue
        begin_membership(
            opened.changes, household=target, person=member.person, on=moved.on, until=until,
            relation=Relation.UNKNOWN, lives_together=member.lives_together, is_key_person=member.is_key_person,
            by_identity=member.by_identity,
        )  # fmt: skip
    copy_denials(opened.household, target, opened, at)
    record(actor=actor, action="household.joined_by", target=target, at=at, people=list(moved.people))
    return keep_movement(opened, MovementKind.JOIN, actor=actor, at=at, other=target)
