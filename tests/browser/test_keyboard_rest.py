"""What is done on a tablet with a keyboard and nothing else: no pointer comes near the page.

Every Tab is looked at (tests/browser/keys.py): the place that has the focus is on the screen, uncovered and ringed,
after the one before it, and is left by the next Tab.
"""

from __future__ import annotations

import re
from datetime import date

import pytest
from playwright.sync_api import Page, expect

from accounts.enums import ConsentState
from cases.actions.closing import ClosingData, close_case
from cases.masters import load_codes
from cases.models import Case, Code, Consultation, SupportPlan, WatchCycle
from households.actions.members import add_member
from households.enums import LinkState
from households.models import AddressProtection, Consent, HouseholdMovement, Kinship, PersonLink, PersonMerge
from tests import factories as f
from tests.browser.conftest import shoot
from tests.browser.keys import press, reach, save, settle, write

WIDTH = 768


@pytest.fixture(autouse=True)
def masters(transactional_db):
    load_codes()
    f.make_streams()


@pytest.fixture
def page(sign_in, worker) -> Page:
    return sign_in(worker.staff, width=WIDTH)


@pytest.fixture
def case(worker) -> Case:
    return f.make_case(worker.actor)


@pytest.fixture
def closed(case, worker) -> Case:
    reason = Code.objects.get(code_list="closing_reason", code="z01")
    close_case(
        case=case, actor=worker.actor, at=f.NOW,
        data=ClosingData(kind="close", reason=reason, note="納得している", follow_up_on=date(2026, 12, 23), every="3"),
    )  # fmt: skip
    case.refresh_from_db()
    return case


def find(page: Page, words: str, address: str) -> None:
    """From wherever one is: the search field, and the answer that leads to ``address``."""
    page.keyboard.press("/")
    page.keyboard.press("Control+a")
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    settle(page, "/search/")
    press(page, rf"\|{re.escape(address)}$", f"{re.escape(address)}$")


def test_a_closed_case_is_reopened(page, closed):
    find(page, closed.number, f"/cases/{closed.number}/")
    press(page, "支援を再開する", "/reopen/$")
    write(page, r"^reason\|", "家賃がまた遅れ、本人から電話があった。")
    save(page, f"/cases/{closed.number}/$")
    expect(page.locator("#messages")).to_contain_text("支援を再開しました")
    closed.refresh_from_db()
    assert closed.is_open


def test_the_agreement_of_a_watch_is_changed(page, closed):
    find(page, closed.number, f"/cases/{closed.number}/")
    press(page, "見守りを変える", "/watch/$")
    reach(page, r"^every\|")
    page.keyboard.press("ArrowRight")
    write(page, r"^turns\|", "2")
    write(page, r"^reason\|", "落ち着いているので、間を空ける")
    save(page, f"/cases/{closed.number}/$")
    cycle = WatchCycle.objects.get()
    assert (cycle.every, cycle.turns) == ("6", 2)


def test_two_of_a_household_become_kin(page, case, worker):
    add_member(
        household=case.household, person=f.make_person("森下", "恵"), data=None, relation="child", lives_together=True,
        is_key_person=False, since=date(2020, 4, 1), actor=worker.actor, at=f.NOW,
    )  # fmt: skip
    home = f"/households/{case.household_id}/"
    find(page, "もりした", home)
    reach(page, r"\|\|\|関係を記録する")
    page.keyboard.press("Enter")
    page.locator("#kinship_person").wait_for()
    page.wait_for_load_state("networkidle")
    reach(page, r"^relative\|")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    reach(page, r"^kind\|")
    page.keyboard.press("Home")
    save(page, f"{home}$")
    expect(page.locator("#messages")).to_contain_text("関係を記録しました")
    kin = Kinship.objects.select_related("person", "relative").get()
    assert (str(kin.person), str(kin.relative), kin.kind) == ("森下 和子", "森下 恵", "parent")


def test_an_address_is_protected_and_set_free(page, case, worker, center_worker):
    home = f"/households/{case.household_id}/"
    find(page, "もりした", home)
    press(page, "支援措置・連絡の決まり", "/protection/$")
    reach(page, r"\|支援措置を登録する（")
    page.keyboard.press("Enter")
    reach(page, r"^units\|.*まちの保健室|^units\|")
    page.keyboard.press("Space")
    write(page, r"^adversary_name\|", "森下 剛")
    write(page, r"^decided_where\|", "警察署 生活安全課")
    save(page, "/protection/$")
    expect(page.locator("main")).to_contain_text("支援措置中")
    assert AddressProtection.objects.get().adversary_name == "森下 剛"
    shoot(page, "keyboard-protection-768")
    reach(page, r"\|終了を記録する")
    page.keyboard.press("Enter")
    write(page, r"^end_note\|", "相手方が遠方に転居し、本人が望んだ")
    save(page, "/protection/$")
    assert AddressProtection.objects.get().ended_at is not None
    expect(page.locator("main")).not_to_contain_text("支援措置中")


