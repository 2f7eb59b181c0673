"""The working page and its neighbours through HTTP."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest

from audit.models import AccessRecord
from cases.actions.notes import NoteData, write_note
from cases.actions.plan import start_plan
from cases.masters import load_codes
from cases.models import Case, Draft, FollowUp, ProgressNote, SupportPlan
from tests import factories as f

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def masters(db, time_machine):
    time_machine.move_to(f.NOW)
    load_codes()
    f.make_streams()


@pytest.fixture
def note():
    return {
        "request_key": str(uuid4()), "text": "夕方に電話。食欲は戻ってきた。", "way": "phone", "started_at_0": "R8.11.23",
        "started_at_1": "9:00", "minutes": "15", "next_on": "R8.11.30", "next_text": "訪問",
    }  # fmt: skip


def write(case: Case, actor, n: int) -> None:
    data = NoteData(started_at=f.NOW - timedelta(hours=n + 1), minutes=20, way="phone", text=f"連絡 {n}")
    write_note(case=case, data=data, actor=actor, at=f.NOW, request_key=uuid4())


def test_every_tab_answers(worker):
    case = f.make_case(worker.actor)
    for tab in ("timeline", "family", "assessment", "plan", "referrals", "conferences", "nonsense"):
        answer = worker.client.get(f"/cases/{case.number}/?tab={tab}")
        assert answer.status_code == 200, tab
        assert case.household.name in answer.content.decode()


def test_note_by_htmx_comes_back_with_a_fresh_composer_and_its_row(worker, note):
    case = f.make_case(worker.actor)
    answer = worker.client.post(f"/cases/{case.number}/notes/", note, headers={"HX-Request": "true"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "食欲は戻ってきた" in page
    assert note["request_key"] not in page
    assert ProgressNote.objects.get().next_text == "訪問"


def test_note_without_script_redirects(worker, note):
    case = f.make_case(worker.actor)
    assert worker.client.post(f"/cases/{case.number}/notes/", note).status_code == 302


def test_bad_note_keeps_the_words(worker, note):
    case = f.make_case(worker.actor)
    for headers in ({}, {"HX-Request": "true"}):
        answer = worker.client.post(f"/cases/{case.number}/notes/", note | {"minutes": "0"}, headers=headers)
        assert answer.status_code == 422
        assert "食欲は戻ってきた" in answer.content.decode()
        assert "1分以上" in answer.content.decode()


def test_timeline_pages_through_everything_once(worker):
    case = f.make_case(worker.actor)
    for n in range(40):
        write(case, worker.actor, n)
    seen, url = [], f"/cases/{case.number}/"
    while url:
        context = worker.client.get(url, headers={"HX-Request": "true"}).context
        seen += [line.pk for line in context["stream"]["lines"] if line.kind == "n"]
        url = context["stream"]["next_rows"]
    assert len(seen) == len(set(seen)) == 40


def test_stranger_gets_404_everywhere_and_it_is_logged(worker, stranger):
    case = f.make_case(worker.actor)
    write(case, worker.actor, 0)
    plan = start_plan(case=case, actor=worker.actor, at=f.NOW)
    note = ProgressNote.objects.get()
    client = stranger.client
    gets = [
        f"/cases/{case.number}/", f"/cases/notes/{note.pk}/", f"/cases/plans/{plan.pk}/", f"/cases/plans/{plan.pk}/edit/",
        f"/cases/plans/{plan.pk}/pdf/", f"/cases/plans/{plan.pk}/evaluate/", f"/cases/{case.number}/close/",
        f"/cases/{case.number}/reopen/",
    ]  # fmt: skip
    posts = [f"/cases/{case.number}/{part}/" for part in ("notes", "items", "consent", "sectors", "plans")]
    for url in gets:
        assert client.get(url).status_code == 404, url
    for url in posts:
        assert client.post(url, {}).status_code == 404, url
    assert AccessRecord.objects.filter(kind="denied").count() == len(gets) + len(posts)
    assert client.get("/cases/").content.decode().count(case.number) == 0


def test_reading_a_case_is_logged(worker):
    case = f.make_case(worker.actor)
    worker.client.get(f"/cases/{case.number}/")
    assert (
        AccessRecord.objects.filter(kind="view", target_type="cases.case", target_id=str(case.pk)).count()
        == 1
    )


def test_working_page_asks_the_database_the_same_with_1_and_30_notes(worker, django_assert_max_num_queries):
    case = f.make_case(worker.actor)
    write(case, worker.actor, 0)
    client = worker.client
    client.get(f"/cases/{case.number}/")
    with django_assert_max_num_queries(15):
        client.get(f"/cases/{case.number}/")
    for n in range(1, 30):
        write(case, worker.actor, n)
    with django_assert_max_num_queries(15):
        client.get(f"/cases/{case.number}/")


def test_list_asks_the_same_with_1_and_30_rows(worker, django_assert_max_num_queries):
    f.make_case(worker.actor)
    client = worker.client
    with django_assert_max_num_queries(8):
        client.get("/cases/")
    for _ in range(29):
        f.make_case(worker.actor)
    with django_assert_max_num_queries(8):
        page = client.get("/cases/?whose=lead&sector=elderly")
    assert len(page.context["page"].rows) == 30


def test_plan_from_draft_to_pdf(worker):
    case = f.make_case(worker.actor)
    client = worker.client
    client.post(f"/cases/{case.number}/plans/")
    plan = SupportPlan.objects.get()
    post = {
        "version": plan.version, "hope": "畑をまたやりたい", "long_goal": "家で暮らし続ける", "short_goal": "週一回通所する",
        "starts_on": "R8.12.1", "ends_on": "R9.5.31", "monitoring_on": "R9.2.1",
        "items-TOTAL_FORMS": "2", "items-INITIAL_FORMS": "0", "items-MIN_NUM_FORMS": "0", "items-MAX_NUM_FORMS": "40",
        "items-0-action": "通所先を見学する", "items-0-problem": "閉じこもり", "items-0-doer": "agency",
        "items-0-agency": worker.agency.pk, "items-0-due_on": "R8.12.20", "items-1-action": "",
    }  # fmt: skip
    assert client.post(f"/cases/plans/{plan.pk}/edit/", post).status_code == 302
    assert "通所先を見学する" in client.get(f"/cases/plans/{plan.pk}/").content.decode()
    stale = client.post(f"/cases/plans/{plan.pk}/edit/", post | {"hope": "別の言葉"})
    assert stale.status_code == 422
    assert "別の言葉" in stale.content.decode()
    assert "畑をまたやりたい" in stale.content.decode()
    other_table = client.post(f"/cases/plans/{plan.pk}/edit/", post | {"items-0-action": "別の通所先"})
    assert "通所先を見学する" in other_table.content.decode()
    assert "別の通所先" in other_table.content.decode()
    wrong = client.post(f"/cases/plans/{plan.pk}/edit/", post | {"ends_on": "R8.11.1"})
    assert wrong.status_code == 422


def test_a_plan_begun_is_found_again_with_its_rows(worker):
    case = f.make_case(worker.actor)
    client = worker.client
    client.post(f"/cases/{case.number}/plans/")
    plan = SupportPlan.objects.get()
    url, key = f"/cases/plans/{plan.pk}/edit/", f"plan:{case.number}:{plan.pk}"
    assert f'data-draft-key="{key}"' in client.get(url).text
    post = {
        "version": plan.version, "hope": "畑をまたやりたい", "long_goal": "家で暮らし続ける", "starts_on": "R8.12.1",
        "ends_on": "R9.5.31", "monitoring_on": "R9.2.1", "items-TOTAL_FORMS": "2", "items-INITIAL_FORMS": "0",
        "items-0-action": "通所先を見学する", "items-0-doer": "person", "items-1-problem": "閉じこもり", "draft_key": key,
    }  # fmt: skip
    begun = post | {"starts_on": "R8.", "long_goal": ""}  # unfinished is not wrong
    assert (
        client.post("/consultations/drafts/", begun, headers={"referer": f"http://t{url}"}).status_code == 204
    )
    again = client.get(url)
    assert again.status_code == 200
    for words in ("畑をまたやりたい", "R8.", "通所先を見学する", "閉じこもり"):
        assert words in again.text
    assert "field__error" not in again.text
    assert "プラン" in client.get("/").text
    assert client.post(url, post | {"items-1-problem": ""}).status_code == 302
    assert not Draft.objects.exists()


def test_closing_page_and_follow_up_page(worker):
    case = f.make_case(worker.actor)
    client = worker.client
    url = f"/cases/{case.number}/close/"
    assert client.get(url).status_code == 200
    from cases.models import Code

    reason = Code.objects.get(code_list="closing_reason", code="z01")
    post = {
        "kind": "close",
        "reason": reason.pk,
        "note": "本人も納得。",
        "follow_up_way": "phone",
        "follow_up_on": "",
    }
    assert client.post(url, post).status_code == 422
    assert client.post(url, post | {"follow_up_on": "R9.2.23"}).status_code == 302
    follow_up = FollowUp.objects.get()
    answer = client.post(
        f"/cases/follow-ups/{follow_up.pk}/", {"result": "worse", "note": "痩せた", "stop_reason": "再開"}
    )
    assert answer.url == f"/cases/{case.number}/reopen/"
    assert client.post(answer.url, {"reason": "悪化"}).status_code == 302
    assert Case.objects.get().is_open


@pytest.mark.parametrize(
    "cursor", ["2026-13-01T00:00:00|n|1", "2026-11-01T00:00:00|n|1", "x|n|²", "a|b", "||"]
)
def test_a_cursor_that_makes_no_sense_gives_the_first_page(worker, cursor):
    case = f.make_case(worker.actor)
    write(case, worker.actor, 0)
    answer = worker.client.get(f"/cases/{case.number}/", {"cursor": cursor, "agency": "²"})
    assert answer.status_code == 200
    assert "連絡 0" in answer.content.decode()


def test_a_next_date_that_is_past_is_marked_in_the_head_and_at_the_side(worker):
    case = f.make_case(worker.actor)
    Case.objects.filter(pk=case.pk).update(next_on=date(2026, 11, 20), next_text="訪問")
    page = worker.client.get(f"/cases/{case.number}/").content.decode()
    assert page.count("3日超過") == 2
    Case.objects.filter(pk=case.pk).update(next_on=date(2026, 11, 26))
    assert "超過" not in worker.client.get(f"/cases/{case.number}/").content.decode()


def test_plan_errors_stand_on_top_with_their_row(worker):
    case = f.make_case(worker.actor)
    plan = start_plan(case=case, actor=worker.actor, at=f.NOW)
    post = {
        "version": plan.version, "starts_on": "R8.2.30", "items-TOTAL_FORMS": "2", "items-INITIAL_FORMS": "0",
        "items-1-action": "通院同行", "items-1-doer": "agency", "items-1-due_on": "あした",
    }  # fmt: skip
    answer = worker.client.post(f"/cases/plans/{plan.pk}/edit/", post)
    page = answer.content.decode()
    assert answer.status_code == 422
    for words in ("期間の初日：", "2行目 期限：", "2行目 担当機関：担当機関を選んでください"):
        assert words in page
    for change in ({"items-1-doer": "person"}, {"items-1-agency": worker.agency.pk}):
        good = post | {"starts_on": "", "items-1-due_on": "", "version": plan.version} | change
        assert worker.client.post(f"/cases/plans/{plan.pk}/edit/", good).status_code == 302
        plan.refresh_from_db()


def test_proposed_follow_ups_fall_on_working_days(worker):
    case = f.make_case(worker.actor)
    page = worker.client.get(f"/cases/{case.number}/close/").content.decode()
    assert 'data-pick-value="令和8年12月23日"' in page
    assert "3か月後 令和9年2月24日（水）" in page  # the 23rd is a holiday
    assert 'value="令和9年2月24日"' in page
