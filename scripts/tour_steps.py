"""The walks of the tours: which pages each role sees, in the order of a day."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Browser

from kyosei.demo.masters import DEMO_PASSWORD
from scripts.tour import Tour
from scripts.tour_people import a_year_later, one_person_twice

FIRST_ROW = "main table tbody tr[data-row] a, main ul.list a"


def walk(browser: Browser, base: str) -> None:
    for steps in (desk, agency, director, finance, manager, administrator, tablet):
        steps(browser, base)


def _tour(browser: Browser, base: str, role: str, username: str, width: int = 1280) -> Tour:
    return Tour(browser, base, role, username, DEMO_PASSWORD, width)


def desk(browser: Browser, base: str) -> None:
    tour = _tour(browser, base, "desk", "hokenshitsu1").shot("home")
    page = tour.page
    tour.go("/consultations/new/")
    page.fill(
        "#id_text",
        "隣に住む者です。母と息子さんの二人暮らしで、この一週間、雨戸が閉まったままなのが気になって。",
    )
    page.locator("input[name=concerns][value=c13]").check(force=True)
    page.locator("input[name=main_concern][value=c12]").check(force=True)
    page.wait_for_timeout(600)
    tour.shot("receive")
    page.fill("#id_text", "")
    _household(_tour(browser, base, "desk", "hokenshitsu5"), tour)
    tour.go("/worries/?whose=").shot("worries")
    tour.go(f"/cases/{_largest(tour)}/close/").shot("close")
    tour.go("/cases/watch/").shot("watch")
    tour.go("/outreach/").follow(FIRST_ROW).shot("outreach")
    tour.go(_home_of(tour, _largest(tour)) + "protection/").shot("protection")
    tour.go("/households/register/").shot("register")
    tour.go("/work/").shot("week")
    one_person_twice(tour)
    a_year_later(tour)


def _home_of(tour: Tour, number: str) -> str:
    link = tour.go(f"/cases/{number}/").page.get_by_role("link", name="世帯のページ").first
    return str(link.get_attribute("href")).split("?")[0]


def _household(tour: Tour, day: Tour) -> None:
    """The page of a family, by the worker who leads its case; the pictures go on counting."""
    tour.count = day.count
    number = _largest(tour)
    home = _home_of(tour, number)
    name = tour.page.locator("h1").first.inner_text().split()[0]
    tour.go(f"/search/?q={name}").shot("search")
    tour.go(home).shot("household")
    tour.go(f"{home}?view=short#stream").shot("stream")
    tour.go(f"{home}#members-head").shot("members")
    tour.go(f"{home}history/?on={timezone.localdate() - timedelta(days=30):%Y-%m-%d}").shot("day")
    tour.go(f"{home}family/").shot("family")
    tour.go(f"{home}movements/new/?kind=facility_in").shot("movement")
    tour.go(f"/cases/{number}/?tab=assessment").shot("assessment")
    tour.go(f"/cases/{number}/?tab=plan").shot("plans")
    tour.go(f"/cases/{number}/consent/").shot("consent")
    tour.go(f"/referrals/new/?case={number}").shot("send")
    day.count = tour.count


def _largest(tour: Tour) -> str:
    """The number of the led case with the most people: a picture of one person alone shows little."""
    tour.go("/cases/?whose=lead")
    urls = tour.page.eval_on_selector_all("main tbody tr[data-row] a", "links => links.map(a => a.pathname)")
    people: dict[str, int] = {}
    for url in dict.fromkeys(urls[:12]):
        people[url] = tour.go(url).page.locator("main .person").count()
    return max(people, key=lambda url: people[url]).rstrip("/").split("/")[-1]


def agency(browser: Browser, base: str) -> None:
    tour = _tour(browser, base, "agency", "houkatsu1").shot("home")
    tour.go("/referrals/").shot("inbox")
    tour.go("/conferences/").shot("conferences")


def director(browser: Browser, base: str) -> None:
    tour = _tour(browser, base, "director", "director-korei").shot("home")
    tour.go("/referrals/sector/").shot("sector", full=True)
    tour.go("/referrals/").shot("risen")
    tour.go("/conferences/").shot("conferences").follow(FIRST_ROW).shot("conference", full=True)
    tour.go("/conferences/?tab=actions").shot("decisions")
    tour.go("/issues/").shot("issues").follow(FIRST_ROW).shot("issue", full=True)
    tour.go("/referrals/capacity/gaps/").shot("gaps")
    tour.go("/manage/coordination/").shot("models")
    tour.go("/manage/coordination/what-if/").page.locator("#what-if-models table").wait_for()
    tour.shot("what-if", full=True)


def finance(browser: Browser, base: str) -> None:
    tour = _tour(browser, base, "finance", "keiri1").shot("home")
    tour.go("/apportionment/").shot("months")
    tour.page.locator("main table tbody tr", has_text="開いている").nth(1).locator("a").first.click()
    tour.page.wait_for_load_state("networkidle")
    tour.shot("month")
    key = tour.page.url.rstrip("/").split("/")[-1]
    tour.go(f"/apportionment/{key}/costs/").shot("costs")
    tour.go(f"/apportionment/{key}/")
    if tour.page.locator("main table tbody a").count():
        tour.follow("main table tbody a").shot("entries")
        tour.go(f"/apportionment/{key}/lock/").shot("lock")


def manager(browser: Browser, base: str) -> None:
    tour = _tour(browser, base, "manager", "kancho1").shot("home").go("/work/").shot("week")
    tour.go("/handover/").shot("handover").go("/break-glass/").shot("break-glass")
    tour.go("/trail/unusual/").shot("unusual")
    page = tour.go("/handover/april/new/").page
    for box in page.locator("input[name=targets]").all()[:2]:
        box.check(force=True)
    tour.shot("april-rule", full=True).follow("main form button[type=submit]").shot("april-list", full=True)


def administrator(browser: Browser, base: str) -> None:
    _tour(browser, base, "admin", "kanri1").go("/manage/staff/").shot("staff")
    _tour(browser, base, "auditor", "kansa1").go("/manage/changes/").shot("changes").go("/trail/chain/").shot(
        "chain"
    )


def tablet(browser: Browser, base: str) -> None:
    tour = _tour(browser, base, "tablet", "hokenshitsu1", width=768).shot("home")
    tour.go("/consultations/new/").shot("receive")
    tour.go("/cases/?whose=lead").shot("cases").follow(FIRST_ROW).shot("case")
    tour.go("/work/").shot("week")
