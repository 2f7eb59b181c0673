"""send, answer, settle and withdraw: the table, the permissions, and what the receiver gets to see."""

from __future__ import annotations

import itertools
from datetime import timedelta
from uuid import uuid4

import pytest

from accounts.enums import ABUSE_LAWS, AgencyKind, ConsentState, Ground, Sector
from accounts.models import Notice
from cases.models import Case, CasePartner
from cases.signals import case_closing
from common.errors import InvalidTransition, NotAllowed, RuleViolation
from referrals.actions.answer_referral import answer_referral, settle_referral
from referrals.actions.withdraw_referral import withdraw_referral
from referrals.enums import SharedPart
from referrals.models import Referral
from referrals.permissions import answers_open_to
from referrals.selectors_disclosure import referral_disclosure
from referrals.signals import referral_answered
from referrals.workflow import REFERRAL_TRANSITIONS, ReferralEvent, ReferralState
from tests import factories as f
from tests.factories import NOW
from tests.referrals.helpers import bring_to, changes, send

LATER = NOW + timedelta(hours=2)


@pytest.fixture
def case(worker):
    return f.make_case(worker.actor)


@pytest.fixture
def referral(worker, disability_worker, case):
    return send(worker.actor, case, disability_worker.agency)


def act(event, referral, *, receiver, sender):
    if event == ReferralEvent.SETTLE:
        return settle_referral(referral=referral, actor=sender, at=LATER, note="決まった")
    if event == ReferralEvent.WITHDRAW:
        return withdraw_referral(referral=referral, actor=sender, at=LATER)
    return answer_referral(referral=referral, event=event, actor=receiver, at=LATER, note="理由")


@pytest.mark.parametrize(("state", "event"), list(itertools.product(ReferralState, ReferralEvent)))
def test_every_event_in_every_state(state, event, worker, disability_worker, referral):
    referral = bring_to(referral, state, receiver=disability_worker.actor, sender=worker.actor)
    before = changes(referral)
    if (state, event) in REFERRAL_TRANSITIONS:
        act(event, referral, receiver=disability_worker.actor, sender=worker.actor)
        expected, added = REFERRAL_TRANSITIONS[state, event], 1
    else:
        with pytest.raises(InvalidTransition):
            act(event, referral, receiver=disability_worker.actor, sender=worker.actor)
        expected, added = state, 0
    referral.refresh_from_db()
    assert referral.state == expected
    assert changes(referral) == before + added


def test_no_state_means_declined():
    assert not [s for s in ReferralState if "declin" in s.value or "refus" in s.value or "断" in s.label]
    waiting = {ReferralState.SENT, ReferralState.CONFERENCE}
    by_receiver = {ReferralEvent.TAKE_LEAD, ReferralEvent.JOIN, ReferralEvent.TO_CONFERENCE}
    for (state, event), result in REFERRAL_TRANSITIONS.items():
        assert state in waiting
        if event in by_receiver:
            assert result in {ReferralState.LEAD, ReferralState.PARTNER, ReferralState.CONFERENCE}


# ── Sending ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_send_gives_no_access_to_the_case(referral, disability_worker, case):
    assert not Case.objects.visible_to(disability_worker.actor).filter(pk=case.pk).exists()
    assert Referral.objects.visible_to(disability_worker.actor).get() == referral


def test_send_twice_makes_one(worker, disability_worker, case):
    key = uuid4()
    first = send(worker.actor, case, disability_worker.agency, request_key=key)
    assert send(worker.actor, case, disability_worker.agency, request_key=key) == first
    assert Referral.objects.count() == 1
    assert changes(first) == 1


def test_send_to_own_agency_is_refused(worker, desk, case):
    with pytest.raises(RuleViolation) as error:
        send(worker.actor, case, desk)
    assert error.value.field == "to_agency"
    assert Referral.objects.count() == 0


def test_send_second_request_to_a_waiting_agency_is_refused(referral, worker, disability_worker, case):
    with pytest.raises(RuleViolation) as error:
        send(worker.actor, case, disability_worker.agency)
    assert error.value.field == "to_agency"


@pytest.mark.parametrize("kind", [AgencyKind.DIRECTOR_OFFICE, AgencyKind.FINANCE, AgencyKind.OFFICE])
def test_send_needs_an_agency_that_takes_people(kind, worker, case):
    with pytest.raises(RuleViolation) as error:
        send(worker.actor, case, f.make_agency("総務室", kind=kind, sector=Sector.ELDERLY))
    assert error.value.field == "to_agency"


def test_send_to_a_closed_agency_is_refused(worker, case, care_center):
    care_center.closed_on = NOW.date()
    care_center.save()
    with pytest.raises(RuleViolation):
        send(worker.actor, case, care_center)


