"""The pages of 会議: personas, the secrecy gate, the sitting itself, the hand-out, wrong input, number of queries."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from django.urls import reverse
from pypdf import PdfReader

from accounts.enums import ConsentState, Role
from audit.models import AccessKind, AccessRecord
from cases.models import AssessmentItem, Case, CasePartner, PlanItem, SupportPlan
from referrals.actions.run_conference import conclude_item, start_conference
from referrals.enums import ConferenceKind
from referrals.models import ActionItem, Conference
from referrals.workflow import ConferenceState
from tests import factories as f
from tests.conftest import Persona
from tests.factories import NOW
from tests.referrals import conferences as c
from tests.referrals.helpers import bring_to, send

HTMX = {"HTTP_HX_REQUEST": "true"}
MAX_QUERIES = 15


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def case(worker):
    return f.make_case(worker.actor)


@pytest.fixture
def guest(disability_section) -> Persona:
    staff = f.make_staff(disability_section, role=Role.CONFERENCE_GUEST, name="三浦 民生委員")
    return Persona(staff, disability_section, f.actor_of(staff))


@pytest.fixture
def conference(worker, disability_section):
    return c.convene(worker.actor, invite=(disability_section,))


@pytest.fixture
def item(conference, case, worker):
    return c.put(
        conference,
        case,
        worker.actor,
        topic="通院と家計",
        situation="単身。室内に物が多い。",
        ground="elder_abuse_law",
    )


def url(name, *args):
    return reverse(f"conferences:{name}", args=args)


def draft_plan(case, persona, **fields):
    plan = SupportPlan.objects.create(
        case=case, ordinal=1, agency=persona.agency, written_by=persona.staff, written_at=NOW, hope="家で暮らしたい",
        long_goal="医療につながる", short_goal="月1回の通院", **fields,
    )  # fmt: skip
    PlanItem.objects.create(
        plan=plan,
        position=1,
        problem="通院が途絶えている",
        agency=persona.agency,
        staff=persona.staff,
        action="同行受診",
    )
    return plan


# ── Convening ───────────────────────────────────────────────────────────────────────────────────────────────


def form_data(**changes):
    return {
        "request_key": str(uuid4()), "kind": "individual", "title": "", "starts_at_0": "R8.12.1", "starts_at_1": "14:00",
        "minutes": "60", "place": "市役所", "sector": "", "topic": "", **changes,
    }  # fmt: skip


def test_convening_from_a_case_twice_sent_is_one(worker, disability_section, case):
    page = worker.client.get(url("new") + f"?case={case.number}").content.decode()
    assert case.household.name in page
    data = form_data(cases=[case.pk], invite=[disability_section.pk])
    for _ in range(2):
        answer = worker.client.post(url("new") + f"?case={case.number}", data)
        assert answer.status_code == 302
    conference = Conference.objects.get()
    assert conference.title == "個別会議（R8.12.1(火)）"
    assert conference.agenda.get().case == case
    assert conference.members.count() == 2


def test_multilayered_conference_asks_for_consent(worker, case):
    data = form_data(kind="multilayered", cases=[case.pk], title="定例", place="会議室A")
    answer = worker.client.post(url("new"), data)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "支援会議" in answer.context["form"].errors["cases"][0]
    assert "会議室A" in page
    assert not Conference.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"starts_at_0": "R8.2.30"}, "starts_at"),
        ({"starts_at_0": "R8.11.1"}, "starts_at"),
        ({"minutes": "0"}, "minutes"),
        ({"minutes": "1441"}, "minutes"),
        ({"kind": "party"}, "kind"),
        ({"invite": ["999999"]}, "invite"),
        ({"cases": ["999999"]}, "cases"),
        ({"request_key": "x"}, "request_key"),
    ],
)
def test_wrong_input_stays_on_the_page(worker, changes, field):
    answer = worker.client.post(url("new"), form_data(**changes))
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not Conference.objects.exists()


def test_a_foreign_case_is_not_taken(stranger, case):
    answer = stranger.client.post(url("new"), form_data(cases=[case.pk]))
    assert answer.status_code == 422
    assert stranger.client.get(url("new") + f"?case={case.number}").status_code == 404


def test_who_may_open_the_form(guest, finance, worker, elderly_director):
    assert [p.client.get(url("new")).status_code for p in (guest, finance, worker, elderly_director)] == [
        403, 403, 200, 200,
    ]  # fmt: skip


# ── Lists ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_lists_and_filters(conference, worker, stranger, finance):
    def titles(client, query=""):
        return [row.title for row in client.get(f"{url('list')}?{query}").context["page"].rows]

    assert titles(worker.client) == [conference.title]
    assert titles(worker.client, "kind=support") == []
    assert titles(worker.client, "mine=on&kind=individual") == [conference.title]
    assert titles(worker.client, "tab=past") == []
    assert titles(worker.client, "sort=-title&cursor=nonsense") == [conference.title]
    assert titles(stranger.client) == []
    assert "会議を招集する" in stranger.client.get(url("list")).content.decode()
    assert finance.client.get(url("list")).status_code == 403


@pytest.mark.parametrize("tab", ["upcoming", "past", "actions"])
def test_list_queries_do_not_grow(tab, worker, disability_worker, django_assert_max_num_queries):
    def one_more():
        conference = c.convene(worker.actor, invite=(disability_worker.agency,))
        item = c.put(conference, f.make_case(worker.actor), worker.actor)
        start_conference(conference=conference, actor=worker.actor, at=c.START)
        c.decide(item, disability_worker.agency, disability_worker.staff, worker.actor)

    client = worker.client
    for n in (1, 30):
        for _ in range(n):
            one_more()
        with django_assert_max_num_queries(MAX_QUERIES):
            page = client.get(f"{url('list')}?tab={tab}")
        assert page.status_code == 200


# ── One conference ──────────────────────────────────────────────────────────────────────────────────────────


def test_strangers_get_404_and_it_is_logged(conference, item, stranger, worker):
    client = stranger.client
    start_conference(conference=conference, actor=worker.actor, at=NOW)
    done = c.decide(item, worker.agency, worker.staff, worker.actor)
    seat = c.seat(conference, worker.agency)
    pages = [
        url("detail", conference.pk), url("run", conference.pk), url("handout_pdf", conference.pk),
        url("edit", conference.pk), url("close", conference.pk), url("item_add", conference.pk),
        url("item_edit", item.pk), url("parse", item.pk), url("action_done", done.pk),
        url("case_fragment", item.case.number),
    ]  # fmt: skip
    posts = [
        url("start", conference.pk), url("member_add", conference.pk), url("member_edit", seat.pk),
        url("member_remove", seat.pk), url("secrecy", seat.pk), url("item_move", item.pk), url("item_remove", item.pk),
        url("decide", item.pk), url("conclude", item.pk), url("drop", done.pk),
    ]  # fmt: skip
    assert {page: client.get(page).status_code for page in pages} == dict.fromkeys(pages, 404)
    posted = {p: client.post(p, {"accept": "yes", "to": "1"}).status_code for p in posts}
    assert posted == dict.fromkeys(posts, 404)
    assert AccessRecord.objects.filter(kind=AccessKind.DENIED).count() == len(pages) + len(posts)
    assert client.get(url("detail", 999999)).status_code == 404


def test_members_see_but_do_not_manage(conference, item, disability_worker):
    client = disability_worker.client
    page = client.get(url("detail", conference.pk)).content.decode()
    assert "通院と家計" in page
    assert "会議を始める" not in page
    assert client.post(url("start", conference.pk)).status_code == 403
    assert client.post(url("item_remove", item.pk)).status_code == 403
    assert client.get(url("item_edit", item.pk)).status_code == 403
    assert client.get(url("edit", conference.pk)).status_code == 403


def test_guest_sees_the_conference_but_no_case_page(conference, item, guest):
    page = guest.client.get(url("detail", conference.pk)).content.decode()
    assert "通院と家計" in page
    assert f"/cases/{item.case.number}/" not in page
    assert guest.client.get(url("case_fragment", item.case.number)).status_code == 404
    assert guest.client.get(url("handout_pdf", conference.pk)).status_code == 200


def test_secret_conference_shows_title_and_time_until_accepted(
    worker, disability_worker, disability_section, case
):
    conference = c.convene(
        worker.actor, kind=ConferenceKind.SUPPORT, invite=(disability_section,), title="第3回支援会議"
    )
    item = c.put(conference, case, worker.actor, topic="金銭の搾取", situation="長男が年金を使う")
    client = disability_worker.client

    def shows():
        page = client.get(url("detail", conference.pk)).content.decode()
        assert "第3回支援会議" in page
        return [w for w in ("金銭の搾取", "長男", case.household.name, case.number) if w in page]

    assert shows() == []
    assert client.get(url("handout_pdf", conference.pk)).status_code == 403
    c.sit(conference, worker.actor)
    assert client.get(url("run", conference.pk)).status_code == 403
    seat = c.seat(conference, disability_section)
    assert client.post(url("secrecy", seat.pk)).status_code == 422
    assert worker.client.post(url("secrecy", seat.pk), {"accept": "yes"}).status_code == 403
    assert worker.client.get(url("handout_pdf", conference.pk) + f"?for={seat.pk}").status_code == 403
    assert shows() == []
    assert client.post(url("secrecy", seat.pk), {"accept": "yes"}).status_code == 302
    assert len(shows()) == 4
    assert client.get(url("run", conference.pk)).status_code == 200
    assert client.get(url("handout_pdf", conference.pk)).status_code == 200
    assert item.ground == "article_106_6"


def test_detail_queries_do_not_grow(conference, worker, disability_worker, django_assert_max_num_queries):
    client = worker.client
    for n in (1, 9):
        for _ in range(n):
            c.put(conference, f.make_case(worker.actor), worker.actor)
        with django_assert_max_num_queries(MAX_QUERIES):
            page = client.get(url("detail", conference.pk))
    assert len(page.context["items"]) == 10
    start_conference(conference=conference, actor=worker.actor, at=NOW)
    for item in page.context["items"]:
        c.decide(item, disability_worker.agency, disability_worker.staff, worker.actor)
    with django_assert_max_num_queries(MAX_QUERIES):
        client.get(url("detail", conference.pk))


def test_agenda_on_the_page(conference, item, worker, case):
    client = worker.client
    other = f.make_case(worker.actor)
    picked = client.get(url("item_add", conference.pk) + f"?q={other.number}")
    assert [row.pk for row in picked.context["cases"]] == [other.pk]
    add = url("item_add", conference.pk) + f"?case={other.number}"
    data = {
        "topic": "学校との連携",
        "minutes": "15",
        "ground": "participation",
        "situation": "",
        "request_text": "見守り",
    }
    wrong = client.post(add, {**data, "minutes": "0"})
    assert wrong.status_code == 422
    assert "学校との連携" in wrong.content.decode()
    assert client.post(add, data).status_code == 302
    second = conference.agenda.get(case=other)
    client.post(url("item_move", second.pk), {"to": "1"})
    assert [i.pk for i in conference.agenda.order_by("position")] == [second.pk, item.pk]
    assert client.post(url("item_move", second.pk), {"to": "x"}).status_code == 422
    assert client.post(url("item_edit", item.pk), {**data, "topic": "変更"}).status_code == 302
    assert client.post(url("item_edit", item.pk), {**data, "ground": "article_106_6"}).status_code == 422
    assert client.post(url("item_edit", item.pk), {**data, "plan": "99999"}).status_code == 422
    assert client.post(url("item_remove", second.pk)).status_code == 302
    assert conference.agenda.get().topic == "変更"


def test_agenda_of_a_multilayered_conference_names_the_way(worker, case):
    conference = c.convene(worker.actor, kind=ConferenceKind.MULTILAYERED)
    page = worker.client.get(url("item_add", conference.pk) + f"?case={case.number}").content.decode()
    assert "支援会議を招集する" in page


def test_two_people_saving(conference, worker):
    client = worker.client
    data = {
        "version": str(conference.version), "title": "甲", "starts_at_0": "R8.12.1", "starts_at_1": "10:00",
        "minutes": "30", "place": "A室", "sector": "",
    }  # fmt: skip
    assert client.post(url("edit", conference.pk), data).status_code == 302
    answer = client.post(url("edit", conference.pk), {**data, "title": "乙", "place": "B室"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "甲" in page
    assert "乙" in page
    again = {**data, "title": "乙", "place": "B室", "version": str(answer.context["form"]["version"].value())}
    assert client.post(url("edit", conference.pk), again).status_code == 302
    assert Conference.objects.get().title == "乙"


def test_members_on_the_page(conference, worker, disability_worker, stranger, care_center):
    client = worker.client
    assert client.post(url("member_add", conference.pk), {"agency": care_center.pk}).status_code == 302
    assert client.post(url("member_add", conference.pk), {"agency": "99999"}).status_code == 422
    seat = c.seat(conference, disability_worker.agency)
    data = {"staff": disability_worker.staff.pk, "attendance": "attending"}
    assert client.post(url("member_edit", seat.pk), {**data, "staff": stranger.staff.pk}).status_code == 422
    assert disability_worker.client.post(url("member_edit", seat.pk), data).status_code == 302
    other = c.seat(conference, worker.agency)
    assert disability_worker.client.post(url("member_edit", other.pk), data).status_code in (403, 422)
    assert client.post(url("member_remove", seat.pk)).status_code == 302
    assert conference.members.count() == 2


def test_all_present_at_once(conference, worker, disability_worker, care_center):
    client = worker.client
    c.set_seat(
        member=c.seat(conference, disability_worker.agency), staff=disability_worker.staff, attendance="invited",
        actor=worker.actor, at=NOW,
    )  # fmt: skip
    client.post(url("member_add", conference.pk), {"agency": care_center.pk})
    assert url("members_attend", conference.pk) in client.get(url("detail", conference.pk)).content.decode()
    assert disability_worker.client.post(url("members_attend", conference.pk)).status_code == 403
    assert client.post(url("members_attend", conference.pk)).status_code == 302
    present = conference.members.filter(attendance="attending").values_list("agency_id", flat=True)
    assert set(present) == {worker.agency.pk, disability_worker.agency.pk}


# ── The sitting ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def running(conference, item, worker, disability_worker):
    c.attend(conference, disability_worker.agency, disability_worker.staff, worker.actor)
    return start_conference(conference=conference, actor=worker.actor, at=NOW)


def test_run_page(running, item, worker, disability_worker, case, django_assert_max_num_queries):
    AssessmentItem.objects.create(
        case=case,
        kind="strength",
        text="料理が好き",
        agency=worker.agency,
        staff=worker.staff,
        written_at=NOW,
    )
    client = worker.client
    with django_assert_max_num_queries(MAX_QUERIES):
        page = client.get(url("run", running.pk)).content.decode()
    assert "同意 未確認" in page
    assert "根拠 高齢者虐待防止法" in page
    assert "料理が好き" in page
    assert 'name="line"' in page
    member = disability_worker.client.get(url("run", running.pk)).content.decode()
    assert 'name="line"' not in member
    assert worker.client.get(url("run", running.pk) + "?item=99999").status_code == 404


def test_line_becomes_a_decision(running, item, worker, disability_worker):
    client = worker.client
    line = "障害 瀬川 来週金曜 訪問して確認"
    page = client.get(url("parse", item.pk), {"line": line}).content.decode()
    assert "令和8年12月4日" in page
    key = str(uuid4())
    for _ in range(2):
        answer = client.post(url("decide", item.pk), {"request_key": key, "line": line}, **HTMX)
        assert answer.status_code == 200
    done = ActionItem.objects.get()
    assert (done.agency, done.staff) == (disability_worker.agency, disability_worker.staff)
    assert (done.text, done.due_on.isoformat()) == ("訪問して確認", "2026-12-04")
    assert client.post(url("drop", done.pk)).status_code == 302
    assert not ActionItem.objects.exists()


def test_an_incomplete_line_comes_back_with_what_was_understood(running, item, worker, disability_worker):
    answer = worker.client.post(url("decide", item.pk), {"request_key": uuid4(), "line": "障害 訪問"}, **HTMX)
    assert answer.status_code == 422
    form = answer.context["form"]
    assert set(form.errors) == {"staff", "due_on"}
    assert (form["agency"].value(), form["text"].value()) == (str(disability_worker.agency.pk), "訪問")
    plain = worker.client.post(url("decide", item.pk), {"request_key": uuid4(), "line": "障害 訪問"})
    assert plain.status_code == 422
    assert "<html" in plain.content.decode()


def test_what_is_corrected_by_hand_stays(running, item, worker, disability_worker):
    data = {
        "request_key": uuid4(), "line": "障害 瀬川 明日 電話する", "parsed_line": "障害 瀬川 明日 電",
        "agency": disability_worker.agency.pk, "staff": disability_worker.staff.pk, "due_on": "R8.12.25", "text": "電",
    }  # fmt: skip
    assert worker.client.post(url("decide", item.pk), data).status_code == 302
    done = ActionItem.objects.get()
    assert (done.due_on.isoformat(), done.text) == ("2026-12-25", "電話する")


def test_forged_decision(running, item, worker, disability_worker, stranger):
    data = {
        "request_key": uuid4(), "line": "", "agency": stranger.agency.pk, "staff": stranger.staff.pk,
        "due_on": "R8.12.4", "text": "訪問",
    }  # fmt: skip
    answer = worker.client.post(url("decide", item.pk), data)
    assert answer.status_code == 422
    assert {"agency", "staff"} <= set(answer.context["form"].errors)
    past = {
        **data,
        "agency": disability_worker.agency.pk,
        "staff": disability_worker.staff.pk,
        "due_on": "R8.11.22",
    }
    assert "due_on" in worker.client.post(url("decide", item.pk), past).context["form"].errors
    assert disability_worker.client.post(url("decide", item.pk), past).status_code == 403
    assert not ActionItem.objects.exists()


def test_plan_is_decided_in_the_conference(worker, disability_worker, case):
    plan = draft_plan(case, worker)
    conference = c.convene(worker.actor, invite=(disability_worker.agency,), title="ケア会議")
    item = c.put(conference, case, worker.actor, plan=plan)
    start_conference(conference=conference, actor=worker.actor, at=NOW)
    page = worker.client.get(url("run", conference.pk)).content.decode()
    assert "同行受診" in page
    answer = worker.client.post(
        url("conclude", item.pk), {"conclusion": "案のとおり", "then": "approve", "version": item.version}
    )
    assert answer.status_code == 302
    plan.refresh_from_db()
    assert plan.state == "decided"
    assert "個別会議" in plan.decided_where  # not its name, which may tell of another household
    assert "令和8年11月23日" in plan.decided_where


def test_closing(running, item, worker, disability_worker, time_machine):
    client = worker.client
    c.decide(item, disability_worker.agency, disability_worker.staff, worker.actor, at=NOW)
    time_machine.move_to(NOW + timedelta(minutes=45), tick=False)
    page = client.get(url("close", running.pk))
    draft = page.context["form"]["summary"].value()
    assert "訪問して確認（障害福祉室　瀬川 亮" in draft
    version = page.context["form"]["version"].value()
    data = {"summary": draft, "started_at": "10:00", "ended_at": "10:40", "version": version}
    assert client.post(url("close", running.pk), {**data, "ended_at": "9:00"}).status_code == 422
    assert client.post(url("close", running.pk), {**data, "ended_at": "25:00"}).status_code == 422
    assert client.post(url("close", running.pk), data).status_code == 302
    closed = Conference.objects.get()
    assert closed.state == ConferenceState.CLOSED
    assert closed.closed_at == NOW + timedelta(minutes=40)
    after = client.get(url("detail", running.pk)).content.decode()
    assert "議事の要旨" in after
    assert "会議を始める" not in after


def test_closing_lists_what_is_open(running, item, worker):
    answer = worker.client.post(
        url("close", running.pk), {"summary": "書きかけの要旨", "version": running.version}
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "通院と家計" in page
    assert "書きかけの要旨" in page


def test_closing_names_the_referrals_that_wait(worker, disability_worker, disability_section, case):
    referral = send(worker.actor, case, disability_section)
    referral = bring_to(referral, "conference", receiver=disability_worker.actor, sender=worker.actor)
    conference = c.convene(worker.actor, invite=(disability_section,))
    item = c.put(conference, case, worker.actor, topic="役割", referral=referral)
    conference = c.sit(conference, worker.actor)
    page = worker.client.get(url("close", conference.pk)).content.decode()
    assert "返事の済んでいないつなぎ" in page
    assert f"{url('run', conference.pk)}?item={item.pk}#conclude" in page
    worker.client.post(
        url("conclude", item.pk),
        {"conclusion": "一緒に訪問する。", "then": "settle", "version": item.version},
    )
    assert "返事の済んでいないつなぎ" not in worker.client.get(url("close", conference.pk)).content.decode()


def test_everybody_present_says_which_agency_has_named_nobody(conference, worker, disability_section):
    answer = worker.client.post(url("members_attend", conference.pk), follow=True)
    told = [str(m) for m in answer.context["messages"]]
    assert any(
        "出席者が決まっていない機関" in text and disability_section.short_name in text for text in told
    )


def test_starting_on_another_day_is_asked_once(conference, item, worker, time_machine):
    time_machine.move_to(NOW + timedelta(days=1), tick=False)
    asked = worker.client.post(url("start", conference.pk))
    conference.refresh_from_db()
    assert "予定と違う日" in asked.content.decode()
    assert conference.state == ConferenceState.PLANNED
    assert worker.client.post(url("start", conference.pk), {"other_day": "yes"}).status_code == 302
    conference.refresh_from_db()
    assert conference.state == ConferenceState.RUNNING


def test_agencies_to_invite_stand_in_order_and_without_the_offices(
    worker, case, disability_section, care_center, finance, auditor, elderly_director
):
    CasePartner.objects.create(case=case, agency=disability_section, staff=worker.staff, since=NOW)
    names = [a.name for a, _ in worker.client.get(url("new") + f"?case={case.number}").context["agencies"]]
    assert names[0] == disability_section.name
    assert elderly_director.agency.name in names
    assert not {finance.agency.name, auditor.agency.name} & set(names)
    conference = c.convene(worker.actor, cases=(case,))
    groups = [
        g
        for g, _ in worker.client.get(url("detail", conference.pk)).context["invite"].fields["agency"].choices
    ]
    assert groups[1] == "議題のケースの支援チーム"


def test_every_link_leads_somewhere(running, item, worker, disability_worker):
    done = c.decide(item, disability_worker.agency, disability_worker.staff, worker.actor)
    planned = c.convene(worker.actor, cases=(f.make_case(worker.actor), f.make_case(worker.actor)))
    pages = [
        url("list"), url("list") + "?tab=actions", url("new"), url("detail", planned.pk), url("edit", planned.pk),
        url("item_add", planned.pk), url("item_add", planned.pk) + f"?case={item.case.number}",
        url("run", running.pk), url("close", running.pk), url("action_done", done.pk),
        url("case_fragment", item.case.number),
    ]  # fmt: skip
    for page in pages:
        text = worker.client.get(page).content.decode()
        assert 'href=""' not in text, page
        assert "やめる" in text or "edit" not in page
    assert (
        f'href="{url("run", running.pk)}?item=' in worker.client.get(url("run", running.pk)).content.decode()
    )
    assert url("close", running.pk) in worker.client.get(url("run", running.pk)).content.decode()


# ── After ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_action_item_page(running, item, worker, disability_worker, guest):
    done = c.decide(item, disability_worker.agency, disability_worker.staff, worker.actor)
    assert worker.client.post(url("action_done", done.pk), {"outcome": "x"}).status_code == 403
    page = guest.client.get(url("action_done", done.pk)).content.decode()
    assert done.text in page
    assert item.case.household.name not in page
    answer = guest.client.post(url("action_done", done.pk), {"outcome": "本人に会えた"})
    assert answer.status_code == 302
    again = disability_worker.client.post(url("action_done", done.pk), {"outcome": "二度目"})
    assert again.status_code == 422
    assert ActionItem.objects.get().outcome == "本人に会えた"


def test_case_fragment(running, item, worker, disability_worker, django_assert_max_num_queries):
    c.decide(item, disability_worker.agency, disability_worker.staff, worker.actor)
    client = worker.client
    with django_assert_max_num_queries(MAX_QUERIES):
        page = client.get(url("case_fragment", item.case.number), **HTMX).content.decode()
    assert "<html" not in page
    assert "訪問して確認" in page
    assert running.title in page
    assert "<html" in worker.client.get(url("case_fragment", item.case.number)).content.decode()
    assert (
        "まだありません"
        in worker.client.get(url("case_fragment", f.make_case(worker.actor).number), **HTMX).content.decode()
    )


# ── Hand-out ────────────────────────────────────────────────────────────────────────────────────────────────


def text_of(response) -> str:
    reader = PdfReader(BytesIO(response.content))
    return (
        "\n".join(page.extract_text() for page in reader.pages)
        .replace(" ", "")
        .replace("\n", "")
        .replace("　", "")
    )


def test_handout(conference, item, worker, disability_worker, case):
    Case.objects.filter(pk=case.pk).update(consent=ConsentState.YES)
    plan = draft_plan(case, worker)
    item.plan = plan
    item.save()
    for kind, words in (("strength", "料理が好き"), ("problem", "通院が途絶えている")):
        AssessmentItem.objects.create(
            case=case, kind=kind, text=words, agency=worker.agency, staff=worker.staff, written_at=NOW
        )
    answer = worker.client.get(url("handout_pdf", conference.pk))
    text = text_of(answer)
    for word in (
        "取扱注意",
        "森下和子",
        "通院と家計",
        "料理が好き",
        "同行受診",
        "単身。室内に物が多い。",
        "1/",
    ):
        assert word in text, word
    assert text.index("料理が好き") < text.index("通院が途絶えている")
    assert f"No.1{worker.agency.name.replace(' ', '')}中川千秋" in text
    assert "非公開" not in text
    printed = AccessRecord.objects.filter(kind=AccessKind.PRINT).values_list("target_type", "target_id")
    assert set(printed) == {("referrals.conference", str(conference.pk)), ("cases.case", str(case.pk))}
    seat = c.seat(conference, disability_worker.agency)
    assert "No.2障害福祉室" in text_of(
        worker.client.get(url("handout_pdf", conference.pk) + f"?for={seat.pk}")
    )
    # a member prints only the own copy, whatever the address says
    first = c.seat(conference, worker.agency)
    own = text_of(disability_worker.client.get(url("handout_pdf", conference.pk) + f"?for={first.pk}"))
    assert "No.2障害福祉室" in own
    assert "No.1" not in own
    assert worker.client.get(url("handout_pdf", conference.pk) + "?for=999").status_code == 404


def test_secret_handout_says_so(worker, case):
    conference = c.convene(worker.actor, kind=ConferenceKind.SUPPORT)
    c.put(conference, case, worker.actor)
    text = text_of(worker.client.get(url("handout_pdf", conference.pk)))
    assert "取扱注意・非公開" in text


def test_minutes_of_a_conference_without_items(conference, worker):
    start_conference(conference=conference, actor=worker.actor, at=NOW)
    assert worker.client.get(url("run", conference.pk)).status_code == 200
    assert worker.client.get(url("close", conference.pk)).status_code == 200


def test_conclusion_can_be_written_again(running, item, worker):
    conclude_item(item=item, conclusion="一つ目", actor=worker.actor, at=NOW)
    worker.client.post(url("conclude", item.pk), {"conclusion": "二つ目", "version": 2})
    item.refresh_from_db()
    assert item.conclusion == "二つ目"
