"""A mother alone with debts, and a child who does not go to school: from the first word to her coming back a year later."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.enums import AgencyKind, Role, Sector
from budgets.masters import load_streams
from cases.masters import load_codes
from cases.models import Case, FollowUp
from tests import factories as f
from tests.browser.conftest import TICK, shoot
from tests.browser.walking import Walk, wareki
from tests.conftest import Persona, persona

MOTHER, CHILD = "八木沢 真奈美", "八木沢 颯太"


@pytest.fixture
def walk(transactional_db, live_server, clock_of_the_tests, sign_in, worker) -> Walk:
    load_codes()
    load_streams()
    return Walk(live_server.url, clock_of_the_tests, sign_in, worker)


@pytest.fixture
def school(transactional_db) -> Persona:
    return persona(
        f.make_agency("学校教育室", kind=AgencyKind.DEPARTMENT, sector=Sector.EDUCATION), name="井出 祐介"
    )


@pytest.fixture
def poverty(transactional_db) -> Persona:
    return persona(
        f.make_agency("生活支援室", kind=AgencyKind.DEPARTMENT, sector=Sector.POVERTY), name="小田切 薫"
    )


@pytest.fixture
def poverty_director(transactional_db) -> Persona:
    office = f.make_agency(
        "エリアディレクター（困窮）", kind=AgencyKind.DIRECTOR_OFFICE, sector=Sector.POVERTY, may_lead=False
    )
    return persona(office, Role.AREA_DIRECTOR, name="有働 正", sector=Sector.POVERTY)


def test_from_the_debts_to_coming_back_a_year_later(walk, school, poverty, poverty_director):
    walk.begin()
    walk.receive(
        "カードの返済が月八万円。息子が五月から学校に行っていない。朝、起こす力が出ない。",
        MOTHER,
        concerns="c06 c03 c13 c11",
    )
    # he is 15 eleven months from now: the worry of leaving school will find the desk by itself
    born = timezone.localdate().replace(year=timezone.localdate().year - 15) + timedelta(days=330)
    walk.add_member("八木沢", "颯太", wareki(born), "child")
    walk.kinship(MOTHER, CHILD)
    walk.consent(school, poverty)
    walk.refer(school, "学校に行けるようになることより、まず朝の過ごし方を一緒に考えてほしい")
    walk.refer(poverty, "返済を止めるところから家計を一緒に見てほしい")
    walk.answer(school, "朝の過ごし方", "スクールソーシャルワーカーが週一回訪ねます。")
    walk.page.context.close()

    with walk.after(16):  # the other did not answer: it has gone up by itself
        director = walk.sign_in(poverty_director.staff)
        expect(director.locator("main")).to_contain_text("返済を止めるところから")
        shoot(director, "walk-mother-escalated")
        director.context.close()
        walk.answer(poverty, "返済を止める", "法テラスの相談に同行します。")
        walk.note("三人で家計表を書いた。返済は弁護士が止めてくれた。", way="visit_desk")

    with walk.after(40):
        worries = walk.worry("次の予定がない")
        expect(worries).to_have_count(1)
        worries.get_by_role("link", name="先送り").click()
        walk.page.fill("#id_reason", "生活支援室が今週同行する。来週、結果を聞く。")
        walk.page.get_by_role("button", name="先送りする").click()
        expect(walk.page.locator("body")).to_contain_text("先まで見送りました")

    with walk.after(90):
        walk.note("返済の見通しがついた。颯太さんは週三日、教育支援センターに通う。", way="phone", minutes=20)
        walk.close(
            "返済の道筋がつき、朝の支度を息子と一緒にできる日が増えた。",
            every="6か月ごと",
            way="電話",
            turns=2,
        )
        expect(walk.worry("")).to_have_count(0)

    with walk.after(90 + 184):
        walk.watch("stable", "颯太さんは教育支援センターの遠足に行った。")
        assert not walk.case.is_open

    with walk.after(90 + 366):  # a year after the closing
        walk.watch("stable", "家計簿を続けている。颯太さんは高校の見学に行った。")
        assert not walk.case.is_open
        assert not FollowUp.objects.waiting().exists()

    with walk.after(480):  # she comes back by herself
        page = walk.page
        page.keyboard.press("n")
        page.wait_for_url("**/consultations/new/**")
        page.wait_for_load_state()
        page.fill("#id_text", "高校をどうするか、息子と話せない。家賃も先月から遅れている。")
        page.fill("#id_person_text", "やぎさわ")
        page.fill("#id_person_text", "八木沢")
        page.locator("#id_person_text_list [role=option]", has_text=MOTHER).first.click()
        page.locator("input[name=way][value=visit_desk]").evaluate(TICK)
        page.fill("#id_minutes", "50")
        page.locator("input[name=concerns][value=c04]").evaluate(TICK)
        page.keyboard.press("Control+Enter")
        page.wait_for_url(re.compile(r"/consultations/U\d\d-\d+/"))
        page.wait_for_load_state()
        page.get_by_role("link", name="ケースを開く").first.click()
        page.wait_for_url(f"**/cases/{walk.number}/")
        assert Case.objects.count() == 1
        assert (walk.case.is_open, walk.case.reopened_count) == (True, 1)
        walk.history(
            "カードの返済が月八万円", "スクールソーシャルワーカーが週一回", "法テラスの相談に同行します", "返済は弁護士が止めて",
            "目標達成：返済の道筋がつき", "見守り 1回目の結果：安定", "見守り 2回目の結果：安定", "再相談（再開）", "高校をどうするか",
        )  # fmt: skip
        shoot(page, "walk-mother-household")

    with walk.after(481):
        turning = walk.worry("15歳")
        expect(turning).to_have_count(0)  # long past: the household was not in support then
