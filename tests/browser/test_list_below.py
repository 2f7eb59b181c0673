"""A list that pushes the page down, and the first press on what stands under it."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, expect

from cases.actions.outreach import WorryData, begin_outreach
from cases.masters import load_codes
from cases.models import Case
from tests import factories as f


@pytest.fixture
def masters(transactional_db):
    load_codes()


def _type_and_wait(page: Page, name: str) -> Locator:
    """A name that nobody has; the list says so and stands open."""
    page.locator("#id_person_text").press_sequentially(name)
    below = page.locator("#id_person_text_list")
    expect(below).to_be_visible()
    return below


def _press_slowly(page: Page, target: Locator) -> None:
    """As a hand does: the button goes down and comes up again at one place, with a moment between."""
    target.scroll_into_view_if_needed()
    box = target.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.wait_for_timeout(120)
    page.mouse.up()


def test_the_first_press_under_the_list_of_the_reception_acts(sign_in, worker, live_server, masters):
    page = sign_in(worker.staff)
    page.goto(f"{live_server.url}/consultations/new/")
    below = _type_and_wait(page, "小松原 フミ")
    _press_slowly(page, page.locator("summary", has_text="はじめての人なら"))
    expect(page.locator("#id_new_kana")).to_be_visible()
    expect(below).to_be_hidden()  # it closes all the same, once the press is over


def test_the_first_press_under_the_list_of_the_outreach_begins_the_talk(
    sign_in, worker, live_server, masters
):
    worry = WorryData(
        described="青い屋根の家の息子さん", worry="雨戸が閉まったまま。", source="neighbour", next_on=f.TODAY
    )
    row = begin_outreach(data=worry, actor=worker.actor, at=f.NOW, request_key=uuid4(), person_id=None)
    page = sign_in(worker.staff)
    page.goto(f"{live_server.url}/outreach/{row.pk}/agree/")
    page.fill("#id_how", "玄関先で話を聞いてほしいと言われた")
    _type_and_wait(page, "小松原 実")
    _press_slowly(page, page.get_by_role("button", name=re.compile("^相談を始める")))
    page.wait_for_url(re.compile(r"/cases/"))
    assert Case.objects.count() == 1


def test_the_keyboard_closes_the_list_as_it_leaves(sign_in, worker, live_server, masters):
    page = sign_in(worker.staff)
    page.goto(f"{live_server.url}/consultations/new/")
    below = _type_and_wait(page, "小松原 フミ")
    page.keyboard.press("Tab")
    expect(below).to_be_hidden()
    page.locator("#id_person_text").press("End")
    page.keyboard.type("子")
    expect(below).to_be_visible()
    page.mouse.click(2, 2)  # nothing stands there
    expect(below).to_be_hidden()
