"""What the tours of minutes and money look at: the worker's week, the manager's month, the finance clerk's quarter."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Browser

from common.japan.fiscal import add_months, month_first, month_last
from kyosei.demo.masters import DEMO_PASSWORD
from scripts.tour import Tour


def walk_money(browser: Browser, base: str) -> None:
    """Every role in turn; who comes later sees what the one before did."""
    for steps in (_worker, _manager, _clerk):
        steps(browser, base)


def _tour(browser: Browser, base: str, role: str, username: str) -> Tour:
    return Tour(browser, base, role, username, DEMO_PASSWORD)


def _worker(browser: Browser, base: str) -> None:
    """A week of C市 with its finding; a template, the timer, and one line."""
    last = add_months(month_first(timezone.localdate()), -1)
    tour = _tour(browser, base, "worker", "c-1").shot("home")
    tour.go(f"/work/?day={month_last(last) - timedelta(days=2)}").shot("week-with-finding", full=True)
    page = tour.go("/work/").page
    if not page.get_by_role("button", name="朝礼", exact=True).count():
        page.locator("summary", has_text="ひな形").click()
        page.fill("#template-name", "朝礼")
        page.fill("#template-line", "8:30 15 会議 朝礼")
        page.get_by_role("button", name="ひな形にする").click()
        page.wait_for_load_state("networkidle")
    page.locator("summary", has_text="ひな形").click()
    if page.locator("#timer-category").count():
        page.select_option("#timer-category", "care")
        page.get_by_role("button", name="計測を始める").click()
        page.wait_for_load_state("networkidle")
        page.locator("summary", has_text="ひな形").click()
    tour.shot("templates-and-timer", full=True)
    tour.go("/work/review/").shot("finding")


def _manager(browser: Browser, base: str) -> None:
    last = add_months(month_first(timezone.localdate()), -1)
    tour = _tour(browser, base, "head", "b-cho").shot("home")
    tour.go(f"/work/month/{last:%Y%m}/").shot("month")


def _clerk(browser: Browser, base: str) -> None:
    last = add_months(month_first(timezone.localdate()), -1)
    first, key = f"{add_months(last, -2):%Y%m}", f"{last:%Y%m}"
    tour = _tour(browser, base, "money", "keiri1").shot("home")
    for path, name in (
        ("", "months"), (f"{key}/costs/?by=items", "costs"), (f"{key}/", "month"), (f"{key}/compare/", "compare"),
        ("methods/", "methods"), (f"{key}/approvals/", "approvals"), (f"{key}/lock/", "lock"),
        (f"{key}/overheads/", "overheads"), ("integrated/", "integrated"), (f"{first}/adjustments/", "adjustments"),
    ):  # fmt: skip
        tour.go(f"/apportionment/{path}").shot(name, full=name in {"compare", "overheads", "integrated"})
    page = tour.page
    if page.get_by_label("減らす業務区分").count() and not page.get_by_text("区分の誤り").count():
        page.get_by_label("職員").select_option(index=1)
        page.get_by_label("減らす業務区分").select_option("child")
        page.get_by_label("増やす業務区分").select_option("disability_core")
        page.get_by_label("動かす時間（分）").fill("720")
        page.get_by_label("理由").fill("区分の誤り")
        page.get_by_role("button", name="起案する").click()
        page.wait_for_load_state("networkidle")
    other = _tour(browser, base, "money-second", "keiri2").go(f"/apportionment/{first}/adjustments/")
    approve = other.page.get_by_role("button", name="承認する")
    if approve.count():
        approve.first.click()
        other.page.wait_for_load_state("networkidle")
    other.shot("adjustment", full=True)
