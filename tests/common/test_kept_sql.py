"""Kept queries answer as the ORM does, for the reader and the day that they were built for and for no other."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.actor import _appointments
from cases.selectors.case_page import filter_cases, recent_open
from common.kept_sql import kept, kept_of_day
from common.prepared import AT_MOST, FROM_THE, PreparingConnection
from households.actions.denials import deny_staff
from households.enums import DenialReason
from households.models import Household, Kinship, Person
from households.selectors import kinship_rows
from tests import factories as f

pytestmark = pytest.mark.django_db


@pytest.fixture
def family(worker):
    people = [f.make_person("森下", f"家族{n}") for n in range(3)]
    home = f.make_household("森下 世帯", person=people[0], agency=worker.agency)
    for other in people[1:]:
        Kinship.objects.create(person=people[0], relative=other, kind="parent", note="")
    return home, people


def test_the_rows_with_what_they_bring_along(worker, stranger, family, django_assert_num_queries):
    _, people = family
    for who, wanted in ((worker, people[1:]), (stranger, []), (worker, people[1:])):
        with django_assert_num_queries(1):
            rows = kinship_rows(who.actor, people)
            assert [(row.person, row.relative) for row in rows] == [(people[0], other) for other in wanted]
    assert kinship_rows(worker.actor, people[2:])[0].relative == people[2]
    assert kinship_rows(worker.actor, []) == []
    assert [row.pk for row in kinship_rows(worker.actor, people)] == list(
        Kinship.objects.visible_to(worker.actor).order_by("pk").values_list("pk", flat=True)
    )


def test_a_reader_whose_rights_change_is_another_reader(worker, family, manager):
    home, people = family
    assert kinship_rows(worker.actor, people)
    assert not kinship_rows(replace(worker.actor, group_ids=()), people)
    assert not kinship_rows(replace(worker.actor, permissions=frozenset()), people)
    deny_staff(
        household=home,
        staff=worker.staff,
        reason=DenialReason.RELATIVE,
        note="親族",
        actor=manager.actor,
        at=f.NOW,
    )
    assert not kinship_rows(worker.actor, people)  # the deny list is read by the query, not kept with it


def _by_name(actor, ids):
    return Person.objects.filter(pk__in=ids).order_by("given_name")


def _with_a_clock(actor, household):
    return Household.objects.filter(pk=household, created_at__lt=timezone.now())


def _without_the_id(actor, household):
    return Household.objects.filter(created_at__lt=Now())


def test_an_order_is_kept_and_ids_of_any_number(worker, family):
    _, people = family
    keys = [person.pk for person in people]
    for some in (keys, keys[:2], keys[1:]):
        found = kept(_by_name, worker.actor, on=f.TODAY, ids=some)
        assert [person.pk for person in found] == sorted(some, key=keys.index)


@pytest.mark.parametrize("build", [_with_a_clock, _without_the_id])
def test_what_reads_the_clock_or_loses_an_id_is_refused(worker, build):
    with pytest.raises(ValueError, match="cannot be kept"):
        kept(build, worker.actor, on=f.TODAY, household=1)


def test_the_list_of_open_cases_is_that_of_the_filters(worker, stranger, manager, family):
    """Kept or built anew: the same rows in the same order, for whoever asks, after another has asked."""
    for n in range(3):
        f.make_case(worker.actor, household=f.make_household(f"保科{n} 世帯"))
    for who in (worker, stranger, manager, worker):
        anew = filter_cases(who.actor, f.NOW).order_by("-opened_at", "-pk")
        with CaptureQueriesContext(connection) as asked:
            kept_rows = recent_open(who.actor, 51)
        assert len(asked) == 1
        assert [row.pk for row in kept_rows] == [row.pk for row in anew]
        assert [str(row.lead_agency) for row in kept_rows] == [str(row.lead_agency) for row in anew]
    assert len(recent_open(worker.actor, 51)) == 3
    assert len(recent_open(worker.actor, 2)) == 2
    assert not recent_open(stranger.actor, 51)


def test_a_question_of_a_day_has_no_reader(worker, colleague):
    """The appointments of two days, each asked twice with another worker between."""
    before = worker.actor.appointment.during.lower - timedelta(days=1)
    for staff in (worker.staff, colleague.staff, worker.staff):
        assert [row.staff_id for row in kept_of_day(_appointments, on=f.TODAY, staff=staff.pk)] == [staff.pk]
        assert kept_of_day(_appointments, on=before, staff=staff.pk) == []


def _asks_while_built(actor, household):
    return Person.objects.filter(
        pk__in=list(Household.objects.filter(pk=household).values_list("pk", flat=True))
    )


def _with_rows_beside_it(actor, household):
    return Household.objects.filter(pk=household).prefetch_related("members")


def _with_the_id_as_a_word(actor, household):
    return Household.objects.filter(pk=household).exclude(name=str(household))


def _of_another_day(actor, household):
    return Household.objects.filter(pk=household, members__during__contains=f.TODAY - timedelta(days=1))


@pytest.mark.parametrize("build", [_with_rows_beside_it, _with_the_id_as_a_word, _of_another_day])
def test_what_would_be_frozen_or_lost_is_refused(worker, build):
    with pytest.raises(ValueError, match="cannot be kept"):
        kept(build, worker.actor, on=f.TODAY, household=1)


def _since(actor, since, household):
    return Household.objects.filter(pk=household, members__during__contains=since)


def test_days_that_it_is_told_are_written_in(worker, family):
    household, _ = family
    long_ago = f.TODAY - timedelta(days=20_000)
    for day, found in ((f.TODAY, True), (long_ago, False), (f.TODAY - timedelta(days=1), True)) * 2:
        rows = kept(_since, worker.actor, day, on=f.TODAY, household=household.pk)
        assert bool(rows) is found, day
    with pytest.raises(ValueError, match="cannot be kept"):
        kept(lambda actor, since, household: _of_another_day(actor, household), worker.actor, long_ago,
             on=f.TODAY, household=household.pk)  # fmt: skip


def test_what_asks_while_it_is_built_is_refused(worker):
    with pytest.raises(ValueError, match="while it is built"):
        kept(_asks_while_built, worker.actor, on=f.TODAY, household=1)


def test_an_id_is_a_number(worker):
    with pytest.raises(TypeError):
        kept(_by_name, worker.actor, on=f.TODAY, ids="12")


def _plans(about: str) -> tuple[int, int]:
    """How many statements about a table the connection has prepared, and how often they were asked."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), coalesce(sum(generic_plans + custom_plans), 0) FROM pg_prepared_statements"
            " WHERE statement LIKE %s",
            [f"%{about}%"],
        )
        return cursor.fetchone()


