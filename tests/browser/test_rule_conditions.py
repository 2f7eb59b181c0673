"""区分の表 with lines by activity and by the worker's assignment in Chromium: typed, looked at, saved, read."""

from __future__ import annotations

from datetime import date

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import expect

from accounts.enums import Sector
from budgets.actions.assignments import AssignmentData, set_assignment
from budgets.masters import load_streams
from budgets.models import AttributionTable, FundingStream, WorkEntry
from cases.enums import Way
from tests import factories as f
from tests.browser.conftest import shoot
from tests.budgets.work import derive, make_note, moment


@pytest.fixture
def two_workers(worker, center_worker, finance) -> date:
    """Notes of a meeting and of a visit about a child; 岡部 is 専従 for 包括的支援 as 主任介護支援専門員."""
    load_streams()
    today = timezone.localdate()
    care = FundingStream.objects.get(code="care")
    for who, stream, qualification in (
        (center_worker, care, "主任介護支援専門員"),
        (worker, None, "社会福祉士、保健師"),
    ):
        data = AssignmentData(
            who.staff, who.agency, stream, today.replace(day=1), qualification=qualification
        )
        set_assignment(data=data, actor=finance.actor, at=timezone.now())
    for who in (worker, center_worker):
        case = f.make_case(who.actor, sectors=(Sector.CHILD,))
        for clock, way in (("9:00", Way.MEETING), ("10:00", Way.HOME_VISIT)):
            derive(make_note(who, case, moment(today, clock), way=way), who)
    return today


@pytest.mark.parametrize("width", [1280, 768])
def test_lines_by_activity_and_by_assignment(sign_in, live_server, two_workers, finance, width):
    page = sign_in(finance.staff, width=width)
    page.goto(f"{live_server.url}/apportionment/rules/edit/")
    spare = 15  # the first line below the fourteen that are shipped
    for n, order, label, category in (
        (spare, "1", "会議の記録 → 共通", "meeting"), (spare + 1, "2", "包括の専従の職員 → 包括的支援事業", "care"),
    ):  # fmt: skip
        page.get_by_label(f"{n}行目の順", exact=True).fill(order)
        page.get_by_label(f"{n}行目の説明", exact=True).fill(label)
        page.get_by_label(f"{n}行目の業務区分", exact=True).select_option(category)
    page.get_by_label(f"{spare}行目の活動", exact=True).select_option("会議")
    page.get_by_label(f"{spare + 1}行目の専従の財源", exact=True).select_option("専従：包括的支援")
    page.get_by_label(f"{spare + 1}行目の資格", exact=True).select_option("主任介護支援専門員")
    page.get_by_label("例（1行に1つ").fill(
        "72 高齢 → care\n9 児童 会議 → meeting\n9 児童 訪問 専従:care 資格:主任介護支援専門員 → care\n9 児童 訪問 → child"
    )
    page.get_by_label("変更の理由").fill("市の要綱の改正")
    page.get_by_role("button", name="動く業務実績を確かめる").click()
    main = page.locator("main")
    expect(main).to_contain_text("この表で動く業務実績：3件")
    expect(main).to_contain_text("包括の専従の職員 → 包括的支援事業（専従の職員、資格：主任介護支援専門員）")
    expect(page.get_by_label("1行目の活動", exact=True)).to_have_value("meeting")
    assert not AttributionTable.objects.exists()
    assert not Axe().run(page).response["violations"]
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    shoot(page, f"rule-conditions-edit-{width}")
    page.get_by_role("button", name="この表を保存する").click()
    expect(main).to_contain_text("専従：包括的支援、資格：主任介護支援専門員")
    assert not Axe().run(page).response["violations"]
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    shoot(page, f"rule-conditions-read-{width}")
    found = WorkEntry.objects.order_by("pk").values_list("category__code", flat=True)
    assert list(found) == ["meeting", "child", "meeting", "care"]
