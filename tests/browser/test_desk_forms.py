"""相談を受ける and つなぐ in the hand: words that survive, a person that stays, a preview that follows."""

from __future__ import annotations

import re
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import expect

from accounts.enums import Ground
from budgets.masters import load_streams
from cases.masters import load_codes
from cases.models import Case, Consultation, Draft
from tests import factories as f
from tests.browser.conftest import TICK, shoot


@pytest.fixture
def masters(transactional_db):
    load_codes()
    load_streams()


def test_the_preview_follows_parts_ground_and_agency(
    sign_in, worker, disability_section, live_server, masters
):
    case = f.make_case(worker.actor)
    f.give_consent(case, worker.actor, disability_section)
    page = sign_in(worker.staff)
    page.goto(f"{live_server.url}/referrals/new/?case={case.number}")
    preview = page.locator("#preview")
    page.locator(f"input[name=ground][value={Ground.CONSENT}]").evaluate(TICK)
    expect(preview).to_contain_text("つなぎ先を選ぶと")
    page.fill("#id_to_agency", "障害福祉")
    page.locator("#id_to_agency_list [role=option]", has_text="障害福祉室").first.click()
    expect(preview).not_to_contain_text("つなぎ先を選ぶと")
    before = preview.inner_text()
    with page.expect_response(lambda r: "preview" in r.url):
        page.locator(f"input[name=ground][value={Ground.COORDINATION}]").evaluate(TICK)
    page.wait_for_timeout(200)
    assert preview.inner_text() != before
    box = page.locator("input[name=parts]").first
    with page.expect_response(lambda r: "preview" in r.url):
        box.set_checked(not box.is_checked(), force=True)


def test_back_finds_the_words_and_the_person(sign_in, worker, live_server, masters):
    person = f.make_person()
    page = sign_in(worker.staff)
    page.goto(f"{live_server.url}/consultations/new/")
    page.fill("#id_text", "母の足が立たなくなった。")
    page.fill("#id_person_text", "もりした")
    page.locator("#id_person_text_list [role=option]").first.click()
    expect(page.locator("body")).to_contain_text("保存しました", timeout=8000)
    page.wait_for_url("**/consultations/new/?draft=*")
    page.get_by_role("link", name="ケース", exact=True).first.click()
    page.wait_for_url("**/cases/")
    page.go_back()
    expect(page.locator("#id_text")).to_have_value("母の足が立たなくなった。")
    expect(page.locator("#id_person_text")).to_have_value("森下 和子")
    expect(page.locator("[name=person][data-combobox-value]")).to_have_value(str(person.pk))


def test_the_words_of_a_refused_note_are_kept_as_a_draft(sign_in, worker, live_server, masters):
    case = f.make_case(worker.actor)
    page = sign_in(worker.staff)
    page.goto(f"{live_server.url}/cases/{case.number}/")
    composer = page.locator("form[data-draft-key^='note:']")
    composer.locator("[name=text]").fill("通帳を一緒に探した。")
    composer.locator("[name=minutes]").fill("0")
    with page.expect_response(lambda r: "/drafts/" in r.url) as kept:  # at once, without a further key
        page.keyboard.press("Control+Enter")
        expect(composer.locator(".field__error").first).to_be_visible()
    assert kept.value.status == 204
    page.goto(f"{live_server.url}/")
    page.locator("details.drafts summary").click()
    expect(page.locator("main")).to_contain_text("通帳を一緒に探した。")
    page.goto(f"{live_server.url}/cases/{case.number}/")
    expect(composer.locator("[name=text]")).to_have_value("通帳を一緒に探した。")
    expect(composer.locator("[name=minutes]")).to_have_value("0")


