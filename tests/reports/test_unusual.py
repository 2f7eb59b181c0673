"""Readings that a manager asks about."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine
from django.db.backends.postgresql.psycopg_any import DateRange

from audit.models import AccessRecord
from households.models import AddressProtection, HouseholdDenial
from reports.selectors_unusual import Kind, surname
from tests import factories as f
from tests.conftest import persona
from tests.reports.helpers import WORKDAY, many_cases, read

URL, LINES = "/trail/unusual/", "/trail/unusual/lines/"


@pytest.fixture(autouse=True)
def today():
    with time_machine.travel(f.NOW, tick=False):
        yield


def groups(manager, **query) -> dict[str, list]:
    response = manager.client.get(URL, query)
    assert response.status_code == 200
    return {group["kind"]: group["lines"] for group in response.context["groups"]}


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=f.TOKYO)


def test_the_own_surname_is_found(desk, manager, worker):
    namesake = persona(desk, name="森下　進")
    case = f.make_case(worker.actor)
    for reader in (namesake, worker):
        for row in (case, case.household):
            read(reader, row)
    (line,) = groups(manager)[Kind.SURNAME]
    assert (line.staff, line.count) == (namesake.staff, 2)
    lines = manager.client.get(f"{LINES}?{line.query}&since=2026-11-01&until=2026-11-23").context["lines"]
    assert [row["name"] for row in lines] == [case.number] * 2
    assert "和子" not in manager.client.get(f"{LINES}?{line.query}").content.decode()


@pytest.mark.parametrize(
    ("name", "family"), [("森下 進", "森下"), ("森下　進", "森下"), ("森下進", ""), ("", "")]
)
def test_family_names_are_told_apart_by_the_space(name, family):
    assert surname(name) == family


@pytest.mark.parametrize(("records", "found"), [(30, 0), (31, 1)])
def test_more_than_thirty_records_in_an_hour(manager, worker, records, found):
    for n in range(records):
        AccessRecord.objects.create(
            at=WORKDAY + timedelta(seconds=n), actor_label="x", staff_id_text=str(worker.staff.pk),
            agency_id_text=str(worker.agency.pk), kind="view", target_type="cases.case", target_id=str(n),
        )  # fmt: skip
    read(worker, worker.staff, at=WORKDAY + timedelta(hours=2))
    lines = groups(manager)[Kind.MANY]
    assert len(lines) == found
    if lines:
        assert lines[0].count == records
        page = manager.client.get(f"{LINES}?{lines[0].query}")
        assert len(page.context["lines"]) == records
    assert len(groups(manager, many=29)[Kind.MANY]) == 1


@pytest.mark.parametrize(
    ("moment", "outside"),
    [
        (at(17, 8, 29), True), (at(17, 8, 30), False), (at(17, 17, 14), False), (at(17, 17, 15), True),
        (at(21, 10), True), (at(22, 10), True), (at(23, 9), True), (at(3, 10), True), (at(20, 12), False),
    ],
)  # fmt: skip
def test_outside_hours_weekends_and_holidays(manager, worker, moment, outside):
    case = f.make_case(worker.actor)
    read(worker, case, at=moment)
    lines = groups(manager)[Kind.HOURS]
    assert [line.staff for line in lines] == ([worker.staff] if outside else [])
    if outside:
        assert len(manager.client.get(f"{LINES}?{lines[0].query}").context["lines"]) == 1


def test_only_the_own_agency_and_the_period(manager, center_worker, worker):
    case = f.make_case(worker.actor)
    read(center_worker, case, at=at(22, 23))
    read(worker, case, at=at(1, 23) - timedelta(days=60))
    assert groups(manager)[Kind.HOURS] == []
    assert len(groups(manager, since="R8.9.1", until="R8.9.30")[Kind.HOURS]) == 1
    query = f"kind=hours&staff={center_worker.staff.pk}"
    assert manager.client.get(f"{LINES}?{query}").context["lines"] == []


def test_a_denied_household_does_not_show(manager, worker):
    case = f.make_case(worker.actor)
    read(worker, case, at=at(22, 23))
    HouseholdDenial.objects.create(
        household=case.household,
        staff=manager.staff,
        reason="relative",
        given_by=worker.staff,
        given_at=f.NOW,
    )
    assert groups(manager)[Kind.HOURS] == []
    assert manager.client.get(f"{LINES}?kind=hours&staff={worker.staff.pk}").context["lines"] == []


@pytest.mark.parametrize("query", [{"since": "R8.1.1", "until": "R8.11.1"}, {"many": "1"}, {"since": "x"}])
def test_bad_questions_are_told(manager, query):
    assert manager.client.get(URL, query).status_code == 422


@pytest.mark.parametrize(
    "query", ["", "kind=x&staff=1", "kind=hours&staff=999999", "kind=many&staff=1&hour=9"]
)
def test_a_wrong_line_is_404(manager, query):
    assert manager.client.get(f"{LINES}?{query}").status_code == 404


def test_doors(worker, auditor, admin, finance):
    for address in (URL, LINES):
        for other in (worker, auditor, admin, finance):
            assert other.client.get(address).status_code == 403


def test_an_empty_month_says_so(manager):
    assert manager.client.get(URL).content.decode().count("この期間にはありません。") == 4


@pytest.mark.parametrize("count", [1, 30])
def test_queries_do_not_grow(desk, manager, worker, count, django_assert_max_num_queries):
    namesake = persona(desk, name="架空0 進")
    for case in many_cases(worker, count):
        read(namesake, case, at=at(22, 23))
    client = manager.client
    with django_assert_max_num_queries(15):
        client.get(URL)
    with django_assert_max_num_queries(15):
        client.get(f"{LINES}?kind=surname&staff={namesake.staff.pk}")


def test_the_own_town_is_found_but_never_a_protected_home(desk, manager, worker):
    neighbour = persona(desk, name="小松 直")
    neighbour.staff.home_town = "すずらん台 西"
    neighbour.staff.save()
    homes = []
    for name, address in (
        ("東 世帯", "美旗野市すずらん台西3番町"),
        ("西 世帯", "美旗野市桔梗が丘1番町"),
        ("南 世帯", "美旗野市すずらん台西9番町"),
    ):
        home = f.make_household(name, person=f.make_person(name[0], "茂"), agency=desk, actor=worker.actor)
        home.address = address
        home.save()
        homes.append(home)
    AddressProtection.objects.create(
        person=homes[2].members.get().person, given_by=worker.staff, given_at=f.NOW,
        during=DateRange(f.TODAY - timedelta(days=9), f.TODAY + timedelta(days=9)),
    )  # fmt: skip
    for home in homes:
        for reader in (neighbour, worker):
            read(reader, home)
    (line,) = groups(manager)[Kind.TOWN]
    assert (line.staff, line.count) == (neighbour.staff, 1)
    lines = manager.client.get(f"{LINES}?{line.query}&since=2026-11-01&until=2026-11-23").context["lines"]
    assert len(lines) == 1
