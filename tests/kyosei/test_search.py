"""The one search field: what every kind is found by, grouped, with reasons; and what is protected finds nothing."""

from __future__ import annotations

from datetime import date, timedelta
from importlib import import_module
from uuid import uuid4

import pytest
from django.apps import apps

from cases.actions.notes import NoteData, write_note
from cases.models import CaseGrant, Consultation
from cases.selectors import texts
from cases.selectors.texts import search_texts
from households.actions.denials import deny_staff
from households.actions.former_names import FormerNameData, add_former_name
from households.actions.persons import update_household
from households.actions.protection import protect_address
from households.contact import shield_for
from households.models import Household, Person
from households.selectors_search import search_households
from kyosei.search import search_all
from tests import factories as f

ADDRESS = "美旗野市若葉台4丁目1234番地"
PHONE, HOME_PHONE, SCHOOL = "080-3319-6675", "0595-63-5521", "若葉台小学校"
PROTECTED = ("若葉台", "若葉台4丁目", "若葉台四丁目1234番", "若葉台4-1234", "4-1234", "1234番地", "１２３４", "518-0001", "5180001", PHONE, "33196675", "6675", HOME_PHONE,
             "０５９５６３５５２１", "5521", SCHOOL, "若葉台小")  # fmt: skip


@pytest.fixture
def case(worker, center_worker):
    """A case of the desk that the care centre shares, with every detail also typed into a note."""
    person = f.make_person(
        "森下", "和子", family_kana="もりした", given_kana="かずこ", phone=PHONE, workplace=SCHOOL
    )
    case = f.make_case(worker.actor, household=f.make_household("森下 世帯", person=person))
    case.person = person
    case.save()
    home = case.household
    update_household(
        household=home, name=home.name, area=worker.agency.area, postal_code="518-0001", address=ADDRESS,
        phone=HOME_PHONE, version=home.version, actor=worker.actor, at=f.NOW,
    )  # fmt: skip
    f.share_by_consent(case, worker.actor, center_worker.actor)
    write_note(
        case=case, actor=worker.actor, at=f.NOW, request_key=uuid4(),
        data=NoteData(
            started_at=f.NOW, minutes=20, way="home_visit",
            text=f"{ADDRESS}を訪ねた。電話は{PHONE}。{SCHOOL}の先生も同席。畑の話をされた。",
        ),
    )  # fmt: skip
    return case


def kinds(who, text: str) -> dict[str, str]:
    """Each kind that ``text`` finds, with the reason of its first row."""
    shield = shield_for(who.actor)
    found = {group.kind: group.rows[0].reason for group in search_all(who.actor, text, shield).groups}
    if search_texts(who.actor, text, shield).hits:
        found["texts"] = "本文"
    return found


def test_every_kind_is_found_with_its_reason(case, worker):
    assert kinds(worker, "もりした かずこ")["people"] == "かな"
    assert kinds(worker, "MORISHITA")["people"] == "かな"
    assert kinds(worker, "森下")["households"] == "世帯名"
    assert kinds(worker, "森下")["cases"] != ""
    assert kinds(worker, "若葉台4丁目")["households"] == "住所"
    assert kinds(worker, "1234番地")["households"] == kinds(worker, "１２３４")["households"] == "住所"
    assert kinds(worker, "518-0001")["households"] == "郵便番号"
    assert kinds(worker, HOME_PHONE)["households"] == "世帯の電話"
    assert kinds(worker, PHONE)["people"] == "電話"
    assert kinds(worker, case.number) == {"cases": "ケース番号"}
    assert kinds(worker, "畑の話") == {"texts": "本文"}


def test_a_receipt_number_is_found_however_it_is_typed(case, worker):
    for receipt in Consultation.objects.visible_to(worker.actor):
        short = f"{receipt.receipt_no[:3]}{int(receipt.receipt_no[4:])}"
        for text in (receipt.receipt_no, receipt.receipt_no.lower(), short):
            assert kinds(worker, text)["consultations"] == "受付番号"


def test_somebody_without_a_birth_date_is_found_by_age(case, worker):
    assert "people" in kinds(worker, "森下 80歳くらい")


def home_at(worker, address: str, name: str = "柏木 世帯"):
    home = f.make_household(name)
    f.make_case(worker.actor, household=home)
    update_household(
        household=home, name=name, area=worker.agency.area, postal_code="", address=address, phone="",
        version=home.version, actor=worker.actor, at=f.NOW,
    )  # fmt: skip
    return home


def homes(who, text: str) -> list[int]:
    return [hit.household.pk for hit in search_households(who.actor, text, shield_for(who.actor))]


def test_an_address_is_found_however_its_numbers_are_written(worker):
    wanted = home_at(worker, "美旗野市大字梅ヶ原一丁目3番地")
    longer = home_at(worker, "美旗野市梅が原1-3-5")
    others = [home_at(worker, f"美旗野市梅ヶ原{number}") for number in ("11-3", "1-30", "13", "2丁目1番3号")]
    for text in (
        "梅ヶ原1-3", "梅ヶ原１－３", "梅ヶ原一丁目3番", "梅ヶ原1丁目3番地", "梅が原1の3", "梅ヶ原一ノ三", "梅ヶ原1丁目 3番", "美旗野市梅ヶ原1ー3",
    ):  # fmt: skip
        assert homes(worker, text) == [wanted.pk, longer.pk], text
    assert homes(worker, "1-3") == [
        wanted.pk,
        longer.pk,
        others[3].pk,
    ]  # the very one, then longer ones, then inside
    assert homes(worker, "梅ヶ原13") == [others[2].pk]
    assert set(homes(worker, "梅ヶ原")) == {wanted.pk, longer.pk, *(home.pk for home in others)}


