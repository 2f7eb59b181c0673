"""Two people at once: the same form twice, two answers, an answer and a withdrawal."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection

from audit.models import ChangeRecord
from cases.models import CasePartner
from common.errors import InvalidTransition, RuleViolation
from referrals.actions.answer_referral import answer_referral
from referrals.actions.withdraw_referral import withdraw_referral
from referrals.models import Referral
from referrals.workflow import ReferralState
from tests import factories as f
from tests.factories import NOW
from tests.referrals.helpers import send

LATER = NOW + timedelta(hours=1)
pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*jobs):
    """Run the jobs in threads that start together; (results, errors)."""
    start, results, errors = threading.Barrier(len(jobs)), [], []

    def run(job):
        try:
            start.wait()
            results.append(job())
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results, errors


def test_same_form_sent_twice_at_once_makes_one(worker, colleague, care_center):
    case, key = f.make_case(worker.actor), uuid4()
    results, errors = at_once(
        *[lambda: send(worker.actor, case, care_center, request_key=key) for _ in range(4)]
    )
    assert not errors
    assert len({r.pk for r in results}) == Referral.objects.count() == 1
    assert ChangeRecord.objects.filter(action="referral.send").count() == 1


def test_two_colleagues_ask_the_same_agency_at_once(worker, colleague, care_center):
    case = f.make_case(worker.actor)
    results, errors = at_once(
        lambda: send(worker.actor, case, care_center), lambda: send(colleague.actor, case, care_center)
    )
    assert len(results) == len(errors) == 1
    assert isinstance(errors[0], RuleViolation)
    assert errors[0].field == "to_agency"


def test_two_answers_at_once_leave_one(worker, center_worker):
    referral = send(worker.actor, f.make_case(worker.actor), center_worker.agency)
    other = f.actor_of(f.make_staff(center_worker.agency))
    results, errors = at_once(
        lambda: answer_referral(referral=referral, event="take_lead", actor=center_worker.actor, at=LATER),
        lambda: answer_referral(referral=referral, event="join", actor=other, at=LATER),
    )
    assert len(results) == len(errors) == 1
    assert isinstance(errors[0], InvalidTransition)
    referral.refresh_from_db()
    lead = referral.case.__class__.objects.get(pk=referral.case_id).lead_agency
    took = referral.state == ReferralState.LEAD
    assert lead == (center_worker.agency if took else worker.agency)
    assert CasePartner.objects.filter(ended_at=None).count() == 1


def test_answer_and_withdrawal_at_once_leave_one(worker, center_worker):
    referral = send(worker.actor, f.make_case(worker.actor), center_worker.agency)
    results, errors = at_once(
        lambda: answer_referral(referral=referral, event="join", actor=center_worker.actor, at=LATER),
        lambda: withdraw_referral(referral=referral, actor=worker.actor, at=LATER),
    )
    assert len(results) == len(errors) == 1
    assert isinstance(errors[0], InvalidTransition)
    referral.refresh_from_db()
    joined = CasePartner.objects.filter(ended_at=None).exists()
    assert joined == (referral.state == ReferralState.PARTNER)
