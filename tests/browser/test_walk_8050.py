"""8050: a mother of 80 and her son of 50 who has not left the house for twenty years, from the first word to the year after."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from budgets.masters import load_streams
from cases.masters import load_codes
from cases.models import FollowUp, SilentRisk
from tests.browser.conftest import shoot
from tests.browser.walking import Walk

MOTHER, SON = "三田村 静江", "三田村 亮二"


@pytest.fixture
def walk(transactional_db, live_server, clock_of_the_tests, sign_in, worker, disability_director) -> Walk:
    load_codes()
    load_streams()
    return Walk(live_server.url, clock_of_the_tests, sign_in, worker)


def test_mother_and_withdrawn_son_from_first_word_to_the_year_after(walk, disability_worker):
    walk.begin()
    walk.receive(
        "通帳を見せに来られた。「息子が二十年、家から出ません。私も八十になりました」。",
        MOTHER,
        concerns="c13 c03 c12",
    )
    walk.add_member("三田村", "亮二", "S51.5.3", "child")
    walk.kinship(MOTHER, SON)
    walk.consent(disability_worker)
    walk.refer(disability_worker, "息子さんへの関わり方を一緒に考えてほしい")
    walk.answer(disability_worker, "息子さんへの関わり方", "月に一度、一緒に訪ねます。")
    walk.page.context.close()

    with walk.after(3):
        walk.note("居間で母と話す。二階で足音が止まる。", next_in=14)

    with walk.after(50):  # nobody has come since
        quiet = walk.worry("対応がない")
        expect(quiet).to_have_count(1)
        shoot(walk.page, "walk-8050-queue")
        quiet.get_by_role("link", name="経過を書く").click()
        walk.page.wait_for_load_state()
        walk.page.fill("#composer textarea[name=text]", "息子さんが戸を開けた。将棋盤を見せてくれる。")
        walk.page.fill("#composer input[name=next_on]", "R9.1.20")
        walk.page.keyboard.press("Control+Enter")
        expect(walk.stream).to_contain_text("将棋盤を見せてくれる")
        expect(walk.worry("対応がない")).to_have_count(0)
        assert not SilentRisk.objects.standing().filter(case=walk.case, kind="quiet").exists()

    with walk.after(120):
        walk.note("息子さんが居場所の将棋の会に続けて通っている。", way="accompany")
        walk.close("母も息子も「このままやっていける」と話す。", every="6か月ごと", way="訪問", turns=2)
        assert not walk.case.is_open

    with walk.after(120 + 184):
        walk.watch("stable", "週二回、将棋の会に通っている。")
        expect(walk.main).to_contain_text("第2回")

    with walk.after(120 + 366):
        walk.watch("worse", "母が転んで入院し、息子さんが一人で食べていない。")
        walk.page.wait_for_url("**/reopen/")
        expect(walk.main).to_contain_text("週二回、将棋の会に通っている。")
        walk.page.get_by_role("button", name="支援を再開する").click()
        expect(walk.stream).to_contain_text("再相談")
        assert walk.case.is_open
        assert walk.case.reopened_count == 1
        assert not FollowUp.objects.waiting().filter(case=walk.case).exists()
        walk.history(
            "二十年、家から出ません", "足音が止まる", "つなぎの返事", "将棋盤を見せてくれる", "目標達成：母も息子も「このままやっていける」", "見守り 1回目の結果：安定",
            "母が転んで入院し", "再相談（再開）", f"{MOTHER} は {SON} の 親",
        )  # fmt: skip
        shoot(walk.page, "walk-8050-household")
        partner = walk.sign_in(disability_worker.staff)
        partner.goto(f"{walk.base}/cases/{walk.number}/")
        expect(partner.locator("main")).to_contain_text("将棋盤を見せてくれる")
        partner.context.close()
