"""Giving and ending access to a case; a case always brings its household."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.urls import reverse
from django.utils import timezone

from accounts.actions.notices import notify
from accounts.actor import Actor
from accounts.enums import Ground
from accounts.models import Agency, Staff
from accounts.notice_kinds import NoticeKind
from cases.coordination import told_of
from cases.models import Case, CaseGrant
from cases.models.case import VIEW_CASE
from cases.selectors.coordination import Directory, begun_of, load_directory
from households.actions.grants import give_grant, grant_household
from households.models import HouseholdGrant, staff_denied


def grant_case(
    *, case: Case, agency: Agency, ground: Ground, basis: models.Model, actor: Actor, at: datetime,
    ends_at: datetime | None = None,
) -> None:  # fmt: skip
    """Let ``agency`` see ``case`` and its household on ``ground``, resting on ``basis``."""
    give_grant(
        CaseGrant, case, codename=VIEW_CASE, agency=agency, ground=ground, basis=basis, actor=actor, at=at,
        ends_at=ends_at,
    )  # fmt: skip
    grant_household(
        household=case.household,
        agency=agency,
        ground=ground,
        basis=basis,
        actor=actor,
        at=at,
        ends_at=ends_at,
    )


def grant_coordinators(*, case: Case, actor: Actor, at: datetime, directory: Directory | None = None) -> None:
    """Whoever the model of the case's day lets coordinate it sees it and hears of it once; one who no longer does
    (the sectors or the area have changed) does not. With a director per sector: the directors of its sectors, from two on.
    """
    directory = directory or load_directory()
    begun = begun_of(case, case.lead_agency)
    told = told_of(directory.setup_on(begun.on), begun)
    offices = directory.of(pk for pk in told if pk != case.lead_agency_id)
    _end_coordination(case, but=offices, at=at)
    known = set(_resting(CaseGrant, case, at).values_list("group_id", flat=True))
    for office in offices:
        grant_case(case=case, agency=office, ground=Ground.COORDINATION, basis=case, actor=actor, at=at)
        if office.group_id not in known:
            _tell_coordinator(case, office, actor, at)


def _tell_coordinator(case: Case, office: Agency, actor: Actor, at: datetime) -> None:
    people = Staff.objects.of_agency(office, on=timezone.localdate(at)).values_list("pk", flat=True)
    notify(
        staff_ids=set(people) - {actor.staff_id} - staff_denied(case.household_id),
        text=f"{case.number}が、調整するケースになりました。",
        url=reverse("cases:detail", args=[case.number]), at=at, kind=NoticeKind.CASE, about=case.household_id,
    )  # fmt: skip


def _resting(model: Any, case: Case, at: datetime) -> Any:
    """The grants in force that rest on the case's sectors; what rests on a referral that rose is none of them."""
    return model.objects.in_force(at).filter(
        ground=Ground.COORDINATION, basis_type=case._meta.label_lower, basis_id=str(case.pk)
    )


def _end_coordination(case: Case, *, but: list[Agency], at: datetime) -> None:
    kept = [office.group_id for office in but]
    for model in (CaseGrant, HouseholdGrant):
        _resting(model, case, at).exclude(group__in=kept).update(ends_at=at)
