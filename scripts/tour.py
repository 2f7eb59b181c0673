"""Screenshots of the tours in docs/tours, on a fresh demo municipality of its own (`make tour`).

Starts its own servers under var/tour, loads the demo, signs in as each role, and takes every picture that a tour page
names. Pictures are written as docs/tours/img/<role>-<n>-<name>.png. Needs Chromium. `scripts/tour.py money` takes those of
minutes and money alone, on the three municipalities of docs/three-municipalities.md.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
MONEY = "money" in sys.argv[1:]
os.environ.setdefault("KYOSEI_VAR", str(ROOT / "var" / ("tour-money" if MONEY else "tour")))
os.environ["KYOSEI_ENV"] = "test"  # static files straight from the tree, no rate limit on sign-in

import django  # noqa: E402
from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402

OUT = ROOT / "docs" / "tours" / "img"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def manage(*arguments: str) -> None:
    subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, check=True)


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(120):
        if process.poll() is not None:
            raise SystemExit("the server of the tour ended")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.5)
    raise SystemExit("the server of the tour did not answer")


class Tour:
    """One role's walk: ``go`` opens an address or follows a link, ``shot`` takes the next picture."""

    def __init__(
        self, browser: Browser, base: str, role: str, username: str, password: str, width: int = 1280
    ) -> None:
        self.base, self.role, self.count = base, role, 0
        context = browser.new_context(
            locale="ja-JP", timezone_id="Asia/Tokyo", viewport={"width": width, "height": 860}
        )
        context.set_default_timeout(15_000)
        self.page: Page = context.new_page()
        self.page.goto(f"{base}/accounts/login/")
        self.page.fill("[name=login]", username)
        self.page.fill("[name=password]", password)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(f"{base}/")

    def go(self, path: str) -> Tour:
        self.page.goto(self.base + path)
        self.page.wait_for_load_state("networkidle")
        return self

    def follow(self, selector: str) -> Tour:
        self.page.locator(selector).first.click()
        self.page.wait_for_load_state("networkidle")
        return self

    def shot(self, name: str, *, full: bool = False) -> Tour:
        self.count += 1
        OUT.mkdir(parents=True, exist_ok=True)
        if full:
            self.page.evaluate("scrollTo(0, 0)")  # the head stays where one has scrolled to
        self.page.screenshot(path=OUT / f"{self.role}-{self.count}-{name}.png", full_page=full)
        return self


def main() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("Chromium がありません: apt-get install chromium fonts-noto-cjk")
    manage("migrate", "--noinput", "-v", "0")
    if MONEY:
        manage("demo_municipalities", "--if-empty")
    else:
        manage("demo_data", "--if-empty")
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [sys.executable, "manage.py", "runserver", f"127.0.0.1:{port}", "--noreload"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f"{base}/healthz", server)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kyosei.settings")
        django.setup()
        from scripts.tour_money import walk_money
        from scripts.tour_steps import walk

        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            (walk_money if MONEY else walk)(browser, base)
            browser.close()
    finally:
        server.terminate()
        server.wait(10)
        subprocess.run([sys.executable, "-m", "common.embedded", "stop"], cwd=ROOT, check=False)


if __name__ == "__main__":
    main()
