"""アウトリーチ: from a neighbour's worry to a case, with nothing asked of the person before they agree."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest

from audit.models import ChangeRecord
from budgets.models import WorkEntry
from cases.actions.outreach import (
    AttemptData,
    WorryData,
    agree_to_support,
    begin_outreach,
    edit_outreach,
    end_outreach,
    record_attempt,
    resume_outreach,
)
from cases.enums import Closeness
from cases.masters import load_codes
from cases.models import Case, Consultation, Draft, Outreach, OutreachAttempt
from cases.workflow import OUTREACH_TRANSITIONS, OutreachEvent, OutreachState
from common.errors import InvalidTransition, NotAllowed, RuleViolation, StaleRecord
from households.actions.denials import deny_staff
from households.actions.persons import PersonData
from households.models import HouseholdMember, Person
from tests import factories as f

pytestmark = pytest.mark.django_db

WORRY = WorryData(
    described="青い屋根の家の息子さん", worry="何年も姿を見ない。夜に明かりだけつく。", source="neighbour",
    source_name="向かいの奥さん", source_contact="0595-61-2200", next_on=f.TODAY + timedelta(days=3),
)  # fmt: skip
KNOCK = AttemptData(
    started_at=f.NOW - timedelta(minutes=40), way="home_visit", answer="none", minutes=20,
    next_on=f.TODAY + timedelta(days=14),
)  # fmt: skip


@pytest.fixture(autouse=True)
def masters(db, time_machine):
    time_machine.move_to(f.NOW)
    load_codes()
    f.make_streams()


@pytest.fixture
def outreach(worker) -> Outreach:
    return begin_outreach(data=WORRY, actor=worker.actor, at=f.NOW, request_key=uuid4())


def knock(outreach, who, data=KNOCK, **changes) -> OutreachAttempt:
    return record_attempt(
        outreach=outreach,
        data=replace(data, **changes),
        actor=who.actor,
        at=f.NOW,
        request_key=uuid4(),
    )


def agree(outreach, who) -> Outreach:
    return agree_to_support(
        outreach=outreach, agreed_on=f.TODAY, how="電話", actor=who.actor, at=f.NOW,
        new_person=PersonData(family_name="柏木", given_name="透"),
    )  # fmt: skip


def test_nothing_about_the_person_is_needed(outreach):
    assert outreach.person is None
    assert outreach.household.name == "青い屋根の家の息子さん"
    assert not HouseholdMember.objects.exists()
    assert not Person.objects.exists()
    assert outreach.closeness == Closeness.KNOWN


def test_the_same_form_twice_is_one(worker):
    key = uuid4()
    for _ in range(2):
        begin_outreach(data=WORRY, actor=worker.actor, at=f.NOW, request_key=key)
    assert Outreach.objects.count() == 1


def test_an_attempt_is_work_and_sets_the_next_date(outreach, worker):
    knock(outreach, worker)
    outreach.refresh_from_db()
    assert (outreach.next_on, outreach.closeness) == (f.TODAY + timedelta(days=14), Closeness.KNOWN)
    (entry,) = WorkEntry.objects.filter(staff=worker.staff)
    assert (entry.minutes, entry.category.code, entry.source_type) == (20, "outreach", "outreach")


@pytest.mark.parametrize(
    ("answers", "closeness"),
    [
        (["none", "left"], Closeness.KNOWN),
        (["none", "voice"], Closeness.REACHED),
        (["not_now"], Closeness.REACHED),
        (["voice", "met", "none"], Closeness.MET),  # a closed door takes nothing back
    ],
)
def test_the_relationship_follows_the_answers(outreach, worker, answers, closeness):
    for n, answer in enumerate(answers):
        knock(outreach, worker, answer=answer, minutes=None, started_at=f.NOW - timedelta(hours=n + 1))
    outreach.refresh_from_db()
    assert outreach.closeness == closeness


def test_when_the_person_agrees_the_case_finds_everything(outreach, worker):
    for n in range(3):
        knock(
            outreach, worker, note=f"呼びかけ {n}", answer="voice", started_at=f.NOW - timedelta(hours=n + 1)
        )
    done = agree_to_support(
        outreach=outreach, agreed_on=f.TODAY, how="玄関先で「話を聞いてほしい」", actor=worker.actor, at=f.NOW,
        sectors=("gap",),
    )  # fmt: skip
    case = done.case
    assert case.is_open
    assert case.lead_agency == worker.agency
    assert case.last_contact_at == f.NOW  # the day of the agreement
    page = worker.client.get(f"/cases/{case.number}/").content.decode()
    for n in range(3):
        assert f"呼びかけ {n}" in page
    again = agree_to_support(outreach=outreach, agreed_on=f.TODAY, how="x", actor=worker.actor, at=f.NOW)
    assert again.case == case
    assert Case.objects.count() == 1


def test_a_name_comes_when_it_comes(outreach, worker):
    answer = worker.client.post(
        f"/outreach/{outreach.pk}/agree/",
        {"agreed_on": "R8.11.23", "how": "電話をくれた", "person_text": "柏木 透"},
    )
    assert answer.status_code == 302
    outreach.refresh_from_db()
    assert outreach.person is not None
    assert outreach.person.display_name == "柏木 透"
    assert outreach.household.name == "柏木 透 世帯"
    assert outreach.case is not None
    assert outreach.case.household == outreach.household


def test_a_known_person_is_taken_with_their_household(outreach, worker):
    person = f.make_person("柏木", "透")
    home = f.make_household("柏木 世帯", person=person, agency=worker.agency, actor=worker.actor)
    done = agree_to_support(
        outreach=outreach,
        agreed_on=f.TODAY,
        how="電話",
        actor=worker.actor,
        at=f.NOW,
        person_id=person.pk,
    )
    assert done.household == home
    assert done.case is not None
    assert done.case.household == home


def test_where_another_agency_leads_the_outreach_joins_its_case(center_worker, worker):
    case = f.make_case(worker.actor)
    begun = begin_outreach(
        data=WORRY, actor=center_worker.actor, at=f.NOW, request_key=uuid4(), person_id=case.person_id
    )
    done = agree_to_support(
        outreach=begun, agreed_on=f.TODAY, how="電話", actor=center_worker.actor, at=f.NOW
    )
    assert done.case == case
    assert case.partners.filter(agency=center_worker.agency).exists()


# ── Who knows ───────────────────────────────────────────────────────────────────────────────────────────────


def test_another_agency_sees_nothing_before_there_is_a_case(outreach, center_worker, colleague, finance):
    assert Outreach.objects.visible_to(colleague.actor).exists()
    for who in (center_worker, finance):
        assert not Outreach.objects.visible_to(who.actor).exists()
    assert center_worker.client.get(f"/outreach/{outreach.pk}/").status_code == 404


def test_who_told_of_it_stays_with_the_desk(outreach, worker, center_worker):
    knock(outreach, worker, note="声をかけた")
    done = agree(outreach, worker)
    f.share_by_consent(done.case, worker.actor, center_worker.actor)
    own = worker.client.get(f"/outreach/{outreach.pk}/").content.decode()
    theirs = center_worker.client.get(f"/outreach/{outreach.pk}/")
    assert theirs.status_code == 200
    page = theirs.content.decode()
    assert "声をかけた" in page
    for secret in ("向かいの奥さん", "0595-61-2200", WORRY.worry):
        assert secret in own
        assert secret not in page
    assert center_worker.client.post(f"/outreach/{outreach.pk}/edit/", {}).status_code == 403


def test_the_contact_that_told_of_it_names_the_teller_to_its_agency_only(worker, center_worker):
    post = {
        "request_key": str(uuid4()), "started_at_0": "令和8年11月23日", "started_at_1": "9:30", "minutes": "10",
        "way": "phone", "caller": "neighbour", "caller_name": "向かいの奥さん", "text": "姿を見ない。", "consent": "unknown",
        "outcome": "information", "person_text": "柏木 透", "person": "",
    }  # fmt: skip
    worker.client.post("/consultations/new/", post)
    told = Consultation.objects.get()
    page = worker.client.get(f"/consultations/{told.receipt_no}/").content.decode()
    link = f"/outreach/new/?from={told.receipt_no}"
    assert link in page
    form = worker.client.get(link).content.decode()
    assert "向かいの奥さん" in form
    assert "姿を見ない。" in form
    new = {
        "request_key": str(uuid4()), "from": told.receipt_no, "described": "柏木さん", "worry": "姿を見ない。",
        "source": "neighbour", "next_on": "R8.11.26", "person": str(told.person_id), "person_text": "柏木 透",
    }  # fmt: skip
    assert worker.client.post("/outreach/new/", new).status_code == 302
    begun = Outreach.objects.get()
    assert (begun.consultation, begun.person, begun.household) == (told, told.person, told.household)
    done = agree_to_support(outreach=begun, agreed_on=f.TODAY, how="電話", actor=worker.actor, at=f.NOW)
    Consultation.objects.filter(pk=told.pk).update(case=done.case)
    f.share_by_consent(done.case, worker.actor, center_worker.actor)
    theirs = center_worker.client.get(f"/consultations/{told.receipt_no}/")
    assert theirs.status_code == 200
    assert "向かいの奥さん" not in theirs.content.decode()


def test_a_denied_colleague_never_sees_it(outreach, worker, colleague):
    deny_staff(
        household=outreach.household,
        staff=colleague.staff,
        reason="neighbour",
        note="近所",
        actor=worker.actor,
        at=f.NOW,
    )
    assert colleague.client.get(f"/outreach/{outreach.pk}/").status_code == 404
    assert "青い屋根" not in colleague.client.get("/outreach/").content.decode()
    assert "青い屋根" not in colleague.client.get("/").content.decode()


# ── What goes wrong ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"described": " "}, "described"), ({"worry": ""}, "worry"), ({"source": "x"}, "source"),
        ({"next_on": f.TODAY - timedelta(days=1)}, "next_on"),
    ],
)  # fmt: skip
def test_a_worry_says_whom_what_and_when_next(worker, changes, field):
    with pytest.raises(RuleViolation) as error:
        begin_outreach(data=replace(WORRY, **changes), actor=worker.actor, at=f.NOW, request_key=uuid4())
    assert error.value.field == field
    assert not Outreach.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"way": "x"}, "way"), ({"answer": "x"}, "answer"), ({"closeness": "x"}, "closeness"),
        ({"started_at": f.NOW + timedelta(hours=1)}, "started_at"), ({"minutes": 0}, "minutes"),
        ({"minutes": 1441}, "minutes"), ({"next_on": f.TODAY - timedelta(days=1)}, "next_on"),
    ],
)  # fmt: skip
def test_an_attempt_that_cannot_be_is_told(outreach, worker, changes, field):
    with pytest.raises(RuleViolation) as error:
        knock(outreach, worker, **changes)
    assert error.value.field == field
    assert not OutreachAttempt.objects.exists()


@pytest.mark.parametrize(
    ("on", "how", "field"),
    [
        (f.TODAY + timedelta(days=1), "電話", "agreed_on"),
        (date(2020, 1, 1), "電話", "agreed_on"),
        (f.TODAY, " ", "how"),
    ],
)
def test_an_agreement_has_a_day_and_words(outreach, worker, on, how, field):
    with pytest.raises(RuleViolation) as error:
        agree_to_support(outreach=outreach, agreed_on=on, how=how, actor=worker.actor, at=f.NOW)
    assert error.value.field == field
    assert not Case.objects.exists()


def test_somebody_elses_agency_does_nothing(outreach, worker, center_worker):
    done = agree(outreach, worker)
    f.share_by_consent(done.case, worker.actor, center_worker.actor)
    for act in (
        lambda: knock(outreach, center_worker),
        lambda: end_outreach(outreach=outreach, reason="calm", note="x", actor=center_worker.actor, at=f.NOW),
        lambda: resume_outreach(outreach=outreach, next_on=f.TODAY, actor=center_worker.actor, at=f.NOW),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_ended_and_taken_up_again_with_all_that_was_tried(outreach, worker):
    knock(outreach, worker)
    end_outreach(
        outreach=outreach, reason="calm", note="働き始めたと家族から。", actor=worker.actor, at=f.NOW
    )
    with pytest.raises(RuleViolation, match="終わっています"):
        knock(outreach, worker)
    resume_outreach(outreach=outreach, next_on=f.TODAY, actor=worker.actor, at=f.NOW)
    knock(outreach, worker, started_at=f.NOW - timedelta(hours=2))
    assert OutreachAttempt.objects.count() == 2
    assert ChangeRecord.objects.filter(action__startswith="outreach.").count() == 5


@pytest.mark.parametrize("state", OutreachState)
@pytest.mark.parametrize("event", OutreachEvent)
def test_every_state_and_event(outreach, worker, state, event):
    act = {
        OutreachEvent.AGREE: lambda row: agree_to_support(
            outreach=row, agreed_on=f.TODAY, how="電話", actor=worker.actor, at=f.NOW
        ),
        OutreachEvent.END: lambda row: end_outreach(
            outreach=row, reason="calm", note="x", actor=worker.actor, at=f.NOW
        ),
        OutreachEvent.RESUME: lambda row: resume_outreach(
            outreach=row, next_on=f.TODAY, actor=worker.actor, at=f.NOW
        ),
    }
    if state == OutreachState.AGREED:
        act[OutreachEvent.AGREE](outreach)
    if state == OutreachState.ENDED:
        act[OutreachEvent.END](outreach)
    wanted = OUTREACH_TRANSITIONS.get((state, event))
    if wanted is None and not (state == OutreachState.AGREED and event == OutreachEvent.AGREE):
        with pytest.raises(InvalidTransition):
            act[event](outreach)
        wanted = state
    else:
        act[event](outreach)
    outreach.refresh_from_db()
    assert outreach.state == (wanted or state)


def test_two_who_correct_it_at_once(outreach, worker, colleague):
    edit_outreach(
        outreach=outreach, data=replace(WORRY, next_text="手紙"), staff=colleague.staff, version=outreach.version,
        actor=colleague.actor, at=f.NOW,
    )  # fmt: skip
    with pytest.raises(StaleRecord):
        edit_outreach(
            outreach=outreach, data=WORRY, staff=worker.staff, version=outreach.version, actor=worker.actor, at=f.NOW
        )  # fmt: skip


# ── Pages ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_worry_half_written_is_found_again_and_leaves_no_ghost(worker):
    post = {
        "request_key": str(uuid4()), "described": "橋の下の人", "worry": "冬が来る。", "source": "shop",
        "next_on": "R8.11.24",
    }  # fmt: skip
    key = f"outreach:{post['request_key']}"
    begun = post | {"draft_key": key, "next_on": "R8."}
    saved = worker.client.post("/consultations/drafts/", begun, headers={"referer": "http://t/outreach/new/"})
    again = worker.client.get(f"/outreach/new/?draft={saved['X-Draft']}")
    assert again.status_code == 200
    assert "冬が来る。</textarea>" in again.text
    assert f'data-draft-key="{key}"' in again.text
    assert "field__error" not in again.text
    assert "アウトリーチ: 冬が来る。" in worker.client.get("/").text
    assert worker.client.post("/outreach/new/", post).status_code == 302
    assert not Draft.objects.exists()
    assert worker.client.post("/consultations/drafts/", begun).status_code == 204  # it was still on its way
    assert not Draft.objects.exists()
    more = worker.client.post("/outreach/new/", post | {"worry": "冬が来る。犬がいる。"})
    assert more.status_code == 422
    assert "もう保存されています" in more.text
    assert "犬がいる。</textarea>" in more.text
    assert Outreach.objects.get().worry == "冬が来る。"


def test_the_pages_from_first_word_to_the_end(worker):
    new = {
        "request_key": str(uuid4()), "described": "橋の下の人", "worry": "冬が来る。", "source": "shop",
        "next_on": "R8.11.24", "peer": "ピアの会の方", "companion": str(worker.staff.pk),
    }  # fmt: skip
    answer = worker.client.post("/outreach/new/", new, follow=True)
    url = answer.redirect_chain[-1][0]
    assert "橋の下の人" in worker.client.get("/").content.decode()
    attempt = {
        "request_key": str(uuid4()), "answer": "not_now", "note": "また来てもいいと言われた。", "way": "together",
        "started_at_0": "R8.11.23", "started_at_1": "9:00", "minutes": "30", "next_on": "R8.11.30",
    }  # fmt: skip
    for _ in range(2):
        assert worker.client.post(url, attempt).status_code == 302
    assert OutreachAttempt.objects.count() == 1
    page = worker.client.get(url).content.decode()
    assert "また来てもいいと言われた。" in page
    assert "声が届いた" in page
    assert worker.client.post(f"{url}end/", {"reason": "moved", "note": "隣の市へ"}).status_code == 302
    assert "隣の市へ" in worker.client.get(url).content.decode()
    assert "橋の下の人" in worker.client.get("/outreach/?state=ended").content.decode()
    counts = worker.client.get("/outreach/counts/?year=2026").context["total"]
    assert counts == {"begun": 1, "tries": 1, "reached": 1, "agreed": 0}


def test_a_day_that_is_agreed_stands_in_the_form_until_it_comes(outreach, worker):
    client, path = worker.client, f"/outreach/{outreach.pk}/"
    edit_agreed = replace(WORRY, next_on=date(2026, 12, 1), next_text="手紙を持って行く")
    edit_outreach(
        outreach=outreach,
        data=edit_agreed,
        staff=worker.staff,
        version=outreach.version,
        actor=worker.actor,
        at=f.NOW,
    )
    form = client.get(path).context["form"]
    assert (form["next_on"].value(), form["next_text"].value()) == (date(2026, 12, 1), "手紙を持って行く")
    Outreach.objects.filter(pk=outreach.pk).update(next_on=f.TODAY)
    form = client.get(path).context["form"]
    assert form["next_on"].value() >= f.TODAY + timedelta(days=14)
    assert not form["next_text"].value()


@pytest.mark.parametrize("closeness", Closeness)
def test_nothing_presses_towards_a_case_before_there_is_talk(outreach, worker, closeness):
    Outreach.objects.filter(pk=outreach.pk).update(closeness=closeness)
    page = worker.client.get(f"/outreach/{outreach.pk}/").content.decode()
    (style,) = re.findall(rf'class="([^"]*)" href="/outreach/{outreach.pk}/agree/"', page)
    assert ("btn--primary" in style) == (closeness == Closeness.TALKING)


def test_bad_input_keeps_the_words(worker, outreach):
    answer = worker.client.post(
        f"/outreach/{outreach.pk}/",
        {"request_key": str(uuid4()), "note": "長い話", "way": "letter", "started_at_0": "R8.13.1"},
    )
    assert answer.status_code == 422
    assert "長い話" in answer.content.decode()


def test_the_list_and_one_page_ask_the_same_with_1_and_30(worker, django_assert_max_num_queries):
    one = begin_outreach(data=WORRY, actor=worker.actor, at=f.NOW, request_key=uuid4())
    knock(one, worker, minutes=None)
    pages = ("/outreach/", f"/outreach/{one.pk}/")
    few, client = {}, worker.client
    for url in pages:
        with django_assert_max_num_queries(15) as asked:
            client.get(url)
        few[url] = len(asked)
    for n in range(30):
        begin_outreach(
            data=replace(WORRY, described=f"人 {n}"), actor=worker.actor, at=f.NOW, request_key=uuid4()
        )
        knock(one, worker, minutes=None, started_at=f.NOW - timedelta(minutes=n))
    for url in pages:
        with django_assert_max_num_queries(few[url]):
            client.get(url)


def test_two_who_go_to_the_same_person_see_each_other(outreach, worker, colleague, stranger):
    asks = f'hx-get="/presence/outreach/{outreach.pk}/"'
    for url in (f"/outreach/{outreach.pk}/", f"/outreach/{outreach.pk}/edit/"):
        assert asks in worker.client.get(url).content.decode(), url
    assert worker.client.get(f"/presence/outreach/{outreach.pk}/").content.strip() == b""
    assert worker.staff.name in colleague.client.get(f"/presence/outreach/{outreach.pk}/").content.decode()
    assert stranger.client.get(f"/presence/outreach/{outreach.pk}/").status_code == 404
