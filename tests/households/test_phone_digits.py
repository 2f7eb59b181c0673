"""A phone is not read out digit by digit: of people whose record stays closed, only the whole number finds anybody."""

from __future__ import annotations

from datetime import date

import pytest

from cases.models import Consultation
from cases.selectors.case_page import filter_cases
from cases.selectors.intake import filter_consultations
from households.models import HouseholdMember, Person
from households.selectors_alike import Typed, people_alike
from households.selectors_people import found_among, search_people
from tests import factories as f

PHONE = "0703-555-0164"
PARTS = (
    "0703",
    "07035550",
    "0164",
    "070355501",
    "0703555016",
    "髙橋 0703",
    "髙橋みどり 0703555016",
    "0703 555 016",
)


@pytest.fixture
def home(worker):
    person = f.make_person("髙橋", "みどり", phone=PHONE, birth_on=date(1950, 4, 1))
    return f.make_household("髙橋 世帯", person=person, agency=worker.agency)


def names(who, text: str) -> list[tuple[str, str]]:
    return [(hit.person.family_name, hit.reason) for hit in search_people(who.actor, text, weaker=True).hits]


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_a_phone_finds_those_alone_whose_record_is_seen(home, worker, colleague, stranger, part):
    assert [name for name, _ in names(worker, part)] == ["髙橋"]
    assert names(stranger, part) == []
    person = home.members.get().person
    assert found_among(stranger.actor, [person.pk], part) == []
    assert [hit.person for hit in found_among(worker.actor, [person.pk], part)] == [person]


def test_the_whole_number_finds_whom_it_belongs_to(home, stranger):
    assert names(stranger, PHONE) == [("髙橋", "電話")]
    assert names(stranger, "髙橋 ０７０３５５５０１６４") == [("髙橋", "氏名・電話")]
    assert [row.reason for row in people_alike(stranger.actor, Typed(phone=PHONE))] == ["電話が同じ"]
    assert people_alike(stranger.actor, Typed(phone=PHONE[:-1])) == []


def test_who_is_seen_and_found_by_the_whole_number_comes_once(home, worker):
    person = home.members.get().person
    assert names(worker, PHONE) == [("髙橋", "電話")]
    assert [hit.person for hit in found_among(worker.actor, [person.pk], PHONE)] == [person]
    assert [hit.person for hit in found_among(worker.actor, [person.pk], "髙橋 1950")] == [person]


def test_a_year_of_birth_says_nothing_of_a_phone(stranger, worker):
    born = f.make_person("田村", "緑", phone="0595-19-5077", birth_on=date(1950, 4, 1))
    f.make_person("上野", "緑", phone="0595-19-5088", birth_on=date(1961, 4, 1))
    assert names(stranger, "1950") == [("田村", "生まれた年")]
    f.make_household("田村 世帯", person=born, agency=worker.agency)
    assert names(worker, "1950") == [("田村", "生まれた年")]


def test_the_api_and_the_page_answer_nothing_to_a_part(home, worker, stranger):
    for who, is_found in ((worker, True), (stranger, False)):
        client = who.client
        said = client.get("/api/v1/search/", {"q": "髙橋 0703"}).json()
        assert [row["name"] for row in said["people"]["rows"]] == (["髙橋 みどり"] if is_found else [])
        assert ("みどり" in client.get("/search/", {"q": "髙橋 0703"}).text) is is_found


def test_a_list_is_not_narrowed_by_the_phone_of_somebody_added_by_identity(worker, stranger, home):
    case = f.make_case(stranger.actor, household=f.make_household("上野 世帯", agency=stranger.agency))
    person = home.members.get().person
    HouseholdMember.objects.create(
        household=case.household, person=person, relation="other", during=(None, None), by_identity=True
    )
    assert not Person.objects.visible_to(stranger.actor).filter(pk=person.pk).exists()
    assert list(filter_cases(stranger.actor, f.NOW, q="上野")) == [case]
    assert list(filter_cases(stranger.actor, f.NOW, q="0703555")) == []


def test_the_list_of_consultations_is_not_narrowed_by_a_part_of_a_closed_phone(worker, stranger, home):
    person = home.members.get().person
    told = Consultation.objects.create(
        receipt_no="U08-00001", agency=stranger.agency, staff=stranger.staff, started_at=f.NOW, minutes=10, way="phone",
        caller="self", text="物忘れ", person=person, outcome="listened",
    )  # fmt: skip
    shown = {"mine": "", "way": "", "outcome": ""}
    assert list(filter_consultations(stranger.actor, q="髙橋", **shown)) == [told]
    assert list(filter_consultations(stranger.actor, q=PHONE, **shown)) == [told]
    assert list(filter_consultations(stranger.actor, q="0703555", **shown)) == []


def test_it_is_one_query_whoever_asks(home, worker, stranger, django_assert_num_queries):
    for who in (worker, stranger):
        actor = who.actor
        for text in ("0703", PHONE):
            search_people(actor, text)
            with django_assert_num_queries(3 if (who, text) == (stranger, "0703") else 2):
                search_people(actor, text)
