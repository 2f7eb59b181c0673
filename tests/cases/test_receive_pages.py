"""相談を受ける, as a desk worker uses it."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from uuid import uuid4

import pytest
from django.db import connection

from accounts.models import Notice
from budgets.models import WorkEntry
from cases.masters import load_codes
from cases.models import Case, Consultation, Draft
from households.models import Household, Person
from tests import factories as f

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def masters(db, time_machine):
    time_machine.move_to(f.NOW)
    load_codes()
    f.make_streams()


@pytest.fixture
def post():
    return {
        "request_key": str(uuid4()), "started_at_0": "令和8年11月23日", "started_at_1": "9:30", "minutes": "25",
        "way": "phone", "caller": "self", "text": "夫の物忘れがひどくて、夜も眠れない。", "consent": "unknown",
        "outcome": "information", "person_text": "", "person": "",
    }  # fmt: skip


def test_least_contact_is_saved(worker, post):
    answer = worker.client.post("/consultations/new/", post)
    consultation = Consultation.objects.get()
    assert answer.status_code == 302
    assert answer.url == f"/consultations/{consultation.receipt_no}/"
    assert consultation.person is None
    assert consultation.household is None
    page = worker.client.get(answer.url).content.decode()
    assert "夫の物忘れがひどくて" in page


def test_new_person_household_and_case_are_made_on_the_spot(worker, post):
    worker.client.post(
        "/consultations/new/",
        post
        | {
            "person_text": "小松原 フミ",
            "outcome": "support",
            "concerns": ["c12", "c13"],
            "main_concern": "c12",
        },
    )
    case = Case.objects.get()
    assert case.lead_agency == worker.agency
    assert case.lead_staff == worker.staff
    assert case.household.name == "小松原 フミ 世帯"
    assert case.sectors == ["education", "elderly", "gap"]
    assert Person.objects.get().family_name == "小松原"


def test_anonymous_support_makes_a_nameless_household(worker, post):
    worker.client.post("/consultations/new/", post | {"is_anonymous": "on", "outcome": "support"})
    assert Household.objects.get().name == "氏名不明 世帯"
    assert Person.objects.count() == 0


def test_known_person_of_another_agencys_case_brings_the_desk_in_beside_the_lead(worker, center_worker, post):
    case = f.make_case(center_worker.actor)
    person = Person.objects.get()
    worker.client.post("/consultations/new/", post | {"person": person.pk, "person_text": "森下 和子"})
    case.refresh_from_db()
    assert case.lead_agency == center_worker.agency
    consultation = Consultation.objects.get()
    assert consultation.case == case
    assert [p.agency for p in case.partners.all()] == [worker.agency]
    assert "相談が加わりました" in Notice.objects.get(staff=center_worker.staff).text


def test_a_contact_opens_no_record_that_another_agency_keeps(worker, center_worker, post):
    """Need to know: hearing somebody is no way into the case that another agency leads."""
    case = f.make_case(center_worker.actor)
    person = Person.objects.get()
    worker.client.post("/consultations/new/", post | {"person": person.pk, "person_text": "森下 和子"})
    assert not Case.objects.visible_to(worker.actor).exists()
    assert not Household.objects.visible_to(worker.actor).exists()
    page = worker.client.get(f"/consultations/{Consultation.objects.get().receipt_no}/")
    assert f"/cases/{case.number}/" not in page.content.decode()


def test_same_form_twice_is_one_record(worker, post):
    one = worker.client.post("/consultations/new/", post)
    two = worker.client.post("/consultations/new/", post)
    assert one.url == two.url
    assert Consultation.objects.count() == 1


def test_the_form_again_with_more_words_opens_its_correction_filled(worker, post):
    """The answer got lost, a sentence was added: the first record stands, and no word goes."""
    worker.client.post("/consultations/new/", post)
    row = Consultation.objects.get()
    more = post | {"text": f"{post['text']}鍋も焦がした。", "concerns": ["c12"], "person_text": "小松原 フミ"}
    answer = worker.client.post("/consultations/new/", more)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f"相談受付 {row.receipt_no}は、もう保存されています" in page
    assert "鍋も焦がした。</textarea>" in page
    assert "ここでは訂正できません" in page
    assert "小松原 フミ" in page
    assert Consultation.objects.get().text == post["text"]
    correct = more | {"version": str(row.version)}
    assert f'action="/consultations/{row.receipt_no}/edit/"' in page
    assert worker.client.post(f"/consultations/{row.receipt_no}/edit/", correct).status_code == 302
    assert Consultation.objects.get().text.endswith("鍋も焦がした。")
    assert (
        worker.client.post("/consultations/new/", post | {"minutes": "26"}).status_code == 302
    )  # the timer went on


@pytest.mark.django_db(transaction=True)
def test_the_form_four_times_at_once_is_one_record(worker, post):
    def job(client):
        try:
            return client.post("/consultations/new/", post)
        finally:
            connection.close()

    clients = [worker.client for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(job, clients))
    assert {answer.status_code for answer in answers} == {302}
    assert Consultation.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"started_at_0": "令和8年2月30日"}, "日"),
        ({"started_at_0": "令和8年11月25日"}, "今より後"),
        ({"minutes": "0"}, "1分以上"),
        ({"minutes": "1441"}, "24時間"),
        ({"minutes": "-5"}, "分"),
        ({"text": "  "}, "話されたこと"),
        ({"concerns": ["zz"]}, "知らない相談内容"),
        ({"person": "999999", "person_text": "誰か"}, "見つかりません"),
        ({"way": "telepathy"}, "一覧"),
        ({"person_text": "山 花", "new_birth_on": "2030-01-01"}, "今日より後"),
    ],
)
def test_bad_input_is_told_beside_its_cause_and_nothing_is_written(worker, post, change, words):
    answer = worker.client.post("/consultations/new/", post | change)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert words in page
    assert not Consultation.objects.exists()
    assert not Person.objects.exists()
    if "text" not in change:
        assert "夫の物忘れがひどくて" in page


def test_overlapping_contact_is_refused_beside_the_minutes(worker, post):
    worker.client.post("/consultations/new/", post)
    answer = worker.client.post(
        "/consultations/new/",
        post | {"request_key": str(uuid4()), "started_at_1": "9:40", "person_text": "山 花"},
    )
    assert answer.status_code == 422
    assert "重なって" in answer.content.decode()
    assert Consultation.objects.count() == 1
    assert not Person.objects.exists()


def test_contact_fills_the_work_record(worker, post):
    worker.client.post("/consultations/new/", post)
    entry = WorkEntry.objects.get()
    assert (entry.minutes, entry.staff, entry.source_id) == (25, worker.staff, Consultation.objects.get().pk)


def test_draft_is_kept_and_restored_and_goes_with_saving(worker, post):
    client = worker.client
    key = f"consultation:{post['request_key']}"
    saved = client.post(
        "/consultations/drafts/",
        {**post, "draft_key": key},
        headers={"referer": "http://testserver/consultations/new/"},
    )
    assert saved.status_code == 204
    draft = Draft.objects.get()
    page = client.get(f"/consultations/new/?draft={draft.pk}").content.decode()
    assert "夫の物忘れがひどくて" in page
    assert 'role="alert"' not in page
    client.post("/consultations/new/", post)
    assert not Draft.objects.exists()


def hidden_person(page: str) -> str:
    return re.search(r'name="person" value="(\d*)" data-combobox-value', page).group(1)


def test_an_error_keeps_the_person(worker, center_worker, post):
    f.make_case(center_worker.actor)
    person = Person.objects.get()
    answer = worker.client.post(
        "/consultations/new/", post | {"person": person.pk, "person_text": "森下 和子", "minutes": "0"}
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert hidden_person(page) == str(person.pk)
    assert 'value="森下 和子"' in page


def test_a_draft_keeps_the_person(worker, center_worker, post):
    f.make_case(center_worker.actor)
    person = Person.objects.get()
    client = worker.client
    data = post | {"person": person.pk, "person_text": "森下 和子", "draft_key": "consultation:x"}
    answer = client.post(
        "/consultations/drafts/", data, headers={"referer": "http://testserver/consultations/new/"}
    )
    draft = Draft.objects.get()
    assert answer["X-Draft"] == str(draft.pk)
    page = client.get(f"/consultations/new/?draft={draft.pk}").content.decode()
    assert hidden_person(page) == str(person.pk)
    assert 'value="森下 和子"' in page


@pytest.mark.parametrize(
    ("typed", "title", "reason"),
    [
        ({"person_text": "森下和子"}, "同じ名前の人がいます", "氏名が同じ"),
        ({"person_text": "もりした　かずこ"}, "似た名前の人がいます", "読みが同じ"),
        ({"person_text": "モリシタ カズコ"}, "似た名前の人がいます", "読みが同じ"),
        ({"person_text": "森下 わこ", "new_kana": "もりした かずこ"}, "似た名前の人がいます", "読みが同じ"),
        (
            {"person_text": "森下 和子", "new_birth_on": "S25.4.1", "new_phone": "0595-12-3456"},
            "同じ名前の人がいます",
            "氏名が同じ・生年月日が同じ・電話が同じ",
        ),
    ],
)
def test_a_name_that_stands_is_asked_about_once(worker, post, typed, title, reason):
    person = f.make_person(birth_on=date(1950, 4, 1), phone="0595123456")
    f.make_person("森下", "和子太郎", given_kana="かずこたろう")
    client = worker.client
    asked = client.post("/consultations/new/", post | typed)
    page = asked.content.decode()
    assert asked.status_code == 422
    assert title in page
    assert f">{reason}</p>" in page
    assert "昭和25年4月1日" in page
    assert ("0595" in page) == ("new_phone" in typed)  # only what was typed here
    assert "かずこたろう" not in page
    assert not Consultation.objects.exists()
    another = client.post("/consultations/new/", post | typed | {"another": typed["person_text"]})
    assert another.status_code == 302
    assert Consultation.objects.get().person not in (None, person)


@pytest.mark.parametrize("said", ["昭和51年", "昭和51年ごろ", "50歳くらい"])
def test_what_a_relative_knows_of_the_birth_is_kept_in_words(worker, post, said):
    client = worker.client
    assert "50歳くらい" in client.get("/consultations/new/").content.decode()  # the hint
    answer = client.post("/consultations/new/", post | {"person_text": "小松原 実", "new_birth_on": said})
    assert answer.status_code == 302
    person = Consultation.objects.get().person
    assert (person.birth_on, person.birth_note) == (None, said)


@pytest.mark.parametrize(
    ("said", "part"),
    [
        ("令和8年13月1日", "令和8年13月1日という日付はありません"),
        ("令和8年13月", "13月という月はありません"),
        ("令和30年ごろ", "今日より後"),
        ("来週", "日付として読めません"),
    ],
)
def test_a_birth_that_cannot_be_is_refused_and_stays_in_the_field(worker, post, said, part):
    answer = worker.client.post(
        "/consultations/new/", post | {"person_text": "小松原 実", "new_birth_on": said}
    )
    assert answer.status_code == 422
    page = answer.content.decode()
    assert part in page
    assert f'value="{said}"' in page
    assert not Consultation.objects.exists()


def test_the_question_tells_of_the_household_what_the_search_tells(worker, center_worker, post):
    person = f.make_person("髙﨑", "竜也")
    case = f.make_case(
        center_worker.actor,
        household=f.make_household("髙﨑 竜也 世帯", person=person, agency=center_worker.agency),
    )
    lead = center_worker.agency.short_name
    found = {"person_text": "高崎 龍也"}
    page = worker.client.post("/consultations/new/", post | found).content.decode()
    assert "似た名前の人がいます" in page
    assert "氏名の字の違い（高/髙・崎/﨑・龍/竜）" in page
    assert f"髙﨑 竜也 世帯・支援中（{lead}）" in page
    assert case.number not in page


def test_a_name_that_stands_may_be_the_one(worker, post):
    person = f.make_person()
    answer = worker.client.post(
        "/consultations/new/", post | {"person_text": "森下 和子", "person": ["", str(person.pk)]}
    )
    assert answer.status_code == 302
    assert Consultation.objects.get().person == person
    assert Person.objects.count() == 1


def test_the_same_form_again_is_not_asked_about_the_person_it_made(worker, post):
    one = worker.client.post("/consultations/new/", post | {"person_text": "小松原 フミ"})
    two = worker.client.post("/consultations/new/", post | {"person_text": "小松原 フミ"})
    assert one.status_code == two.status_code == 302
    assert Person.objects.count() == 1


def test_a_birth_date_or_part_of_a_name_asks_nothing(worker, post):
    f.make_person(birth_on=date(1950, 4, 1))
    for n, typed in enumerate(("S25.4.1", "森下", "090-1234-5678")):
        answer = worker.client.post(
            "/consultations/new/",
            post | {"request_key": str(uuid4()), "person_text": typed, "started_at_1": f"{n + 5}:00"},
        )
        assert answer.status_code == 302


def test_draft_of_another_is_not_shown(worker, colleague, post):
    client = worker.client
    client.post(
        "/consultations/drafts/", {**post, "draft_key": "consultation:x"}, headers={"referer": "http://t/"}
    )
    draft = Draft.objects.get()
    assert "夫の物忘れ" not in colleague.client.get(f"/consultations/new/?draft={draft.pk}").content.decode()
    colleague.client.post(f"/consultations/drafts/{draft.pk}/delete/")
    assert Draft.objects.exists()


def test_two_people_correct_the_same_record(worker, colleague, post):
    worker.client.post("/consultations/new/", post)
    consultation = Consultation.objects.get()
    url = f"/consultations/{consultation.receipt_no}/edit/"
    stale = post | {"version": consultation.version}
    first = worker.client.post(url, stale | {"text": "一人目の訂正"})
    assert first.status_code == 302
    second = colleague.client.post(url, stale | {"text": "二人目の訂正"})
    page = second.content.decode()
    assert second.status_code == 422
    assert "一人目の訂正" in page
    assert "二人目の訂正" in page
    consultation.refresh_from_db()
    assert consultation.text == "一人目の訂正"
    again = colleague.client.post(url, stale | {"version": consultation.version, "text": "二人目の訂正"})
    assert again.status_code == 302


def test_ticks_are_merged_like_any_other_field(worker, colleague, post):
    """One corrects the words, the other the ticks, in either order; where both tick, the second decides."""
    url, standing = "", {}
    for words_first in (True, False):
        post |= {
            "request_key": str(uuid4()),
            "concerns": ["c01"],
            "started_at_1": "6:00" if words_first else "7:00",
        }
        assert worker.client.post("/consultations/new/", post).status_code == 302
        row = Consultation.objects.order_by("pk").last()
        url = f"/consultations/{row.receipt_no}/edit/"
        opened = worker.client.get(url).context["form"]
        standing = {
            "version": row.version,
            "concerns": ["c01"],
            "ticks_before": opened["ticks_before"].value(),
            "sectors": opened["sectors"].value(),
        }
        changes = [{"text": "言葉を直した"}, {"concerns": ["c01", "c04"], "main_concern": "c04"}]
        for who, change in zip((worker, colleague), changes if words_first else changes[::-1], strict=True):
            assert who.client.post(url, post | standing | change).status_code == 302, (words_first, change)
        row.refresh_from_db()
        assert row.text == "言葉を直した"
        ticked = {c.code.code: c.is_most_pressing for c in row.concerns.select_related("code")}
        assert ticked == {"c01": False, "c04": True}
    late = colleague.client.post(url, post | standing | {"text": "言葉を直した", "concerns": ["c01", "c02"]})
    assert late.status_code == 422
    assert late.context["form"]["ticks_before"].value() == "c01,c04|c04"
    assert {c.code.code for c in row.concerns.select_related("code")} == {"c01", "c04"}


def test_stranger_gets_404_and_the_miss_is_logged(worker, stranger, post):
    from audit.models import AccessRecord

    worker.client.post("/consultations/new/", post)
    number = Consultation.objects.get().receipt_no
    assert stranger.client.get(f"/consultations/{number}/").status_code == 404
    assert AccessRecord.objects.filter(kind="denied", target_id=number).count() == 1


def test_people_found_while_typing_show_no_address_or_phone(worker, stranger, center_worker):
    case = f.make_case(center_worker.actor)
    Person.objects.update(phone="0595123456")
    Household.objects.update(address="美旗野市ひばりが丘2丁目")
    page = stranger.client.get("/consultations/people/?person_text=もりした").content.decode()
    assert "森下 和子" in page
    assert "0595" not in page
    assert "ひばりが丘" not in page
    assert case.number not in page


def test_list_queries_do_not_grow(worker, django_assert_max_num_queries):
    from datetime import timedelta

    from cases.actions.receive_consultation import ContactData, receive_consultation

    def receive(n: int) -> None:
        data = ContactData(
            started_at=f.NOW - timedelta(hours=n + 1), minutes=10, way="phone", text="様子の連絡"
        )
        receive_consultation(data=data, actor=worker.actor, at=f.NOW, request_key=uuid4())

    receive(0)
    client = worker.client
    client.get("/consultations/")
    with django_assert_max_num_queries(8):
        client.get("/consultations/")
    for n in range(1, 31):
        receive(n)
    with django_assert_max_num_queries(8):
        client.get("/consultations/")
