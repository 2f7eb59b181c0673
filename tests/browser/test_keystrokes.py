"""A first contact by a trained hand: the keys are pressed and counted, modifiers and the keys of a kana input too."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from budgets.masters import load_streams
from cases.masters import load_codes
from cases.models import Consultation
from kyosei.demo.names import GIVEN_NAMES
from tests import factories as f
from tests.browser.hand import Hand

KNOWN_AT_MOST, NEW_AT_MOST = 12, 40


@pytest.fixture
def masters(transactional_db):
    load_codes()
    load_streams()


def focused(page) -> str:
    return page.evaluate("document.activeElement.name || document.activeElement.id")


def save(page, hand) -> Consultation:
    page.wait_for_timeout(700)  # a concern's number may be the first of two digits
    hand.press("Control+Enter")
    page.wait_for_url(re.compile(r"/consultations/U\d\d-\d+/"))
    return Consultation.objects.get()


def begin(page, hand) -> None:
    hand.press("n")
    page.wait_for_url("**/consultations/new/**")
    assert focused(page) == "text"
    hand.free_text("家賃を二か月払えていない。今週中に出るように言われた。")
    hand.press("Tab")
    assert focused(page) == "person_text"


def namesakes() -> None:
    """Others whose name begins alike, of whom the desk knows nothing."""
    for family, kana in (("真鍋", "まなべ"), ("真名田", "まなだ"), ("間中", "まなか"), ("眞鍋", "まなべ")):
        for given, given_kana in GIVEN_NAMES["mid", "female"]:
            f.make_household(person=f.make_person(family, given, family_kana=kana, given_kana=given_kana))
    f.make_household(person=f.make_person("真鍋", "あかね", family_kana="まなべ", given_kana="あかね"))


def test_a_known_person_in_twelve_keys(sign_in, worker, masters, capsys):
    namesakes()
    person = f.make_person("真鍋", "あかね", family_kana="まなべ", given_kana="あかね")
    f.make_case(worker.actor, household=f.make_household(person=person, agency=worker.agency))
    page = sign_in(worker.staff)
    hand = Hand(page)
    begin(page, hand)
    hand.keys += 2  # 「まな」 in romaji is four keys: the search reads romaji itself
    page.keyboard.type("mana")
    hand.keys += 2
    # among a hundred others, the desk's own client stands first
    expect(page.locator("[role='option']").first).to_contain_text("真鍋 あかね")
    assert page.locator("[role='option']").count() == 20
    hand.press("ArrowDown")
    hand.press("Enter")
    assert focused(page) == "concerns"
    hand.press("4")
    contact = save(page, hand)
    assert contact.person == person
    assert [c.code.code for c in contact.concerns.select_related("code")] == ["c04"]
    assert hand.keys <= KNOWN_AT_MOST
    with capsys.disabled():
        print(
            f"\nfirst contact of a known person: {hand.keys} keys beside the free text (at most {KNOWN_AT_MOST})"
        )


def test_a_new_person_in_forty_keys(sign_in, worker, masters, capsys):
    page = sign_in(worker.staff)
    hand = Hand(page)
    begin(page, hand)
    hand.word("真鍋")
    hand.press("Space")
    hand.word("あかね")
    expect(page.locator(".combobox__none")).to_be_visible()
    hand.press("Enter")
    assert focused(page) == "concerns"
    hand.press("4")
    hand.press("Shift+Digit2")
    contact = save(page, hand)
    assert contact.person.display_name == "真鍋 あかね"
    assert contact.case is not None
    assert hand.keys <= NEW_AT_MOST
    with capsys.disabled():
        print(
            f"\nfirst contact of a new person: {hand.keys} keys beside the free text (at most {NEW_AT_MOST})"
        )
