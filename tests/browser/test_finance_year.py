"""One demo year in Chromium: from locked months to the settlement of every stream, the audit pack and its verification."""

from __future__ import annotations

from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.management import call_command
from playwright.sync_api import Page, expect

from budgets.actions.report_jobs import make_reports
from budgets.actions.stream_budgets import save_budget, spread
from budgets.models import ApportionmentRow, GrantClaim, ReportJob
from budgets.workflow_claims import ClaimState
from tests import factories as f
from tests.browser.conftest import shoot
from tests.budgets.claims import YEAR, lock_months, make_shares


def look(page: Page, name: str) -> None:
    """No rule of axe broken, nothing wider than the window; a picture for the eye."""
    page.wait_for_load_state("networkidle")
    found = [(v["id"], [n["target"] for n in v["nodes"]][:3]) for v in Axe().run(page).response["violations"]]
    assert found == [], name
    shoot(page, name)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name


@pytest.fixture
def year(worker, center_worker, finance):
    streams = make_shares()
    lock_months([worker, center_worker], finance)
    return streams


def test_a_year_from_locked_months_to_a_verified_pack(
    sign_in, live_server, year, finance, auditor, worker, tmp_path: Path
):
    page = sign_in(finance.staff)
    page.goto(f"{live_server.url}/claims/?year={YEAR}")
    table = page.get_by_role("table")
    streams = ("care", "disability", "child", "poverty", "general")
    for code in streams:
        page.goto(f"{live_server.url}/claims/{YEAR}/{code}/")
        if code == "care":
            page.get_by_label("人件費のほかの事業費（円）").fill("120,000")
            page.get_by_label("寄付金その他の収入額（円）").fill("30,000")
            page.get_by_label("交付決定額（円）").fill("900,000")
        page.get_by_role("button", name="保存する").click()
        if code == "care":
            look(page, "claims-draft")
        page.get_by_role("button", name="この額で提出済みにする").click()
        expect(page.locator("main")).to_contain_text("提出済み")
        if code == "care":
            look(page, "claims-filed")
    assert GrantClaim.objects.filter(state=ClaimState.FILED).count() == len(streams)
    page.goto(f"{live_server.url}/claims/?year={YEAR}")
    cost = sum(ApportionmentRow.objects.filter(run__is_final=True).values_list("yen", flat=True))
    expect(table).to_contain_text(f"{cost + 120_000:,}円")
    look(page, "claims-list")

    page.goto(f"{live_server.url}/claims/reports/?year={YEAR}")
    page.locator("[name=kind]").select_option("pack")
    look(page, "claims-reports")
    page.get_by_role("button", name="作成を頼む").click()
    expect(page.locator("#report")).to_contain_text("順番を待っています")
    make_reports()
    page.get_by_role("link", name="受け取る").wait_for()  # the page asks by itself
    look(page, "claims-pack")
    with page.expect_download() as download:
        page.get_by_role("link", name="受け取る").click()
    path = tmp_path / "pack.zip"
    download.value.save_as(path)
    out = StringIO()
    call_command("verify_pack", str(path), sha256=ReportJob.objects.get().sha256, stdout=out)
    assert "1円まで一致しました" in out.getvalue()

    reader = sign_in(auditor.staff)
    reader.goto(f"{live_server.url}/claims/{YEAR}/care/")
    reader.get_by_role("link", name="令和7年6月分").click()
    expect(reader.locator("main")).to_contain_text("按分額")
    assert worker.staff.name not in reader.content()
    look(reader, "claims-workers")
    reader.get_by_role("row").nth(1).get_by_role("link").click()
    expect(reader.locator("main")).to_contain_text("決めた理由")
    look(reader, "claims-entries")
    reader.get_by_role("link", name="包括的支援", exact=False).first.click()
    expect(reader.locator("main")).to_contain_text("提出済み")


@pytest.mark.parametrize("width", [1280, 768])
def test_the_year_while_it_runs(sign_in, live_server, worker, center_worker, finance, width):
    streams = make_shares()
    lock_months([worker, center_worker], finance, months=7)
    for code, total in (("care", 3_200_000), ("child", 2_400_000), ("poverty", 1_500_000)):
        save_budget(
            stream=streams[code], fiscal_year=YEAR, months=spread(total), version=0, actor=finance.actor, at=f.NOW
        )  # fmt: skip
    page = sign_in(finance.staff, width=width)
    page.goto(f"{live_server.url}/claims/outlook/?year={YEAR}")
    page.get_by_label("この職員が").select_option(label=worker.staff.name)
    page.get_by_label("この財源の業務だけに移ると").select_option(index=4)
    page.get_by_label("この月から").select_option(date(2025, 12, 1).isoformat())
    page.get_by_role("button", name="見込む").click()
    expect(page.locator("main")).to_contain_text("市町村の負担の合計は")
    look(page, f"outlook-{width}")
    for name, path in {
        "stream": f"{YEAR}/care/outlook/", "budget": f"{YEAR}/care/budget/", "claims": f"?year={YEAR}", "claim": f"{YEAR}/care/",
        "statement": f"statement/?year={YEAR}&by=worker", "layout": "layouts/new/", "shares": f"{YEAR}/care/shares/",
    }.items():  # fmt: skip
        page.goto(f"{live_server.url}/claims/{path}")
        look(page, f"year-{name}-{width}")
