"""The one search field and the warning of people who are registered already, in the hand."""

from __future__ import annotations

from datetime import date

import pytest
from playwright.sync_api import expect

from budgets.masters import load_streams
from cases.masters import load_codes
from households.actions.former_names import FormerNameData, add_former_name
from households.models import HouseholdMember, Person
from tests import factories as f
from tests.browser.conftest import shoot

BORN = date(1950, 4, 1)


@pytest.fixture
def known(transactional_db, worker) -> Person:
    load_codes()
    load_streams()
    person = f.make_person(
        "髙橋", "みどり", family_kana="たかはし", given_kana="みどり", birth_on=BORN, phone="059-555-0101"
    )
    household = f.make_household("髙橋 みどり 世帯", person=person, agency=worker.agency)
    f.make_case(worker.actor, household=household)
    add_former_name(
        person=person, data=FormerNameData(family_name="小笠原", family_kana="おがさわら", kind="marriage"),
        actor=worker.actor, at=f.NOW,
    )  # fmt: skip
    return person


@pytest.mark.parametrize("width", [1280, 768])
def test_the_first_contact_says_who_is_registered_already_and_takes_them(
    sign_in, worker, live_server, known, width
):
    page = sign_in(worker.staff, width=width)
    page.goto(f"{live_server.url}/consultations/new/")
    page.fill("#id_person_text", "タカハシミドリ")
    expect(page.locator("#id_person_text_list")).to_contain_text("かな")
    page.keyboard.press("Escape")
    page.get_by_text("はじめての人なら、わかることだけ").click()
    page.fill("#id_new_birth_on", "S25.4.1")
    warning = page.locator("#alike")
    expect(warning).to_contain_text("すでに登録がある人かもしれません")
    expect(warning).to_contain_text("読みが同じ・生年月日が同じ")
    shoot(page, f"alike-first-contact-{width}")
    warning.get_by_role("button", name="この人").click()
    expect(page.locator("#id_person_text")).to_have_value("髙橋 みどり")
    expect(page.locator("input[name=person]").first).to_have_value(str(known.pk))
    expect(warning).to_be_empty()


@pytest.mark.parametrize("width", [1280, 768])
def test_adding_a_member_says_who_is_registered_already(sign_in, worker, live_server, known, width):
    home = f.make_household("小笠原 世帯", person=f.make_person("小笠原", "一郎"), agency=worker.agency)
    page = sign_in(worker.staff, width=width)
    page.goto(f"{live_server.url}/households/{home.pk}/")
    page.get_by_text("世帯員を加える").first.click()
    page.fill("#id_family_name", "小笠原")
    page.fill("#id_given_name", "みどり")
    page.fill("#id_phone", "059-555-0101")
    warning = page.locator("#alike")
    expect(warning).to_contain_text("旧姓が同じ")
    expect(warning).to_contain_text("電話が同じ")
    warning.scroll_into_view_if_needed()
    shoot(page, f"alike-member-{width}")
    warning.get_by_role("button", name="この人").click()
    page.get_by_role("button", name="世帯員に加える").click()
    expect(page.locator("#add-member")).to_contain_text("同居")  # nobody lives in two households on one day
    shoot(page, f"alike-member-elsewhere-{width}")
    page.locator("#id_lives_together").uncheck()
    page.get_by_role("button", name="世帯員に加える").click()
    expect(page.locator("table").first).to_contain_text("髙橋 みどり")
    assert HouseholdMember.objects.filter(household=home, person=known).exists()


@pytest.mark.parametrize("width", [1280, 768])
def test_one_field_finds_by_keyboard_from_any_page(sign_in, worker, live_server, known, width):
    page = sign_in(worker.staff, width=width)
    page.keyboard.press("/")
    page.keyboard.type("ogasawara midori")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/**")
    for title in ("ケース", "世帯", "人"):
        expect(page.get_by_role("heading", name=title).first).to_be_visible()
    expect(page.locator("main")).to_contain_text("旧姓 小笠原")
    expect(page.locator("#found-texts")).to_be_visible()
    shoot(page, f"search-{width}")
    page.goto(f"{live_server.url}/search/?q=%E3%83%86%E3%82%B9%E3%83%88")
    expect(page.locator("#found-texts")).to_be_visible()
    shoot(page, f"search-texts-{width}")
    page.goto(f"{live_server.url}/households/people/{known.pk}/former-names/")
    shoot(page, f"former-names-{width}")