def test_send_needs_a_deadline_to_come(worker, case, care_center):
    with pytest.raises(RuleViolation) as error:
        send(worker.actor, case, care_center, deadline_at=NOW)
    assert error.value.field == "deadline_at"


def test_send_on_consent_needs_consent_and_names_other_grounds(worker, case, care_center):
    with pytest.raises(RuleViolation) as error:
        send(worker.actor, case, care_center, ground=Ground.CONSENT)
    assert error.value.field == "ground"
    assert Ground.EMERGENCY.label in error.value.message
    consent = f.give_consent(case, worker.actor, care_center)
    sent = send(worker.actor, case, care_center, ground=Ground.CONSENT)
    assert (sent.ground, sent.consent) == (Ground.CONSENT, consent)


def test_send_on_a_consent_that_names_others_is_refused(worker, case, care_center, disability_section):
    f.give_consent(case, worker.actor, disability_section)
    with pytest.raises(RuleViolation, match="地域包括支援センターを伝える先に含む同意"):
        send(worker.actor, case, care_center, ground=Ground.CONSENT)


@pytest.mark.parametrize("consent", [ConsentState.REFUSED, ConsentState.WITHDRAWN, ConsentState.NO])
def test_without_consent_nothing_that_names_anybody_goes(consent, worker, case, care_center):
    Case.objects.filter(pk=case.pk).update(consent=consent)
    sent = send(worker.actor, case, care_center, ground=Ground.COORDINATION, parts=tuple(SharedPart.values))
    found = referral_disclosure(sent, NOW.date())
    assert [part for part, _, _ in found.shown] == [SharedPart.CONCERNS]
    assert len(found.refused) == len(SharedPart) - 1
    assert "個人が分かる記録は渡せません" in found.why


@pytest.mark.parametrize("ground", [*ABUSE_LAWS, Ground.EMERGENCY])
def test_danger_lets_everything_go_against_the_will(ground, worker, case, care_center):
    Case.objects.filter(pk=case.pk).update(consent=ConsentState.REFUSED)
    sent = send(worker.actor, case, care_center, ground=ground, parts=tuple(SharedPart.values))
    assert referral_disclosure(sent, NOW.date()).refused == ()


@pytest.mark.parametrize("ground", [Ground.ARTICLE_106_6, Ground.POVERTY_ARTICLE_9, Ground.OWN_DUTY, "なし"])
def test_send_refuses_grounds_of_conferences(ground, worker, case, care_center):
    with pytest.raises(RuleViolation) as error:
        send(worker.actor, case, care_center, ground=ground)
    assert error.value.field == "ground"


def test_send_knows_its_parts(worker, case, care_center):
    with pytest.raises(RuleViolation) as error:
        send(worker.actor, case, care_center, parts=("basic", "diary"))
    assert error.value.field == "parts"


def test_send_by_a_stranger(stranger, case, care_center):
    with pytest.raises(Case.DoesNotExist):
        send(stranger.actor, case, care_center)


def test_send_without_the_role(finance, case, care_center):
    with pytest.raises(Case.DoesNotExist):
        send(finance.actor, case, care_center)


# ── Answering ───────────────────────────────────────────────────────────────────────────────────────────────


def test_take_lead_moves_the_lead_to_a_named_person(referral, disability_worker, worker, case):
    named = f.make_staff(disability_worker.agency, name="藤田 さくら")
    answer_referral(
        referral=referral, event=ReferralEvent.TAKE_LEAD, actor=disability_worker.actor, at=LATER, staff=named
    )
    case.refresh_from_db()
    assert (case.lead_agency, case.lead_staff) == (disability_worker.agency, named)
    assert CasePartner.objects.get(case=case, ended_at=None).agency == worker.agency
    assert (
        Case.objects.visible_to(worker.actor).get() == Case.objects.visible_to(disability_worker.actor).get()
    )


def test_take_lead_needs_a_person_of_the_agency(referral, disability_worker, worker, case):
    with pytest.raises(RuleViolation) as error:
        answer_referral(
            referral=referral, event="take_lead", actor=disability_worker.actor, at=LATER, staff=worker.staff
        )
    assert error.value.field == "staff"
    referral.refresh_from_db()
    assert referral.state == ReferralState.SENT


def test_barred_agency_never_leads(worker, case):
    coordinator = f.make_agency("相談支援包括化推進室", kind=AgencyKind.DEPARTMENT, may_lead=False)
    person = f.actor_of(f.make_staff(coordinator))
    referral = send(worker.actor, case, coordinator)
    assert ReferralEvent.TAKE_LEAD not in answers_open_to(person, referral)
    with pytest.raises(RuleViolation):
        answer_referral(referral=referral, event="take_lead", actor=person, at=LATER)
    answer_referral(referral=referral, event="join", actor=person, at=LATER)
    case.refresh_from_db()
    assert case.lead_agency == worker.agency