def test_the_migration_writes_the_rows_that_still_have_the_former_form(worker):
    home = home_at(worker, "美旗野市梅ヶ原1-3")
    home.refresh_from_db()
    kept = (home.search_text, home.search_terms)
    person = f.make_person("穩田", "樹里")
    names = (person.name_folded, person.search_text, person.search_terms)
    Person.objects.filter(pk=person.pk).update(
        name_folded="穩田 樹里", search_text="穩田樹里", search_terms=["穩田"]
    )
    Household.objects.update(search_text="x", search_terms=["x"])
    import_module("households.migrations.0010_numbers_of_places").fill(apps, None)
    home.refresh_from_db()
    assert (home.search_text, home.search_terms) == kept
    assert homes(worker, "梅ヶ原一丁目3番") == [home.pk]
    person.refresh_from_db()
    assert (person.name_folded, person.search_text, person.search_terms) == names


@pytest.mark.parametrize("text", PROTECTED)
def test_what_is_protected_finds_nothing_for_those_it_is_hidden_from(case, worker, center_worker, text):
    assert kinds(center_worker, text) or text in ("6675", "5521", SCHOOL, "若葉台小", "33196675")
    protect_address(
        person=case.person,
        units=[],
        first_on=f.TODAY,
        last_on=date(2027, 11, 22),
        actor=worker.actor,
        at=f.NOW,
    )
    assert kinds(center_worker, text) == {}
    page = center_worker.client.get("/search/", {"q": text}).text
    assert "森下" not in page
    words = center_worker.client.get("/search/texts/", {"q": text}).text
    assert "森下" not in words
    assert "畑の話" not in words


def test_the_name_still_finds_a_protected_person_and_shows_no_detail(case, worker, center_worker):
    add_former_name(
        person=case.person, data=FormerNameData(family_name="小笠原", reason=f"{SCHOOL}で聞いた"), actor=worker.actor,
        at=f.NOW,
    )  # fmt: skip
    protect_address(
        person=case.person,
        units=[],
        first_on=f.TODAY,
        last_on=date(2027, 11, 22),
        actor=worker.actor,
        at=f.NOW,
    )
    for text in ("森下", "小笠原", "畑"):
        assert kinds(center_worker, text), text
        shown = center_worker.client.get("/search/", {"q": text}).text
        shown += center_worker.client.get("/search/texts/", {"q": text}).text
        for detail in (ADDRESS, "若葉台", PHONE, HOME_PHONE, SCHOOL, "518-0001"):
            assert detail not in shown, (text, detail)
    names = center_worker.client.get(f"/households/people/{case.person_id}/former-names/")
    assert SCHOOL not in names.text


def test_a_denied_worker_finds_nothing(case, worker, colleague):
    add_former_name(
        person=case.person, data=FormerNameData(family_name="小笠原"), actor=worker.actor, at=f.NOW
    )
    texts = ("森下", "小笠原", "もりした かずこ", "若葉台", PHONE, HOME_PHONE, case.number, "畑の話", "畑")
    assert all(kinds(colleague, text) for text in texts)
    deny_staff(
        household=case.household,
        staff=colleague.staff,
        reason="relative",
        note="",
        actor=worker.actor,
        at=f.NOW,
    )
    for text in texts:
        assert kinds(colleague, text) == {}, text


def test_one_character_says_where_it_was_looked_for(worker, case):
    said = "新しい記録だけを見ました。2文字以上で探してください。"
    one = worker.client.get("/search/texts/", {"q": "鯨"}).text
    assert said in one
    assert "ありませんでした" not in one
    two = worker.client.get("/search/texts/", {"q": "鯨肉"}).text
    assert said not in two
    assert "ありませんでした" in two


def test_one_character_is_looked_for_in_what_others_wrote_in_the_cases_opened_last(
    worker, case, center_worker, monkeypatch
):
    """An ended grant takes no place among the cases, nor do two grants of one case take two."""
    write_note(
        case=case, actor=center_worker.actor, at=f.NOW, request_key=uuid4(),
        data=NoteData(started_at=f.NOW, minutes=10, way="phone", text="鯨の話をされた。"),
    )  # fmt: skip
    assert kinds(worker, "鯨") == {"texts": "本文"}
    later = [f.make_case(worker.actor, household=f.make_household(f"後 {n}")) for n in range(2)]
    monkeypatch.setattr(texts, "OPENED_LAST", 2)
    assert kinds(worker, "鯨") == {}  # two cases were opened after it
    CaseGrant.objects.filter(content_object=later[0]).update(ends_at=f.NOW - timedelta(days=1))
    first = CaseGrant.objects.get(content_object=later[1], group__in=worker.actor.group_ids)
    first.pk, first.ground = None, "consent"
    first.save(force_insert=True)
    assert kinds(worker, "鯨") == {"texts": "本文"}
