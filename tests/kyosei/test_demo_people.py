"""The tables of the demo are right before anything is loaded."""

from __future__ import annotations

import re

from accounts.enums import AgencyKind
from kyosei.demo.masters import AGENCIES, DIRECTORS, SIGN_INS, staff_seeds
from kyosei.demo.names import FAMILY_NAMES, GIVEN_NAMES
from kyosei.demo.people import quiet_stories, short_stories
from kyosei.demo.steps import Contact, Note
from kyosei.demo.story import STORIES

HIRAGANA = re.compile("[ぁ-ん]+")


def test_names_have_a_reading_in_hiragana():
    given = [pair for names in GIVEN_NAMES.values() for pair in names]
    assert len(FAMILY_NAMES) == 200 and len(given) >= 190
    assert all(HIRAGANA.fullmatch(kana) and name for name, kana in [*FAMILY_NAMES, *given])


def test_fifteen_desks_and_five_directors_who_never_lead():
    assert sum(a.kind == AgencyKind.DESK for a in AGENCIES) == 15
    assert len({a.sector for a in DIRECTORS}) == 5
    assert not any(a.may_lead for a in DIRECTORS)


def test_sign_in_names_and_people_are_unique_and_listed_ones_exist():
    seeds = staff_seeds()
    names = {seed.username for seed in seeds}
    assert len(names) == len(seeds) == len({seed.name for seed in seeds})
    assert set(SIGN_INS) <= names


def test_every_step_is_done_by_somebody_who_works_there():
    names = {seed.username for seed in staff_seeds()}
    doers = {
        step.who
        for story in [*STORIES, *quiet_stories(), *short_stories()]
        for step in story.steps
        if hasattr(step, "who")
    }
    assert doers <= names


def test_no_household_reads_the_same_sentence_twice():
    for story in [*STORIES, *quiet_stories()]:
        texts = [step.text for step in story.steps if isinstance(step, (Note, Contact))]
        assert len(texts) == len(set(texts)), story.key
