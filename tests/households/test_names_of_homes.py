"""A household's name never tells where a protected person can be found, and lists show it through the shield."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest

from cases.selectors.case_page import filter_cases
from common.errors import RuleViolation
from households.actions.members import add_member
from households.actions.movements import Moved
from households.actions.moves import Place, move_household
from households.actions.persons import PersonData, update_household, update_person
from households.actions.protection import protect_address
from households.contact import HIDDEN
from households.enums import MovementKind
from households.models import Household
from households.selectors import filter_households
from tests import factories as f

ADDRESS = "美旗野市若葉台4丁目2番地8 ひかり荘201号"
PLACE = "アパートひかり荘201号の男性"


@pytest.fixture
def case(worker, center_worker):
    """A case that the care centre shares, of a household that was called after where it lives."""
    person = f.make_person("森下", "和子", workplace="緑川製作所")
    case = f.make_case(worker.actor, household=f.make_household(PLACE, person=person))
    case.person = person
    case.save()
    edit(case.household, worker, address=ADDRESS)
    f.share_by_consent(case, worker.actor, center_worker.actor)
    return case


def edit(home, who, **fields):
    home = Household.objects.get(pk=home.pk)
    data = {"name": home.name, "postal_code": "", "address": home.address, "phone": "", **fields}
    return update_household(
        household=home, area=who.agency.area, version=home.version, actor=who.actor, at=f.NOW, **data
    )


def protect(person, who):
    protect_address(
        person=person, units=[], first_on=f.TODAY, last_on=date(2027, 11, 22), actor=who.actor, at=f.NOW
    )


def name_of(home) -> str:
    return Household.objects.get(pk=home.pk).name


def test_giving_protection_takes_the_place_out_of_the_name(case, worker, center_worker):
    assert list(filter_cases(center_worker.actor, f.NOW, q="ひかり荘")) == [case]
    protect(case.person, worker)
    assert name_of(case.household) == "森下 和子 世帯"
    # so that no list, shielded or not, is narrowed by the protected word
    assert list(filter_cases(center_worker.actor, f.NOW, q="ひかり荘")) == []
    assert list(filter_households(center_worker.actor, q="ひかり荘")) == []
    client = center_worker.client
    for path in ("/cases/", "/households/"):
        assert "森下" not in client.get(path, {"q": "ひかり荘"}).text


def test_a_name_that_tells_nothing_stays(case, worker):
    edit(case.household, worker, name="青い屋根の家")
    protect(case.person, worker)
    assert name_of(case.household) == "青い屋根の家"


def test_a_family_name_that_is_a_place_too_stays(worker):
    person = f.make_person("若葉台", "実")
    home = f.make_household("若葉台 実 世帯", person=person, agency=worker.agency)
    edit(home, worker, address="美旗野市若葉台4丁目2番地8")
    protect(person, worker)
    assert edit(home, worker, name="若葉台 世帯").name == "若葉台 世帯"
    with pytest.raises(RuleViolation):
        edit(home, worker, name="若葉台 4丁目の世帯")


@pytest.mark.parametrize("name", ["ひかり荘の和子さん", "若葉台４丁目の女性", "緑川製作所の人"])
def test_a_name_that_tells_the_place_is_refused_beside_its_field(case, worker, center_worker, name):
    protect(case.person, worker)
    for who in (worker, center_worker):
        with pytest.raises(RuleViolation, match="場所の分からない名前") as refused:
            edit(case.household, who, name=name)
        assert refused.value.field == "name"
    home = Household.objects.get(pk=case.household_id)
    typed = {
        "name": name,
        "version": home.version,
        "postal_code": "",
        "address": ADDRESS,
        "phone": "",
        "area": "",
    }
    page = worker.client.post(f"/households/{home.pk}/edit/", typed)
    assert (page.status_code, "場所の分からない名前" in page.text, name in page.text) == (422, True, True)
    assert name_of(home) == "森下 和子 世帯"


def test_an_address_that_stands_in_the_name_is_refused(case, worker):
    protect(case.person, worker)
    edit(case.household, worker, name="さくら荘の和子さん")
    with pytest.raises(RuleViolation) as refused:
        edit(case.household, worker, address="美旗野市本町1番地 さくら荘101号")
    assert refused.value.field == "name"


def test_a_workplace_or_a_new_home_takes_its_word_out_of_the_name(case, worker):
    protect(case.person, worker)
    edit(case.household, worker, name="青葉園に通う人")
    person = case.person
    person.refresh_from_db()
    data = PersonData(family_name="森下", given_name="和子", workplace="青葉園")
    update_person(person=person, data=data, version=person.version, actor=worker.actor, at=f.NOW)
    assert name_of(case.household) == "森下 和子 世帯"
    edit(case.household, worker, name="さくら荘に移る人")
    move_household(
        household=case.household, moved=Moved(on=f.TODAY, people=(person.pk,), note="", request_key=uuid4()),
        place=Place(address="美旗野市本町1番地 さくら荘101号"), kind=MovementKind.MOVE, actor=worker.actor, at=f.NOW,
    )  # fmt: skip
    assert name_of(case.household) == "森下 和子 世帯"


def test_a_protected_person_joins_a_household_called_after_its_place(worker):
    home = f.make_household("さくら荘の大家さん", person=f.make_person("大野", "茂"), agency=worker.agency)
    edit(home, worker, address="美旗野市本町1番地 さくら荘101号")
    person = f.make_person("森下", "和子")
    f.make_household("森下 世帯", person=person, agency=worker.agency)
    protect(person, worker)
    add_member(
        household=home, person=person, data=None, relation="other", lives_together=False, is_key_person=False,
        since=None, actor=worker.actor, at=f.NOW,
    )  # fmt: skip
    assert name_of(home) == "大野 茂 世帯"


@pytest.fixture
def told(case, worker):
    """A name that was not cleared: it came by another way than the actions."""
    protect(case.person, worker)
    home = Household.objects.get(pk=case.household_id)
    home.name = PLACE
    home.save()
    return case


PAGES = (
    "/cases/", "/cases/{number}/", "/cases/{number}/consent/", "/cases/{number}/watch/", "/referrals/case/{number}/",
    "/conferences/case/{number}/", "/households/", "/households/{home}/", "/households/{home}/movements/new/?kind=move",
    "/search/?q=森下", "/consultations/people/?person_text=森下", "/consultations/hint/?person={person}",
    "/consultations/new/?person={person}", "/referrals/", "/referrals/new/?case={number}", "/conferences/new/",
    "/conferences/new/?case={number}", "/api/v1/cases/", "/api/v1/cases/{number}/", "/api/v1/households/",
    "/api/v1/search/?q=森下",
)  # fmt: skip


def test_pages_and_api_show_the_name_through_the_shield(told, worker, center_worker):
    client, units, shown = center_worker.client, worker.client, []
    for path in PAGES:
        url = path.format(number=told.number, home=told.household_id, person=told.person_id)
        page = client.get(url)
        assert "ひかり荘" not in page.text, url
        if HIDDEN in page.text:
            shown.append(path)
        if page.status_code == 200 and HIDDEN in page.text:
            assert units.get(url).status_code == 200
    assert len(shown) > 8, shown
    assert PLACE in units.get(f"/api/v1/cases/{told.number}/").json()["household"]
    assert PLACE in units.get("/cases/").text


def test_alias_and_note_of_birth_are_shielded_and_not_written_over(case, worker, center_worker):
    person = case.person
    person.alias, person.birth_note = "ひかり荘の和子", "若葉台4丁目で聞いた"
    person.save()
    protect(person, worker)
    path = f"/api/v1/people/{person.pk}/"
    said = center_worker.client.get(path).json()
    assert (said["alias"], said["birth_note"]) == (f"{HIDDEN}の和子", f"{HIDDEN}で聞いた")
    mine = worker.client.get(path).json()
    assert (mine["alias"], mine["birth_note"]) == (person.alias, person.birth_note)
    data = PersonData(
        family_name="森下", given_name="和子", alias=said["alias"], birth_note=said["birth_note"]
    )
    person.refresh_from_db()
    update_person(person=person, data=data, version=person.version, actor=center_worker.actor, at=f.NOW)
    person.refresh_from_db()
    assert (person.alias, person.birth_note) == ("ひかり荘の和子", "若葉台4丁目で聞いた")
