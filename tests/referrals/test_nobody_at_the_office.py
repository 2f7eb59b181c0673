"""A director on leave without a deputy, and a deadline over New Year: the request has a next actor and a day all the same."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.actions.absences import enter_absence
from accounts.actor import Actor
from accounts.enums import Role, Sector
from accounts.models import Notice
from cases.models import Case
from referrals.actions.chase_referrals import chase_waiting
from referrals.actions.escalate_referrals import escalate_overdue, pass_on_left_alone
from referrals.models import Referral
from referrals.selectors import office_hours_deadline
from referrals.tasks import escalate_overdue_referrals
from tests import factories as f
from tests.conftest import persona
from tests.factories import NOW, TOKYO
from tests.referrals.helpers import send

PAST = NOW + timedelta(days=4)
SYSTEM = Actor.system("試験")


def leave(who, *, deputy=None, days=30):
    enter_absence(
        staff=who.staff, first_on=timezone.localdate(NOW), last_on=timezone.localdate(NOW) + timedelta(days=days),
        deputy=deputy, actor=who.actor, at=NOW, request_key=uuid4(),
    )  # fmt: skip


@pytest.fixture
def referral(worker, disability_worker):
    return send(
        worker.actor, f.make_case(worker.actor, sectors=(Sector.DISABILITY,)), disability_worker.agency
    )


def heard(who) -> list[str]:
    return list(Notice.objects.filter(staff=who.staff).order_by("pk").values_list("text", flat=True))


def test_it_rises_to_the_next_office_with_somebody(referral, disability_director, elderly_director):
    leave(disability_director)
    escalate_overdue(actor=SYSTEM, at=PAST)
    referral.refresh_from_db()
    assert referral.escalated_to == elderly_director.agency
    assert "（エリアディレクター（障害）が不在のため）" in heard(elderly_director)[0]
    assert Case.objects.visible_to(elderly_director.actor).exists()


def test_a_second_director_of_the_office_is_enough(referral, disability_director, elderly_director):
    second = persona(disability_director.agency, Role.AREA_DIRECTOR, sector=Sector.DISABILITY, name="芦田 薫")
    leave(disability_director, deputy=second.staff)
    escalate_overdue(actor=SYSTEM, at=PAST)
    referral.refresh_from_db()
    assert referral.escalated_to == disability_director.agency
    assert len(heard(second)) == 2  # that they stand in, and what rose


def test_a_vacant_post_is_like_leave(referral, disability_director, elderly_director):
    disability_director.staff.appointments.update(during=("2024-04-01", "2026-11-01"))
    escalate_overdue(actor=SYSTEM, at=PAST)
    referral.refresh_from_db()
    assert referral.escalated_to == elderly_director.agency


def test_with_nobody_anywhere_the_heads_hear_of_it(referral, disability_director, manager, disability_worker):
    head = persona(disability_worker.agency, Role.AGENCY_MANAGER, name="片桐 徹")
    leave(disability_director)
    escalate_overdue(actor=SYSTEM, at=PAST)
    referral.refresh_from_db()
    assert referral.escalated_to == disability_director.agency
    assert len(heard(manager)) == len(heard(head)) == 1
    assert pass_on_left_alone(actor=SYSTEM, at=PAST) == 0


def test_what_has_risen_is_passed_on_when_the_director_leaves_and_does_not_come_back(
    referral, disability_director, elderly_director, time_machine
):
    escalate_overdue(actor=SYSTEM, at=NOW + timedelta(days=4) - timedelta(days=1) + timedelta(hours=1))
    leave(disability_director, days=5)
    time_machine.move_to(PAST, tick=False)
    escalate_overdue_referrals()
    referral.refresh_from_db()
    assert referral.escalated_to == elderly_director.agency
    escalate_overdue_referrals()
    time_machine.move_to(NOW + timedelta(days=20), tick=False)
    escalate_overdue_referrals()
    referral.refresh_from_db()
    assert referral.escalated_to == elderly_director.agency
    passed = [text for text in heard(elderly_director) if "引き受けます" in text]
    assert len(passed) == 1
    assert Referral.objects.visible_to(elderly_director.actor).filter(pk=referral.pk).exists()


def test_a_deadline_over_new_year_is_a_day_on_which_somebody_is_there(
    worker, disability_worker, disability_director
):
    sent = datetime(2026, 12, 28, 14, 0, tzinfo=TOKYO)  # the last working day of the year
    deadline = office_hours_deadline(sent, 3)
    assert deadline == datetime(2027, 1, 6, 17, 15, tzinfo=TOKYO)
    case = f.make_case(worker.actor)
    referral = send(worker.actor, case, disability_worker.agency, at=sent, deadline_at=deadline)
    for day in range(29, 32):
        quiet = datetime(2026, 12, day, 10, 0, tzinfo=TOKYO)
        assert escalate_overdue(actor=SYSTEM, at=quiet) == chase_waiting(actor=SYSTEM, at=quiet) == 0
    holiday = datetime(2027, 1, 3, 10, 0, tzinfo=TOKYO)
    assert escalate_overdue(actor=SYSTEM, at=holiday) == chase_waiting(actor=SYSTEM, at=holiday) == 0
    assert (
        chase_waiting(actor=SYSTEM, at=datetime(2027, 1, 6, 9, 0, tzinfo=TOKYO)) == 1
    )  # three working days on
    assert escalate_overdue(actor=SYSTEM, at=deadline) == 1
    referral.refresh_from_db()
    assert referral.escalated_to == disability_director.agency
