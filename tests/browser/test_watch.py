"""One watch after closing in a browser: agreed, missed, worse, and support again with everything in its place."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from cases.masters import load_codes
from cases.models import Case, FollowUp, WatchCycle
from tests import factories as f
from tests.browser.conftest import TICK, shoot


@pytest.fixture
def masters(db):
    load_codes()
    f.make_streams()


def test_from_closing_to_worse_to_reopening(sign_in, worker, live_server, masters):
    case = f.make_case(worker.actor)
    page = sign_in(worker.staff, width=768)
    main = page.locator("main")
    page.goto(f"{live_server.url}/cases/{case.number}/close/")
    page.select_option("#id_reason", label="目標達成")
    page.fill("#id_note", "本人も納得している。")
    page.locator("label[data-pick-for]", has_text="6か月ごと").click()
    page.keyboard.press("ArrowLeft")  # the focus stays in the group: 3か月ごと
    expect(page.locator("input[name=every][value='3']")).to_be_checked()
    page.select_option("#id_follow_up_way", label="訪問")
    page.fill("#id_turns", "4")
    page.fill("#id_visit_after", "1")
    page.fill("#id_tell_after", "2")
    page.fill("#id_reopen_after", "3")
    shoot(page, "watch-close-768")
    page.get_by_role("button", name="終結する").click()
    expect(main).to_contain_text(re.compile("次は3か月後 .*訪問"))
    expect(main).to_contain_text("3か月ごと・全4回・第1回")
    cycle = WatchCycle.objects.get()
    assert (cycle.every, cycle.turns, cycle.reopen_after) == ("3", 4, 3)

    FollowUp.objects.update(due_on=timezone.localdate())
    page.goto(f"{live_server.url}/")
    expect(main).to_contain_text("第1回・訪問・3か月ごと")
    page.locator("main a", has_text="森下").first.click()
    page.wait_for_load_state()
    page.locator("input[name=result][value=unreachable]").evaluate(TICK)
    page.fill("#id_note", "呼び鈴に応えがない。")
    page.keyboard.press("Control+Enter")
    expect(main).to_contain_text("1回続けて連絡がついていません")
    expect(main).to_contain_text("呼び鈴に応えがない。")
    shoot(page, "watch-missed-768")

    page.wait_for_load_state()  # the keys are heard once the page is whole
    page.locator("input[name=result][value=worse]").evaluate(TICK)
    page.fill("#id_note", "痩せて、食事がとれていない。")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/reopen/")
    expect(page.locator("#id_reason")).to_have_value("見守りで悪化。痩せて、食事がとれていない。")
    expect(main).to_contain_text("呼び鈴に応えがない。")
    shoot(page, "watch-reopen-768")
    page.get_by_role("button", name="支援を再開する").click()
    expect(page.locator("#timeline-list")).to_contain_text("再相談")
    assert Case.objects.get().is_open
    assert FollowUp.objects.filter(dropped_at__isnull=False).count() == 1


def test_a_result_is_found_again_in_the_counts(sign_in, worker, live_server, masters):
    from cases.actions.closing import ClosingData, close_case
    from cases.actions.follow_up import record_follow_up
    from cases.models import Code

    now = timezone.now()
    data = ClosingData(
        kind="close", reason=Code.objects.get(code_list="closing_reason", code="z01"), note="納得している。",
        follow_up_on=timezone.localdate() + timedelta(days=30), every="1",
    )  # fmt: skip
    case = close_case(case=f.make_case(worker.actor), data=data, actor=worker.actor, at=now)
    record_follow_up(
        follow_up=FollowUp.objects.get(case=case), result="stable", note="畑に出ている。", next_on=None, stop_reason="",
        actor=worker.actor, at=now,
    )  # fmt: skip
    page = sign_in(worker.staff)
    page.goto(f"{live_server.url}/cases/watch/")
    page.get_by_role("link", name="結果の集計").click()
    page.locator("main td a").first.click()
    expect(page.locator("main tbody")).to_contain_text("畑に出ている。")
    page.locator("main tbody a").first.click()
    expect(page.locator("main")).to_contain_text("このフォローは記録済みです")
