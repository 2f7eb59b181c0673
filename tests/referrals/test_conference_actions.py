"""Conferences: states, kinds and consent, secrecy, decisions, closing."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from uuid import uuid4

import pytest

from accounts.enums import ConsentState, Ground, Role
from cases.models import Case
from common.errors import InvalidTransition, NotAllowed, RuleViolation, StaleRecord
from referrals.actions.action_items import finish_action_item
from referrals.actions.agenda import edit_item, remove_item
from referrals.actions.agenda_order import move_item
from referrals.actions.convene_conference import (
    accept_secrecy,
    edit_conference,
    invite_agency,
    remove_member,
    set_seat,
)
from referrals.actions.run_conference import (
    close_conference,
    conclude_item,
    drop_decision,
    settle_item_referral,
    start_conference,
)
from referrals.enums import KIND_RULES, Attendance, ConferenceKind
from referrals.models import ActionItem, AgendaItem, Conference, ConferenceMember
from referrals.selectors_conferences import home_rows, proposals
from referrals.signals import conference_closed
from referrals.workflow import CONFERENCE_TRANSITIONS, ConferenceEvent, ConferenceState, ReferralState
from tests import factories as f
from tests.factories import NOW
from tests.referrals import conferences as c
from tests.referrals.helpers import send


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def case(worker):
    return f.make_case(worker.actor)


@pytest.fixture
def conference(worker, disability_section):
    return c.convene(worker.actor, invite=(disability_section,))


@pytest.fixture
def item(conference, case, worker):
    return c.put(conference, case, worker.actor, topic="通院と家計")


def with_consent(case: Case, consent: str) -> Case:
    Case.objects.filter(pk=case.pk).update(consent=consent)
    case.refresh_from_db()
    return case


# ── States ──────────────────────────────────────────────────────────────────────────────────────────────────


def fire(conference: Conference, event: ConferenceEvent, actor):
    if event is ConferenceEvent.START:
        return start_conference(conference=conference, actor=actor, at=c.START)
    return close_conference(
        conference=conference, summary="顔合わせをした", actor=actor, at=c.START + timedelta(minutes=90)
    )


@pytest.mark.parametrize(("state", "event"), list(product(ConferenceState, ConferenceEvent)))
def test_every_state_and_event(state, event, worker, conference):
    conference = c.bring_to(conference, state, worker.actor)
    before = c.changes(conference)
    if (state, event) in CONFERENCE_TRANSITIONS:
        moved = fire(conference, event, worker.actor)
        assert moved.state == CONFERENCE_TRANSITIONS[state, event]
        assert c.changes(conference) == before + 1
    else:
        with pytest.raises(InvalidTransition):
            fire(conference, event, worker.actor)
        assert Conference.objects.get(pk=conference.pk).state == state
        assert c.changes(conference) == before


def test_finishing_an_action_item_twice(item, worker, conference, disability_worker):
    start_conference(conference=conference, actor=worker.actor, at=c.START)
    done = c.decide(item, disability_worker.agency, disability_worker.staff, worker.actor)
    with pytest.raises(NotAllowed):
        finish_action_item(item=done, outcome="", actor=worker.actor, at=NOW)
    done = finish_action_item(item=done, outcome="訪問した", actor=disability_worker.actor, at=NOW)
    assert (done.state, done.done_by, done.outcome) == ("done", disability_worker.staff, "訪問した")
    with pytest.raises(InvalidTransition):
        finish_action_item(item=done, outcome="もう一度", actor=disability_worker.actor, at=NOW)
    assert ActionItem.objects.get(pk=done.pk).outcome == "訪問した"
    assert c.changes(done) == 1


# ── Convening ───────────────────────────────────────────────────────────────────────────────────────────────


def test_sent_twice_is_one_conference(worker, stranger, disability_section):
    key = uuid4()
    first = c.convene(worker.actor, request_key=key, invite=(disability_section,))
    assert c.convene(worker.actor, request_key=key).pk == first.pk
    assert first.members.count() == 2
    with pytest.raises(RuleViolation):
        c.convene(stranger.actor, request_key=key)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "secret"}, "kind"),
        ({"title": "  "}, "title"),
        ({"minutes": 0}, "minutes"),
        ({"minutes": 1441}, "minutes"),
        ({"starts_at": NOW - timedelta(days=1)}, "starts_at"),
        ({"sector": "space"}, "sector"),
    ],
)
def test_impossible_frame(worker, changes, field):
    with pytest.raises(RuleViolation) as caught:
        c.convene(worker.actor, **changes)
    assert caught.value.field == field
    assert not Conference.objects.exists()


def test_roles_that_do_not_convene(finance, auditor, desk):
    guest = f.actor_of(f.make_staff(desk, role=Role.CONFERENCE_GUEST))
    for actor in (finance.actor, auditor.actor, guest):
        with pytest.raises(NotAllowed):
            c.convene(actor)


def test_only_the_convener_manages(conference, item, disability_worker, stranger):
    with pytest.raises(NotAllowed):
        start_conference(conference=conference, actor=disability_worker.actor, at=NOW)
    with pytest.raises(NotAllowed):
        remove_item(item=item, actor=disability_worker.actor, at=NOW)
    with pytest.raises(Conference.DoesNotExist):
        start_conference(conference=conference, actor=stranger.actor, at=NOW)


def test_the_second_editor_is_told(conference, worker):
    fields = {
        "title": "改め", "starts_at": c.START, "minutes": 30, "place": "", "sector": "", "actor": worker.actor, "at": NOW,
    }  # fmt: skip
    edit_conference(conference=conference, version=conference.version, **fields)
    with pytest.raises(StaleRecord):
        edit_conference(conference=conference, version=conference.version, **fields)


def test_the_worker_known_on_the_case_comes(worker, elderly_director):
    case = f.make_case(worker.actor, sectors=("elderly", "disability"))
    conference = c.convene(elderly_director.actor, invite=(worker.agency,), cases=(case,))
    assert c.seat(conference, worker.agency).staff == worker.staff
    assert conference.agenda.get().case == case


def test_seats(conference, worker, disability_worker, stranger):
    again = invite_agency(
        conference=conference, agency=disability_worker.agency, staff=None, actor=worker.actor, at=NOW
    )
    assert conference.members.count() == 2
    with pytest.raises(RuleViolation) as caught:
        set_seat(member=again, staff=stranger.staff, attendance="invited", actor=worker.actor, at=NOW)
    assert caught.value.field == "staff"
    mine = set_seat(
        member=again,
        staff=disability_worker.staff,
        attendance="attending",
        actor=disability_worker.actor,
        at=NOW,
    )
    assert mine.attendance == Attendance.ATTENDING
    with pytest.raises(RuleViolation):
        remove_member(member=c.seat(conference, worker.agency), actor=worker.actor, at=NOW)
    remove_member(member=mine, actor=worker.actor, at=NOW)
    assert conference.members.count() == 1


# ── Kinds, consent, ground ──────────────────────────────────────────────────────────────────────────────────


# of the kinds that take cases, those that a desk may call (the others: test_conference_rules.py)
DESK_KINDS = (
    ConferenceKind.INDIVIDUAL,
    ConferenceKind.SUPPORT,
    ConferenceKind.MULTILAYERED,
    ConferenceKind.AREA,
)


@pytest.mark.parametrize(("kind", "consent"), list(product(DESK_KINDS, ConsentState)))
def test_consent_rule(kind, consent, worker, case):
    case = with_consent(case, consent)
    conference = c.convene(worker.actor, kind=kind)
    refused = (kind is ConferenceKind.MULTILAYERED and consent is not ConsentState.YES) or (
        kind is ConferenceKind.AREA and consent in (ConsentState.REFUSED, ConsentState.WITHDRAWN)
    )
    if refused:
        with pytest.raises(RuleViolation, match="支援会議"):
            c.put(conference, case, worker.actor)
        assert not conference.agenda.exists()
    else:
        item = c.put(conference, case, worker.actor)
        assert item.ground in KIND_RULES[kind].grounds


@pytest.mark.parametrize(("kind", "ground"), list(product(DESK_KINDS, Ground)))
def test_ground_of_the_kind(kind, ground, worker, case):
    case = with_consent(case, ConsentState.YES)
    conference = c.convene(worker.actor, kind=kind)
    if ground in KIND_RULES[kind].grounds:
        assert c.put(conference, case, worker.actor, ground=ground).ground == ground
    else:
        with pytest.raises(RuleViolation) as caught:
            c.put(conference, case, worker.actor, ground=ground)
        assert caught.value.field == "ground"


def test_ground_consent_needs_consent(conference, case, worker):
    with pytest.raises(RuleViolation) as caught:
        c.put(conference, case, worker.actor, ground=Ground.CONSENT)
    assert caught.value.field == "ground"


def test_a_case_that_is_not_seen_is_not_put_on_the_agenda(case, stranger):
    conference = c.convene(stranger.actor)
    with pytest.raises(Case.DoesNotExist):
        c.put(conference, case, stranger.actor)


def test_agenda_order_and_double_send(conference, worker):
    items = [c.put(conference, f.make_case(worker.actor), worker.actor, topic=f"議題{n}") for n in (1, 2, 3)]
    assert c.put(conference, items[0].case, worker.actor, topic="議題1").pk == items[0].pk
    with pytest.raises(RuleViolation):
        c.put(conference, items[0].case, worker.actor, topic="別の議題")

    def order():
        return list(conference.agenda.order_by("position").values_list("topic", flat=True))

    move_item(item=items[2], to=1, actor=worker.actor, at=NOW)
    assert order() == ["議題3", "議題1", "議題2"]
    move_item(item=items[2], to=99, actor=worker.actor, at=NOW)
    assert order() == ["議題1", "議題2", "議題3"]
    move_item(item=items[0], to=-4, actor=worker.actor, at=NOW)
    remove_item(item=items[1], actor=worker.actor, at=NOW)
    assert list(conference.agenda.order_by("position").values_list("position", flat=True)) == [1, 2]
    start_conference(conference=conference, actor=worker.actor, at=c.START)
    for call in (lambda: move_item(item=items[0], to=2, actor=worker.actor, at=NOW),
                 lambda: remove_item(item=items[0], actor=worker.actor, at=NOW)):  # fmt: skip
        with pytest.raises(InvalidTransition):
            call()


def test_edit_item(item, worker, disability_worker):
    foreign = send(worker.actor, f.make_case(worker.actor), disability_worker.agency)
    fields = {
        "item": item, "actor": worker.actor, "at": NOW, "topic": "金銭管理", "minutes": 15, "situation": "単身",
        "request_text": "同行", "ground": Ground.CHILD_ABUSE_LAW, "plan": None,
    }  # fmt: skip
    with pytest.raises(RuleViolation):
        edit_item(referral=foreign, **fields)
    own = send(worker.actor, item.case, disability_worker.agency)
    assert edit_item(referral=own, **fields).referral == own
    with pytest.raises(RuleViolation):
        edit_item(referral=own, **{**fields, "ground": Ground.ARTICLE_106_6})


# ── Secrecy ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_papers_of_a_secret_conference_open_to_the_named_attendee_only(
    worker, colleague, disability_worker, disability_section, case
):
    conference = c.convene(worker.actor, kind=ConferenceKind.SUPPORT, invite=(disability_section,))
    item = c.put(conference, case, worker.actor)
    other = f.make_staff(disability_section)

    def readers():
        actors = {"worker": worker.actor, "colleague": colleague.actor, "invited": disability_worker.actor,
                  "other": f.actor_of(other)}  # fmt: skip
        return {name for name, actor in actors.items() if AgendaItem.objects.visible_to(actor).exists()}

    assert readers() == {"worker"}
    with pytest.raises(NotAllowed):
        accept_secrecy(member=c.seat(conference, disability_section), actor=worker.actor, at=NOW)
    accepted = c.accept(conference, disability_worker.actor)
    assert accepted.staff == disability_worker.staff
    assert c.accept(conference, disability_worker.actor).secrecy_accepted_at == NOW
    assert readers() == {"worker"}, "accepted, but it does not sit yet"
    c.sit(conference, worker.actor)
    assert readers() == {"worker", "invited"}
    with pytest.raises(NotAllowed):
        c.accept(conference, f.actor_of(other))
    c.attend(conference, disability_section, other, worker.actor)
    assert readers() == {"worker"}
    c.accept(conference, f.actor_of(other))
    assert readers() == {"worker", "other"}
    with pytest.raises(NotAllowed):
        remove_item_by(item, colleague)


def remove_item_by(item, persona):
    from referrals.actions.agenda import add_item

    add_item(conference=item.conference, case=f.make_case(persona.actor), actor=persona.actor, at=NOW)


def test_secret_decisions_stay_with_attendees_and_the_doer(
    worker, colleague, disability_worker, disability_section, stranger, case
):
    conference = c.convene(worker.actor, kind=ConferenceKind.SUPPORT, invite=(disability_section,))
    item = c.put(conference, case, worker.actor)
    start_conference(conference=conference, actor=worker.actor, at=c.START)
    c.decide(item, disability_section, disability_worker.staff, worker.actor)

    def sees(persona):
        return ActionItem.objects.visible_to(persona.actor).exists()

    assert [sees(p) for p in (worker, disability_worker, colleague, stranger)] == [True, True, False, False]


def test_no_secrecy_where_none_is_owed(conference, worker):
    with pytest.raises(RuleViolation):
        c.accept(conference, worker.actor)


# ── Decisions and closing ───────────────────────────────────────────────────────────────────────────────────


def test_decisions(item, conference, worker, disability_worker, stranger):
    args = (disability_worker.agency, disability_worker.staff, worker.actor)
    with pytest.raises(InvalidTransition):
        c.decide(item, *args)
    start_conference(conference=conference, actor=worker.actor, at=c.START)
    key = uuid4()
    first = c.decide(item, *args, request_key=key)
    assert c.decide(item, *args, request_key=key).pk == first.pk
    wrong = [
        ((stranger.agency, stranger.staff), {}, "agency"),
        ((disability_worker.agency, stranger.staff), {}, "staff"),
        (
            (disability_worker.agency, disability_worker.staff),
            {"due_on": NOW.date() - timedelta(days=1)},
            "due_on",
        ),
        ((disability_worker.agency, disability_worker.staff), {"text": " "}, "text"),
    ]
    for who, kw, field in wrong:
        with pytest.raises(RuleViolation) as caught:
            c.decide(item, *who, worker.actor, **kw)
        assert caught.value.field == field
    assert ActionItem.objects.count() == 1
    drop_decision(decision=first, actor=worker.actor, at=c.START)
    assert not ActionItem.objects.exists()


def test_closing_asks_for_what_is_open_and_tells_who_listens(item, conference, worker):
    heard = []

    def hear(sender, conference, **kwargs):
        heard.append(conference)

    conference_closed.connect(hear)
    try:
        start_conference(conference=conference, actor=worker.actor, at=c.START)
        end = c.START + timedelta(minutes=50)
        with pytest.raises(RuleViolation, match="通院と家計"):
            close_conference(conference=conference, summary="", actor=worker.actor, at=end)
        conclude_item(item=item, conclusion="次回に持ち越す", actor=worker.actor, at=end)
        with pytest.raises(RuleViolation) as caught:
            close_conference(
                conference=conference,
                summary="",
                actor=worker.actor,
                at=end,
                ended_at=end + timedelta(hours=1),
            )
        assert caught.value.field == "ended_at"
        closed = close_conference(
            conference=conference,
            summary="要旨",
            actor=worker.actor,
            at=end + timedelta(hours=3),
            ended_at=end,
        )
        assert (closed.closed_at, closed.summary) == (end, "要旨")
        assert heard == [conference]
    finally:
        conference_closed.disconnect(hear)


def test_closing_needs_somebody_who_was_there(conference, worker):
    start_conference(conference=conference, actor=worker.actor, at=c.START)
    ConferenceMember.objects.update(attendance=Attendance.ABSENT)
    with pytest.raises(RuleViolation, match="出席"):
        close_conference(
            conference=conference, summary="", actor=worker.actor, at=c.START + timedelta(hours=1)
        )


def test_a_listener_may_stop_closing(conference, worker):
    def refuse(sender, **kwargs):
        raise RuleViolation("時間が重なっています。")

    conference_closed.connect(refuse)
    try:
        start_conference(conference=conference, actor=worker.actor, at=c.START)
        with pytest.raises(RuleViolation, match="重なって"):
            close_conference(
                conference=conference, summary="顔合わせ", actor=worker.actor, at=c.START + timedelta(hours=1)
            )
        assert Conference.objects.get().state == ConferenceState.RUNNING
    finally:
        conference_closed.disconnect(refuse)


def test_settling_the_referral_of_an_item(worker, disability_worker, case):
    from referrals.actions.answer_referral import answer_referral

    referral = send(worker.actor, case, disability_worker.agency)
    answer_referral(
        referral=referral, event="to_conference", actor=disability_worker.actor, at=NOW, note="役割を話したい"
    )
    referral.refresh_from_db()
    conference = c.convene(worker.actor, invite=(disability_worker.agency,), cases=(case,), referral=referral)
    item = conference.agenda.get()
    assert item.topic == referral.purpose
    start_conference(conference=conference, actor=worker.actor, at=c.START)
    with pytest.raises(RuleViolation, match="結論"):
        settle_item_referral(item=item, note="", actor=worker.actor, at=c.START)
    conclude_item(item=item, conclusion="障害福祉室が月1回訪問", actor=worker.actor, at=c.START)
    settled = settle_item_referral(item=item, note="", actor=worker.actor, at=c.START)
    assert settled.state == ReferralState.SETTLED
    assert "月1回訪問" in settled.answer_note


# ── Proposals and home ──────────────────────────────────────────────────────────────────────────────────────


def test_a_directors_agenda_fills_itself(worker, disability_worker, disability_director):
    from referrals.actions.escalate_referrals import escalate_overdue

    late = send(worker.actor, f.make_case(worker.actor), disability_worker.agency)
    broad = f.make_case(worker.actor, sectors=("disability", "elderly"))
    escalate_overdue(actor=disability_director.actor, at=NOW + timedelta(days=9))
    found = proposals(disability_director.actor)
    assert [(p.case.pk, p.referral) for p in found] == [(late.case_id, late), (broad.pk, None)]
    c.convene(disability_director.actor, cases=(broad,))
    assert [p.case.pk for p in proposals(disability_director.actor)] == [late.case_id]
    assert proposals(worker.actor) == []


def test_home_rows(worker, disability_worker, disability_section, case, django_assert_max_num_queries):
    conference = c.convene(worker.actor, kind=ConferenceKind.SUPPORT, invite=(disability_section,))
    item = c.put(conference, case, worker.actor)
    start_conference(conference=conference, actor=worker.actor, at=NOW)
    c.decide(item, disability_section, disability_worker.staff, worker.actor)
    with django_assert_max_num_queries(2):
        rows = home_rows(disability_worker.actor, NOW)
    assert [(r.group, r.kind) for r in rows] == [("today", "決定事項"), ("answer", "会議"), ("today", "会議")]
    assert "森下 和子" not in "".join(r.title + r.detail for r in rows)
    c.accept(conference, disability_worker.actor)
    assert [r.kind for r in home_rows(disability_worker.actor, NOW)] == ["決定事項", "会議"]
