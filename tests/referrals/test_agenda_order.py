"""Order by urgency, what earlier conferences left over, who may not sit, a case closed meanwhile, two people's minutes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from cases.enums import CodeList
from cases.models import Case, PlanItem
from common.errors import RuleViolation, StaleRecord
from households.actions.denials import deny_staff
from referrals.actions.agenda_order import sort_by_urgency
from referrals.actions.carry_over import carry_over
from referrals.actions.convene_conference import set_seat
from referrals.actions.decision_to_plan import plan_from_decision
from referrals.actions.run_conference import close_conference, conclude_item, save_minutes, start_conference
from referrals.models import ActionItem
from referrals.selectors_carry import left
from tests import factories as f
from tests.factories import NOW
from tests.referrals import conferences as c


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def case(worker):
    return f.make_case(worker.actor)


def shut(worker, **which) -> None:
    """Closed by somebody else meanwhile."""
    Case.objects.filter(**which).update(
        state="closed", closed_at=NOW, closed_by=worker.staff, no_follow_up_reason="転居した",
        closing_reason=f.make_code(CodeList.CLOSING_REASON),
    )  # fmt: skip


def url(name, *args):
    return reverse(f"conferences:{name}", args=args)


# ── Order ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_urgent_items_come_first_and_begin_when_the_clock_says(worker):
    conference = c.convene(worker.actor, starts_at=NOW.replace(hour=14))
    for topic, urgency, minutes in (
        ("ふだん", "usual", 20),
        ("急ぐ", "now", 30),
        ("早め", "soon", 10),
        ("急ぐ二", "now", 5),
    ):
        c.put(
            conference, f.make_case(worker.actor), worker.actor, topic=topic, urgency=urgency, minutes=minutes
        )
    assert worker.client.post(url("sort", conference.pk)).status_code == 302
    assert [i.topic for i in conference.agenda.order_by("position")] == ["急ぐ", "急ぐ二", "早め", "ふだん"]
    page = worker.client.get(url("detail", conference.pk)).content.decode()
    assert all(f"{begin}から" in page for begin in ("14:00", "14:30", "14:35", "14:45"))
    start_conference(conference=conference, actor=worker.actor, at=NOW)
    with pytest.raises(RuleViolation):
        sort_by_urgency(conference=conference, actor=worker.actor, at=NOW)


# ── Carry-over ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def over(worker, disability_worker):
    """A closed conference of three cases: one undecided, one with a decision still to do, one settled."""
    conference = c.convene(worker.actor, title="第1回", invite=(disability_worker.agency,))
    items = [
        c.put(conference, f.make_case(worker.actor), worker.actor, topic=t)
        for t in ("持ち越す", "宿題がある", "済んだ")
    ]
    c.sit(conference, worker.actor)
    conclude_item(item=items[0], conclusion="次に話す", is_undecided=True, actor=worker.actor, at=c.START)
    c.decide(items[1], disability_worker.agency, disability_worker.staff, worker.actor, text="一緒に訪問する")
    conclude_item(item=items[2], conclusion="見守る", actor=worker.actor, at=c.START)
    end = c.START + timedelta(minutes=50)
    close_conference(conference=conference, summary="", actor=worker.actor, at=end, ended_at=end)
    return conference


def following(worker, **kw):
    return c.convene(worker.actor, title="第2回", starts_at=NOW + timedelta(days=30), **kw)


def test_what_was_left_over_goes_onto_the_next_agenda_once(over, worker):
    conference = following(worker)
    assert [(row.item.topic, row.why) for row in left(conference, worker.actor)] == [
        ("持ち越す", "決まらなかった"), ("宿題がある", "未実施 1件"),
    ]  # fmt: skip
    ids = [row.item.pk for row in left(conference, worker.actor)]
    page = worker.client.get(url("detail", conference.pk)).content.decode()
    assert "前回からの持ち越し" in page
    assert worker.client.post(url("carry_over", conference.pk), {"items": ids}).status_code == 302
    assert worker.client.post(url("carry_over", conference.pk), {"items": ids}).status_code == 302
    made = list(conference.agenda.order_by("position"))
    assert [i.topic for i in made] == ["持ち越す", "宿題がある"]
    assert "前回の結論：次に話す" in made[0].situation
    assert "未実施：一緒に訪問する" in made[1].situation
    assert left(conference, worker.actor) == []


def test_nothing_of_another_agency_kind_or_a_closed_case_is_left_over(over, worker, stranger):
    assert left(c.convene(stranger.actor), stranger.actor) == []
    assert left(following(worker, kind="area"), worker.actor) == []
    shut(worker, agenda_items__topic="持ち越す")
    assert [row.item.topic for row in left(following(worker), worker.actor)] == ["宿題がある"]


def test_an_item_that_cannot_go_on_stops_only_itself(worker, disability_worker):
    first = c.convene(worker.actor, kind="multilayered", title="第1回")
    cases = [f.make_case(worker.actor) for _ in range(2)]
    for case in cases:
        f.give_consent(case, worker.actor, disability_worker.agency)
        c.put(first, Case.objects.get(pk=case.pk), worker.actor, topic=f"議題{case.number}")
    c.sit(first, worker.actor)
    for item in first.agenda.order_by("pk"):
        conclude_item(item=item, conclusion="", is_undecided=True, actor=worker.actor, at=c.START)
    close_conference(conference=first, summary="", actor=worker.actor, at=c.START + timedelta(minutes=50))
    second = following(worker, kind="multilayered")
    ids = [row.item.pk for row in left(second, worker.actor)]
    assert len(ids) == 2
    Case.objects.filter(pk=cases[0].pk).update(consent="withdrawn")
    done = carry_over(conference=second, item_ids=ids, actor=worker.actor, at=NOW)
    assert [item.case_id for item in done.made] == [cases[1].pk]
    assert "同意" in done.refused[0]


# ── Who may not sit ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def denied(worker, case, disability_worker):
    deny_staff(
        household=case.household,
        staff=disability_worker.staff,
        reason="relative",
        note="",
        actor=worker.actor,
        at=NOW,
    )
    return disability_worker


def test_a_denied_person_is_not_seated_and_the_words_do_not_say_why(denied, worker, case):
    conference = c.convene(worker.actor, invite=(denied.agency,))
    c.put(conference, case, worker.actor)
    seat = c.seat(conference, denied.agency)
    with pytest.raises(RuleViolation) as caught:
        set_seat(member=seat, staff=denied.staff, attendance="invited", actor=worker.actor, at=NOW)
    assert caught.value.field == "staff"
    assert "閲覧" not in caught.value.message
    assert case.household.name not in caught.value.message
    seat.refresh_from_db()
    assert seat.staff is None
    answer = denied.client.post(
        url("member_edit", seat.pk), {"staff": denied.staff.pk, "attendance": "attending"}
    )
    assert answer.status_code == 404  # a sitting about nothing but that household does not exist for them
    assert case.number not in answer.content.decode()


def test_a_case_is_not_put_before_a_denied_person(denied, worker, case):
    conference = c.convene(worker.actor, invite=(denied.agency,))
    set_seat(
        member=c.seat(conference, denied.agency),
        staff=denied.staff,
        attendance="invited",
        actor=worker.actor,
        at=NOW,
    )
    with pytest.raises(RuleViolation, match="出席できません"):
        c.put(conference, case, worker.actor)
    assert not conference.agenda.exists()


def test_in_a_secret_conference_a_denied_person_hears_the_other_items(denied, worker, case):
    conference = c.convene(worker.actor, kind="support", invite=(denied.agency,))
    other = c.put(conference, f.make_case(worker.actor), worker.actor)
    own = [c.seat(conference, worker.agency)]
    item = c.put(conference, case, worker.actor, attendees=own)
    set_seat(
        member=c.seat(conference, denied.agency),
        staff=denied.staff,
        attendance="invited",
        actor=worker.actor,
        at=NOW,
    )
    assert other.chosen.count() == 2
    assert item.chosen.count() == 1


def test_one_denied_after_the_invitation_stops_the_opening(worker, case, disability_worker):
    conference = c.convene(worker.actor, invite=(disability_worker.agency,))
    c.put(conference, case, worker.actor)
    set_seat(
        member=c.seat(conference, disability_worker.agency), staff=disability_worker.staff, attendance="invited",
        actor=worker.actor, at=NOW,
    )  # fmt: skip
    deny_staff(
        household=case.household,
        staff=disability_worker.staff,
        reason="relative",
        note="",
        actor=worker.actor,
        at=NOW,
    )
    with pytest.raises(RuleViolation, match="出席できません"):
        start_conference(conference=conference, actor=worker.actor, at=c.START)


# ── A case closed meanwhile, an empty sitting ───────────────────────────────────────────────────────────────


def test_a_decision_on_a_case_closed_meanwhile_is_told_and_not_kept(worker, case):
    conference = c.convene(worker.actor)
    item = c.put(conference, case, worker.actor)
    c.sit(conference, worker.actor)
    shut(worker, pk=case.pk)
    with pytest.raises(RuleViolation, match="会議の間に終結") as caught:
        c.decide(item, worker.agency, worker.staff, worker.actor)
    assert caught.value.field == "text"
    assert not ActionItem.objects.exists()
    conclude_item(item=item, conclusion="終結を確かめた", actor=worker.actor, at=c.START)


def test_a_closed_case_is_not_put_on_an_agenda(worker, case):
    shut(worker, pk=case.pk)
    with pytest.raises(RuleViolation, match="終結しています"):
        c.put(c.convene(worker.actor), Case.objects.get(pk=case.pk), worker.actor)


def test_a_conference_without_items_says_what_it_talked_about(worker):
    conference = c.convene(worker.actor)
    c.sit(conference, worker.actor)
    end = c.START + timedelta(minutes=30)
    with pytest.raises(RuleViolation, match="議題のない会議") as caught:
        close_conference(conference=conference, summary=" ", actor=worker.actor, at=end)
    assert caught.value.field == "summary"
    assert (
        close_conference(conference=conference, summary="顔合わせ", actor=worker.actor, at=end).state
        == "closed"
    )


# ── Two people's minutes ────────────────────────────────────────────────────────────────────────────────────


def test_minutes_saved_by_two_people_at_once_are_told(worker, colleague, case):
    conference = c.convene(worker.actor)
    c.put(conference, case, worker.actor)
    conference = c.sit(conference, worker.actor)
    page = url("minutes", conference.pk)
    version = worker.client.get(page).context["form"]["version"].value()
    assert colleague.client.post(page, {"summary": "同僚の要旨", "version": version}).status_code == 302
    told = worker.client.post(page, {"summary": "わたしの要旨", "version": version})
    assert told.status_code == 422
    text = told.content.decode()
    assert "同僚の要旨" in text
    assert "わたしの要旨" in text
    conference.refresh_from_db()
    assert conference.summary == "同僚の要旨"
    again = told.context["form"]["version"].value()
    assert worker.client.post(page, {"summary": "二人の要旨", "version": again}).status_code == 302
    with pytest.raises(StaleRecord):
        save_minutes(conference=conference, summary="x", version=version, actor=worker.actor, at=NOW)


def test_closing_over_somebody_elses_minutes_is_told_and_closes_nothing(worker, colleague, case):
    conference = c.convene(worker.actor)
    item = c.put(conference, case, worker.actor)
    conference = c.sit(conference, worker.actor)
    conclude_item(item=item, conclusion="見守る", actor=worker.actor, at=NOW)
    page = url("close", conference.pk)
    version = worker.client.get(page).context["form"]["version"].value()
    colleague.client.post(url("minutes", conference.pk), {"summary": "同僚の要旨", "version": version})
    told = worker.client.post(page, {"summary": "わたしの要旨", "version": version})
    assert told.status_code == 422
    assert "同僚の要旨" in told.content.decode()
    conference.refresh_from_db()
    assert (conference.state, conference.summary) == ("running", "同僚の要旨")


def test_conclusions_written_by_two_people_at_once_are_told(worker, colleague, case):
    conference = c.convene(worker.actor)
    item = c.put(conference, case, worker.actor)
    c.sit(conference, worker.actor)
    page = url("conclude", item.pk)
    assert worker.client.post(page, {"conclusion": "一つ目", "version": 1}).status_code == 302
    told = colleague.client.post(page, {"conclusion": "二つ目", "version": 1})
    assert told.status_code == 422
    assert "一つ目" in told.content.decode()
    assert "二つ目" in told.content.decode()
    item.refresh_from_db()
    assert item.conclusion == "一つ目"
    flag = colleague.client.post(page, {"conclusion": "", "is_undecided": "on", "version": 1})
    assert flag.status_code == 302  # only the flag is mine: the words of the other stay
    item.refresh_from_db()
    assert (item.conclusion, item.is_undecided) == ("一つ目", True)


# ── Decisions that go on ────────────────────────────────────────────────────────────────────────────────────


def test_a_decision_becomes_a_row_of_the_plan_once(worker, case, disability_worker):
    conference = c.convene(worker.actor, invite=(disability_worker.agency,))
    item = c.put(conference, case, worker.actor, topic="日中の居場所")
    c.sit(conference, worker.actor)
    decision = c.decide(
        item, disability_worker.agency, disability_worker.staff, worker.actor, text="見学に同行する"
    )
    page = worker.client.get(url("action_done", decision.pk)).content.decode()
    assert url("to_plan", decision.pk) in page
    assert f"{reverse('referrals:new')}?case={case.number}&amp;to={disability_worker.agency.pk}" in page
    for _ in range(2):
        assert worker.client.post(url("to_plan", decision.pk)).status_code == 302
    row = PlanItem.objects.get()
    assert (row.problem, row.action, row.agency) == (
        "日中の居場所",
        "見学に同行する",
        disability_worker.agency,
    )
    assert disability_worker.client.post(url("to_plan", decision.pk)).status_code in (403, 404)


def test_a_decision_of_a_secret_conference_stays_out_of_the_plan(worker, case):
    conference = c.convene(worker.actor, kind="support")
    item = c.put(conference, case, worker.actor)
    c.sit(conference, worker.actor)
    decision = c.decide(item, worker.agency, worker.staff, worker.actor)
    with pytest.raises(RuleViolation, match="非公開"):
        plan_from_decision(decision=decision, actor=worker.actor, at=c.START)
    assert not PlanItem.objects.exists()
