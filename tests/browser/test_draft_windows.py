"""One worker, two windows: nobody's words are written over, neither by a killed browser nor after ten minutes offline."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from budgets.masters import load_streams
from cases.actions.notes import NoteData, write_note
from cases.masters import load_codes
from cases.models import Draft, ProgressNote
from tests import factories as f
from tests.browser.conftest import shoot

SAVED = re.compile("下書きを保存しました")


@pytest.fixture
def case(transactional_db, worker):
    load_codes()
    load_streams()
    return f.make_case(worker.actor)


@pytest.fixture
def other_machine(new_context) -> Callable[[Page], Page]:
    """The same worker at another machine: signed in, with nothing of the first browser's store."""

    def open_page(page: Page) -> Page:
        context = new_context()
        context.add_cookies(page.context.cookies())
        return context.new_page()

    return open_page


def cut(page: Page) -> None:
    """The network goes; the poll for who else is here, which would tell the console so, goes with it."""
    page.evaluate("document.querySelectorAll('[hx-trigger*=every]').forEach((poll) => poll.remove())")
    page.context.set_offline(True)


def write(page: Page, words: str) -> None:
    """At the end of what stands, as somebody goes on writing."""
    page.locator("#id_text").press("Control+End")
    page.keyboard.insert_text(words)


def kept_here(page: Page) -> str:
    found = page.evaluate(
        "Object.entries(localStorage).filter(([k]) => k.startsWith('kyosei:draft')).map(([, v]) => v).join()"
    )
    return str(found)


@pytest.mark.parametrize("choice", ["両方を残す", "この画面の言葉で続ける", "別の画面の言葉で続ける"])
def test_two_windows_of_one_form(sign_in, worker, live_server, case, choice):
    first = sign_in(worker.staff)
    url = f"{live_server.url}/cases/{case.number}/"
    first.goto(url)
    second = first.context.new_page()
    second.goto(url)
    write(first, "母が眠れていない。")
    expect(first.locator("#status")).to_contain_text(SAVED, timeout=8000)
    write(second, "薬が切れている。")
    sides = second.locator(".card--sides")
    expect(sides).to_contain_text("別の画面で書いた、新しい書きかけがあります", timeout=8000)
    expect(sides.locator("tbody")).to_contain_text("薬が切れている。")
    expect(sides.locator("tbody")).to_contain_text("母が眠れていない。")
    assert Draft.objects.get().data["text"] == ["母が眠れていない。"]
    assert "薬が切れている。" in kept_here(second)
    if choice == "両方を残す":
        shoot(second, "draft-two-windows")
        assert not Axe().run(second).response["violations"]
    sides.get_by_role("button", name=choice).click()
    expect(second.locator("#status")).to_contain_text(SAVED, timeout=8000)
    text = {
        "両方を残す": "薬が切れている。\n母が眠れていない。", "この画面の言葉で続ける": "薬が切れている。",
        "別の画面の言葉で続ける": "母が眠れていない。",
    }[choice]  # fmt: skip
    expect(second.locator("#id_text")).to_have_value(text)
    expect(second.locator(".card--sides")).to_have_count(0)
    assert Draft.objects.get().data["text"][0].replace("\r\n", "\n") == text
    if choice != "別の画面の言葉で続ける":  # the first window, which goes on, is told in its turn
        write(first, "夜中に歩く。")
        expect(first.locator(".card--sides tbody")).to_contain_text("薬が切れている。", timeout=8000)


def test_offline_ten_minutes_while_the_other_machine_writes(
    sign_in, other_machine, worker, live_server, case
):
    away = sign_in(worker.staff)
    away.clock.install()
    url = f"{live_server.url}/cases/{case.number}/"
    away.goto(url)
    write(away, "訪問した。")
    away.clock.run_for(3_000)
    expect(away.locator("#status")).to_contain_text(SAVED)
    cut(away)
    for minute in range(10):
        write(away, f"{minute}分後の言葉。")
        away.clock.run_for(60_000)
    office = other_machine(away)
    office.goto(url)
    expect(office.locator("#id_text")).to_have_value("訪問した。")
    write(office, "長女から電話。")
    expect(office.locator("#status")).to_contain_text(SAVED, timeout=8000)
    away.context.set_offline(False)
    away.clock.run_for(3_000)
    sides = away.locator(".card--sides")
    expect(sides.locator("tbody")).to_contain_text("長女から電話。")
    expect(sides.locator("tbody")).to_contain_text("9分後の言葉。")
    assert Draft.objects.get().data["text"] == ["訪問した。長女から電話。"]
    write(away, "まだ書いている。")
    away.clock.run_for(6_000)
    expect(away.locator("#status")).to_contain_text("この端末に下書き中")
    assert "まだ書いている。" in kept_here(away)
    sides.get_by_role("button", name="両方を残す").click()
    away.clock.run_for(3_000)
    expect(away.locator("#status")).to_contain_text(SAVED)
    text = Draft.objects.get().data["text"][0]
    for words in ("9分後の言葉。", "まだ書いている。", "長女から電話。"):
        assert words in text


