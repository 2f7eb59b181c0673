"""Conditions of a known shape are compiled once and answer as the ORM does, whatever words they are asked with."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from common import kept_where as module
from common.kept_where import kept_where
from households.actions.denials import deny_staff
from households.enums import DenialReason
from households.models import Household, Person
from tests import factories as f

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_kept():
    module._compiled.cache_clear()


def _people(actor, *wheres):
    rows = Person.objects.all()
    for where in wheres:
        rows = rows.filter(where)
    return rows.order_by("pk")


def _homes(actor, where):
    return Household.objects.visible_to(actor).filter(where).order_by("pk")


WORDS = ("森下", "50%", "50", "a_b", "axb", "back\\slash", "it's", "\ue0000\ue001", "％s %s")


@pytest.mark.parametrize(
    "lookup", ["family_name", "family_name__startswith", "family_name__contains", "search_text__holds"]
)
def test_every_word_finds_what_the_orm_finds(worker, lookup):
    for name in WORDS:
        f.make_person(name, "花")
        f.make_person(f"x{name}y", "花")
    for word in (*WORDS, "%", "_", "\\", ""):
        where = Q(**{lookup: word})
        assert kept_where(_people, None, where, on=f.TODAY) == list(_people(None, where)), word
    assert module._compiled.cache_info().misses == 1


def test_lists_flags_and_nested_conditions_are_parts_of_the_shape(worker):
    one, two, three = (f.make_person(name, "花") for name in ("森下", "若宮", "滝本"))
    wheres = [
        Q(search_terms__contains=["森下"]) | Q(search_terms__contains=["若宮"]), Q(search_terms__overlap=["森下", "若宮"]),
        Q(search_terms__overlap=["滝本", "若宮"]), Q(died_on__isnull=True) & ~Q(family_name="森下"),
        Q(died_on__isnull=False) & ~Q(family_name="森下"), Q(pk__in=[]) | Q(family_name="滝本"), Q(pk__in=[]), Q(),
        Q(family_name__in=["森下"]), Q(family_name__in=["森下", "滝本"]), Q(family_name__in=["若宮", "森下"]),
    ]  # fmt: skip
    for where in [*wheres, *wheres]:
        assert kept_where(_people, None, where, on=f.TODAY) == list(_people(None, where)), where
    assert kept_where(_people, None, wheres[1], wheres[3], on=f.TODAY) == [two]
    assert kept_where(_people, None, wheres[2], wheres[3], on=f.TODAY) == [two, three]
    assert kept_where(_people, None, wheres[3], wheres[2], on=f.TODAY) == [two, three]
    assert one in kept_where(_people, None, Q(), on=f.TODAY)


def test_a_list_of_one_is_no_flag(worker):
    """1 and True are the same key to a cache."""
    person = f.make_person("森下", "花")
    assert kept_where(_people, None, Q(family_name__in=["森下"]), on=f.TODAY) == [person]
    assert kept_where(_people, None, Q(family_name__isnull=True), on=f.TODAY) == []


def test_lists_of_ids_are_one_parameter_of_one_shape(worker):
    people = [f.make_person(name, "花") for name in ("森下", "若宮", "滝本")]
    keys = [person.pk for person in people]
    for some in (keys, keys[:1], keys[1:], [keys[2], keys[2]], [keys[0], 2**63 - 1], [], [keys[1]]):
        for word in ("森下", "若宮"):
            where = Q(pk__one_of=some) & ~Q(family_name=word)
            by_orm = list(_people(None, Q(pk__in=some) & ~Q(family_name=word)))
            assert kept_where(_people, None, where, on=f.TODAY) == by_orm == list(_people(None, where))
    assert module._compiled.cache_info().misses == 1
    home = f.make_household("森下", person=people[1])
    where = Q(memberships__household_id__one_of=[home.pk])  # a foreign key
    assert kept_where(_people, None, where, on=f.TODAY) == [people[1]] == list(_people(None, where))


def test_ids_are_numbers(worker):
    with pytest.raises(ValueError, match="invalid literal"):
        kept_where(_people, None, Q(pk__one_of=["1) OR (1=1"]), on=f.TODAY)
    with pytest.raises(ValueError, match="invalid literal"):
        list(_people(None, Q(pk__one_of=["1) OR (1=1"])))


def test_a_day_or_a_number_is_built_anew(worker):
    person = f.make_person("森下", "花", birth_on=f.TODAY)
    for where in (Q(birth_on=f.TODAY), Q(pk=person.pk), Q(pk__in=[person.pk])):
        assert kept_where(_people, None, where, on=f.TODAY) == [person]
    assert module._compiled.cache_info().misses == 0


def test_each_reader_finds_their_own(worker, stranger, manager):
    home = f.make_household("森下 世帯", agency=worker.agency)
    where = Q(name__startswith="森下")
    for who, found in ((worker, [home]), (stranger, []), (worker, [home])):
        with CaptureQueriesContext(connection) as log:
            assert kept_where(_homes, who.actor, where, on=f.TODAY) == found
        assert len(log) == 1
    deny_staff(
        household=home, staff=worker.staff, reason=DenialReason.RELATIVE, note="親族", actor=manager.actor, at=f.NOW
    )  # fmt: skip
    assert kept_where(_homes, worker.actor, where, on=f.TODAY) == []


def _forgets_the_words(actor, where):
    return Person.objects.all()


def _asks_while_built(actor, where):
    return Person.objects.filter(where, pk__in=list(Person.objects.values_list("pk", flat=True)))


def test_words_that_the_statement_leaves_out_are_asked_anew(worker):
    person = f.make_person("森下", "花")
    for word in ("森下", "若宮"):
        assert person in kept_where(_forgets_the_words, None, Q(family_name=word), on=f.TODAY)
        where = (Q(pk__in=[]) & Q(given_name="花")) | Q(family_name=word)
        assert kept_where(_people, None, where, on=f.TODAY) == [person] * (word == "森下")


def _of_another_day(actor, where):
    return Person.objects.filter(where, birth_on=f.TODAY.replace(year=1950))


def test_what_would_be_frozen_is_refused(worker):
    with pytest.raises(ValueError, match="cannot be kept"):
        kept_where(_of_another_day, None, Q(family_name="森下"), on=f.TODAY)
    with pytest.raises(ValueError, match="while it is built"):
        kept_where(_asks_while_built, None, Q(family_name="森下"), on=f.TODAY)
