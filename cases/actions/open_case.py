"""Opening a case for a household, and changing the sectors it touches."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.actions.notices import notify
from accounts.actor import Actor
from accounts.enums import Ground
from accounts.models import Agency, Staff
from accounts.notice_kinds import NoticeKind
from accounts.roles import Permission
from audit.actions import record
from cases.actions.grants import grant_case, grant_coordinators
from cases.actions.numbers import CASE_SERIES, take_number
from cases.actions.team import stay_as_receiver
from cases.coordination import Begun, lead_of, may_lead
from cases.models import Case
from cases.permissions import check_can_write_case
from cases.selectors.coordination import Directory, areas_of, as_post, load_directory, pick_lead
from cases.signals import case_opened, case_sectors_changed
from common.errors import NotAllowed, RuleViolation
from common.tags import check_tag
from households.models import Household, Person


@transaction.atomic
def open_case(
    *, household: Household, actor: Actor, at: datetime, person: Person | None = None,
    sectors: Iterable[str] = (),
) -> Case:  # fmt: skip
    """A case for ``household``, led by whom the coordination model in force lets lead (``cases.coordination``): by default the
    actor's agency and the actor. An open case of the household is returned.

    Raises NotAllowed when the actor may not receive, RuleViolation when its agency would lead and is barred from it.
    """
    if not actor.has(Permission.CONSULTATION_RECEIVE) or actor.agency is None or actor.staff is None:
        raise NotAllowed("相談を受ける権限がありません。")
    household = Household.objects.select_for_update(of=("self",)).get(pk=household.pk)
    existing = Case.objects.open().filter(household=household).first()
    if existing is not None:
        return existing
    directory = load_directory()
    agency, staff = _leader(directory, household, actor, actor.agency, actor.staff, at, sorted(set(sectors)))
    case = Case.objects.create(
        number=take_number(CASE_SERIES, at), household=household, person=person, lead_agency=agency,
        lead_staff=staff, lead_since=at, sectors=sorted(set(sectors)), opened_at=at,
        last_contact_at=at,
    )  # fmt: skip
    grant_case(case=case, agency=agency, ground=Ground.OWN_DUTY, basis=case, actor=actor, at=at)
    grant_coordinators(case=case, actor=actor, at=at, directory=directory)
    record(
        actor=actor, action="case.open", target=case, at=at, sectors=case.sectors, lead=agency.pk,
        model=directory.setup_on(timezone.localdate(at)).model,
    )  # fmt: skip
    if agency.pk != actor.agency.pk:
        stay_as_receiver(case=case, agency=actor.agency, staff=actor.staff, actor=actor, at=at)
        _tell_leader(case, actor, at)
    case_opened.send(Case, case=case, actor=actor, at=at)
    return case


def _leader(
    directory: Directory, household: Household, actor: Actor, receiver: Agency, heard_by: Staff, at: datetime,
    sectors: list[str],
) -> tuple[Agency, Staff]:  # fmt: skip
    """The agency of the model and its named person; whoever heard the household where the model has nobody at work."""
    today = timezone.localdate(at)
    setup = directory.setup_on(today)
    begun = Begun(tuple(sectors), as_post(receiver), today, areas_of(household.area))
    found = lead_of(setup, begun)
    if found != receiver.pk:
        agency = directory.agencies[found]
        person = pick_lead(agency, household, at)
        if person is not None:
            return agency, person
    if not may_lead(setup, begun.receiver):
        raise RuleViolation("この機関は主担当になれないため、ケースを始められません。")
    return receiver, heard_by


def _tell_leader(case: Case, actor: Actor, at: datetime) -> None:
    """Who leads by the model hears of it at once. Where the household was heard is no word for a mail."""
    notify(
        staff_ids={case.lead_staff_id} - {actor.staff_id}, text=f"{case.number}の主担当になりました。",
        url=reverse("cases:detail", args=[case.number]), at=at, kind=NoticeKind.CASE, about=case.household_id,
        agency_id=case.lead_agency_id,
    )  # fmt: skip


@transaction.atomic
def set_sectors(
    *, case: Case, sectors: Iterable[str], actor: Actor, at: datetime, tag: str | None = None
) -> Case:
    """Set the sectors of a case; whoever then coordinates it sees it (by default from two on, their area directors).

    ``tag``: the case as it was read.
    """
    case = Case.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=case.pk)
    check_can_write_case(actor, case)
    check_tag(case, tag)
    case.sectors = sorted(set(sectors))
    case.version += 1
    case.save(update_fields=["sectors", "version"])
    grant_coordinators(case=case, actor=actor, at=at)
    record(actor=actor, action="case.set_sectors", target=case, at=at, sectors=case.sectors)
    case_sectors_changed.send(Case, case=case, actor=actor, at=at)
    return case
