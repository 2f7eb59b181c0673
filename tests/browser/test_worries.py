"""From the queue to the page that mends it: the worry is gone when the work is written down; another is put off."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from cases.actions.silent_risks import refresh_all
from cases.masters import load_codes
from cases.models import Case, RiskPutOff, SilentRisk
from households.models import Person
from tests import factories as f
from tests.browser.conftest import shoot
from tests.browser.test_axe import check


@pytest.fixture
def worried(db, worker) -> Case:
    load_codes()
    f.make_streams()
    at, today = timezone.now(), timezone.localdate()
    for n in range(6):
        case = f.make_case(worker.actor, sectors=("elderly", "child"))
        Case.objects.filter(pk=case.pk).update(last_contact_at=at - timedelta(days=9 + n * 15))
        birth = today.replace(year=today.year - 65, day=1) + timedelta(days=10 * n)
        Person.objects.filter(memberships__household=case.household).update(birth_on=birth)
    refresh_all(at=at)
    return case


def test_the_way_out_ends_the_worry_and_another_is_put_off(sign_in, worker, live_server, worried):
    page = sign_in(worker.staff, width=1280)
    main = page.locator("main")
    page.goto(f"{live_server.url}/")
    main.get_by_role("link", name="自分の気がかりをすべて見る").click()
    rows = page.locator("tr", has_text=worried.number)
    expect(rows).to_have_count(3)
    rows.filter(has_text="対応がない").get_by_role("link", name="経過を書く").click()
    page.wait_for_load_state()
    expect(page.locator("aside, main").get_by_role("heading", name="気がかり")).to_be_visible()
    page.fill("#composer textarea[name=text]", "電話で話せた。来週訪ねる。")
    page.fill("#composer input[name=next_on]", "R8.12.1")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#timeline-list")).to_contain_text("来週訪ねる")
    assert not SilentRisk.objects.standing().filter(case=worried, kind__in=["quiet", "no_next"]).exists()
    page.goto(f"{live_server.url}/worries/")
    expect(page.locator("tr", has_text=worried.number).filter(has_text="対応がない")).to_have_count(0)

    page.get_by_role("link", name="先送り").first.click()
    page.fill("#id_reason", "入院中。退院の予定日に病院の相談員へ電話する。")
    page.get_by_role("button", name="先送りする").click()
    expect(page.locator("body")).to_contain_text("14日先まで見送りました")
    assert RiskPutOff.objects.count() == 1


@pytest.mark.parametrize("width", [1280, 768])
def test_pages_of_the_queue_are_accessible(sign_in, live_server, worker, worried, width):
    page = sign_in(worker.staff, width=width)
    risk = SilentRisk.objects.filter(owner_staff=worker.staff).order_by("pk").first()
    paths = [
        "/worries/", "/worries/?kind=quiet", "/worries/?show=put_off", f"/worries/{risk.pk}/put-off/",
        f"/worries/case/{worried.number}/", "/staff/absences/", f"/cases/{worried.number}/",
    ]  # fmt: skip
    check(page, live_server.url, paths)
    page.goto(f"{live_server.url}/worries/")
    shoot(page, f"worries-list-{width}")
    page.goto(f"{live_server.url}/staff/absences/")
    shoot(page, f"absences-{width}")
