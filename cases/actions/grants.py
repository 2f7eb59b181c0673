"""Giving and ending access to a case; a case always brings its household."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import models

from accounts.actor import Actor
from accounts.enums import AgencyKind, Ground
from accounts.models import Agency, Area
from cases.models import Case, CaseGrant
from cases.models.case import VIEW_CASE
from households.actions.grants import give_grant, grant_household
from households.models import HouseholdGrant


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


def director_offices(sectors: Iterable[str], area: Area | None) -> list[Agency]:
    """The area directors' offices of some sectors that have the area."""
    rows = Agency.objects.filter(
        kind=AgencyKind.DIRECTOR_OFFICE, sector__in=list(sectors), closed_on__isnull=True
    )
    return [office for office in rows.order_by("pk") if office.covers(area)]


def grant_directors_of_multi_sector_case(*, case: Case, actor: Actor, at: datetime) -> None:
    """A case of two or more sectors is coordinated between them: the director of each of its sectors sees it, and one
    whose sector or area (圏域) it no longer is does not.
    """
    offices = director_offices(case.sectors, case.household.area) if len(set(case.sectors)) > 1 else []
    _end_coordination(case, but=offices, at=at)
    for office in offices:
        grant_case(case=case, agency=office, ground=Ground.COORDINATION, basis=case, actor=actor, at=at)


def _end_coordination(case: Case, *, but: list[Agency], at: datetime) -> None:
    """What rests on the case's sectors ends with them; what rests on a referral that rose stays."""
    resting = {
        "ground": Ground.COORDINATION, "basis_type": case._meta.label_lower, "basis_id": str(case.pk)
    }  # fmt: skip
    kept = [office.group_id for office in but]
    for model in (CaseGrant, HouseholdGrant):
        model.objects.in_force(at).filter(**resting).exclude(group__in=kept).update(ends_at=at)