def test_words_sent_without_a_connection_wait_for_the_server(sign_in, worker, live_server, masters):
    page = sign_in(worker.staff)
    page.goto(f"{live_server.url}/consultations/new/")
    page.context.set_offline(True)
    page.fill("#id_text", "水道が止められた。")
    page.fill("#id_person_text", "小松原 フミ")
    page.get_by_role("button", name=re.compile("^受け付けて")).click()
    page.wait_for_timeout(500)
    page.context.set_offline(False)
    page.goto(f"{live_server.url}/cases/")
    page.goto(f"{live_server.url}/")
    expect(page.locator("#messages")).to_contain_text("まだ届いていない下書きが 1件")
    page.goto(f"{live_server.url}/consultations/new/")
    shoot(page, "draft-orphan")
    page.get_by_role("button", name="戻す").click()
    expect(page.locator("#id_text")).to_have_value("水道が止められた。")
    page.get_by_role("button", name=re.compile("^受け付けて")).click()
    page.wait_for_url(re.compile(r"/consultations/U\d\d-\d+/"))
    assert Consultation.objects.get().person.display_name == "小松原 フミ"
    page.goto(f"{live_server.url}/")
    expect(page.locator("#messages")).not_to_contain_text("下書き")
    assert page.evaluate("Object.keys(localStorage).filter((k) => k.startsWith('kyosei:draft')).length") == 0


def test_ten_minutes_without_the_network_lose_no_word(sign_in, worker, live_server, masters):
    page = sign_in(worker.staff)
    page.clock.install()
    page.goto(f"{live_server.url}/consultations/new/")
    page.fill("#id_text", "父が戻らない。")
    page.clock.run_for(3_000)
    expect(page.locator("#status")).to_contain_text("下書きを保存しました")
    page.context.set_offline(True)
    for minute in range(10):
        page.locator("#id_text").press("End")
        page.keyboard.insert_text(f"{minute}分後の言葉。")
        page.clock.run_for(60_000)
    expect(page.locator("#status")).to_contain_text("オフライン: この端末に下書き中")
    assert Draft.objects.get().data["text"] == ["父が戻らない。"]
    page.context.set_offline(False)
    page.clock.run_for(3_000)
    expect(page.locator("#status")).to_contain_text("下書きを保存しました")
    assert Draft.objects.get().data["text"][0].endswith("9分後の言葉。")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(r"/consultations/U\d\d-\d+/"))
    assert Consultation.objects.get().text.count("分後の言葉。") == 10
    assert not Draft.objects.exists()


def test_a_network_that_never_answers_keeps_the_words_here(sign_in, worker, live_server, masters):
    page = sign_in(worker.staff)
    page.goto(f"{live_server.url}/consultations/new/")
    page.route("**/consultations/drafts/", lambda route: None)  # neither an answer nor a refusal
    with page.expect_request("**/consultations/drafts/"):
        page.fill("#id_text", "電話が切れた。")
    kept = (
        "Object.entries(localStorage).filter(([k]) => k.startsWith('kyosei:draft')).map(([, v]) => v).join()"
    )
    assert "電話が切れた。" in page.evaluate(kept)  # before any answer
    expect(page.locator("#status")).to_contain_text("この端末に下書き中", timeout=15000)
    page.unroute("**/consultations/drafts/")
    page.goto(f"{live_server.url}/consultations/new/")
    page.get_by_role("button", name="戻す").click()
    expect(page.locator("#id_text")).to_have_value("電話が切れた。")


def test_a_browser_killed_while_typing_has_lost_seconds_only(sign_in, worker, live_server, masters):
    """Nobody pauses for two seconds: the words are sent all the same."""
    page = sign_in(worker.staff)
    page.clock.install()
    page.goto(f"{live_server.url}/consultations/new/")
    page.locator("#id_text").focus()
    with page.expect_response("**/consultations/drafts/") as first:
        for n in range(12):
            page.keyboard.insert_text(f"{n}番目の言葉。")
            page.clock.run_for(500)
    (sent,) = parse_qs(first.value.request.post_data)["text"]
    assert "11番目" not in sent  # it went while somebody typed, not in a pause
    page.context.close()
    assert "3番目の言葉。" in Draft.objects.get().data["text"][0]


