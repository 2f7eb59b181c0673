"""How many people a worker's, agency's or address's readings touched."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse

from audit.models import AccessKind, AccessRecord
from cases.models import ProgressNote
from households.models import HouseholdDenial, HouseholdMember
from tests import factories as f
from tests.reports.helpers import WORKDAY, many_cases, read

URL = "/trail/leak/"


def found(persona, **query):
    response = persona.client.get(URL, query)
    assert response.status_code == 200, response.content.decode()
    return response.context["found"]


def test_the_address_is_known():
    assert reverse("reports:leak") == URL


def test_everybody_of_a_household_is_counted_once(worker, manager, auditor):
    case = f.make_case(worker.actor)
    HouseholdMember.objects.create(
        household=case.household, person=f.make_person("森下", "花子"), during=DateRange(f.TODAY, None)
    )
    for row in (case, case.household, case.person, case):
        read(worker, row)
    for persona in (manager, auditor):
        leak = found(persona, staff=worker.staff.username)
        assert (len(leak.persons), leak.households, leak.readings, leak.loose) == (2, 1, 4, 0)
        assert [p.home for p in leak.persons] == [case.number] * 2
        assert sorted(p.readings for p in leak.persons) == [3, 4]


def test_what_hangs_on_a_case_counts_for_its_people(worker, auditor):
    case = f.make_case(worker.actor)
    note = ProgressNote(pk=1, case=case)
    for kind, pk in (("cases.progressnote", "1"), ("cases.case", case.number), ("search", "森下")):
        AccessRecord.objects.create(
            at=WORKDAY,
            actor_label="x",
            staff_id_text=str(worker.staff.pk),
            kind="view",
            target_type=kind,
            target_id=pk,
        )
    leak = found(auditor, staff=worker.staff.username)
    assert note.case == case
    assert (len(leak.persons), leak.readings, leak.loose) == (1, 3, 2)


def test_only_the_period_the_worker_and_the_address(worker, colleague, center_worker, auditor):
    cases = many_cases(worker, 5)
    read(colleague, cases[0])
    read(worker, cases[0], at=WORKDAY - timedelta(days=90), remote_addr="10.9.9.9")
    read(center_worker, cases[1], kind=AccessKind.DENIED)
    day = {"since": "R8.11.17", "until": "R8.11.17"}
    assert len(found(auditor, staff=worker.staff.name, **day).persons) == 5
    assert len(found(auditor, staff=colleague.staff.username, **day).persons) == 1
    assert len(found(auditor, agency=worker.agency.pk, **day).persons) == 5
    assert found(auditor, agency=center_worker.agency.pk).readings == 0
    assert len(found(auditor, address="10.9.9.9").persons) == 1
    assert found(auditor, staff=worker.staff.username, since="R8.11.18").readings == 0


def test_names_are_never_shown(worker, auditor, manager):
    case = f.make_case(worker.actor)
    read(worker, case)
    for persona in (auditor, manager):
        page = persona.client.get(URL, {"staff": worker.staff.username}).content.decode()
        assert case.number in page
        assert "森下" not in page
        assert "和子" not in page


def test_a_manager_counts_the_own_agency_only(worker, center_worker, manager):
    case = f.make_case(center_worker.actor)
    read(center_worker, case)
    assert found(manager, staff=center_worker.staff.username).readings == 0


def test_a_denied_household_does_not_exist_for_the_manager(worker, manager):
    case = f.make_case(worker.actor)
    HouseholdDenial.objects.create(
        household=case.household,
        staff=manager.staff,
        reason="relative",
        given_by=worker.staff,
        given_at=f.NOW,
    )
    for row in (case, case.household, case.person):
        read(worker, row)
    assert found(manager, staff=worker.staff.username).readings == 0


def test_more_than_a_hundred_people_is_said(worker, auditor, monkeypatch):
    monkeypatch.setattr("reports.selectors_leak.REPORT_FROM", 3)
    many_cases(worker, 4)
    assert "100人を超えています" in auditor.client.get(URL, {"staff": worker.staff.username}).content.decode()


@pytest.mark.parametrize(
    "query",
    [{"staff": "いない人"}, {"address": "ここ"}, {"since": "R8.11.1"}, {"staff": "", "until": "あす"}],
)
def test_bad_questions_are_told(auditor, query):
    response = auditor.client.get(URL, query)
    assert response.status_code == 422


def test_a_name_that_two_bear_needs_the_number(worker, auditor):
    f.make_staff(worker.agency, name=worker.staff.name)
    assert "職員番号で指定" in auditor.client.get(URL, {"staff": worker.staff.name}).content.decode()


def test_doors(worker, finance, admin, auditor, manager):
    for persona in (worker, finance, admin):
        assert persona.client.get(URL).status_code == 403
    for persona in (auditor, manager):
        assert "指定してください" in persona.client.get(URL).content.decode()


def test_counting_is_logged(worker, auditor):
    auditor.client.get(URL, {"staff": worker.staff.username})
    line = AccessRecord.objects.get(target_type="reports.leak")
    assert (line.staff_id_text, line.target_id) == (str(auditor.staff.pk), f"staff={worker.staff.pk}")


@pytest.mark.parametrize("count", [1, 30])
def test_queries_do_not_grow(worker, auditor, count, django_assert_max_num_queries):
    many_cases(worker, count)
    client = auditor.client
    with django_assert_max_num_queries(15):
        client.get(URL, {"staff": worker.staff.username})
