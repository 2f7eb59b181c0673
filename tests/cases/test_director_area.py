"""A director's area (圏域): whose cases of several sectors they coordinate."""

from __future__ import annotations

import pytest

from accounts.enums import AgencyKind, Role, Sector
from accounts.models import Area
from cases.models import Case
from households.actions.persons import update_household
from tests import factories as f
from tests.conftest import persona

BOTH = (Sector.ELDERLY, Sector.DISABILITY)


@pytest.fixture
def north(db) -> Area:
    return f.make_area("北部")


@pytest.fixture
def south(db) -> Area:
    return f.make_area("南部")


@pytest.fixture
def director_of():
    def made(area: Area | None):
        office = f.make_agency(
            "ＡＤ 高齢", kind=AgencyKind.DIRECTOR_OFFICE, sector=Sector.ELDERLY, may_lead=False, area=area
        )
        return persona(office, Role.AREA_DIRECTOR, sector=Sector.ELDERLY)

    return made


def sees(director, case: Case) -> bool:
    return Case.objects.visible_to(director.actor).filter(pk=case.pk).exists()


def move(case: Case, area: Area | None, worker) -> None:
    home = case.household
    home.refresh_from_db()
    update_household(
        household=home, name=home.name, area=area, postal_code="", address=home.address, phone="",
        version=home.version, actor=worker.actor, at=f.NOW,
    )  # fmt: skip


def opened_in(area: Area, worker) -> Case:
    home = f.make_household("北川 世帯", agency=worker.agency, actor=worker.actor)
    home.area = area
    home.save()
    return f.make_case(worker.actor, household=home, sectors=BOTH)


@pytest.fixture
def case(worker, north):
    return opened_in(north, worker)


def test_the_director_of_the_area_sees_and_the_one_of_the_next_does_not(director_of, worker, north, south):
    here, there, whole = director_of(north), director_of(south), director_of(None)
    opened = opened_in(north, worker)
    assert (sees(here, opened), sees(there, opened), sees(whole, opened)) == (True, False, True)


def test_the_case_of_a_household_that_moves_follows_it(director_of, worker, north, south):
    here, there = director_of(north), director_of(south)
    opened = opened_in(north, worker)
    move(opened, south, worker)
    assert (sees(here, opened), sees(there, opened)) == (False, True)


def test_a_quarter_belongs_to_the_area_above_it(director_of, case, worker, north):
    quarter = f.make_area("北部一丁目")
    quarter.parent = north
    quarter.save()
    here = director_of(north)
    move(case, quarter, worker)
    assert sees(here, case)


def test_a_household_whose_area_nobody_knows_falls_between_none(director_of, case, worker, north, south):
    here, there = director_of(north), director_of(south)
    move(case, None, worker)
    assert (sees(here, case), sees(there, case)) == (True, True)