def test_killed_offline_and_opened_again_after_the_other_machine_wrote(
    sign_in, other_machine, worker, live_server, case
):
    killed = sign_in(worker.staff)
    url = f"{live_server.url}/cases/{case.number}/"
    killed.goto(url)
    write(killed, "訪問した。")
    expect(killed.locator("#status")).to_contain_text(SAVED, timeout=8000)
    cut(killed)
    write(killed, "窓が割れて")
    expect(killed.locator("#status")).to_contain_text("この端末に下書き中", timeout=8000)
    office, context = other_machine(killed), killed.context
    killed.close()  # mid-sentence
    office.goto(url)
    write(office, "長女から電話。")
    expect(office.locator("#status")).to_contain_text(SAVED, timeout=8000)
    context.set_offline(False)
    again = context.new_page()
    again.goto(url)
    expect(again.locator("#id_text")).to_have_value("訪問した。長女から電話。")
    sides = again.locator(".card--sides")
    expect(sides).to_contain_text("この端末に残った下書きがあります")
    expect(sides.locator("tbody")).to_contain_text("窓が割れて")
    sides.get_by_role("button", name="両方を残す").click()
    text = again.locator("#id_text")
    expect(text).to_have_value("訪問した。長女から電話。\n訪問した。窓が割れて")
    expect(again.locator("#status")).to_contain_text(SAVED, timeout=8000)
    again.keyboard.press("Control+Enter")
    expect(again.locator("#composer")).to_contain_text("保存しました")
    assert "窓が割れて" in ProgressNote.objects.get().text
    assert not Draft.objects.exists()
    assert not kept_here(again)


def test_saving_in_one_window_leaves_the_words_of_the_other(
    sign_in, other_machine, worker, live_server, case
):
    url = f"{live_server.url}/cases/{case.number}/"
    first = sign_in(worker.staff)
    second = other_machine(first)
    first.goto(url)
    second.goto(url)
    write(second, "犬の世話をだれがするか。")
    expect(second.locator("#status")).to_contain_text(SAVED, timeout=8000)
    write(first, "訪問した。")
    first.keyboard.press("Control+Enter")
    expect(first.locator("#composer")).to_contain_text("保存しました")
    assert ProgressNote.objects.get().text == "訪問した。"
    assert Draft.objects.get().data["text"] == ["犬の世話をだれがするか。"]
    expect(first.locator("body")).to_contain_text("別の画面で書いた書きかけ")


def test_a_correction_killed_mid_sentence_is_found_at_home(sign_in, worker, live_server, case):
    at = timezone.now()
    data = NoteData(started_at=at - timedelta(hours=1), minutes=20, way="phone", text="電話した。")
    note = write_note(case=case, data=data, actor=worker.actor, at=at, request_key=uuid4())
    page = sign_in(worker.staff)
    page.goto(f"{live_server.url}{reverse('cases:note_edit', args=[note.pk])}")
    write(page, "長女が出た。")
    expect(page.locator("#status")).to_contain_text(SAVED, timeout=8000)
    page.context.close()
    other = sign_in(worker.staff)
    other.locator("details.drafts summary").click()
    shoot(other, "drafts-at-home")
    other.get_by_role("link", name=f"支援経過の訂正: {case.number}").click()
    expect(other.locator("#id_text")).to_have_value("電話した。長女が出た。")
    expect(other.locator("#status")).to_contain_text("の書きかけから続けています")
    other.get_by_role("button", name="訂正を保存する").click()
    shoot(other, "draft-of-a-correction")
    other.wait_for_url(f"**/cases/{case.number}/")
    note.refresh_from_db()
    assert note.text == "電話した。長女が出た。"
    assert not Draft.objects.exists()
