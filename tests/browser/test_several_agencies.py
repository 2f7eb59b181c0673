"""One need, three agencies: the sender asks them at once, one answers, the sender reads 1 / 3."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from accounts.enums import AgencyKind, Sector
from budgets.masters import load_streams
from cases.masters import load_codes
from referrals.models import Referral
from tests import factories as f
from tests.browser.conftest import shoot


@pytest.fixture
def masters(transactional_db):
    load_codes()
    load_streams()


def test_three_are_asked_one_answers_the_sender_sees_one_of_three(
    sign_in, worker, disability_worker, care_center, live_server, masters
):
    third = f.make_agency("子ども家庭室", kind=AgencyKind.DEPARTMENT, sector=Sector.CHILD)
    case = f.make_case(worker.actor)
    page = sign_in(worker.staff)
    page.goto(f"{live_server.url}/referrals/new/?case={case.number}")
    page.fill("#id_to_agency", disability_worker.agency.name)
    page.locator("#id_to_agency_list [role=option]", has_text=disability_worker.agency.name).first.click()
    page.get_by_text("ほかの機関にも同時にお願いする").click()
    for agency in (care_center, third):
        page.get_by_role("checkbox", name=agency.name).check()
    page.fill("#id_purpose", "一緒に訪問してほしい")
    shoot(page, "several_new")
    page.set_viewport_size({"width": 768, "height": 1000})
    shoot(page, "several_new_768")
    page.get_by_role("button", name=re.compile("^つなぐ")).click()
    expect(page.locator("main")).to_contain_text("0 / 3 回答済み")
    mark = page.locator(".has-meaning").first
    mark.focus()
    assert "返事を待っています" in page.evaluate("e => e.title", mark.element_handle())
    sender_url = page.url
    shoot(page, "several_sent_768")

    asked = Referral.objects.get(to_agency=disability_worker.agency)
    other = sign_in(disability_worker.staff)
    other.goto(f"{live_server.url}/referrals/{asked.pk}/")
    expect(other.locator("main")).not_to_contain_text("同時に送ったつなぎ")
    expect(other.locator("main")).not_to_contain_text(third.name)
    other.get_by_role("link", name="一緒に支える").click()
    other.get_by_role("button", name=re.compile("一緒に支える")).click()
    expect(other.locator("main")).to_contain_text("一緒に支える")

    back = sign_in(worker.staff)
    back.goto(sender_url)
    expect(back.locator("main")).to_contain_text("1 / 3 回答済み")
    shoot(back, "several_answered")
