"""Lead and partners of a case. The lead moves only when a named person at the receiver accepts (invariant 2)."""

from __future__ import annotations

from datetime import datetime

from django.db import models, transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.enums import Ground
from accounts.models import Agency, Staff
from audit.actions import record
from cases.actions.grants import grant_case
from cases.models import Case, CasePartner
from common.errors import NotAllowed, RuleViolation


def _check_named_person(staff: Staff, agency: Agency, actor: Actor, at: datetime) -> None:
    if actor.agency_id != agency.pk:
        raise NotAllowed("受ける機関の職員だけが引き受けられます。")
    if not Staff.objects.of_agency(agency, on=timezone.localdate(at)).filter(pk=staff.pk).exists():
        raise RuleViolation(f"{staff.name}さんは{agency.short_name}に所属していません。", field="staff")


def leave_to(*, case: Case, agency: Agency, former_agency: Agency, former_staff: Staff, at: datetime) -> None:
    """``agency`` is no longer a partner since it leads; the former lead stays as one and keeps seeing the case."""
    CasePartner.objects.filter(case=case, agency=agency, ended_at__isnull=True).update(ended_at=at)
    CasePartner.objects.get_or_create(
        case=case, agency=former_agency, ended_at=None,
        defaults={"staff": former_staff, "since": at, "role_note": "前の主担当"},
    )  # fmt: skip


@transaction.atomic
def take_lead(
    *,
    case: Case,
    agency: Agency,
    staff: Staff,
    actor: Actor,
    at: datetime,
    basis: models.Model,
) -> Case:
    """``staff`` of ``agency`` becomes the one lead; the former lead stays as a partner and keeps seeing the case.

    Leading is the agency's own duty, whatever the ground of the request was: a consent that is withdrawn later takes
    the case away from partners, never from the lead.

    The caller (accepting a referral) has checked that the actor may answer; here the receiver itself must act.
    """
    case = Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
    if not case.is_open:
        raise RuleViolation("終結したケースの主担当は移せません。")
    if not agency.may_lead:
        raise RuleViolation("この機関は主担当になれません（調整役）。協働として加わってください。")
    _check_named_person(staff, agency, actor, at)
    former_agency, former_staff = case.lead_agency, case.lead_staff
    if former_agency.pk != agency.pk:
        leave_to(case=case, agency=agency, former_agency=former_agency, former_staff=former_staff, at=at)
    case.lead_agency, case.lead_staff, case.lead_since = agency, staff, at
    case.version += 1
    case.save(update_fields=["lead_agency", "lead_staff", "lead_since", "version"])
    grant_case(case=case, agency=agency, ground=Ground.OWN_DUTY, basis=basis, actor=actor, at=at)
    record(
        actor=actor, action="case.take_lead", target=case, at=at, former_agency=former_agency.pk, agency=agency.pk,
        former_staff=former_staff.pk, staff=staff.pk,
    )  # fmt: skip
    return case


@transaction.atomic
def join_case(
    *, case: Case, agency: Agency, staff: Staff, actor: Actor, at: datetime, basis: models.Model, ground: Ground,
    role_note: str = "", opens_record: bool = True, ends_at: datetime | None = None,
) -> CasePartner | None:  # fmt: skip
    """``agency`` works on the case beside the lead; None when it already leads.

    ``opens_record`` False: it takes part, but the ground does not open the record to it (no consent yet).
    """
    case = Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
    if not case.is_open:
        raise RuleViolation("終結したケースには加われません。")
    _check_named_person(staff, agency, actor, at)
    if opens_record:
        grant_case(case=case, agency=agency, ground=ground, basis=basis, actor=actor, at=at, ends_at=ends_at)
    if case.lead_agency_id == agency.pk:
        return None
    partner, _ = CasePartner.objects.get_or_create(
        case=case,
        agency=agency,
        ended_at=None,
        defaults={"staff": staff, "since": at, "role_note": role_note},
    )
    record(actor=actor, action="case.join", target=case, at=at, agency=agency.pk, staff=staff.pk)
    return partner


def join_as_receiver(*, case: Case, agency: Agency, staff: Staff, actor: Actor, at: datetime) -> None:
    """The agency that received the person again works beside the lead; the lead does not change."""
    _, made = CasePartner.objects.get_or_create(
        case=case,
        agency=agency,
        ended_at=None,
        defaults={"staff": staff, "since": at, "role_note": "相談を受けた機関"},
    )
    if made:
        record(actor=actor, action="case.join", target=case, at=at, agency=agency.pk, staff=staff.pk)
