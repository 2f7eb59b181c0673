"""Opening a case for a household, and changing the sectors it touches."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from accounts.actor import Actor
from accounts.enums import Ground
from accounts.roles import Permission
from audit.actions import record
from cases.actions.grants import grant_case, grant_directors_of_multi_sector_case
from cases.actions.numbers import CASE_SERIES, take_number
from cases.models import Case
from cases.permissions import check_can_write_case
from cases.signals import case_opened, case_sectors_changed
from common.errors import NotAllowed, RuleViolation
from households.models import Household, Person


@transaction.atomic
def open_case(
    *, household: Household, actor: Actor, at: datetime, person: Person | None = None,
    sectors: Iterable[str] = (),
) -> Case:  # fmt: skip
    """A case for ``household`` led by the actor's agency and the actor. An open case of the household is returned.

    Raises NotAllowed when the actor may not receive, RuleViolation when its agency is barred from leading.
    """
    if not actor.has(Permission.CONSULTATION_RECEIVE) or actor.agency is None or actor.staff is None:
        raise NotAllowed("相談を受ける権限がありません。")
    household = Household.objects.select_for_update(of=("self",)).get(pk=household.pk)
    existing = Case.objects.open().filter(household=household).first()
    if existing is not None:
        return existing
    if not actor.agency.may_lead:
        raise RuleViolation("この機関は主担当になれないため、ケースを始められません。")
    case = Case.objects.create(
        number=take_number(CASE_SERIES, at), household=household, person=person, lead_agency=actor.agency,
        lead_staff=actor.staff, lead_since=at, sectors=sorted(set(sectors)), opened_at=at,
        last_contact_at=at,
    )  # fmt: skip
    grant_case(case=case, agency=actor.agency, ground=Ground.OWN_DUTY, basis=case, actor=actor, at=at)
    grant_directors_of_multi_sector_case(case=case, actor=actor, at=at)
    record(actor=actor, action="case.open", target=case, at=at, sectors=case.sectors)
    case_opened.send(Case, case=case, actor=actor, at=at)
    return case


@transaction.atomic
def set_sectors(*, case: Case, sectors: Iterable[str], actor: Actor, at: datetime) -> Case:
    """Set the sectors of a case; from two on, their area directors see it."""
    case = Case.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=case.pk)
    check_can_write_case(actor, case)
    case.sectors = sorted(set(sectors))
    case.version += 1
    case.save(update_fields=["sectors", "version"])
    grant_directors_of_multi_sector_case(case=case, actor=actor, at=at)
    record(actor=actor, action="case.set_sectors", target=case, at=at, sectors=case.sectors)
    case_sectors_changed.send(Case, case=case, actor=actor, at=at)
    return case
