"""Sharing as people do it: by consent until it is withdrawn, in a 支援会議 while it sits, in an emergency for an hour."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.enums import Role
from cases.masters import load_codes
from cases.models import BreakGlass, Case
from households.models import Person
from referrals.models import Conference
from tests import factories as f
from tests.browser.conftest import TICK, shoot
from tests.conftest import persona

NAME = "綿貫 菊乃"


@pytest.fixture
def case(transactional_db, worker, elderly_director) -> Case:
    load_codes()
    person = f.make_person("綿貫", "菊乃", family_kana="わたぬき", given_kana="きくの", birth_on=None)
    case = f.make_case(
        worker.actor,
        household=f.make_household(f"{NAME} 世帯", person=person),
        sectors=("elderly", "disability"),
    )
    case.person = person
    case.save()
    return case


def give_consent(page: Page, base: str, case: Case, agency_pk: int) -> None:
    page.goto(f"{base}/cases/{case.number}/consent/")
    page.locator("input[name=state][value=yes]").evaluate(TICK)
    page.locator(f"input[name=agencies][value='{agency_pk}']").evaluate(TICK)
    page.locator("input[name=method][value=spoken]").evaluate(TICK)
    page.fill("#id_witness", "長女")
    page.get_by_role("button", name="答えを記録する").click()
    expect(page.locator("main")).to_contain_text("ケースの同意は「あり」")


def test_a_case_is_shared_by_consent_and_lost_at_its_withdrawal(
    case, worker, center_worker, sign_in, live_server
):
    base = live_server.url
    ours, theirs = sign_in(worker.staff), sign_in(center_worker.staff)
    give_consent(ours, base, case, center_worker.agency.pk)
    shoot(ours, "sharing-1-consent")

    ours.goto(f"{base}/referrals/new/?case={case.number}")
    ours.fill("#id_to_agency", "包括")
    ours.locator("#id_to_agency_list [role=option]").first.click()
    ours.locator("input[name=ground][value=consent]").evaluate(TICK)
    ours.locator("input[name=parts][value=basic]").evaluate(TICK)
    expect(ours.locator("#preview")).to_contain_text(NAME)
    shoot(ours, "sharing-2-preview")
    ours.fill("#id_purpose", "一緒に訪問してほしい")
    ours.get_by_role("button", name=re.compile("^つなぐ")).click()
    ours.wait_for_url(re.compile(r"/referrals/\d+/"))

    theirs.goto(ours.url)
    expect(theirs.locator("main")).to_contain_text(NAME)
    theirs.get_by_role("link", name="一緒に支える").first.click()
    theirs.get_by_role("button", name="一緒に支える").click()
    expect(theirs.locator("body")).to_contain_text("協働機関として加わりました")
    theirs.goto(f"{base}/cases/{case.number}/")
    expect(theirs.locator("h1")).to_contain_text(NAME)

    ours.goto(f"{base}/cases/{case.number}/consent/")
    ours.get_by_text("撤回を記録する", exact=True).first.click()
    ours.get_by_role("button", name="撤回を記録する").click()
    expect(ours.locator("#messages")).to_contain_text("いま終わらせました")
    shoot(ours, "sharing-3-withdrawn")

    assert theirs.reload().status == 404
    expect(theirs.locator("body")).not_to_contain_text(NAME)
    theirs.goto(f"{base}/cases/")
    expect(theirs.locator("main")).not_to_contain_text(NAME)


def test_a_support_conference_from_invitation_to_expiry(
    case, worker, disability_worker, elderly_director, sign_in, live_server
):
    base = live_server.url
    director, guest = sign_in(elderly_director.staff), sign_in(disability_worker.staff)
    director.goto(f"{base}/conferences/new/?case={case.number}")
    director.locator("input[name=kind][value=support]").evaluate(TICK)
    director.locator(f"input[name=invite][value='{disability_worker.agency.pk}']").evaluate(TICK)
    today = timezone.localdate()
    director.fill("#id_starts_at_0", f"{today:%Y-%m-%d}")
    director.fill("#id_starts_at_1", "23:30")
    director.get_by_role("button", name=re.compile("招集")).click()
    director.wait_for_url(re.compile(r"/conferences/\d+/"))
    address = director.url

    guest.goto(address)
    expect(guest.locator("main")).to_contain_text("守秘の確認")
    expect(guest.locator("main")).not_to_contain_text(NAME)
    guest.locator("input[name=accept]").evaluate(TICK)
    guest.get_by_role("button", name="守秘を確認する").click()
    expect(guest.locator("main")).to_contain_text("守秘の確認は済んでいます")
    expect(guest.locator("main")).not_to_contain_text(NAME)
    shoot(guest, "sitting-1-accepted")

    director.goto(address)
    director.get_by_role("button", name=re.compile("開会|始める")).first.click()
    expect(director.locator("body")).to_contain_text("同意を得られない理由")
    director.goto(address)
    director.get_by_role("link", name=re.compile("書き込む")).first.click()
    director.fill("#id_no_consent_reason", "本人と連絡がとれず、意向を確かめられない")
    shoot(director, "sitting-2-item")
    director.get_by_role("button", name=re.compile("保存する")).click()
    director.goto(address)
    director.get_by_role("button", name=re.compile("開会|始める")).first.click()
    director.wait_for_url(re.compile(r"/run/"))
    shoot(director, "sitting-3-running")

    guest.goto(address)
    expect(guest.locator("main")).to_contain_text(NAME)
    shoot(guest, "sitting-4-guest")
    conference = Conference.objects.get()
    Conference.objects.filter(pk=conference.pk).update(papers_until=timezone.now())  # the hour has passed
    guest.reload()
    expect(guest.locator("main")).not_to_contain_text(NAME)
    assert guest.goto(f"{address}handout.pdf").status == 403
    shoot(director, "sitting-5-over")


def test_the_glass_is_broken_and_reviewed(case, worker, stranger, desk, sign_in, live_server):
    base = live_server.url
    boss = persona(stranger.agency, Role.AGENCY_MANAGER, name="課長 治")
    page = sign_in(stranger.staff)
    assert page.goto(f"{base}/cases/{case.number}/").status == 404
    page.goto(f"{base}/break-glass/people/{Person.objects.get().pk}/")
    page.locator("input[name=reason][value=missing]").evaluate(TICK)
    page.fill("#id_text", "三日連絡がとれず、新聞がたまっていると民生委員から電話があった。")
    shoot(page, "glass-1-reason")
    page.get_by_role("button", name="60分だけ開く").click()
    page.wait_for_url(re.compile(r"/cases/K"))
    expect(page.locator(".glass")).to_contain_text("緊急閲覧中")
    expect(page.locator("h1")).to_contain_text(NAME)
    shoot(page, "glass-2-open")
    page.goto(f"{base}/households/")
    expect(page.locator(".glass")).to_contain_text(case.number)

    owner, manager = sign_in(worker.staff), sign_in(boss.staff)
    expect(owner.locator("main")).to_contain_text("緊急閲覧されました")
    manager.get_by_role("link", name=re.compile("緊急閲覧を確認する")).first.click()
    shoot(manager, "glass-3-review")
    manager.locator("input[name=verdict][value=fit]").evaluate(TICK)
    manager.fill("#id_note", "訪問記録と突き合わせ、緊急だったことを確かめた。")
    manager.get_by_role("button", name="確認を記録する").click()
    manager.wait_for_url(re.compile(r"/break-glass/$"))
    expect(manager.locator("main")).to_contain_text("緊急閲覧は適切だった")
    assert BreakGlass.objects.get().reviewed_by == boss.staff
