"""A girl of 16 who looks after her father with a spinal injury: a teacher's worry, long reaching out, support, and a year after."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from budgets.masters import load_streams
from cases.masters import load_codes
from cases.models import Case, Outreach
from tests.browser.conftest import TICK, shoot
from tests.browser.walking import Walk, wareki

GIRL, FATHER = "倉持 ひより", "倉持 英樹"


@pytest.fixture
def walk(transactional_db, live_server, clock_of_the_tests, sign_in, worker, disability_director) -> Walk:
    load_codes()
    load_streams()
    return Walk(live_server.url, clock_of_the_tests, sign_in, worker)


def try_once(walk: Walk, answer: str, note: str, *, way: str = "home_visit") -> None:
    page = walk.page
    page.locator(f"input[name=answer][value={answer}]").evaluate(TICK)
    page.fill("#id_note", note)
    page.select_option("#id_way", way)
    page.fill("#id_minutes", "20")
    page.fill("#id_next_on", wareki(timezone.localdate() + timedelta(days=14)))
    page.keyboard.press("Control+Enter")
    expect(walk.main).to_contain_text(note)


def hear_of_her(walk: Walk) -> None:
    """A third party's worry about somebody who has asked for nothing, and the outreach that begins with it."""
    page = walk.page
    page.keyboard.press("n")
    page.wait_for_url("**/consultations/new/**")
    page.wait_for_load_state()
    page.fill(
        "#id_text",
        "一時間目に間に合わない日が続く生徒がいる。父親の介助をしているらしい。本人は「大丈夫です」としか言わない。",
    )
    page.locator("input[name=is_anonymous]").evaluate(TICK)
    page.locator("input[name=caller][value=agency]").evaluate(TICK)
    page.get_by_text("連絡してきた人（本人以外のとき）").click()
    page.fill("#id_caller_name", "県立高校 養護教諭 植村")
    page.locator("input[name=way][value=phone]").evaluate(TICK)
    page.fill("#id_minutes", "20")
    page.locator("input[name=concerns][value=c12]").evaluate(TICK)
    page.get_by_role("button", name="受け付けるだけ").click()
    page.wait_for_url(re.compile(r"/consultations/U\d\d-\d+/"))
    page.get_by_role("link", name="アウトリーチを始める").click()
    page.wait_for_load_state()
    page.fill("#id_described", "県立高校1年の女子生徒（父の介助をしている）")
    if not page.locator("#id_worry").input_value():
        page.fill("#id_worry", "一時間目に間に合わない日が続く。")
    page.locator("input[name=source][value=school]").evaluate(TICK)
    page.fill("#id_next_on", wareki(timezone.localdate() + timedelta(days=4)))
    page.get_by_role("button", name=re.compile("^始める")).click()
    page.wait_for_url(re.compile(r"/outreach/\d+/"))
    page.wait_for_load_state()


def test_from_a_teachers_worry_to_the_year_after(walk, disability_worker):
    walk.begin()
    hear_of_her(walk)
    outreach = Outreach.objects.get()
    path = f"/outreach/{outreach.pk}/"
    walk.page.context.close()

    with walk.after(5):  # what is due stands at home
        walk.main.locator("a", has_text="県立高校1年の女子生徒").first.click()
        walk.page.wait_for_load_state()
        try_once(walk, "left", "保健室に名刺と居場所のちらしを置かせてもらった。", way="through")
    with walk.after(20):
        walk.goto(path)
        try_once(walk, "voice", "保健室で五分。「父のことは話したくない」。", way="together")
    with walk.after(35):
        walk.goto(path)
        try_once(walk, "met", "居場所で数学を一緒にした。夜中に二回起きると話す。", way="together")
        assert not Case.objects.exists()
        walk.page.get_by_role("link", name="相談につなげる").click()
        walk.page.wait_for_load_state()
        walk.page.fill("#id_how", "居場所で「ちょっと楽になりたい」")
        walk.page.fill("#id_person_text", GIRL)
        walk.page.locator("input[name=sectors][value=child]").evaluate(TICK)
        walk.page.get_by_role("button", name=re.compile("^相談を始める")).click()
        walk.page.wait_for_load_state("networkidle")
        walk.number = Case.objects.get().number
        walk.add_member("倉持", "英樹", "S50.2.11", "parent")
        walk.kinship(FATHER, GIRL)
        walk.household()
        expect(walk.main).not_to_contain_text("植村")  # who told of it stays where it was heard
        expect(walk.main).to_contain_text("夜中に二回起きる")
        walk.consent(disability_worker)
        walk.refer(disability_worker, "父の夜間の介助に、ヘルパーを入れられないか")
        walk.answer(disability_worker, "夜間の介助", "重度訪問介護の申請を手伝います。")

    with walk.after(37):
        walk.note("父と会う。「娘に頼りきりだった」と泣かれる。", next_in=10)

    with walk.after(90):  # nobody has written for 53 days
        expect(walk.worry("対応がない")).to_have_count(1)
        expect(walk.worry("次の予定がない")).to_have_count(1)
        shoot(walk.page, "walk-carer-queue")
        walk.note("ヘルパーが週五日の夜に入り、遅刻がなくなった。", way="phone", minutes=15)
        expect(walk.worry("対応がない")).to_have_count(0)

    with walk.after(150):
        walk.note("定期試験を全部受けた。居場所の手伝いを始めている。", way="accompany")
        walk.close("夜に眠れている。父も「自分で頼める」と話す。", every="12か月ごと", way="訪問", turns=2)

    with walk.after(150 + 366):  # the year after: it is not well
        walk.watch("worse", "ヘルパーの事業所が閉じ、また夜の介助をしている。")
        walk.page.wait_for_url("**/reopen/")
        expect(walk.main).to_contain_text("また夜の介助をしている")
        walk.page.get_by_role("button", name="支援を再開する").click()
        expect(walk.stream).to_contain_text("再相談")
        assert (walk.case.is_open, walk.case.reopened_count) == (True, 1)
        walk.history(
            "名刺と居場所のちらし", "父のことは話したくない", "夜中に二回起きる", "重度訪問介護の申請", "娘に頼りきりだった",
            "ヘルパーが週五日の夜", "目標達成：夜に眠れている", "見守り 1回目の結果：悪化", "再相談（再開）", f"{FATHER} は {GIRL} の 親",
        )  # fmt: skip
        shoot(walk.page, "walk-carer-household")
        partner = walk.sign_in(disability_worker.staff)
        partner.goto(f"{walk.base}/households/{walk.case.household_id}/")
        expect(partner.locator("main")).to_contain_text("ヘルパーが週五日の夜")
        expect(partner.locator("body")).not_to_contain_text("植村")
        partner.context.close()
