"""Which cases a change concerns, and their 気がかり made anew as soon as it is committed."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from threading import local

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import Appointment, Staff, StaffAbsence
from cases.actions.silent_risks import refresh_cases
from cases.enums import RiskOwner
from cases.models import Case, FollowUp, SilentRisk
from households.models import Household, HouseholdMember, HouseholdMovement, Person

_SILENT = ("cases.silentrisk", "cases.draft")
_pending = local()


def touched(target: models.Model) -> set[int]:
    """Ids of the cases whose worries may be others after a change of ``target``: its case, or those of its household,
    of its people's households (of a movement both households and everybody in it), or of the worker.
    """
    if target._meta.label_lower in _SILENT:
        return set()
    if isinstance(target, Case):
        return {target.pk}
    if isinstance(target, Staff | Appointment | StaffAbsence):
        return _of_staff(target)
    case_id = getattr(target, "case_id", None)
    if case_id is not None:
        return {case_id}
    homes = _ids(
        target.pk if isinstance(target, Household) else getattr(target, "household_id", None),
        getattr(target, "other_household_id", None),
    )
    people = _ids(
        target.pk if isinstance(target, Person) else getattr(target, "person_id", None),
        getattr(target, "kept_id", None),
        getattr(target, "absorbed_id", None),
    )
    if isinstance(target, HouseholdMovement):  # somebody of it may belong to further households
        people |= set(target.named.values_list("person_id", flat=True))
    if people:
        homes |= set(
            HouseholdMember.objects.filter(person_id__in=people).values_list("household_id", flat=True)
        )
    return set(Case.objects.filter(household_id__in=homes).values_list("pk", flat=True)) if homes else set()


def _ids(*found: int | None) -> set[int]:
    return {pk for pk in found if pk is not None}


def _of_staff(target: Staff | Appointment | StaffAbsence) -> set[int]:
    staff_id = target.pk if isinstance(target, Staff) else target.staff_id
    # what lies with an agency or an office without a name, and what somebody who may now be there or gone answers for
    posts = Appointment.objects.filter(staff=staff_id).values("agency_id")
    risks = Q(owner_staff=staff_id) | Q(owner_as=RiskOwner.AGENCY)
    risks |= Q(owner_agency__in=posts) & ~Q(owner_as=RiskOwner.LEAD)
    if isinstance(target, Appointment):
        risks |= Q(owner_agency=target.agency_id) & ~Q(owner_as=RiskOwner.LEAD)
    return {
        *Case.objects.open().filter(lead_staff=staff_id).values_list("pk", flat=True),
        *FollowUp.objects.waiting().filter(staff=staff_id).values_list("case_id", flat=True),
        *SilentRisk.objects.standing().filter(risks).values_list("case_id", flat=True),
    }


def follow_change(sender: object, *, target: models.Model, at: datetime, **kwargs: object) -> None:
    """Once the action is committed; what fails then is logged, and the nightly run mends it."""
    ids = touched(target)
    if ids:
        waiting: set[int] = getattr(_pending, "ids", set())
        _pending.ids = waiting | ids
        transaction.on_commit(partial(_refresh_pending), robust=True)


def _refresh_pending() -> None:
    """All cases of the transaction at once, whichever of its changes asks first."""
    ids: set[int] = getattr(_pending, "ids", set())
    _pending.ids = set()
    refresh_cases(ids, at=timezone.now())