def test_a_consent_is_recorded_and_withdrawn(page, case, center_worker):
    find(page, case.number, f"/cases/{case.number}/")
    press(page, r"consent/$", "/consent/$")
    reach(page, r"^state\|")
    page.keyboard.press("Space")
    reach(page, rf"^agencies\|.*{center_worker.agency.name}")
    page.keyboard.press("Space")
    write(page, r"^paper_place\|", "相談室キャビネット2段目")
    save(page, "/consent/$")
    consent = Consent.objects.get()
    assert (consent.state, list(consent.agencies.all())) == (ConsentState.YES, [center_worker.agency])
    reach(page, r"\|撤回を記録する")
    page.keyboard.press("Enter")
    write(page, r"^note\|", "もう伝えてほしくないとのこと")
    save(page, "/consent/$")  # the answer's form stands below; the one with the cursor is sent
    consent.refresh_from_db()
    assert (consent.state, Consent.objects.count()) == (ConsentState.WITHDRAWN, 1)


def test_a_plan_is_written_and_saved(page, case):
    find(page, case.number, f"/cases/{case.number}/")
    press(page, r"\?tab=plan$", "tab=plan$")
    press(page, r"\|プランを書く\|", r"/cases/plans/\d+/(edit/)?$")
    if not page.url.endswith("/edit/"):
        press(page, r"/edit/$", "/edit/$")
    write(page, r"^hope\|", "このまま家で暮らしたい")
    write(page, r"^long_goal\|", "家賃の滞りがなくなる")
    write(page, r"^form-0-action\||^items-0-action\|", "家計の相談に毎月同行する")
    reach(page, r"^(form|items)-0-agency\|")
    page.keyboard.press("ArrowDown")
    save(page, r"/cases/plans/\d+/$")
    plan = SupportPlan.objects.get()
    assert (plan.hope, plan.items.get().action) == ("このまま家で暮らしたい", "家計の相談に毎月同行する")


def test_a_first_contact_of_somebody_new(page):
    page.keyboard.press("n")
    settle(page, "/consultations/new/")
    assert page.evaluate("document.activeElement.name") == "text"
    page.keyboard.type("電気が止められた。子どもが三人いる。")
    write(page, r"^person_text\|", "真鍋 あかね")
    expect(page.locator(".combobox__none")).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("4")
    page.wait_for_timeout(700)  # a concern's number may be the first of two digits
    reach(page, r"^way\|")
    page.keyboard.press("Space")
    write(page, r"^minutes\|", "25")
    save(page, r"/consultations/U\d\d-\d+/$")
    contact = Consultation.objects.get()
    assert (contact.person.display_name, contact.minutes) == ("真鍋 あかね", 25)
    assert [c.code.code for c in contact.concerns.select_related("code")] == ["c04"]


def test_two_people_are_judged_to_be_different_after_a_merge_was_undone(page, worker):
    """The judgement itself, the merge and its undo; each is stepped through by Tab, and each stop is looked at."""
    known = {"family_kana": "たかはし", "given_kana": "みどり", "birth_on": date(1958, 2, 3)}
    kept, other = f.make_person("髙橋", "みどり", **known), f.make_person("高橋", "翠", **known)
    for person in (kept, other):
        f.make_household(f"{person} 世帯", person=person, agency=worker.agency)
    home = f"/households/{kept.memberships.get().household_id}/"
    find(page, "たかはし みどり", home)
    press(page, rf"\|/households/people/{kept.pk}/$", rf"/people/{kept.pk}/$")
    press(page, "同じ人", "/same/$")
    press(page, r"\|くらべて統合する", "/merge/")
    reach(page, r"^home\|")
    page.keyboard.press("Space")
    write(page, r"^basis\|", "保険証を見た")
    save(page, "/same/$")
    assert PersonMerge.objects.get().undone_at is None
    press(page, r"\|取り消す[^|]*\|/households/merges/", "/undo/$")
    write(page, r"^reason\|", "別の人だった")
    save(page, "/same/$")
    assert PersonMerge.objects.get().undone_at is not None
    write(page, r"^other_text\|", "高橋 翠")
    expect(page.locator("#id_other_text_list [role=option]")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    reach(page, r"^state\|")
    page.keyboard.press("ArrowDown")
    write(page, r"^reason\|", "双子の姉妹だとわかった")
    save(page, "/same/$")
    assert PersonLink.objects.get().state == LinkState.DIFFERENT


def test_a_movement_is_recorded_and_withdrawn(page, case):
    home = f"/households/{case.household_id}/"
    find(page, "もりした", home)
    press(page, rf"\|{home}history/$", "/history/$")
    press(page, "異動を記録する", "/movements/new/$")
    press(page, "施設入所", "kind=facility_in")
    write(page, r"^on\|", "R8.11.1")
    reach(page, r"^people\|")
    page.keyboard.press("Space")
    save(page, "/history/$")
    press(page, r"\|取り消す[^|]*\|/households/\d+/movements/", "/withdraw/$")
    write(page, r"^reason\|", "入所は見送りになった")
    save(page, "/history/$")
    movement = HouseholdMovement.objects.get()
    assert (movement.withdrawal_reason, movement.withdrawn_at is not None) == ("入所は見送りになった", True)
