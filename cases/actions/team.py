"""Lead and partners of a case. The lead moves only when a named person at the receiver accepts (invariant 2)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.enums import Ground
from accounts.models import Agency, Staff
from audit.actions import record
from cases.actions.grants import grant_case
from cases.coordination import may_lead
from cases.models import Case, CaseGrant, CasePartner
from cases.permissions import check_leads_case
from cases.selectors.coordination import as_post, load_directory
from common.errors import NotAllowed, RuleViolation
from households.models import HouseholdGrant

FORMER_LEAD = "前の主担当"
RECEIVER = "相談を受けた機関"


def can_lead(agency: Agency, at: datetime) -> bool:
    """Not barred by the directory, nor by the coordination setting in force (an agency that only coordinates)."""
    return may_lead(load_directory().setup_on(timezone.localdate(at)), as_post(agency))


def _check_named_person(staff: Staff, agency: Agency, actor: Actor, at: datetime) -> None:
    if actor.agency_id != agency.pk:
        raise NotAllowed("受ける機関の職員だけが引き受けられます。")
    if not Staff.objects.of_agency(agency, on=timezone.localdate(at)).filter(pk=staff.pk).exists():
        raise RuleViolation(f"{staff.name}さんは{agency.short_name}に所属していません。", field="staff")


def leave_to(
    *, case: Case, agency: Agency, former_agency: Agency, former_staff: Staff, at: datetime
) -> CasePartner:
    """``agency`` is no longer a partner since it leads; the former lead stays as one and keeps seeing the case."""
    CasePartner.objects.filter(case=case, agency=agency, ended_at__isnull=True).update(ended_at=at)
    partner, _ = CasePartner.objects.get_or_create(
        case=case, agency=former_agency, ended_at=None,
        defaults={"staff": former_staff, "since": at, "role_note": FORMER_LEAD},
    )  # fmt: skip
    return partner


@transaction.atomic
def take_lead(
    *,
    case: Case,
    agency: Agency,
    staff: Staff,
    actor: Actor,
    at: datetime,
    basis: models.Model,
    former_until: date | None = None,
) -> Case:
    """``staff`` of ``agency`` becomes the one lead; the former lead stays as a partner and keeps seeing the case, to the
    end of ``former_until`` (None: without an end).

    Leading is the agency's own duty, whatever the ground of the request was: a consent that is withdrawn later takes
    the case away from partners, never from the lead.

    The caller (accepting a referral) has checked that the actor may answer; here the receiver itself must act.
    """
    case = Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
    if not case.is_open:
        raise RuleViolation("終結したケースの主担当は移せません。")
    if not can_lead(agency, at):
        raise RuleViolation("この機関は主担当になれません（調整役）。協働として加わってください。")
    _check_named_person(staff, agency, actor, at)
    former_agency, former_staff = case.lead_agency, case.lead_staff
    if former_agency.pk != agency.pk:
        if former_until is not None:
            check_last_day(former_until, at)
        partner = leave_to(
            case=case, agency=agency, former_agency=former_agency, former_staff=former_staff, at=at
        )
        _let_read_until(partner, former_until, at)
    case.lead_agency, case.lead_staff, case.lead_since = agency, staff, at
    case.version += 1
    case.save(update_fields=["lead_agency", "lead_staff", "lead_since", "version"])
    grant_case(case=case, agency=agency, ground=Ground.OWN_DUTY, basis=basis, actor=actor, at=at)
    record(
        actor=actor, action="case.take_lead", target=case, at=at, former_agency=former_agency.pk, agency=agency.pk,
        former_staff=former_staff.pk, staff=staff.pk,
    )  # fmt: skip
    return case


def change_lead_worker(*, case: Case, staff_id: int, since: datetime, actor: Actor, at: datetime) -> None:
    """Another person of the same agency leads (invariant 2: one named lead worker, always). ``case`` is locked by the
    caller, who has checked that the person may.
    """
    former = case.lead_staff_id
    case.lead_staff_id, case.lead_since = staff_id, since
    case.save(update_fields=["lead_staff", "lead_since"])
    record(
        actor=actor, action="case.take_lead", target=case, at=at, former_staff=former, staff=staff_id,
        agency=case.lead_agency_id, former_agency=case.lead_agency_id,
    )  # fmt: skip


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
        defaults={"staff": staff, "since": at, "role_note": RECEIVER},
    )
    if made:
        record(actor=actor, action="case.join", target=case, at=at, agency=agency.pk, staff=staff.pk)


def stay_as_receiver(*, case: Case, agency: Agency, staff: Staff, actor: Actor, at: datetime) -> None:
    """The agency that heard the household, where the model gives the lead to another: it stays beside it and reads on to a
    last day, as after a hand-over (``HANDOVER_READ_DAYS``).
    """
    join_as_receiver(case=case, agency=agency, staff=staff, actor=actor, at=at)
    grant_case(case=case, agency=agency, ground=Ground.PARTICIPATION, basis=case, actor=actor, at=at)
    partner = CasePartner.objects.select_related("agency", "case").get(
        case=case, agency=agency, ended_at__isnull=True
    )
    _let_read_until(partner, default_last_day(at), at)


def default_last_day(at: datetime) -> date:
    """How long the former lead reads on where nobody chose another day (``HANDOVER_READ_DAYS``)."""
    return timezone.localdate(at) + timedelta(days=settings.HANDOVER_READ_DAYS)


def check_last_day(last: date, at: datetime) -> None:
    """Raises RuleViolation beside ``former_until`` for a day that is past, or more than a year away."""
    today = timezone.localdate(at)
    if last < today:
        raise RuleViolation("前の主担当が見られる最後の日は、今日以降にしてください。", field="former_until")
    if last > today + timedelta(days=366):
        raise RuleViolation(
            "前の主担当が見られる期間は1年までです。長く関わるときは、協働機関として残してください。",
            field="former_until",
        )


def _let_read_until(partner: CasePartner, last: date | None, at: datetime) -> None:
    """What the agency saw as lead or by taking part ends after ``last``; what a consent opened ends with the consent."""
    partner.reads_until = last
    partner.save(update_fields=["reads_until"])
    ends_at = None
    if last is not None:
        ends_at = timezone.make_aware(datetime.combine(last + timedelta(days=1), time.min))
    own = CaseGrant.objects.in_force(at).filter(
        content_object=partner.case_id, group=partner.agency.group_id, ground__in=_BY_ROLE
    )
    for basis_type, basis_id in list(own.values_list("basis_type", "basis_id")):
        resting = {
            "group": partner.agency.group_id,
            "basis_type": basis_type,
            "basis_id": basis_id,
            "ground__in": _BY_ROLE,
        }
        CaseGrant.objects.in_force(at).filter(content_object=partner.case_id, **resting).update(
            ends_at=ends_at
        )
        HouseholdGrant.objects.in_force(at).filter(
            content_object=partner.case.household_id, **resting
        ).update(ends_at=ends_at)


_BY_ROLE = (Ground.OWN_DUTY, Ground.PARTICIPATION)


@transaction.atomic
def set_last_day(*, partner: CasePartner, last: date | None, actor: Actor, at: datetime) -> CasePartner:
    """The lead changes until when the former lead reads on; None: it stays as a partner without an end."""
    case = Case.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=partner.case_id)
    check_leads_case(actor, case)
    partner = (
        CasePartner.objects.select_for_update(of=("self",))
        .select_related("agency", "case")
        .get(pk=partner.pk)
    )
    if partner.ended_at is not None or partner.role_note != FORMER_LEAD:
        raise RuleViolation(
            "引き継ぎの期間は終わっています。画面を開き直してください。", field="former_until"
        )
    if last is not None:
        check_last_day(last, at)
    _let_read_until(partner, last, at)
    record(
        actor=actor, action="case.reads_until", target=case, at=at, agency=partner.agency_id,
        until=last.isoformat() if last else None,
    )  # fmt: skip
    return partner


def end_soft_handovers(*, actor: Actor, at: datetime) -> int:
    """Nightly: former leads whose last day is past leave the team; their access ended by itself. Safe to run twice."""
    gone = CasePartner.objects.filter(ended_at__isnull=True, reads_until__lt=timezone.localdate(at))
    count = 0
    for pk in list(gone.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            partner = gone.select_for_update(of=("self",), skip_locked=True).filter(pk=pk).first()
            if partner is None:
                continue
            partner.ended_at = at
            partner.save(update_fields=["ended_at"])
            record(actor=actor, action="case.leave", target=partner.case, at=at, agency=partner.agency_id)
            count += 1
    return count
