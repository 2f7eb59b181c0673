"""The pages of 知らせ and of 年度替わりの引き継ぎ in a real browser: they work, and break no rule that axe knows."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4

import pytest

from accounts.actions.notice_mail import mail_notices
from accounts.actions.notices import notify
from accounts.notice_kinds import NoticeKind
from referrals.actions.transfer_cases import draft_transfer, run_transfers
from referrals.transfer_rules import Rule
from tests import factories as f
from tests.accounts.mailbox import post_office, with_address
from tests.browser.test_axe import check

FAMILIES = (("森下", "和子"), ("北沢", "実"), ("西尾", "勇"), ("大石", "文江"), ("吉岡", "拓也"))


def _cases(worker):
    for family, given in FAMILIES:
        person = f.make_person(family, given)
        f.make_case(worker.actor, household=f.make_household(f"{family} {given} 世帯", person=person))


def _shot(page, name: str) -> None:
    """For docs/tours: KYOSEI_SHOTS names the directory."""
    if directory := os.environ.get("KYOSEI_SHOTS"):
        page.screenshot(path=Path(directory) / f"{name}.png", full_page=True)


def test_april_from_the_rule_to_the_list(sign_in, live_server, worker, colleague, manager):
    _cases(worker)
    page = sign_in(manager.staff)
    page.goto(f"{live_server.url}/handover/april/new/")
    page.get_by_label(colleague.staff.name, exact=True).check()
    page.locator("#id_note").fill("4月から担当が変わることを、本人に伝えてあります。")
    page.locator("#id_effective_on").fill("令和8年11月23日")
    _shot(page, "manager-6-april-rule")
    page.get_by_role("button", name="一覧を作って確かめる").click()
    page.wait_for_url("**/handover/april/*/")
    assert page.get_by_text("引き継ぐ人と同じ姓の世帯です").count() == 1
    page.get_by_label("確かめた").check()
    page.get_by_role("button", name="このページの変更を保存する").click()
    assert page.get_by_text("選んで確かめました").is_visible()
    _shot(page, "manager-7-april-list")
    page.get_by_role("button", name="この内容で決める").click()
    assert page.get_by_text("移しています").is_visible()
    run_transfers(at=f.NOW)
    page.reload()
    assert page.get_by_role("button", name="戻す").count() == len(FAMILIES) + 1
    _shot(page, "april-done")


@pytest.mark.parametrize("width", [1280, 768])
def test_pages_break_no_rule(sign_in, live_server, worker, colleague, manager, admin, settings, width):
    _cases(worker)
    made = draft_transfer(
        rule=Rule(targets=(colleague.staff.pk,)), effective_on=f.TODAY, note="", actor=manager.actor, at=f.NOW,
        request_key=uuid4(),
    )  # fmt: skip
    with_address(worker)
    notify(staff_ids=[worker.staff.pk], text="知らせ", url="/", at=f.NOW, kind=NoticeKind.WATCH)
    with post_office(settings) as letters:
        letters.answer = "550 no"
        mail_notices(at=f.NOW)
    page = sign_in(manager.staff, width=width)
    check(
        page, live_server.url,
        ["/handover/april/", "/handover/april/new/", f"/handover/april/{made.pk}/", "/staff/notices/settings/"],
    )  # fmt: skip
    page.goto(f"{live_server.url}/staff/notices/settings/")
    _shot(page, f"notice-settings-{width}")
    page.goto(f"{live_server.url}/handover/april/{made.pk}/")
    _shot(page, f"april-{width}")
    page = sign_in(admin.staff, width=width)
    check(page, live_server.url, ["/manage/notices/"])
    _shot(page, f"notices-stuck-{width}")
