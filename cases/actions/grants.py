"""Giving and ending access to a case; a case always brings its household."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import models

from accounts.actor import Actor
from accounts.enums import AgencyKind, Ground
from accounts.models import Agency
from cases.models import Case, CaseGrant
from cases.models.case import VIEW_CASE
from households.actions.grants import give_grant, grant_household


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


def director_offices(sectors: Iterable[str]) -> list[Agency]:
    """The area directors' offices of some sectors."""
    return list(
        Agency.objects.filter(
            kind=AgencyKind.DIRECTOR_OFFICE, sector__in=list(sectors), closed_on__isnull=True
        )
    )


def grant_directors_of_multi_sector_case(*, case: Case, actor: Actor, at: datetime) -> None:
    """A case of two or more sectors is coordinated between them: the director of each of its sectors sees it."""
    if len(set(case.sectors)) < 2:
        return
    for office in director_offices(case.sectors):
        grant_case(case=case, agency=office, ground=Ground.COORDINATION, basis=case, actor=actor, at=at)
