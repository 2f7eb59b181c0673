"""A 民生委員 without an account, on a phone: reads what is asked, accepts, gives the code told by phone, tells the result."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import expect

from budgets.masters import load_streams
from cases.masters import load_codes
from referrals.models import OutsideRequest
from tests import factories as f
from tests.browser.conftest import shoot
from tests.referrals.outside import PURPOSE, partner

PHONE = 390


@pytest.fixture
def masters(transactional_db):
    load_codes()
    load_streams()


def fits(page) -> None:
    """Nothing runs over the edge of the phone, and axe finds nothing."""
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
    found = Axe().run(page).response["violations"]
    assert [(v["id"], [n["target"] for n in v["nodes"]][:3]) for v in found] == []


def test_from_the_form_to_the_result(sign_in, new_context, worker, live_server, masters):
    case = f.make_case(worker.actor)
    partner(worker.actor)
    desk = sign_in(worker.staff)
    desk.goto(f"{live_server.url}/referrals/partners/ask/?case={case.number}")
    desk.select_option("#id_partner", label="東 久子（民生委員・児童委員・市内全体）")
    desk.fill("#id_purpose", "森下 和子さんを見守ってほしい")
    desk.get_by_role("radio", name=re.compile("^高齢者虐待防止法")).check()
    desk.get_by_role("checkbox", name="本人の氏名・年齢").check()
    desk.get_by_role("button", name=re.compile("お願いのページを作る")).click()
    expect(desk.locator("main")).to_contain_text("氏名が入っているようです")
    shoot(desk, "outside_new_422")
    desk.fill("#id_purpose", PURPOSE)
    desk.get_by_role("button", name=re.compile("お願いのページを作る")).click()
    address = desk.locator(".outside-secret").inner_text()
    shoot(desk, "outside_issued")
    path = address.removeprefix(settings.PUBLIC_URL)

    phone = new_context(PHONE, 800).new_page()
    phone.goto(live_server.url + path)
    expect(phone.locator("main")).to_contain_text(PURPOSE)
    expect(phone.locator("body")).not_to_contain_text("森下")
    shoot(phone, "outside_page_1")
    fits(phone)
    phone.get_by_role("radio", name="引き受けます", exact=True).check()
    phone.get_by_label("ひとこと").fill("火曜に寄ります")
    phone.get_by_role("button", name="返事を送る").click()
    expect(phone.locator("main")).to_contain_text("コードを入れてください")
    expect(phone.locator("body")).not_to_contain_text("森下")
    shoot(phone, "outside_page_2")
    fits(phone)

    request = OutsideRequest.objects.get()
    desk.goto(f"{live_server.url}/referrals/partners/ask/{request.pk}/")
    shoot(desk, "outside_detail")
    desk.get_by_role("button", name="コードを出す").click()
    code = desk.locator(".outside-secret--code").inner_text()
    shoot(desk, "outside_code")

    phone.get_by_label("コード（数字6けた）").fill("000000" if code != "000 000" else "111111")
    phone.get_by_label("ほかの人に話しません").check()
    phone.get_by_role("button", name="ページを開く").click()
    expect(phone.locator("main")).to_contain_text("コードが違います")
    shoot(phone, "outside_page_wrong")
    fits(phone)
    phone.get_by_label("コード（数字6けた）").fill(code)
    phone.get_by_label("ほかの人に話しません").check()
    phone.get_by_role("button", name="ページを開く").click()
    expect(phone.locator("main")).to_contain_text("森下 和子")
    shoot(phone, "outside_page_3")
    fits(phone)

    stranger = new_context(PHONE, 800).new_page()
    stranger.goto(live_server.url + path)
    expect(stranger.locator("main")).to_contain_text("コードを入れてください")
    expect(stranger.locator("body")).not_to_contain_text("森下")

    phone.get_by_role("radio", name="お願いのとおりできた").check()
    phone.get_by_role("button", name="結果を知らせる").click()
    expect(phone.locator("main")).to_contain_text("ありがとうございました")
    phone.goto(live_server.url + path)
    expect(phone.locator("main")).to_contain_text("このページは開けません")
    fits(phone)
    desk.goto(f"{live_server.url}/referrals/case/{case.number}/")
    expect(desk.locator("main")).to_contain_text("結果：お願いのとおりできた")
    shoot(desk, "outside_case")


@pytest.mark.parametrize("width", [1280, 768])
def test_pages_of_partners_and_of_room(
    sign_in, worker, disability_worker, elderly_director, live_server, masters, width
):
    from tests.browser.test_axe import check
    from tests.referrals.outside import ask, ask_room

    case = f.make_case(worker.actor)
    issued = ask(worker.actor, case)
    question = ask_room(worker.actor, [disability_worker.agency], case=case)
    page = sign_in(worker.staff, width=width)
    paths = [
        "/referrals/capacity/", f"/referrals/capacity/new/?case={case.number}", f"/referrals/capacity/{question.pk}/",
        "/referrals/capacity/gaps/", "/referrals/partners/", "/referrals/partners/new/",
        f"/referrals/partners/ask/?case={case.number}", f"/referrals/partners/ask/{issued.request.pk}/",
        f"/referrals/case/{case.number}/",
    ]  # fmt: skip
    for n, path in enumerate(paths):
        page.goto(live_server.url + path)
        shoot(page, f"partners_{width}_{n}")
    check(page, live_server.url, paths)
    answering = sign_in(disability_worker.staff, width=width)
    check(answering, live_server.url, [f"/referrals/capacity/{question.pk}/"])
    shoot(answering, f"partners_{width}_answer")
    check(sign_in(elderly_director.staff, width=width), live_server.url, ["/referrals/capacity/gaps/"])
