"""業務記録 in Chromium: entered, corrected and deleted with the keyboard alone."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import expect

from accounts.enums import Sector
from budgets.actions.derive_entry import Meeting, derive_from_record, derive_meeting_entry
from budgets.actions.work_entries import add_entry, week_start
from budgets.masters import load_streams
from budgets.models import WorkEntry
from tests import factories as f
from tests.browser.conftest import shoot
from tests.budgets.work import make_consultation, make_note, moment
from tests.conftest import persona


def last_week() -> date:
    return week_start(timezone.localdate()) - timedelta(days=7)


@pytest.fixture
def full_week(desk):
    """A worker with a long name, and last week as it comes out of casework."""
    load_streams()
    me = persona(desk, name="勅使河原 千恵子（地域福祉課長補佐）")
    case = f.make_case(me.actor, sectors=(Sector.POVERTY, Sector.DISABILITY, Sector.CHILD, Sector.EDUCATION))
    monday, at = last_week(), timezone.now()
    for n in range(5):
        day = monday + timedelta(days=n)
        for clock, minutes, way in (
            ("8:40", 25, "phone"),
            ("9:30", 60, "home_visit"),
            ("13:00", 90, "accompany"),
            ("16:40", 15, "agency"),
        ):
            derive_from_record(
                contact=make_note(me, case, moment(day, clock), minutes, way=way), actor=me.actor, at=at
            )
        derive_from_record(contact=make_consultation(me, moment(day, "11:00"), 40), actor=me.actor, at=at)
        add_entry(
            starts_at=moment(day, "15:00"), minutes=60, category_code=["meeting", "training", "community", "disability_core", "care_plan"][n],
            note="生活支援体制整備の協議体（第2層）と民生委員児童委員協議会の合同の打合せ"[: 12 + 8 * n], actor=me.actor, at=at,
        )  # fmt: skip
    derive_meeting_entry(
        meeting=Meeting(1, "重層的支援会議", moment(monday, "14:00"), 120, case.number),
        staff=me.staff,
        agency=me.agency,
        actor=me.actor,
        at=at,
    )
    return me


def test_keyboard_alone(sign_in, full_week):
    page = sign_in(full_week.staff)
    page.keyboard.press("g")
    page.keyboard.press("w")
    page.wait_for_url(re.compile("/work/"))
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(re.compile("day="))
    monday = last_week()
    page.keyboard.press("i")
    page.keyboard.type("10:30 20 会議 朝の打合せ")
    page.keyboard.press("Enter")
    day = page.locator(f"#day-{monday.isoformat()}")
    expect(day).to_contain_text("朝の打合せ")
    expect(page.locator(f"#line-{monday.isoformat()}")).to_be_focused()
    page.keyboard.type("9:40 20 会議")
    page.keyboard.press("Enter")
    expect(day.locator("[role=alert]")).to_contain_text("9:30〜10:30 の「訪問")
    expect(page.locator(f"#line-{monday.isoformat()}")).to_be_focused()
    expect(page.locator(f"#line-{monday.isoformat()}")).to_have_value("9:40 20 会議")
    page.keyboard.press("Control+a")
    page.keyboard.type("11:40 20 移動")
    page.keyboard.press("Enter")
    expect(day.locator(".work-line", has_text="11:40〜12:00")).to_contain_text("移動")
    page.keyboard.press("ArrowDown")
    expect(page.locator(f"#line-{(monday + timedelta(days=1)).isoformat()}")).to_be_focused()
    assert (
        WorkEntry.objects.filter(staff=full_week.staff, worked_on=monday, source_type="manual").count() == 3
    )


def test_correct_delete_fill_and_settle(sign_in, full_week):
    page, monday = sign_in(full_week.staff), last_week()
    page.goto(page.url.rstrip("/") + f"/work/?day={monday.isoformat()}")
    day = page.locator(f"#day-{monday.isoformat()}")
    day.get_by_role("link", name="15:00の業務を直す").click()
    field = page.locator(f"#edit-{monday.isoformat()}")
    expect(field).to_be_focused()
    field.fill("15:00-15:30 研修")
    field.press("Enter")
    expect(day.locator(".work-line", has_text="15:00〜15:30")).to_contain_text("研修")
    day.get_by_role("link", name="15:00の業務を直す").click()
    day.get_by_role("button", name="消す").click()
    expect(day.locator(".work-edit")).to_have_count(0)
    expect(day.locator(".work-line", has_text="研修")).to_have_count(0)
    day.get_by_role("button", name="9:05から9:30に入れる").click()
    page.locator("[data-word='移動']").click()
    expect(page.locator(f"#line-{monday.isoformat()}")).to_have_value("9:05-9:30 移動")
    page.keyboard.press("Enter")
    expect(day.locator(".work-line", has_text="9:05〜9:30")).to_contain_text("移動")
    day.get_by_role("button", name="確認した").click()
    expect(day.locator(".work-finding")).to_have_count(0)


@pytest.mark.parametrize("width", [1280, 768])
def test_a_full_week_is_readable_and_accessible(sign_in, full_week, width):
    page = sign_in(full_week.staff, width=width)
    page.goto(page.url.rstrip("/") + f"/work/?day={last_week().isoformat()}")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    shoot(page, f"work-week-{width}")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
