"""A referral that nobody answers rises by itself, exactly once, whatever runs beside it."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from accounts.actor import Actor
from accounts.enums import AgencyKind, Ground, Role, Sector
from audit.models import ChangeRecord
from cases.models import Case, CaseGrant
from common.errors import NotAllowed
from referrals.actions.answer_referral import answer_referral
from referrals.actions.escalate_referrals import escalate_overdue
from referrals.actions.withdraw_referral import withdraw_referral
from referrals.models import Referral
from referrals.tasks import escalate_overdue_referrals
from referrals.workflow import ReferralState
from tests import factories as f
from tests.conftest import persona
from tests.factories import NOW
from tests.referrals.helpers import send

PAST = NOW + timedelta(days=4)
SYSTEM = Actor.system("試験")


@pytest.fixture
def case(worker):
    return f.make_case(worker.actor)


@pytest.fixture
def referral(worker, disability_worker, case):
    return send(worker.actor, case, disability_worker.agency)


def escalations(referral):
    return ChangeRecord.objects.filter(action="referral.escalate", target_id=str(referral.pk)).count()


def test_nothing_rises_before_its_deadline(referral, disability_director):
    assert escalate_overdue(actor=SYSTEM, at=referral.deadline_at - timedelta(minutes=1)) == 0
    assert escalate_overdue(actor=SYSTEM, at=referral.deadline_at) == 1


def test_rises_once_to_the_director_of_the_sector(
    referral, case, elderly_director, disability_director, disability_worker
):
    assert escalate_overdue(actor=SYSTEM, at=PAST) == 1
    assert escalate_overdue(actor=SYSTEM, at=PAST + timedelta(minutes=5)) == 0
    referral.refresh_from_db()
    assert (referral.escalated_at, referral.escalated_to) == (PAST, disability_director.agency)
    assert referral.state == ReferralState.SENT
    assert escalations(referral) == 1
    grant = CaseGrant.objects.get(content_object=case, group_id=disability_director.agency.group_id)
    assert (grant.ground, grant.basis_id) == (Ground.COORDINATION, str(referral.pk))
    assert not Case.objects.visible_to(elderly_director.actor).exists()
    assert not Case.objects.visible_to(disability_worker.actor).exists()


def test_an_agency_without_sector_rises_by_the_case(worker, case, elderly_director, disability_director):
    referral = send(worker.actor, case, f.make_agency("社会福祉協議会", kind=AgencyKind.COUNCIL))
    escalate_overdue(actor=SYSTEM, at=PAST)
    referral.refresh_from_db()
    assert referral.escalated_to == elderly_director.agency


def test_no_sector_fits_then_any_director(worker, disability_worker, disability_director):
    case = f.make_case(worker.actor, sectors=())
    referral = send(worker.actor, case, f.make_agency("社会福祉協議会", kind=AgencyKind.COUNCIL))
    escalate_overdue(actor=SYSTEM, at=PAST)
    referral.refresh_from_db()
    assert referral.escalated_to == disability_director.agency


def test_without_any_director_it_stays_and_is_tried_again(referral):
    for minutes in (0, 5):
        assert escalate_overdue(actor=SYSTEM, at=PAST + timedelta(minutes=minutes)) == 0
    waits = ChangeRecord.objects.filter(action="referral.escalate_waits", target_id=str(referral.pk))
    assert waits.count() == 1
    office = f.make_agency("エリアディレクター", kind=AgencyKind.DIRECTOR_OFFICE, sector=Sector.DISABILITY)
    assert escalate_overdue(actor=SYSTEM, at=PAST + timedelta(minutes=10)) == 1
    referral.refresh_from_db()
    assert referral.escalated_to == office


def test_answered_and_withdrawn_ones_do_not_rise(worker, disability_worker, case, referral, care_center):
    other = send(worker.actor, case, care_center)
    answer_referral(referral=referral, event="join", actor=disability_worker.actor, at=NOW)
    withdraw_referral(referral=other, actor=worker.actor, at=NOW)
    assert escalate_overdue(actor=SYSTEM, at=PAST) == 0


def test_late_answer_is_as_good(referral, disability_worker, disability_director, case):
    escalate_overdue(actor=SYSTEM, at=PAST)
    answer_referral(referral=referral, event="take_lead", actor=disability_worker.actor, at=PAST)
    case.refresh_from_db()
    assert case.lead_agency == disability_worker.agency


def test_director_may_only_bring_it_to_a_conference(referral, disability_director, elderly_director):
    escalate_overdue(actor=SYSTEM, at=PAST)
    actor = disability_director.actor
    for event in ("take_lead", "join"):
        with pytest.raises(NotAllowed):
            answer_referral(referral=referral, event=event, actor=actor, at=PAST, note="理由")
    answer_referral(referral=referral, event="to_conference", actor=actor, at=PAST, note="期限を過ぎたため")
    with pytest.raises(Referral.DoesNotExist):
        answer_referral(referral=referral, event="join", actor=elderly_director.actor, at=PAST)


def test_task_reads_the_clock_itself(referral, disability_director, time_machine):
    time_machine.move_to(PAST, tick=False)
    assert escalate_overdue_referrals() == 1
    assert escalate_overdue_referrals.apply().get() == 0


@pytest.mark.django_db(transaction=True)
def test_runs_side_by_side_escalate_each_once(worker, disability_worker, disability_director):
    referrals = [send(worker.actor, f.make_case(worker.actor), disability_worker.agency) for _ in range(6)]
    start, results, wrong = threading.Barrier(4), [], []

    def run():
        try:
            start.wait()
            results.append(escalate_overdue(actor=SYSTEM, at=PAST))
        except Exception as error:
            wrong.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not wrong
    escalate_overdue(actor=SYSTEM, at=PAST)  # what the runs left to each other
    assert [escalations(r) for r in referrals] == [1] * 6
    assert sum(results) <= 6


@pytest.mark.django_db(transaction=True)
def test_answer_and_escalation_at_once_do_not_block_each_other(
    worker, disability_worker, disability_director
):
    referral = send(worker.actor, f.make_case(worker.actor), disability_worker.agency)
    start, wrong = threading.Barrier(3), []

    def run(job):
        try:
            start.wait()
            job()
        except Exception as error:
            wrong.append(error)
        finally:
            connection.close()

    jobs = [
        lambda: answer_referral(referral=referral, event="take_lead", actor=disability_worker.actor, at=PAST),
        lambda: escalate_overdue(actor=SYSTEM, at=PAST),
        lambda: send(worker.actor, referral.case, f.make_agency("別の課")),
    ]
    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not wrong
    referral.refresh_from_db()
    assert referral.state == ReferralState.LEAD
    assert escalations(referral) == (referral.escalated_at is not None)


def test_second_director_of_the_same_office_sees_it(referral, disability_director):
    escalate_overdue(actor=SYSTEM, at=PAST)
    second = persona(disability_director.agency, Role.AREA_DIRECTOR, sector=Sector.DISABILITY)
    assert Referral.objects.visible_to(second.actor).get() == referral
