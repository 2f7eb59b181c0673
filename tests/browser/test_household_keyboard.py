"""The household's work by the keyboard alone: find, write, family, movement, worry, closing, a turn of the watch."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from budgets.masters import load_streams
from cases.actions.silent_risks import refresh_cases
from cases.masters import load_codes
from cases.models import Case, FollowUp, ProgressNote, RiskPutOff
from households.models import HouseholdMovement
from tests import factories as f

SAID = """() => {
    const on = document.activeElement;
    if (!on || on === document.body) return "";
    const label = on.labels && on.labels.length ? on.labels[0].innerText : "";
    return [on.name || "", on.type === "radio" ? on.value : "", label, on.innerText || on.value || "", on.getAttribute("href") || ""].join("|");
}"""


@pytest.fixture
def masters(transactional_db):
    load_codes()
    load_streams()


def reach(page: Page, what: str, *, key: str = "Tab", most: int = 150) -> None:
    """Press ``key`` until what has the focus says ``what`` (its name, value, label or words)."""
    seen = []
    for _ in range(most):
        said = page.evaluate(SAID)
        if re.search(what, said):
            return
        seen.append(said[-30:])
        page.keyboard.press(key)
    raise AssertionError(f"{what} was not reached: {seen}")


def press(page: Page, what: str, address: str = "", *, key: str = "Enter") -> None:
    reach(page, what)
    page.keyboard.press(key)
    if address:
        page.wait_for_url(re.compile(address))
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("width", [1280, 768])
def test_a_household_from_search_to_the_watch_without_a_pointer(sign_in, worker, masters, width):
    case = f.make_case(worker.actor)
    home = f"/households/{case.household_id}/"
    page = sign_in(worker.staff, width=width)

    page.keyboard.press("/")
    page.keyboard.type("もりした")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=*")
    press(page, rf"\|{home}$", f"{home}$")

    reach(page, r"^text\|")
    page.keyboard.type("雨戸が開いていた。声をかけると返事があった。")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#timeline-list")).to_contain_text("声をかけると返事があった")
    assert ProgressNote.objects.get().case == case

    page.wait_for_load_state("networkidle")
    page.keyboard.press("Escape")
    reach(page, "保存する")  # out of the text, so that letters are keys again
    page.keyboard.press("4")
    page.wait_for_url(f"**{home}family/")
    expect(page.locator("svg[role=img]")).to_contain_text("森下 和子")
    press(page, "異動を記録する", "/movements/new/")
    press(page, "施設入所", "kind=facility_in")
    reach(page, r"^on\|")
    page.keyboard.press("Control+a")
    page.keyboard.type("R8.11.1")
    reach(page, r"^people\|")
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"**{home}history/")
    assert HouseholdMovement.objects.get().kind == "facility_in"


@pytest.mark.parametrize("width", [1280, 768])
def test_a_worry_a_closing_and_a_turn_without_a_pointer(sign_in, worker, masters, live_server, width):
    case = f.make_case(worker.actor)
    Case.objects.filter(pk=case.pk).update(last_contact_at=f.NOW - timedelta(days=60))
    refresh_cases([case.pk], at=timezone.now())
    page = sign_in(worker.staff, width=width)
    page.goto(f"{live_server.url}/worries/")
    press(page, "^.*先送り", "/put-off/")
    reach(page, r"^until\|")
    page.keyboard.press("Control+a")
    page.keyboard.type((timezone.localdate() + timedelta(days=10)).isoformat())
    reach(page, r"^reason\|")
    page.keyboard.type("来週、民生委員と訪問する約束がある")
    press(page, r"先送りする\|$", "/worries/$")
    assert RiskPutOff.objects.count() == 1

    page.goto(f"{live_server.url}/households/{case.household_id}/")
    page.wait_for_load_state("networkidle")
    press(page, "^.*終結する", "/close/")
    reach(page, r"^reason\|")
    page.keyboard.press("ArrowDown")
    reach(page, r"^note\|")
    page.keyboard.type("本人も納得している。")
    reach(page, r"^every\|")
    page.keyboard.press("ArrowLeft")
    press(page, r"終結する\|$", f"/cases/{case.number}/$")
    case.refresh_from_db()
    assert not case.is_open

    FollowUp.objects.update(due_on=timezone.localdate())
    page.goto(f"{live_server.url}/")
    press(page, "森下", "/follow-ups/|/watch/")
    reach(page, r"^result\|")
    page.keyboard.press("Space")
    reach(page, r"^note\|")
    page.keyboard.type("元気に畑に出ている。")
    page.keyboard.press("Control+Enter")
    page.wait_for_load_state("networkidle")
    expect(page.locator("main")).to_contain_text("元気に畑に出ている")
