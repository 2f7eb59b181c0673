"""What a つなぎ asks is shared on its ground like the rest: with the ground it closes to who got it, wherever it stood."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from django.utils import timezone

from accounts.enums import Ground
from cases.actions.consent import withdraw_consent
from cases.models import Case
from households.actions.grants import grant_household
from households.models import Consent
from referrals.actions.answer_referral import answer_referral
from referrals.disclosure_rules import ground_stands
from referrals.models import Referral
from referrals.models.referral import on_standing_ground
from referrals.selectors import CLOSED_WORDS, asked_words
from tests import factories as f
from tests.referrals.helpers import send

pytestmark = pytest.mark.django_db
ASKED = "萌黄色の通院に付き添う"


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(f.NOW)


@pytest.fixture
def case(worker):
    return f.make_case(worker.actor)


def withdraw(consent, worker):
    withdraw_consent(
        consent=consent, withdrawn_on=f.TODAY, note="", version=consent.version, actor=worker.actor, at=f.NOW
    )


def places(referral: Referral) -> tuple[str, ...]:
    return (
        "/", "/referrals/", "/referrals/?tab=history", "/referrals/?tab=results", f"/referrals/{referral.pk}/",
        f"/referrals/{referral.pk}/answer/join/", "/api/v1/referrals/", f"/api/v1/referrals/{referral.pk}/",
        f"/households/{referral.case.household_id}/", f"/cases/households/{referral.case.household_id}/stream/",
        f"/api/v1/timeline/{referral.case.household_id}/", f"/cases/{referral.case.number}/",
    )  # fmt: skip


def shown_at(who, referral) -> set[str]:
    return {url for url in places(referral) if ASKED in who.client.get(url).content.decode()}


@pytest.mark.parametrize("answered", [False, True])
def test_a_withdrawn_consent_closes_what_was_asked_on_it(case, worker, center_worker, answered):
    """The receiver sees the household by other work, so that its stream and its page are places too."""
    consent = f.give_consent(case, worker.actor, center_worker.agency, kinds=("identity",))
    referral = send(
        worker.actor, case, center_worker.agency, ground=Ground.CONSENT, purpose=ASKED, parts=("basic",)
    )
    if answered:
        answer_referral(referral=referral, event="join", actor=center_worker.actor, at=f.NOW)
    grant_household(
        household=case.household, agency=center_worker.agency, ground=Ground.OWN_DUTY, basis=case.household,
        actor=worker.actor, at=f.NOW,
    )  # fmt: skip
    before, own = shown_at(center_worker, referral), shown_at(worker, referral)
    assert f"/referrals/{referral.pk}/" in before
    assert "/api/v1/referrals/" in before
    assert ("/" in before) is not answered
    withdraw(consent, worker)
    assert shown_at(center_worker, referral) == set()
    assert CLOSED_WORDS in center_worker.client.get(f"/referrals/{referral.pk}/").content.decode()
    assert shown_at(worker, referral) == own  # the sender keeps its own words


def test_who_sees_the_case_by_another_ground_reads_on(case, worker, center_worker):
    f.share_by_consent(case, worker.actor, center_worker.actor)
    second = f.give_consent(case, worker.actor, center_worker.agency)
    Referral.objects.update(purpose=ASKED)
    referral = Referral.objects.get()
    assert referral.consent != second
    answer = send(worker.actor, case, center_worker.agency, ground=Ground.ELDER_ABUSE_LAW, parts=())
    answer_referral(referral=answer, event="join", actor=center_worker.actor, at=f.NOW)
    withdraw(referral.consent, worker)
    assert Case.objects.visible_to(center_worker.actor).exists()
    assert f"/referrals/{referral.pk}/" in shown_at(center_worker, referral)


def test_an_emergency_closes_by_itself_and_a_request_that_was_taken_back_at_once(case, worker, center_worker):
    referral = send(
        worker.actor, case, center_worker.agency, ground=Ground.EMERGENCY, purpose=ASKED, parts=()
    )
    for days, shown in ((0, True), (14, True), (15, False)):
        on = f.TODAY + timedelta(days=days)
        assert (asked_words(referral, center_worker.actor, on, sees_case=False) == ASKED) is shown
        assert asked_words(referral, worker.actor, on, sees_case=False) == ASKED
        assert asked_words(referral, center_worker.actor, on, sees_case=True) == ASKED
    assert worker.client.post(f"/referrals/{referral.pk}/withdraw/", {"note": ""}).status_code == 302
    assert shown_at(center_worker, referral) == set()


@pytest.mark.parametrize("state", ["standing", "withdrawn", "ended", "to come"])
def test_the_rule_in_sql_is_the_rule_in_hand(case, worker, center_worker, state):
    """``on_standing_ground`` (the stream asks it) and ``ground_stands`` (the pages ask it) say the same."""
    consent = f.give_consent(case, worker.actor, center_worker.agency)
    referral = send(worker.actor, case, center_worker.agency, ground=Ground.CONSENT, parts=())
    changes = {
        "standing": {}, "ended": {"ends_on": f.TODAY - timedelta(days=1), "given_on": f.TODAY - timedelta(days=9)},
        "to come": {"given_on": f.TODAY + timedelta(days=1)}, "withdrawn": None,
    }[state]  # fmt: skip
    if changes is None:
        withdraw(consent, worker)
    elif changes:
        Consent.objects.filter(pk=consent.pk).update(**changes)
    grounds = [Ground.CONSENT, Ground.EMERGENCY, Ground.COORDINATION, Ground.CHILD_ABUSE_LAW]
    said = {}
    for ground, days in product(grounds, [0, 13, 14, 15, 40]):
        sent_at = timezone.now() - timedelta(days=days)
        Referral.objects.filter(pk=referral.pk).update(ground=ground, sent_at=sent_at)
        found = Referral.objects.select_related("consent").get(pk=referral.pk)
        said[ground, days] = ground_stands(found, timezone.localdate())
        assert Referral.objects.filter(on_standing_ground()).exists() is said[ground, days], (ground, days)
    assert said[Ground.CONSENT, 0] is (state == "standing")
    assert [said[Ground.EMERGENCY, days] for days in (14, 15)] == [True, False]


def test_the_answer_of_a_case_that_was_lost_stands_in_no_stream(
    case, worker, center_worker, disability_worker
):
    """The sender lost the case and keeps the household: the answer to its request is not told in the household's stream."""
    consent = f.share_by_consent(case, worker.actor, center_worker.actor)
    onward = send(
        center_worker.actor,
        case,
        disability_worker.agency,
        ground=Ground.COORDINATION,
        purpose=ASKED,
        parts=(),
    )
    grant_household(
        household=case.household, agency=center_worker.agency, ground=Ground.OWN_DUTY, basis=case.household,
        actor=worker.actor, at=f.NOW,
    )  # fmt: skip
    withdraw(consent, worker)
    answer_referral(referral=onward, event="join", actor=disability_worker.actor, at=f.NOW, note="鶸色の返事")
    for url in places(onward):
        assert "鶸色の返事" not in center_worker.client.get(url).content.decode(), url
    assert "鶸色の返事" in worker.client.get(f"/households/{case.household_id}/").content.decode()