def test_a_browser_killed_mid_sentence_goes_on_at_another_machine(sign_in, worker, live_server, masters):
    page = sign_in(worker.staff)
    page.goto(f"{live_server.url}/consultations/new/")
    page.fill("#id_person_text", "小松原 フミ")
    page.fill("#id_text", "妻を施設に入れたいが、どこに聞いても")
    expect(page.locator("body")).to_contain_text("下書きを保存しました", timeout=8000)
    page.context.close()  # at once, without a word to the page
    other = sign_in(worker.staff)  # nothing of the first machine is there: no cookie, no local copy
    other.locator("details.drafts summary").click()
    row = other.locator("main a", has_text="妻を施設に入れたい")
    expect(row).to_be_visible()
    row.click()
    expect(other.locator("#id_text")).to_have_value("妻を施設に入れたいが、どこに聞いても")
    expect(other.locator("#id_person_text")).to_have_value("小松原 フミ")


def test_a_name_that_stands_is_asked_about(sign_in, worker, live_server, masters):
    person = f.make_person()
    page = sign_in(worker.staff)
    page.goto(f"{live_server.url}/consultations/new/")
    page.fill("#id_text", "デイサービスの迎えに出てこない。")
    page.fill("#id_person_text", "森下 和子")
    page.fill("#id_minutes", "5")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".namesakes")).to_be_visible()
    shoot(page, "receive-namesake")
    page.get_by_role("button", name="この人").click()
    page.wait_for_url(re.compile(r"/consultations/U\d\d-\d+/"))
    assert Consultation.objects.get().person == person
    assert Case.objects.count() == 1  # the outcome of the first try: 支援を続ける


def test_the_bar_of_buttons_never_covers_the_words(sign_in, worker, live_server, masters):
    page = sign_in(worker.staff)
    page.set_viewport_size({"width": 1366, "height": 657})
    page.goto(f"{live_server.url}/consultations/new/")
    area = page.locator("#id_text")
    area.click()
    page.keyboard.insert_text("\n".join(f"{n}行目の言葉" for n in range(40)))
    page.keyboard.type("。")
    box, bar = area.bounding_box(), page.locator(".actions--bar").bounding_box()
    assert box["y"] + box["height"] <= bar["y"] + 1
    assert bar["height"] < 72
    shoot(page, "receive-1366")


def test_narrow_page_asks_in_the_order_of_the_talk(sign_in, worker, live_server, masters):
    page = sign_in(worker.staff, width=768)
    page.goto(f"{live_server.url}/consultations/new/")
    tops = [
        page.locator(where).first.bounding_box()["y"]
        for where in ("#id_text", "#id_person_text", "[data-concerns]", ".actions--bar")
    ]
    assert tops == sorted(tops)
    shoot(page, "receive-768")


def test_copying_last_week_is_asked_about(sign_in, worker, live_server, masters):
    page = sign_in(worker.staff)
    page.goto(f"{live_server.url}/work/")
    with_answer = page.locator("#copy-week")
    page.keyboard.press("c")
    expect(with_answer).to_be_visible()
    shoot(page, "work-copy")
    page.keyboard.press("Escape")
    expect(with_answer).not_to_be_visible()
    assert page.url.endswith("/work/")
    page.keyboard.press("c")
    page.get_by_role("button", name="写す").click()
    expect(page.locator("#messages")).to_contain_text("先週")


def test_a_proposed_follow_up_is_taken_with_a_click(sign_in, worker, live_server, masters):
    case = f.make_case(worker.actor)
    page = sign_in(worker.staff)
    page.goto(f"{live_server.url}/cases/{case.number}/close/")
    label = page.locator("label[data-pick-for]", has_text="12か月ごと")
    label.click()
    wanted = label.get_attribute("data-pick-value")
    expect(page.locator("#id_follow_up_on")).to_have_value(wanted)
    shoot(page, "case-close")
