"""Real Chromium against a live server. Skipped, with the reason, where Chromium cannot be installed."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from accounts.models import Staff
from tests.factories import PASSWORD

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip
SHOTS = Path(os.environ.get("KYOSEI_SHOTS", "var/shots"))


# a radio or checkbox whose label is what is seen: a click by coordinates misses it while the page still moves
TICK = "box => { box.focus(); if (!box.checked) box.click(); }"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests touch a committed database and want Chromium."""
    here = Path(__file__).parent
    why = ""
    if os.environ.get("KYOSEI_NO_BROWSER") == "1" or CHROMIUM is None:
        why = "Chromium is not installed here (apt-get install chromium fonts-noto-cjk)"
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db(transaction=True))
            if why:
                item.add_marker(pytest.mark.skip(reason=why))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def new_context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Contexts in Japanese and Tokyo time; console errors and failed pages fail the test."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def make(width: int = 1280, height: int = 900) -> BrowserContext:
        context = browser.new_context(
            locale="ja-JP", timezone_id="Asia/Tokyo", viewport={"width": width, "height": height},
            accept_downloads=True,
        )  # fmt: skip
        context.set_default_timeout(10_000)
        context.on("weberror", lambda error: problems.append(str(error.error)))
        context.on(
            "console",
            lambda m: (
                problems.append(m.text)
                if m.type == "error" and "Failed to load resource" not in m.text
                else None
            ),
        )
        context.on("response", lambda r: problems.append(f"{r.status} {r.url}") if r.status >= 500 else None)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()
    wait_for_the_server()
    assert problems == []


def wait_for_the_server() -> None:
    """Requests that a closed page left behind end before the tables are emptied: the two would lock each other up."""
    quiet = 0
    for _ in range(100):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND state <> 'idle' AND backend_type = 'client backend'"
            )
            quiet = quiet + 1 if cursor.fetchone() == (0,) else 0
        if quiet > 3:
            return
        time.sleep(0.03)


@pytest.fixture
def sign_in(new_context, live_server) -> Callable[..., Page]:
    """A page signed in as a staff member, through the real sign-in form."""

    def open_page(staff: Staff, *, width: int = 1280) -> Page:
        staff.set_password(PASSWORD)
        staff.save(update_fields=["password"])
        page = new_context(width).new_page()
        page.goto(f"{live_server.url}/accounts/login/")
        page.fill("[name=login]", staff.username)
        page.fill("[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{live_server.url}/")
        return page

    return open_page


def shoot(page: Page, name: str) -> None:
    """A screenshot for the eye, under var/shots."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)
