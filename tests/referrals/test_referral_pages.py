"""The pages of つなぎ: what each persona sees, answering in place, wrong input, and the number of queries."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from accounts.actor import Actor
from accounts.enums import AgencyKind, Ground, Sector
from audit.models import AccessKind, AccessRecord
from cases.models import Case, Draft
from common.queue import QueueGroup
from referrals.actions.answer_referral import answer_referral
from referrals.actions.escalate_referrals import escalate_overdue
from referrals.models import Referral
from referrals.selectors_home import home_rows
from referrals.workflow import ReferralState
from tests import factories as f
from tests.factories import NOW
from tests.referrals.helpers import send

HTMX = {"HTTP_HX_REQUEST": "true"}
MAX_QUERIES = 15


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def case(worker):
    return f.make_case(worker.actor)


@pytest.fixture
def referral(worker, disability_worker, case):
    return send(worker.actor, case, disability_worker.agency)


def list_url(tab=""):
    return reverse("referrals:list") + (f"?tab={tab}" if tab else "")


def form_data(agency, **changes):
    return {
        "request_key": str(uuid4()), "to_agency": str(agency.pk), "to_agency_text": agency.name,
        "purpose": "一緒に訪問してほしい", "message": "", "deadline": "3", "deadline_at_0": "", "deadline_at_1": "",
        "ground": Ground.COORDINATION, "parts": ["concerns"], **changes,
    }  # fmt: skip


# ── Lists ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_conference_that_is_late_is_marked_with_who_asked(
    referral, worker, disability_worker, time_machine
):
    answer_referral(
        referral=referral,
        event="to_conference",
        actor=disability_worker.actor,
        at=NOW,
        note="役割を話し合いたい",
    )
    assert "超過" not in worker.client.get(list_url()).content.decode()
    time_machine.move_to(NOW + timedelta(days=60), tick=False)
    assert "日超過" in worker.client.get(list_url()).content.decode()


def test_inbox_and_outbox(referral, worker, disability_worker):
    received = disability_worker.client.get(list_url())
    assert [row.referral for row in received.context["to_answer"]] == [referral]
    assert "主担当で受ける" in received.content.decode()
    sent = worker.client.get(list_url())
    assert [row.referral for row in sent.context["sent"]] == [referral]
    assert "0 / 1 回答済み" in sent.content.decode()


def test_inbox_names_nobody_that_was_not_shown(worker, disability_worker, case):
    send(worker.actor, case, disability_worker.agency, parts=("concerns",))
    page = disability_worker.client.get(list_url()).content.decode()
    assert "森下" not in page
    assert case.number in page
    send(worker.actor, f.make_case(worker.actor), disability_worker.agency, parts=("basic",))
    assert "森下 和子" in disability_worker.client.get(list_url()).content.decode()


def test_barred_agency_has_no_lead_button(worker, case):
    agency = f.make_agency("推進室", kind=AgencyKind.DEPARTMENT, may_lead=False)
    staff = f.make_staff(agency)
    send(worker.actor, case, agency)
    from tests.conftest import Persona

    page = Persona(staff, agency, f.actor_of(staff)).client.get(list_url()).content.decode()
    assert "一緒に支える</a>" in page.replace("\n", "").replace("  ", "")
    assert "take_lead" not in page


def test_strangers_lists_are_empty(referral, stranger):
    page = stranger.client.get(list_url())
    assert page.context["to_answer"] == page.context["sent"] == []
    assert "返事を待たれているつなぎはありません" in page.content.decode()
    assert stranger.client.get(list_url("history")).context["rows"] == []


def test_history_filters(referral, worker, care_center, case):
    other = send(worker.actor, case, care_center)
    client = worker.client

    def rows(query):
        return {row.referral.pk for row in client.get(f"{list_url('history')}&{query}").context["rows"]}

    assert rows("") == {referral.pk, other.pk}
    assert rows(f"agency={care_center.pk}") == {other.pk}
    assert rows("state=lead") == set()
    assert rows("direction=in") == set()
    assert rows("since=R8.11.23&until=2026-11-23") == {referral.pk, other.pk}
    assert rows("until=R8.11.22") == set()
    assert "ありません" in client.get(f"{list_url('history')}&since=R8.13.40").content.decode()


def test_history_as_a_fragment(referral, worker):
    page = worker.client.get(list_url("history"), **HTMX).content.decode()
    assert "<html" not in page
    assert referral.purpose in page


def test_director_sees_what_rose_and_cases_of_several_sectors(
    referral, worker, disability_director, elderly_director, disability_worker
):
    broad = f.make_case(worker.actor, sectors=(Sector.DISABILITY, Sector.ELDERLY))
    escalate_overdue(actor=Actor.system("試験"), at=NOW + timedelta(days=4))
    page = disability_director.client.get(list_url())
    assert page.context["tab"] == "sector"
    assert [row.referral for row in page.context["escalated"]] == [referral]
    assert page.context["page"].rows == [broad]
    answer_referral(
        referral=referral, event="to_conference", actor=disability_worker.actor, at=NOW, note="理由"
    )
    page = disability_director.client.get(list_url("sector"))
    assert [row.referral for row in page.context["put_to_conference"]] == [referral]
    assert elderly_director.client.get(list_url()).context["put_to_conference"] == []


def test_director_finds_silent_cases(worker, disability_director):
    quiet = f.make_case(worker.actor, sectors=(Sector.DISABILITY, Sector.ELDERLY))
    f.make_case(worker.actor, sectors=(Sector.DISABILITY, Sector.ELDERLY))
    quiet.last_contact_at = NOW - timedelta(days=31)
    quiet.save()
    page = disability_director.client.get(list_url("sector") + "&show=silent")
    assert page.context["page"].rows == [quiet]
    figures = {stat["label"]: stat["value"] for stat in page.context["stats"]}
    assert figures["複数分野のケース"] == 2
    assert figures["30日以上記録なし"] == 1


def test_sector_tab_is_the_directors(worker):
    assert worker.client.get(list_url("sector")).context["tab"] == "waiting"


@pytest.mark.parametrize("tab", ["waiting", "history"])
def test_list_queries_do_not_grow(tab, worker, disability_worker, django_assert_max_num_queries):
    for rows in (1, 30):
        while Referral.objects.count() < rows:
            send(worker.actor, f.make_case(worker.actor), disability_worker.agency)
        for who in (worker, disability_worker):
            client = who.client
            client.get(list_url(tab))
            with django_assert_max_num_queries(9):
                client.get(list_url(tab))


def test_sector_queries_do_not_grow(
    worker, disability_worker, disability_director, django_assert_max_num_queries
):
    client = disability_director.client
    for rows in (1, 20):
        while Referral.objects.count() < rows:
            case = f.make_case(worker.actor, sectors=(Sector.DISABILITY, Sector.ELDERLY))
            send(worker.actor, case, disability_worker.agency)
        escalate_overdue(actor=Actor.system("試験"), at=NOW + timedelta(days=4))
        with django_assert_max_num_queries(10):
            client.get(list_url("sector"))


# ── One referral ────────────────────────────────────────────────────────────────────────────────────────────


def test_detail_for_both_ends(referral, worker, disability_worker, django_assert_max_num_queries):
    for who in (worker, disability_worker):
        client = who.client
        with django_assert_max_num_queries(MAX_QUERIES):
            page = client.get(reverse("referrals:detail", args=[referral.pk]))
        assert page.status_code == 200
    assert (
        "見せていないもの"
        in worker.client.get(reverse("referrals:detail", args=[referral.pk])).content.decode()
    )


def test_stranger_gets_404_everywhere_and_it_is_logged(referral, stranger, case):
    client = stranger.client
    urls = [
        reverse("referrals:detail", args=[referral.pk]),
        reverse("referrals:answer", args=[referral.pk, "join"]),
        reverse("referrals:withdraw", args=[referral.pk]),
        reverse("referrals:case_fragment", args=[case.number]),
        reverse("referrals:new") + f"?case={case.number}",
        reverse("referrals:preview") + f"?case={case.number}",
    ]
    for url in urls:
        assert client.get(url).status_code == 404, url
    assert client.post(urls[1], {"note": ""}).status_code == 404
    assert AccessRecord.objects.filter(kind=AccessKind.DENIED).count() == len(urls) + 1


def test_finance_clerk_may_not_look(referral, finance):
    assert finance.client.get(list_url()).status_code == 403


def test_receiver_loses_sight_of_the_parts_after_withdrawal(referral, worker, disability_worker):
    url = reverse("referrals:detail", args=[referral.pk])
    response = worker.client.post(reverse("referrals:withdraw", args=[referral.pk]), {"note": "本人の希望"})
    assert response.status_code == 302
    page = disability_worker.client.get(url)
    assert page.context["disclosure"] is None
    assert "森下" not in page.content.decode()


def test_answer_in_place(referral, disability_worker, case):
    url = reverse("referrals:answer", args=[referral.pk, "take_lead"])
    client = disability_worker.client
    part = client.get(url, **HTMX).content.decode()
    assert "<html" not in part
    assert "引き受ける人" in part
    assert "<html" in client.get(url).content.decode()
    colleague = f.make_staff(disability_worker.agency, name="藤田 さくら")
    in_list = {**HTMX, "HTTP_HX_CURRENT_URL": f"http://testserver{list_url()}"}
    done = client.post(url, {"staff": colleague.pk, "note": ""}, **in_list)
    assert done.status_code == 200
    assert "主担当で受けました" in done.content.decode()
    case.refresh_from_db()
    assert case.lead_staff == colleague


def test_answer_on_its_own_page(referral, disability_worker):
    url = reverse("referrals:answer", args=[referral.pk, "join"])
    response = disability_worker.client.post(
        url, {"staff": disability_worker.staff.pk, "note": "火曜に伺います"}
    )
    assert response.status_code == 302
    referral.refresh_from_db()
    assert (referral.state, referral.answer_note) == (ReferralState.PARTNER, "火曜に伺います")


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_conference_without_reason_is_said_beside_the_field(headers, referral, disability_worker):
    url = reverse("referrals:answer", args=[referral.pk, "to_conference"])
    response = disability_worker.client.post(url, {"note": " "}, **headers)
    assert response.status_code == 422
    assert "会議に出す理由を入力してください" in response.content.decode()
    referral.refresh_from_db()
    assert referral.state == ReferralState.SENT


def test_answering_twice_tells_what_became_of_it(referral, disability_worker):
    url = reverse("referrals:answer", args=[referral.pk, "join"])
    client, data = disability_worker.client, {"staff": disability_worker.staff.pk, "note": ""}
    client.post(url, data)
    response = client.post(url, data)
    assert response.status_code == 422
    assert "一緒に支える" in response.content.decode()


def test_sender_may_not_answer(referral, worker):
    url = reverse("referrals:answer", args=[referral.pk, "join"])
    assert worker.client.get(url).status_code == 403
    assert worker.client.post(url, {"staff": worker.staff.pk, "note": ""}).status_code == 403


def test_there_is_no_declining(referral, disability_worker):
    for event in ("decline", "withdraw", "settle"):
        assert disability_worker.client.get(f"/referrals/{referral.pk}/answer/{event}/").status_code == 404


def test_case_fragment(referral, worker, case, django_assert_max_num_queries):
    url = reverse("referrals:case_fragment", args=[case.number])
    client = worker.client
    with django_assert_max_num_queries(9):
        part = client.get(url, **HTMX).content.decode()
    assert referral.purpose in part
    assert "相手の機関の返事を待っています" in part
    assert "<html" in client.get(url).content.decode()


# ── Sending ─────────────────────────────────────────────────────────────────────────────────────────────────


def new_url(case):
    return reverse("referrals:new") + f"?case={case.number}"


def test_form_proposes_three_working_days(worker, case, care_center, django_assert_max_num_queries):
    client = worker.client
    with django_assert_max_num_queries(MAX_QUERIES):
        page = client.get(new_url(case))
    text = page.content.decode()
    assert "令和8年11月26日（木）17:15" in text  # the 23rd is a holiday: 24, 25, 26
    assert care_center.name in text
    assert page.context["form"]["parts"].value() == ["concerns"]


def test_send_from_the_form(worker, case, care_center):
    data = form_data(care_center)
    for _ in range(2):
        response = worker.client.post(new_url(case), data)
    referral = Referral.objects.get()
    assert response.url == reverse("referrals:detail", args=[referral.pk])
    assert referral.parts == ["concerns"]


def test_typed_date_goes_before_the_quick_choice(worker, case, care_center):
    worker.client.post(new_url(case), form_data(care_center, deadline_at_0="R8.12.1", deadline_at_1="1200"))
    assert f"{Referral.objects.get().deadline_at.astimezone(f.TOKYO):%m-%d %H:%M}" == "12-01 12:00"


def test_typed_name_counts(worker, case, care_center):
    worker.client.post(new_url(case), form_data(care_center, to_agency=""))
    assert Referral.objects.get().to_agency == care_center


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"purpose": ""}, "お願いしたいことを入力してください"),
        ({"deadline_at_0": "R8.11.31", "deadline_at_1": "10:00"}, "11月"),
        ({"deadline_at_0": "R8.11.20", "deadline_at_1": "10:00"}, "今より後"),
        ({"ground": "consent"}, "ケースの同意は「未確認」"),
        ({"ground": "article_106_6"}, "一覧にあるものから"),
        ({"parts": ["diary"]}, "見せる記録は、一覧にあるもの"),
        ({"to_agency": "", "to_agency_text": "どこか"}, "つなぎ先を選んでください"),
        ({"to_agency": "999999"}, "一覧にあるものから"),
    ],
)
def test_wrong_input_is_said_and_nothing_is_lost(changes, words, worker, case, care_center):
    response = worker.client.post(new_url(case), form_data(care_center, message="長女が同席", **changes))
    text = response.content.decode()
    assert response.status_code == 422
    assert words in text
    assert "長女が同席" in text
    assert not Referral.objects.exists()


def test_own_agency_is_refused_beside_the_field(worker, case, desk):
    response = worker.client.post(new_url(case), form_data(desk))
    assert response.status_code == 422
    assert "自分の機関へつなぐことはできません" in str(response.context["form"].errors["to_agency"])


def test_agency_options(worker, care_center, disability_section, desk):
    url = reverse("referrals:agency_options")
    text = worker.client.get(url, {"to_agency_text": "高齢"}).content.decode()
    assert care_center.name in text
    assert disability_section.name not in text
    everything = worker.client.get(url).content.decode()
    assert desk.name not in everything
    assert "見つかりません" in worker.client.get(url, {"to_agency_text": "水族館"}).content.decode()


def test_preview_shows_only_what_is_ticked(worker, case):
    url = reverse("referrals:preview")
    page = worker.client.get(url, {"case": case.number, "parts": ["basic", "diary"], "ground": "emergency"})
    assert [part for part, _, _ in page.context["disclosure"].shown] == ["basic"]
    assert "住所・電話" in page.context["disclosure"].held_back


def test_new_without_a_case_and_for_a_closed_one(worker, case):
    assert "先に選んでください" in worker.client.get(reverse("referrals:new")).content.decode()


# ── Home ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_home_rows(referral, worker, disability_worker, disability_director, django_assert_max_num_queries):
    late = NOW + timedelta(days=4)
    with django_assert_max_num_queries(2):
        rows = home_rows(disability_worker.actor, NOW)
    assert [(row.group, row.due_at, row.title) for row in rows] == [
        (QueueGroup.ANSWER, referral.deadline_at, referral.purpose)
    ]
    assert home_rows(worker.actor, NOW) == []
    escalate_overdue(actor=Actor.system("試験"), at=late)
    assert [row.group for row in home_rows(worker.actor, late)] == [QueueGroup.WORRY]
    with django_assert_max_num_queries(2):
        rows = home_rows(disability_director.actor, late)
    assert [(row.group, row.badge) for row in rows] == [(QueueGroup.ANSWER, "期限超過で上がった")]


def test_home_rows_of_a_stranger(referral, stranger, finance):
    late = NOW + timedelta(days=4)
    assert home_rows(stranger.actor, late) == []
    assert home_rows(finance.actor, late) == []


def test_case_grants_are_real(referral, disability_worker, case):
    assert not Case.objects.visible_to(disability_worker.actor).filter(pk=case.pk).exists()


def test_answer_in_a_row_replaces_the_row_and_on_its_page_opens_it(referral, disability_worker, worker):
    url = reverse("referrals:answer", args=[referral.pk, "to_conference"])
    in_list = {**HTMX, "HTTP_HX_CURRENT_URL": f"http://testserver{list_url()}"}
    wrong = disability_worker.client.post(url, {"note": ""}, **in_list)
    assert (wrong.status_code, wrong["HX-Retarget"]) == (422, f"#answer-{referral.pk}")
    right = disability_worker.client.post(url, {"note": "理由"}, **in_list)
    assert "HX-Retarget" not in right
    assert "会議に出しました" in right.content.decode()
    other = send(worker.actor, f.make_case(worker.actor), disability_worker.agency)
    detail = reverse("referrals:detail", args=[other.pk])
    on_page = {**HTMX, "HTTP_HX_CURRENT_URL": f"http://testserver{detail}"}
    url = reverse("referrals:answer", args=[other.pk, "to_conference"])
    assert disability_worker.client.post(url, {"note": "理由"}, **on_page)["HX-Redirect"] == detail


def test_draft_comes_back_and_goes_when_sent(worker, case, care_center):
    key = f"referral:{case.number}"
    Draft.objects.create(
        staff=worker.staff, agency=worker.agency, key=key, url=new_url(case), updated_at=NOW,
        data={
            "to_agency": [str(care_center.pk)], "to_agency_text": [care_center.name], "purpose": ["見守りの相談"],
            "message": [""], "parts": ["notes"], "deadline_at_0": ["R8.12.1"], "deadline_at_1": ["9:00"],
            "request_key": ["x"],
        },
    )  # fmt: skip
    page = worker.client.get(new_url(case))
    text = page.content.decode()
    assert "見守りの相談" in text
    assert "R8.12.1" in text
    assert f'value="{care_center.pk}"' in text
    assert page.context["form"]["parts"].value() == ["notes"]
    assert worker.client.post(new_url(case), form_data(care_center)).status_code == 302
    assert not Draft.objects.exists()