def _named(actor, ids):
    return Person.objects.filter(pk__in=ids, given_name="家族1' %s % of ")


def _named_well(actor, ids):
    return Person.objects.filter(pk__in=ids, given_name="100 % 's 家族").order_by("pk")


def test_asked_often_a_question_is_planned_once_and_reads_anew(worker, family, manager):
    home, people = family
    connection.connection._prepared.clear()
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    for n in range(7):
        with CaptureQueriesContext(connection) as log:
            assert [row.relative for row in kinship_rows(worker.actor, [people[0], people[n % 2 + 1]])]
        assert "households_kinship" in log.captured_queries[0]["sql"]
        statements, asked = _plans("households_kinship")
        assert (statements, asked) == ((0, 0) if n < 2 else (1, n - 1))
    Kinship.objects.filter(relative=people[1]).delete()
    assert [row.relative for row in kinship_rows(worker.actor, people[:2])] == [people[2]]
    with pytest.raises(RuntimeError), transaction.atomic():
        Kinship.objects.all().delete()
        assert not kinship_rows(worker.actor, people[:2])
        raise RuntimeError  # psycopg forgets its statements at a rollback; they are prepared again
    for _ in range(4):
        assert [row.relative for row in kinship_rows(worker.actor, [people[0], people[2]])] == [people[2]]
    deny_staff(
        household=home, staff=worker.staff, reason=DenialReason.RELATIVE, note="親族", actor=manager.actor, at=f.NOW
    )  # fmt: skip
    assert not kinship_rows(worker.actor, people)


def test_it_is_planned_without_its_ids_from_the_first_time(worker, family):
    """PostgreSQL would plan it for the first five askings anew."""
    _, people = family
    connection.connection._prepared.clear()
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    for _ in range(FROM_THE + 3):
        kept(_by_name, worker.actor, on=f.TODAY, ids=[person.pk for person in people])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE '%households_person%'"
        )
        assert cursor.fetchall() == [(3, 0)]  # of five askings two are not prepared yet


def test_a_connection_holds_a_bounded_number_of_plans(worker, family):
    _, people = family
    keys = [person.pk for person in people]
    for many in range(1, AT_MOST + 12):
        for _ in range(FROM_THE + 1):
            assert len(kept(_by_name, worker.actor, on=f.TODAY, ids=(keys * many)[:many])) == min(many, 3)
    assert 1 < _plans("households_person")[0] <= AT_MOST + 1


def test_words_are_written_in_as_they_are(worker):
    person = f.make_person("森下", "100 % 's 家族")
    for _ in range(FROM_THE + 2):
        assert kept(_named_well, worker.actor, on=f.TODAY, ids=[person.pk, -5]) == [person]
        assert kept(_named, worker.actor, on=f.TODAY, ids=[person.pk, 2**40]) == []


def _with_a_word_like_an_id(actor, household):
    return Household.objects.filter(pk=household).exclude(name="-80" + "7" * 11)


def test_a_word_that_looks_like_an_id_is_refused(worker):
    with pytest.raises(ValueError, match="look like an id"):
        kept(_with_a_word_like_an_id, worker.actor, on=f.TODAY, household=1)


@pytest.mark.django_db(transaction=True)
def test_a_column_that_gets_another_type_is_read_without_the_plan():
    def ask():
        with PreparingConnection(connection).cursor() as cursor:
            cursor.execute("SELECT a FROM becomes_wider", None)
            return cursor.fetchall()

    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE becomes_wider AS SELECT 1::int2 AS a")
    assert {tuple(ask()) for _ in range(FROM_THE + 2)} == {((1,),)}
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE becomes_wider ALTER a TYPE bigint")
        cursor.execute("UPDATE becomes_wider SET a = 5000000000")
    try:
        assert [ask() for _ in range(2)] == [[(5_000_000_000,)]] * 2
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE becomes_wider")
