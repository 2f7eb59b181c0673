"""An エリア会議 with three households, one community issue and one outside partner, from invitation to minutes."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.enums import AgencyKind, Role, Sector
from budgets.masters import load_streams
from cases.masters import load_codes
from common.japan.wareki import format_wareki
from referrals.models import ActionItem, CommunityIssue, Conference, PrepSheet
from referrals.workflow import IssueState
from tests import factories as f
from tests.browser.conftest import TICK, shoot
from tests.conftest import persona

ISSUE = "坂の上の団地に買い物の足がない"
BOTH = (Sector.ELDERLY, Sector.DISABILITY)


@pytest.fixture
def masters(transactional_db):
    load_codes()
    load_streams()


@pytest.fixture
def partner(transactional_db):
    """A worker of an NPO, who comes as a guest."""
    return persona(f.make_agency("青葉NPO", kind=AgencyKind.OTHER), Role.CONFERENCE_GUEST, name="野村 直子")


def goto(page: Page, url: str) -> None:
    page.goto(url)
    page.wait_for_load_state()


def convene(page: Page, base: str, *agencies) -> Conference:
    """Kind, day, agencies and the cases that the director is offered."""
    goto(page, f"{base}/conferences/new/")
    page.locator("input[name=kind][value=area]").evaluate(TICK)
    page.fill("#id_starts_at_0", format_wareki(timezone.localdate(), weekday=False))
    page.fill("#id_starts_at_1", "23:00")
    page.fill("#id_title", "第9回 エリア会議")
    page.fill("#id_place", "市役所 301会議室")
    for agency in agencies:
        page.locator(f"input[name=invite][value='{agency.pk}']").evaluate(TICK)
    for box in page.locator("input[name=cases]").all():
        box.evaluate(TICK)
    shoot(page, "area_new")
    page.get_by_role("button", name=re.compile("^招集する")).click()
    page.wait_for_url(re.compile(r"/conferences/\d+/"))
    return Conference.objects.get()


def take_up_an_issue(page: Page, base: str, conference: Conference) -> None:
    goto(page, f"{base}/issues/new/")
    page.fill("#id_title", ISSUE)
    page.select_option("#id_theme", "shopping")
    page.fill("#id_description", "バスが一日四本。重い物を運べない。")
    page.get_by_role("button", name=re.compile("^保存する")).click()
    page.wait_for_url(re.compile(r"/issues/\d+/"))
    page.select_option("#id_conference", label=conference.title)
    page.get_by_role("button", name="議題にする").click()
    page.wait_for_url(re.compile(r"/conferences/\d+/"))
    expect(page.locator(".agenda__item", has_text=ISSUE)).to_be_visible()


def prepare(page: Page, base: str, conference: Conference) -> None:
    """The last household is urgent: it goes first. Then the sheets are asked for."""
    last = conference.agenda.order_by("-position").first()
    goto(page, f"{base}/conferences/items/{last.pk}/")
    page.select_option("#id_urgency", "now")
    page.get_by_role("button", name=re.compile("^保存する")).click()
    page.wait_for_url(re.compile(r"/conferences/\d+/"))
    page.get_by_role("button", name="急ぐものから並べる").click()
    expect(page.locator("#messages")).to_contain_text("急ぐものから")
    assert conference.agenda.order_by("position").first() == last
    page.get_by_role("button", name=f"{ISSUE}を上へ").click()
    expect(page.locator(".agenda__topic").nth(2)).to_contain_text(ISSUE)
    page.get_by_role("button", name="準備シートをお願いする").click()
    expect(page.locator("#messages")).to_contain_text("準備シートを")
    shoot(page, "area_planned")
    page.set_viewport_size({"width": 768, "height": 1000})
    shoot(page, "area_planned_768")
    page.set_viewport_size({"width": 1280, "height": 900})


def write_the_sheet(guest: Page, base: str, conference: Conference) -> None:
    """The partner reads one household and the issue, and hands in what it knows."""
    goto(guest, f"{base}/conferences/{conference.pk}/")
    expect(guest.locator(".agenda").first.locator(".agenda__item")).to_have_count(2)
    guest.get_by_role("link", name=re.compile("^書く")).click()
    guest.wait_for_url(re.compile(r"/conferences/prep/\d+/"))
    guest.fill("#id_situation", "食事会には欠かさず来ている。")
    guest.fill("#id_wanted", "移動の手だてに詳しいところ")
    guest.fill("#id_when_0", "平成30年")
    guest.fill("#id_what_0", "夫を亡くす")
    shoot(guest, "area_sheet")
    guest.get_by_role("button", name="提出する").click()
    expect(guest.locator("#messages")).to_contain_text("提出しました")


def sit(page: Page, guest: Page, base: str, conference: Conference, worker) -> None:
    goto(page, f"{base}/conferences/{conference.pk}/")
    page.get_by_role("button", name="案内済の人を全員「出席」にする").click()
    page.get_by_role("button", name="会議を始める").click()
    page.wait_for_url(re.compile(r"/run/"))
    _, second, third = conference.agenda.order_by("position")
    page.fill("#id_line", "一緒に訪問する 来週金曜")
    expect(page.locator("#decision-fields [name=text]")).to_have_value("一緒に訪問する")
    page.select_option("#decision-fields [name=agency]", str(worker.agency.pk))
    page.select_option("#decision-fields [name=staff]", str(worker.staff.pk))
    page.get_by_role("button", name=re.compile("^決定に加える")).click()
    expect(page.locator("#decision-box .decisions__row")).to_have_count(1)
    shoot(page, "area_run")
    page.fill("#id_conclusion", "訪問の頻度は次に決める")
    page.get_by_role("button", name=re.compile("^結論を保存する")).click()
    expect(page.locator("#messages")).to_contain_text("結論を保存しました")
    goto(page, f"{base}/conferences/{conference.pk}/run/?item={second.pk}")
    page.locator("#id_is_undecided").evaluate(TICK)
    page.get_by_role("button", name=re.compile("^結論を保存する")).click()
    page.get_by_role("link", name="次の議題 →").click()
    talk_of_the_issue(page, worker)
    page.get_by_role("link", name="次の議題 →").click()
    page.wait_for_url(re.compile(rf"item={third.pk}$"))
    page.fill("#id_conclusion", "見守りを続ける")
    page.get_by_role("button", name=re.compile("^結論を保存する")).click()
    expect(page.locator("#messages")).to_contain_text("結論を保存しました")
    # the partner follows on their own screen: the issue, and the one household that is open to them
    goto(guest, f"{base}/conferences/{conference.pk}/run/")
    expect(guest.locator(".run-bar__step")).to_have_count(2)
    expect(guest.locator("main")).not_to_contain_text("決定に加える")


def talk_of_the_issue(page: Page, worker) -> None:
    page.wait_for_url(re.compile(r"/issues/\d+/run/"))
    page.fill("#id_line", "移動販売の事業者に会う 来週金曜")
    expect(page.locator("#decision-fields [name=text]")).to_have_value("移動販売の事業者に会う")
    page.select_option("#decision-fields [name=agency]", str(worker.agency.pk))
    page.select_option("#decision-fields [name=staff]", str(worker.staff.pk))
    page.get_by_role("button", name=re.compile("^決定に加える")).click()
    expect(page.locator("#decision-box .decisions__row")).to_have_count(1)
    expect(
        page.locator("#id_line")
    ).to_be_focused()  # the next decision may be typed at once; then the conclusion
    page.fill("#id_conclusion", "移動販売の試行を社協に頼む")
    page.get_by_role("button", name="検討に進める").click()
    expect(page.locator("#messages")).to_contain_text("結論を保存しました")
    shoot(page, "area_issue_run")


def test_from_invitation_to_minutes(sign_in, live_server, worker, elderly_director, partner, masters):
    base, director = live_server.url, elderly_director
    cases = [f.make_case(worker.actor, sectors=BOTH) for _ in range(3)]
    f.give_consent(cases[0], worker.actor, partner.agency, director.agency, worker.agency)
    page = sign_in(director.staff)
    conference = convene(page, base, worker.agency, partner.agency)
    assert conference.agenda.count() == 3
    take_up_an_issue(page, base, conference)
    prepare(page, base, conference)
    seat = conference.members.get(agency=partner.agency)
    seat.staff = partner.staff
    seat.save(update_fields=["staff"])

    guest = sign_in(partner.staff)
    write_the_sheet(guest, base, conference)
    sheet = PrepSheet.objects.get(member=seat)
    goto(page, f"{base}/conferences/prep/{sheet.pk}/")
    expect(page.locator("main")).to_contain_text("食事会には欠かさず来ている")
    page.get_by_role("button", name="確認した").click()
    expect(page.locator("#messages")).to_contain_text("確認しました")
    goto(page, f"{base}/conferences/items/{sheet.agenda_item_id}/years/")
    expect(page.locator("table")).to_contain_text("平成30年")
    shoot(page, "area_years")

    sit(page, guest, base, conference, worker)
    goto(page, f"{base}/conferences/{conference.pk}/close/")
    summary = page.input_value("#id_summary")
    assert "移動販売の試行を社協に頼む" in summary
    assert "一緒に訪問する" in summary
    assert "移動販売の事業者に会う" in summary
    page.get_by_role("button", name=re.compile("^要旨を保存して終了する")).click()
    page.wait_for_url(re.compile(r"/conferences/\d+/$"))
    expect(page.locator("main")).to_contain_text("議事の要旨")
    shoot(page, "area_closed")

    decided = ActionItem.objects.order_by("pk")
    assert [(item.agency, item.case is None) for item in decided] == [
        (worker.agency, False),
        (worker.agency, True),
    ]
    assert CommunityIssue.objects.get().state == IssueState.CONSIDERED
    goto(guest, f"{base}/conferences/{conference.pk}/")
    expect(guest.locator("main")).to_contain_text("移動販売の試行を社協に頼む")
    expect(guest.locator("main")).not_to_contain_text(cases[1].number)
    expect(guest.locator("main")).not_to_contain_text(cases[2].number)
    guest.get_by_role("link", name="会議後アンケート").click()
    for name in ("purpose", "situation", "roles", "voice", "time"):
        guest.locator(f"input[name={name}][value='4']").evaluate(TICK)
    guest.get_by_role("button", name=re.compile("^答える")).click()
    expect(guest.locator("#messages")).to_contain_text("アンケートに答えました")
    goto(page, f"{base}/conferences/{conference.pk}/survey/results/")
    expect(page.locator("main")).to_contain_text(partner.staff.name)
    shoot(page, "area_survey")