def test_join_leaves_the_lead(referral, disability_worker, worker, case):
    answer_referral(referral=referral, event=ReferralEvent.JOIN, actor=disability_worker.actor, at=LATER)
    case.refresh_from_db()
    assert case.lead_agency == worker.agency
    assert CasePartner.objects.get(case=case).agency == disability_worker.agency
    assert Case.objects.visible_to(disability_worker.actor).exists()


def test_to_conference_needs_a_reason(referral, disability_worker):
    with pytest.raises(RuleViolation) as error:
        answer_referral(
            referral=referral, event="to_conference", actor=disability_worker.actor, at=LATER, note="　"
        )
    assert error.value.field == "note"


def test_to_conference_shows_the_case_to_the_director_only(
    referral, disability_worker, disability_director, elderly_director, case
):
    answer_referral(
        referral=referral,
        event="to_conference",
        actor=disability_worker.actor,
        at=LATER,
        note="役割を決めたい",
    )
    assert Case.objects.visible_to(disability_director.actor).exists()
    assert not Case.objects.visible_to(elderly_director.actor).exists()
    assert not Case.objects.visible_to(disability_worker.actor).exists()


def test_to_conference_without_a_sector_goes_by_the_case(worker, case, elderly_director, disability_director):
    council = f.make_agency("社会福祉協議会", kind=AgencyKind.COUNCIL)
    referral = send(worker.actor, case, council)
    person = f.actor_of(f.make_staff(council))
    answer_referral(referral=referral, event="to_conference", actor=person, at=LATER, note="役割を決めたい")
    assert Case.objects.visible_to(elderly_director.actor).exists()
    assert not Case.objects.visible_to(disability_director.actor).exists()


@pytest.mark.parametrize("event", [ReferralEvent.TAKE_LEAD, ReferralEvent.JOIN, ReferralEvent.TO_CONFERENCE])
def test_only_the_receiver_answers(event, referral, worker, stranger):
    with pytest.raises(NotAllowed):
        answer_referral(referral=referral, event=event, actor=worker.actor, at=LATER, note="理由")
    with pytest.raises(Referral.DoesNotExist):
        answer_referral(referral=referral, event=event, actor=stranger.actor, at=LATER, note="理由")


def test_only_the_sender_withdraws(referral, disability_worker, stranger, worker):
    with pytest.raises(NotAllowed):
        withdraw_referral(referral=referral, actor=disability_worker.actor, at=LATER)
    with pytest.raises(Referral.DoesNotExist):
        withdraw_referral(referral=referral, actor=stranger.actor, at=LATER)
    assert withdraw_referral(referral=referral, actor=worker.actor, at=LATER).state == ReferralState.WITHDRAWN


def test_settle_is_refused_to_strangers_and_to_those_who_call_no_conference(
    referral, disability_worker, worker, stranger
):
    referral = bring_to(
        referral, ReferralState.CONFERENCE, receiver=disability_worker.actor, sender=worker.actor
    )
    with pytest.raises(Referral.DoesNotExist):
        settle_referral(referral=referral, actor=stranger.actor, at=LATER, note="")
    settled = settle_referral(referral=referral, actor=worker.actor, at=LATER, note="週1回訪問する")
    assert settled.answer_note == "役割を話し合いたい\n週1回訪問する"


def test_answer_is_announced(referral, disability_worker):
    heard = []

    def hear(sender, *, referral, **kwargs):
        heard.append(referral.pk)

    referral_answered.connect(hear)
    try:
        answer_referral(referral=referral, event="join", actor=disability_worker.actor, at=LATER)
    finally:
        referral_answered.disconnect(hear)
    assert heard == [referral.pk]


# ── Closing ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("state", list(ReferralState))
def test_closing_waits_for_referrals(state, referral, worker, disability_worker, case):
    bring_to(referral, state, receiver=disability_worker.actor, sender=worker.actor)
    if state in {ReferralState.SENT, ReferralState.CONFERENCE}:
        with pytest.raises(RuleViolation, match="障害福祉室"):
            case_closing.send(Case, case=case, actor=worker.actor, at=LATER)
    else:
        case_closing.send(Case, case=case, actor=worker.actor, at=LATER)


@pytest.mark.parametrize("event", ["take_lead", "join", "to_conference"])
def test_who_asked_is_told_of_the_answer_without_personal_data(event, referral, worker, disability_worker):
    answer_referral(referral=referral, event=event, actor=disability_worker.actor, at=LATER, note="理由")
    notice = Notice.objects.get(staff=worker.staff)
    assert notice.url == f"/referrals/{referral.pk}/"
    assert referral.case.number in notice.text
    for secret in ("森下", "理由", disability_worker.agency.short_name):
        assert secret not in notice.text
