"""見守り through HTTP: closing, the turn, the agreement, the list and the counts."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest

from accounts.models import Notice
from cases.actions.closing import ClosingData, close_case
from cases.actions.follow_up import record_follow_up
from cases.actions.team import join_case
from cases.masters import load_codes
from cases.models import Case, Code, Draft, FollowUp, WatchAttempt, WatchChange, WatchCycle
from common.japan.wareki import format_wareki
from households.actions.lives import record_death
from households.actions.movements import Moved
from households.models import Person
from tests import factories as f

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def masters(db, time_machine):
    time_machine.move_to(f.NOW)
    load_codes()
    f.make_streams()


def close(actor, case=None, **over) -> FollowUp:
    values = {
        "kind": "close", "reason": Code.objects.get(code_list="closing_reason", code="z01"), "note": "納得している。",
        "follow_up_on": date(2027, 2, 24), "every": "3",
    }  # fmt: skip
    case = case or f.make_case(actor)
    close_case(case=case, data=ClosingData(**values | over), actor=actor, at=f.NOW)
    return FollowUp.objects.waiting().get(case=case)


def agreement(**over) -> dict:
    reason = Code.objects.get(code_list="closing_reason", code="z01")
    return {
        "kind": "close",
        "reason": reason.pk,
        "note": "本人も納得。",
        "every": "6",
        "follow_up_way": "home_visit",
    } | over


def test_closing_without_a_day_takes_the_first_of_the_rhythm(worker):
    case = f.make_case(worker.actor)
    assert worker.client.post(f"/cases/{case.number}/close/", agreement()).status_code == 302
    turn, cycle = FollowUp.objects.get(), WatchCycle.objects.get()
    assert (turn.due_on, turn.way, cycle.every) == (date(2027, 5, 24), "home_visit", "6")
    page = worker.client.get(f"/cases/{case.number}/").content.decode()
    assert "次は6か月後 令和9年5月24日（月） 訪問" in page
    assert "6か月ごと" in page


def test_closing_without_a_watch_needs_the_reason_and_a_watch_can_begin_later(worker):
    case = f.make_case(worker.actor)
    url = f"/cases/{case.number}/close/"
    wrong = worker.client.post(url, agreement(every="none"))
    assert wrong.status_code == 422
    assert "フォローをしない理由" in wrong.content.decode()
    assert (
        worker.client.post(url, agreement(every="none", no_follow_up_reason="本人の希望")).status_code == 302
    )
    assert not WatchCycle.objects.exists()
    assert "見守りを始める" in worker.client.get(f"/cases/{case.number}/").content.decode()
    begin = {"every": "1", "follow_up_way": "phone"}
    assert worker.client.post(f"/cases/{case.number}/watch/", begin).status_code == 302
    assert FollowUp.objects.get().due_on == date(2026, 12, 23)


def test_wrong_agreements_keep_what_was_typed(worker):
    case = f.make_case(worker.actor)
    post = agreement(every="days", visit_after="5", tell_after="3", ask="郵便受けを見る")
    answer = worker.client.post(f"/cases/{case.number}/close/", post)
    assert answer.status_code == 422
    post["every_days"] = "45"
    answer = worker.client.post(f"/cases/{case.number}/close/", post)
    page = answer.content.decode()
    assert (answer.status_code, "順に増えるように" in page, "郵便受けを見る" in page) == (422, True, True)
    assert Case.objects.get().is_open


def test_a_turn_is_recorded_missed_and_leads_to_reopening_with_its_words(worker):
    turn = close(worker.actor, reopen_after=2, tell_after=2, visit_after=1)
    url = f"/cases/follow-ups/{turn.pk}/"
    page = worker.client.get(url).content.decode()
    assert "第1回（3か月ごと）・予定 令和9年2月24日（水）（3か月後）・電話" in page
    post = {
        "result": "unreachable", "note": "呼び出しのみ", "way": "phone", "request_key": str(uuid4()),
        "started_at_0": "R8.11.23", "started_at_1": "9:30", "minutes": "5",
    }  # fmt: skip
    for _ in range(2):
        assert worker.client.post(url, post).url == url
    assert WatchAttempt.objects.count() == 1
    page = worker.client.get(url).content.decode()
    assert "1回続けて連絡がついていません" in page
    assert "呼び出しのみ" in page
    again = post | {"request_key": str(uuid4()), "started_at_1": "9:50", "note": "雨戸が閉まったまま"}
    answer = worker.client.post(url, again)
    assert answer.url == f"/cases/{turn.case.number}/reopen/"
    page = worker.client.get(answer.url).content.decode()
    assert "見守りで連絡がつかない。雨戸が閉まったまま" in page
    assert "もう一度様子を見ます" in page
    assert worker.client.post(answer.url, {"reason": "安否がわからない"}).status_code == 302
    assert Case.objects.get().is_open
    assert (
        "取りやめました"
        in worker.client.get(f"/cases/follow-ups/{FollowUp.objects.order_by('-pk')[0].pk}/").content.decode()
    )
    wrong = worker.client.post(url, post | {"request_key": str(uuid4())})
    assert wrong.status_code == 422


def test_the_agreement_is_changed_with_a_reason_and_stopped(worker, center_worker):
    turn = close(worker.actor)
    number = turn.case.number
    url = f"/cases/{number}/watch/"
    version = WatchCycle.objects.get().version
    post = {"every": "1", "follow_up_on": "R9.1.4", "follow_up_way": "home_visit", "version": version}
    assert worker.client.post(url, post).status_code == 422
    assert worker.client.post(url, post | {"reason": "心配が増えた"}).status_code == 302
    page = worker.client.get(url).content.decode()
    assert "心配が増えた" in page and "前：3か月ごと" in page
    assert worker.client.post(url, post | {"reason": "心配が増えた"}).status_code == 302  # sent twice
    assert WatchChange.objects.count() == 1
    assert center_worker.client.post(url, post).status_code == 404
    assert worker.client.post(f"{url}stop/", {"stop_reason": ""}).url == url
    assert worker.client.post(f"{url}stop/", {"stop_reason": "本人の希望"}).url == f"/cases/{number}/"
    assert WatchCycle.objects.get().end_note == "本人の希望"


def test_two_who_change_the_agreement_are_merged_by_field(worker, colleague, center_worker):
    """The way is one's, the words to look for the other's: both stay. The same field of both: both sides are shown."""
    turn = close(worker.actor)
    url = f"/cases/{turn.case.number}/watch/"
    opened = worker.client.get(url).context["form"].initial
    post = {
        name: opened[name] for name in ("every", "ask", "version", "visit_after", "tell_after", "reopen_after")
    } | {
        "follow_up_on": format_wareki(opened["follow_up_on"], weekday=False), "follow_up_way": opened["follow_up_way"],
        "look_before": opened["look_before"].isoformat(), "follow_up_staff": opened["follow_up_staff"],
    }  # fmt: skip
    theirs = post | {"ask": "犬を見る", "reason": "犬のことを聞いた", "follow_up_on": "R9.1.12"}
    assert colleague.client.post(url, theirs).status_code == 302
    mine = post | {"follow_up_way": "home_visit", "reason": "耳が遠い"}
    answer = worker.client.post(url, mine, follow=True)
    assert "見てほしいこと" in answer.text  # what was taken over is told
    cycle, turn = WatchCycle.objects.get(), FollowUp.objects.waiting().get()
    assert (cycle.ask, cycle.way, turn.due_on) == ("犬を見る", "home_visit", date(2027, 1, 12))
    assert (cycle.agency, cycle.staff) == (worker.agency, worker.staff)
    both = worker.client.post(url, post | {"ask": "猫を見る", "reason": "聞いた", "follow_up_on": "R9.3.1"})
    assert both.status_code == 422
    for words in ("犬を見る", "猫を見る", "二人が変更", "令和9年1月12日", "令和9年3月1日"):
        assert words in both.text
    assert WatchCycle.objects.get().ask == "犬を見る"
    form = both.context["form"]
    again = {name: form[name].value() for name in post} | {"reason": "聞いた"}
    assert again["follow_up_way"] == "home_visit"
    assert worker.client.post(url, again).status_code == 302
    turn.refresh_from_db()
    assert (WatchCycle.objects.get().ask, turn.due_on) == ("猫を見る", date(2027, 3, 1))


def test_a_worker_of_the_asked_agency_stays_when_the_lead_changes_something_else(
    asked, worker, center_worker
):
    WatchCycle.objects.update(staff=center_worker.staff)
    url = f"/cases/{asked.case.number}/watch/"
    page = worker.client.get(url)
    assert "いまの担当者のまま" in page.text
    opened = page.context["form"]
    post = {
        "every": "3", "ask": "新聞を見る", "version": opened.initial["version"], "reason": "新聞がたまる",
        "follow_up_on": "R9.2.24", "follow_up_agency": center_worker.agency.pk, "follow_up_staff": center_worker.staff.pk,
    }  # fmt: skip
    assert worker.client.post(url, post).status_code == 302
    cycle = WatchCycle.objects.get()
    assert (cycle.agency, cycle.staff, cycle.ask) == (center_worker.agency, center_worker.staff, "新聞を見る")


@pytest.fixture
def asked(worker, center_worker):
    case = f.make_case(worker.actor)
    Case.objects.filter(pk=case.pk).update(person=Person.objects.get())
    join_case(
        case=case, agency=center_worker.agency, staff=center_worker.staff, actor=center_worker.actor, at=f.NOW,
        basis=case, ground="own_duty", opens_record=False,
    )  # fmt: skip
    turn = close(worker.actor, case, follow_up_agency=center_worker.agency, ask="配食のときに様子を見る")
    record_follow_up(
        follow_up=turn, result="unreachable", note="主担当だけの言葉", next_on=None, stop_reason="", actor=worker.actor,
        at=f.NOW,
    )  # fmt: skip
    return turn


def test_the_asked_agency_reads_its_task_and_nothing_of_the_household(asked, center_worker, stranger):
    url = f"/cases/follow-ups/{asked.pk}/"
    for address in (url, "/cases/watch/", "/", "/cases/watch/results/list/"):
        page = center_worker.client.get(address).content.decode()
        assert "森下" not in page
        assert "主担当だけの言葉" not in page
    page = center_worker.client.get(url).content.decode()
    assert "配食のときに様子を見る" in page
    assert asked.case.number in center_worker.client.get("/cases/watch/").content.decode()
    post = {"result": "worse", "note": "新聞がたまる", "request_key": str(uuid4())}
    assert center_worker.client.post(url, post).url == url
    assert stranger.client.get(url).status_code == 404
    assert stranger.client.post(f"{url}back/", {"back_reason": "x"}).status_code == 404
    assert center_worker.client.get(f"/cases/{asked.case.number}/watch/").status_code == 404


def test_the_asked_agency_gives_back_from_its_page(asked, center_worker):
    url = f"/cases/follow-ups/{asked.pk}/"
    assert "主担当に返す" in center_worker.client.get(url).content.decode()
    assert center_worker.client.post(f"{url}back/", {"back_reason": ""}).url == url
    assert center_worker.client.post(f"{url}back/", {"back_reason": "担当がいなくなった"}).url == "/"
    assert center_worker.client.get(url).status_code == 404


def test_the_death_in_the_register_is_told_on_the_turn(worker):
    turn = close(worker.actor)
    case = turn.case
    case.person = Person.objects.get()
    case.save()
    Person.objects.update(died_on=date(2026, 11, 20))
    page = worker.client.get(f"/cases/follow-ups/{turn.pk}/").content.decode()
    assert "令和8年11月20日（金）に亡くなったと登録されています" in page


def test_a_death_is_told_to_whoever_is_to_look_again_and_stands_on_the_pages(worker, colleague):
    turn = close(worker.actor)
    home, person = turn.case.household, Person.objects.get()
    moved = Moved(on=date(2026, 11, 20), people=(person.pk,))
    record_death(household=home, moved=moved, actor=colleague.actor, at=f.NOW)
    notice = Notice.objects.get(staff=worker.staff)
    assert notice.url == f"/cases/follow-ups/{turn.pk}/"
    assert "見守りを続けるか決めてください" in notice.text
    for url in (f"/cases/{turn.case.number}/", f"/households/{home.pk}/"):
        assert "R8.11.20(金) 死亡" in worker.client.get(url).content.decode()


@pytest.mark.parametrize("count", [1, 30])
def test_the_list_asks_as_many_queries_for_thirty_as_for_one(worker, count, django_assert_max_num_queries):
    for _ in range(count):
        turn = close(worker.actor)
        if count > 1:
            record_follow_up(
                follow_up=turn,
                result="stable",
                note="",
                next_on=None,
                stop_reason="",
                actor=worker.actor,
                at=f.NOW,
            )
    client = worker.client
    for url in ("/cases/watch/", "/cases/watch/results/", "/cases/watch/results/list/", f"/cases/follow-ups/{turn.pk}/",
                f"/cases/{turn.case.number}/watch/", f"/cases/{turn.case.number}/"):  # fmt: skip
        client.get(url)
        with django_assert_max_num_queries(15):
            assert client.get(url).status_code == 200


def test_filters_of_the_list(worker, colleague, center_worker, asked):
    close(worker.actor, follow_up_on=date(2026, 11, 30))

    def rows(query):
        return worker.client.get(f"/cases/watch/?{query}").content.decode().count("<tr data-row")

    assert [rows(q) for q in ("", "whose=agency", "whose=asked", "whose=mine", "due=month", "due=late")] == [
        2, 1, 1, 1, 2, 0
    ]  # fmt: skip
    for query in ("year=1", "year=x", "month=2026-13", "agency=x", "result=gone", "agency=99999999999"):
        assert worker.client.get(f"/cases/watch/results/list/?{query}").status_code == 200
        assert worker.client.get(f"/cases/watch/results/?{query}").status_code == 200
    assert colleague.client.get("/cases/watch/?whose=mine").content.decode().count("<tr data-row") == 0


def test_a_turn_of_somebody_who_left_is_for_the_whole_desk(worker, colleague, time_machine):
    turn = close(worker.actor, follow_up_on=date(2026, 11, 25))
    appointment = worker.staff.appointments.get()
    appointment.during = (appointment.during.lower, f.TODAY)
    appointment.save()
    page = colleague.client.get("/").content.decode()
    assert "担当者がいません" in page
    assert "第1回・電話・3か月ごと" in page
    time_machine.move_to(f.NOW + timedelta(days=2))
    post = {"result": "stable", "note": "元気", "request_key": str(uuid4())}
    assert colleague.client.post(f"/cases/follow-ups/{turn.pk}/", post).status_code == 302


@pytest.mark.parametrize("form", ["close", "turn"])
def test_words_of_a_closing_and_of_a_turn_outlive_the_browser(worker, colleague, form):
    """Kept while somebody types, found again by the form itself, gone with the save; a late draft leaves nothing."""
    case = f.make_case(worker.actor)
    url, key, post = f"/cases/{case.number}/close/", f"close:{case.number}", agreement()
    if form == "turn":
        turn = close(worker.actor, case)
        url, key = f"/cases/follow-ups/{turn.pk}/", f"turn:{case.number}:{turn.pk}"
        post = {"result": "stable", "request_key": str(uuid4())}
    assert f'data-draft-key="{key}"' in worker.client.get(url).text
    draft = post | {"note": "畑に出ていた", "draft_key": key}
    assert (
        worker.client.post("/consultations/drafts/", draft, headers={"referer": f"http://t{url}"}).status_code
        == 204
    )
    again = worker.client.get(url)
    assert again.status_code == 200
    assert "畑に出ていた</textarea>" in again.text
    assert "field__error" not in again.text
    assert "畑に出ていた" in worker.client.get("/").text
    assert "畑に出ていた" not in colleague.client.get(url).text
    assert worker.client.post(url, draft).status_code == 302
    assert not Draft.objects.exists()
    # it was still on its way: a turn knows its words, a closing is over for everybody
    late = worker.client.post("/consultations/drafts/", draft)
    assert late.status_code == (204 if form == "turn" else 422)
    assert "X-Draft" not in late
    assert not Draft.objects.exists()
