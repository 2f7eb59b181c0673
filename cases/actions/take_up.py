"""Support goes on after a contact: in the case that stands, in the one that was closed (再相談), or in a new one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from accounts.actor import Actor
from cases.actions.closing import reopen_case
from cases.actions.open_case import open_case, set_sectors
from cases.actions.team import can_lead
from cases.models import Case
from cases.permissions import can_write_case
from cases.workflow import CaseState
from households.models import Household, Person


def take_up_case(
    *, household: Household, actor: Actor, at: datetime, reason: str, person: Person | None = None,
    sectors: Iterable[str] = (),
) -> Case:  # fmt: skip
    """The household's open case; else its last closed one, open again, where the actor sees it and may write in it
    (domain.md: re-opening keeps the history and counts as 再相談); else a new one. ``reason`` says what brought it back.
    """
    if Case.objects.open().filter(household=household).exists():
        return open_case(household=household, person=person, actor=actor, at=at, sectors=sectors)
    closed = (
        Case.objects.visible_to(actor)
        .filter(household=household, state=CaseState.CLOSED)
        .order_by("-closed_at", "-pk")
        .first()
    )
    if (
        closed is None
        or actor.agency is None
        or not can_lead(actor.agency, at)
        or not can_write_case(actor, closed)
    ):
        return open_case(household=household, person=person, actor=actor, at=at, sectors=sectors)
    case = reopen_case(case=closed, actor=actor, at=at, reason=reason)
    if set(sectors) - set(case.sectors):
        case = set_sectors(case=case, sectors={*case.sectors, *sectors}, actor=actor, at=at)
    return case
