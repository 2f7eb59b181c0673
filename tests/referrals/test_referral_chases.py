"""催促 on set working days: each step once, whatever stood still meanwhile."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.actor import Actor
from accounts.models import Notice
from audit.models import ChangeRecord
from common.japan.business_days import is_working_day
from households.models import HouseholdDenial
from referrals.actions.answer_referral import answer_referral
from referrals.actions.chase_referrals import chase_step, chase_waiting
from referrals.actions.escalate_referrals import escalate_overdue
from referrals.models import ReferralChase
from referrals.tasks import chase_waiting_referrals
from tests import factories as f
from tests.referrals.helpers import send

SYSTEM = Actor.system("試験")
STEPS = (3, 7, 14)
SENT = timezone.make_aware(datetime(2026, 11, 9, 10, 0))  # a Monday


def day(text: str, hour: int = 9) -> datetime:
    return timezone.make_aware(datetime.fromisoformat(text).replace(hour=hour))


@pytest.fixture
def referral(worker, disability_worker):
    return send(
        worker.actor, f.make_case(worker.actor), disability_worker.agency, at=SENT,
        deadline_at=SENT + timedelta(days=60),
    )  # fmt: skip


def chased(referral):
    return list(referral.chases.order_by("working_days").values_list("working_days", flat=True))


@pytest.mark.parametrize(
    ("sent", "today", "step"),
    [
        ("2026-11-09", "2026-11-11", 0), ("2026-11-09", "2026-11-12", 3), ("2026-11-09", "2026-11-17", 3),
        ("2026-11-09", "2026-11-18", 7), ("2026-11-19", "2026-11-24", 0), ("2026-11-19", "2026-11-25", 3),
        # 12/29–1/3 do not count: 12/25 Fri, 12/28 Mon is the first, 1/4 Mon the second, 1/5 the third
        ("2026-12-25", "2027-01-04", 0), ("2026-12-25", "2027-01-05", 3), ("2026-11-09", "2026-12-31", 14),
    ],
)  # fmt: skip
def test_weekends_holidays_and_new_year_do_not_count(sent, today, step):
    assert chase_step(date.fromisoformat(sent), date.fromisoformat(today), STEPS) == step


@given(st.dates(date(2024, 1, 1), date(2028, 12, 31)), st.integers(0, 60))
def test_a_step_has_come_when_so_many_working_days_have_passed(sent, later):
    today = sent + timedelta(days=later)
    passed = sum(is_working_day(sent + timedelta(days=n)) for n in range(1, later + 1))
    assert chase_step(sent, today, STEPS) == max((n for n in STEPS if n <= passed), default=0)


def test_each_step_is_sent_once(referral, worker, disability_worker):
    at = SENT
    while at < SENT + timedelta(days=40):
        chase_waiting(actor=SYSTEM, at=at)
        at += timedelta(hours=5)
    assert chased(referral) == [3, 7, 14]
    for staff in (worker.staff, disability_worker.staff):
        assert Notice.objects.filter(staff=staff).count() == 3
    assert ChangeRecord.objects.filter(action="referral.chase").count() == 3


def test_the_page_says_when_it_was_chased(referral, worker, disability_worker):
    chase_waiting(actor=SYSTEM, at=day("2026-11-12"))
    for persona in (worker, disability_worker):
        page = persona.client.get(reverse("referrals:detail", args=[referral.pk])).content.decode()
        assert "催促（3開庁日）" in page
        assert "11月12日" in page


def test_not_at_night_and_not_on_a_holiday(referral):
    assert chase_waiting(actor=SYSTEM, at=day("2026-11-12", 7)) == 0
    assert chase_waiting(actor=SYSTEM, at=day("2026-11-14")) == 0
    assert chase_waiting(actor=SYSTEM, at=day("2026-11-23")) == 0
    assert chase_waiting(actor=SYSTEM, at=day("2026-11-12")) == 1


def test_after_two_weeks_without_a_queue_only_the_latest_is_sent(referral, disability_worker):
    assert chase_waiting(actor=SYSTEM, at=day("2026-11-25")) == 1
    assert chased(referral) == [7]
    assert Notice.objects.filter(staff=disability_worker.staff).count() == 1
    assert "7開庁日" in Notice.objects.get(staff=disability_worker.staff).text


def test_days_are_configured(referral, settings):
    settings.REFERRAL_CHASE_DAYS = [1, 2]
    assert chase_waiting(actor=SYSTEM, at=day("2026-11-10")) == 1
    settings.REFERRAL_CHASE_DAYS = []
    assert chase_waiting(actor=SYSTEM, at=day("2026-11-20")) == 0


def test_an_answered_one_is_not_chased(referral, disability_worker):
    answer_referral(referral=referral, event="join", actor=disability_worker.actor, at=day("2026-11-10"))
    assert chase_waiting(actor=SYSTEM, at=day("2026-11-12")) == 0


def test_whoever_is_denied_the_household_hears_nothing(referral, worker, disability_worker):
    HouseholdDenial.objects.create(
        household=referral.case.household, staff=disability_worker.staff, reason="relative", given_by=worker.staff, given_at=SENT,
    )  # fmt: skip
    chase_waiting(actor=SYSTEM, at=day("2026-11-12"))
    assert not Notice.objects.filter(staff=disability_worker.staff).exists()
    assert Notice.objects.filter(staff=worker.staff).count() == 1


def test_a_failed_mail_queue_loses_nothing(
    referral, disability_worker, monkeypatch, django_capture_on_commit_callbacks
):
    def down(*args, **kwargs):
        raise OSError("no broker")

    monkeypatch.setattr("common.jobs.current_app.send_task", down)
    with django_capture_on_commit_callbacks(execute=True):
        assert chase_waiting(actor=SYSTEM, at=day("2026-11-12")) == 1
    assert Notice.objects.filter(staff=disability_worker.staff, deliveries=None).count() == 1


def test_the_task_reads_the_clock_itself(referral, time_machine):
    time_machine.move_to(day("2026-11-12"), tick=False)
    assert chase_waiting_referrals() == 1
    assert chase_waiting_referrals.apply().get() == 0


def test_rising_tells_the_office_and_the_sender_once(worker, disability_worker, disability_director):
    late = send(worker.actor, f.make_case(worker.actor), disability_worker.agency, at=SENT)
    for _ in range(3):
        escalate_overdue(actor=SYSTEM, at=late.deadline_at)
    for staff in (worker.staff, disability_director.staff):
        assert Notice.objects.filter(staff=staff, text__contains="期限までに返事がなく").count() == 1


@pytest.mark.django_db(transaction=True)
def test_runs_side_by_side_chase_once(worker, disability_worker):
    referral = send(
        worker.actor, f.make_case(worker.actor), disability_worker.agency, at=SENT,
        deadline_at=SENT + timedelta(days=60),
    )  # fmt: skip
    start, wrong = threading.Barrier(4), []

    def run():
        try:
            start.wait()
            chase_waiting(actor=SYSTEM, at=day("2026-11-12"))
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
    chase_waiting(actor=SYSTEM, at=day("2026-11-12"))
    assert ReferralChase.objects.filter(referral=referral).count() == 1
    assert Notice.objects.filter(staff=disability_worker.staff).count() == 1
