"""From 「相談を受ける」 to a saved case and a note on it, with the keyboard alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from budgets.masters import load_streams
from cases.masters import load_codes
from cases.models import Consultation, ProgressNote
from tests.browser.conftest import shoot


@pytest.fixture
def masters(transactional_db):
    load_codes()
    load_streams()


def focused(page) -> str:
    return page.evaluate("document.activeElement.name || document.activeElement.id")


def tab_to(page, name: str, *, limit: int = 60) -> None:
    """Press Tab until the control named ``name`` has the focus: it can be reached, and seen to be reached."""
    for _ in range(limit):
        if focused(page) == name:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{name} was not reached by Tab")


def test_first_contact_by_keyboard_alone(sign_in, worker, masters):
    page = sign_in(worker.staff)
    page.keyboard.press("n")
    page.wait_for_url("**/consultations/new/**")
    assert focused(page) == "text"
    page.keyboard.type("家賃を二か月払えていない。今週中に出るように言われた。")
    page.keyboard.press("Shift+Tab")
    tab_to(page, "person_text")
    page.keyboard.type("真鍋 あかね")
    tab_to(page, "concerns")
    page.keyboard.press("2")
    page.keyboard.press("Shift+Digit4")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(r"/consultations/U\d\d-\d+/"))
    consultation = Consultation.objects.get()
    expect(page.locator("main")).to_contain_text(consultation.receipt_no)
    assert consultation.person.display_name == "真鍋 あかね"
    marks = {c.code.code: c.is_most_pressing for c in consultation.concerns.select_related("code")}
    assert marks == {"c02": False, "c04": True}
    assert 1 <= consultation.minutes <= 5
    shoot(page, "keyboard-receipt")
    page.get_by_role("link", name="ケースを開く").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases/K*/")
    tab_to(page, "text")
    page.keyboard.type("大家さんに電話。月末まで待ってもらえる。")
    tab_to(page, "started_at_1")
    page.keyboard.press("Control+a")
    page.keyboard.type("7:05")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#timeline-list")).to_contain_text("月末まで待ってもらえる")
    assert ProgressNote.objects.get().case == consultation.case


def test_a_form_that_died_comes_back(sign_in, worker, masters, live_server):
    """The browser dies in mid-sentence: the words wait at home as 書きかけ."""
    page = sign_in(worker.staff)
    page.goto(f"{live_server.url}/consultations/new/")
    page.fill("#id_text", "電気が止まった。食べるものが")
    expect(page.locator("body")).to_contain_text("保存しました", timeout=8000)
    page.context.close()
    again = sign_in(worker.staff)
    expect(again.locator("main")).to_contain_text("書きかけ")
    expect(again.get_by_role("link", name=re.compile("電気が止まった"))).not_to_be_visible()
    again.get_by_text("開いて見る").click()
    again.get_by_role("link", name=re.compile("電気が止まった")).click()
    expect(again.locator("#id_text")).to_have_value("電気が止まった。食べるものが")
