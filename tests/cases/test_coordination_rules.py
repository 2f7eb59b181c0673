"""The six coordination models as rules: what each decides for the same contacts, without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import product

import pytest

from accounts.enums import AgencyKind, Sector
from cases.coordination import (
    DEFAULT,
    RULES,
    Begun,
    Model,
    Post,
    Setup,
    coordinators,
    decide,
    may_lead,
)

NORTH, SOUTH, CITY = 1, 2, 9
DESK_N = Post(1, AgencyKind.DESK, "", NORTH)
DESK_S = Post(2, AgencyKind.DESK, "", SOUTH)
CARE = Post(3, AgencyKind.CENTER, Sector.ELDERLY)
DISABILITY = Post(4, AgencyKind.DEPARTMENT, Sector.DISABILITY)
COUNCIL = Post(5, AgencyKind.COUNCIL)
AD_ELDERLY = Post(6, AgencyKind.DIRECTOR_OFFICE, Sector.ELDERLY, may_lead=False)
AD_DISABILITY = Post(7, AgencyKind.DIRECTOR_OFFICE, Sector.DISABILITY, may_lead=False)
AD_CENTRAL = Post(8, AgencyKind.DIRECTOR_OFFICE, may_lead=False)
PROMOTER = Post(10, AgencyKind.DEPARTMENT)
POSTS = (DESK_N, DESK_S, CARE, DISABILITY, COUNCIL, AD_ELDERLY, AD_DISABILITY, AD_CENTRAL, PROMOTER)

FRIDAY = date(2026, 11, 20)  # a holiday Monday follows
SIMPLE = Begun((Sector.ELDERLY,), CARE, FRIDAY, (NORTH, CITY))
BOTH = replace(SIMPLE, sectors=(Sector.DISABILITY, Sector.ELDERLY))
CENTER = {
    Model.CENTRAL_DIRECTOR: AD_CENTRAL,
    Model.PROMOTER_TAKES: PROMOTER,
    Model.PROMOTER_CONVENES: PROMOTER,
    Model.ONE_STOP: COUNCIL,
}


def setup(model: Model, **over: object) -> Setup:
    center = CENTER.get(model)
    fields = {
        "center": center.pk if center else None, "operators": (DISABILITY.pk, COUNCIL.pk, CARE.pk),
        "coordinator_may_lead": RULES[model].coordinator_leads, **over,
    }  # fmt: skip
    return Setup(model, POSTS, **fields)  # type: ignore[arg-type]


# model: who leads and who hears of a simple case, the same of a case of 高齢 and 障害, who calls its conference
EXPECTED = {
    Model.CENTRAL_DIRECTOR: (CARE, (), CARE, (AD_CENTRAL,), AD_CENTRAL),
    Model.DIRECTOR_PER_SECTOR: (CARE, (), CARE, (AD_ELDERLY, AD_DISABILITY), AD_ELDERLY),
    Model.PROMOTER_TAKES: (CARE, (), PROMOTER, (), None),
    Model.PROMOTER_CONVENES: (CARE, (), CARE, (PROMOTER,), PROMOTER),
    Model.ONE_STOP: (COUNCIL, (), COUNCIL, (), None),
    Model.HUBS: (CARE, (), DESK_N, (CARE, DISABILITY, COUNCIL), CARE),
}


@pytest.mark.parametrize("model", list(Model))
def test_each_model_decides_who_leads_who_hears_and_who_calls(model):
    simple, told, both, told_of_both, convener = EXPECTED[model]
    first, second = decide(setup(model), SIMPLE), decide(setup(model), BOTH)
    assert (first.lead, first.told) == (simple.pk, tuple(p.pk for p in told))
    assert (second.lead, second.told) == (both.pk, tuple(p.pk for p in told_of_both))
    assert (first.convener, first.conference_on) == (None, None)
    assert second.convener == (convener.pk if convener else None)


def test_the_conference_is_due_on_a_working_day_and_new_year_does_not_count():
    assert decide(setup(DEFAULT), BOTH).conference_on == date(
        2026, 12, 7
    )  # ten, the holiday of the 23rd left out
    december = replace(BOTH, on=date(2026, 12, 24))
    assert decide(setup(DEFAULT, conference_days=3), december).conference_on == date(2027, 1, 4)
    assert decide(setup(DEFAULT, conference_days=4), december).conference_on == date(2027, 1, 5)
    assert decide(setup(Model.PROMOTER_TAKES, conference_days=4), december).conference_on is None


def test_a_missing_or_barred_center_leaves_the_lead_with_whoever_heard_the_person():
    gone = Setup(Model.ONE_STOP, tuple(p for p in POSTS if p is not COUNCIL), center=COUNCIL.pk)
    assert decide(gone, BOTH).lead == CARE.pk
    barred = replace(setup(Model.ONE_STOP), coordinator_may_lead=False)
    assert decide(barred, BOTH).lead == CARE.pk


def test_a_promoter_who_only_convenes_may_never_lead_and_one_who_takes_may():
    assert not may_lead(setup(Model.PROMOTER_CONVENES), PROMOTER)
    assert may_lead(setup(Model.PROMOTER_TAKES), PROMOTER)
    assert not may_lead(setup(Model.PROMOTER_TAKES), AD_CENTRAL)  # the directory bars it in any model


def test_a_hub_keeps_whom_it_heard_and_a_household_without_a_hub_stays_where_it_came():
    assert decide(setup(Model.HUBS), replace(BOTH, receiver=DESK_S)).lead == DESK_S.pk
    assert decide(setup(Model.HUBS), replace(BOTH, areas=())).lead == CARE.pk
    assert decide(setup(Model.HUBS), replace(BOTH, areas=(77, SOUTH))).lead == DESK_S.pk


def test_only_operators_of_the_sectors_or_of_all_of_them_stand_behind_a_hub():
    assert coordinators(setup(Model.HUBS), (Sector.CHILD,), ()) == (COUNCIL.pk,)


def test_a_director_of_another_area_hears_nothing():
    north = replace(AD_ELDERLY, area=NORTH)
    posts = tuple(north if p is AD_ELDERLY else p for p in POSTS)
    here = Setup(DEFAULT, posts)
    assert decide(here, BOTH).told == (AD_ELDERLY.pk, AD_DISABILITY.pk)
    assert decide(here, replace(BOTH, areas=(SOUTH, CITY))).told == (AD_DISABILITY.pk,)


def test_whatever_the_model_somebody_leads_who_may():
    """Every model, every receiver, every set of sectors: the lead exists, may lead, and is not told of its own case."""
    sectors = [(), (Sector.GAP,), (Sector.ELDERLY, Sector.CHILD), tuple(Sector)]
    people = [p for p in POSTS if p.may_lead]
    for model, receiver, some, areas in product(Model, people, sectors, [(), (NORTH,), (SOUTH, CITY)]):
        if model is Model.PROMOTER_CONVENES and receiver is PROMOTER:
            continue  # the setting refuses a promoter that takes people
        chosen = decide(setup(model), Begun(some, receiver, FRIDAY, areas))
        lead = next(p for p in POSTS if p.pk == chosen.lead)
        assert may_lead(setup(model), lead), (model, receiver)
        assert chosen.lead not in chosen.told
        assert (chosen.conference_on is None) == (
            chosen.convener is None or RULES[model].conference_days is None
        )
