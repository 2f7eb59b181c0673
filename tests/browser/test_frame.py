"""The frame of every page: sign-in, keys, skip link, navigation by role."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import shoot


def test_sign_in_home_and_keys(sign_in, worker):
    page = sign_in(worker.staff)
    expect(page.get_by_role("navigation", name="主なメニュー")).to_contain_text("ホーム")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "global-search"
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("n")
    page.wait_for_url("**/consultations/new/**")
    shoot(page, "receive-empty")


def test_finance_clerk_sees_no_casework_in_the_menu(sign_in, finance):
    page = sign_in(finance.staff)
    menu = page.get_by_role("navigation", name="主なメニュー")
    expect(menu).to_contain_text("按分")
    for word in ("相談", "世帯", "ケース", "つなぎ"):
        expect(menu).not_to_contain_text(word)
    shoot(page, "finance-home")
