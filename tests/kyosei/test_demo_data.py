"""The demo municipality loads whole, twice means once, and every queue has something in it."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db.models import Count
from django.test import Client
from django.utils import timezone

from accounts.actor import build_actor
from accounts.enums import Role
from accounts.models import Staff, StaffAbsence
from budgets.models import ApportionmentRun, GrantClaim, PersonnelCost, StreamBudget, WorkMonth
from budgets.settlement.actuals import year_months
from budgets.settlement.selectors import outlook
from budgets.workflow_claims import ClaimState
from cases.models import Case, Consultation, CoordinationSetting, FollowUp, ProgressNote
from common.japan.fiscal import add_months, fiscal_year, month_first
from common.queue import QueueGroup
from kyosei.demo.load import load_demo
from kyosei.demo.masters import DEMO_PASSWORD, SIGN_INS
from kyosei.demo.money import CLERK
from kyosei.home import home_groups
from referrals.models import (
    ActionItem,
    CapacityQuestion,
    CommunityIssue,
    Conference,
    ConferenceRule,
    OutsideRequest,
    PrepSheet,
    Referral,
    SurveyAnswer,
    Transfer,
    WhatIfRun,
)
from referrals.workflow import ConferenceState, IssueState, ReferralState

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker):
    """The demo, loaded once for this module and rolled back after it."""
    from django.db import connection, transaction

    with django_db_blocker.unblock():
        outer = transaction.atomic()
        outer.__enter__()
        try:
            list(load_demo())
            yield
        finally:
            transaction.set_rollback(True)
            outer.__exit__(None, None, None)
            connection.close()


@pytest.fixture
def loaded(demo, db):
    """Each test in a savepoint of the module's transaction."""


def counts() -> dict[str, int]:
    """Rows of every table."""
    return {m._meta.db_table: m._default_manager.count() for m in apps.get_models() if m._meta.managed}


def test_it_loads_in_time_and_again_changes_nothing(loaded):
    before = counts()
    assert list(load_demo()) == []
    assert counts() == before


def test_every_open_case_has_one_lead_that_may_lead(loaded):
    cases = Case.objects.open().select_related("lead_agency")
    today = timezone.localdate()
    assert cases.count() >= 25
    for case in cases:
        assert case.lead_agency.may_lead
        assert Staff.objects.of_agency(case.lead_agency, on=today).filter(pk=case.lead_staff_id).exists()


def test_it_is_about_as_large_as_it_says(loaded):
    assert 38 <= Case.objects.count() <= 60
    assert Consultation.objects.count() >= 110
    assert ProgressNote.objects.count() >= 230
    assert Consultation.objects.filter(is_anonymous=True).count() >= 10


def test_referrals_stand_in_every_state(loaded):
    states = set(Referral.objects.values_list("state", flat=True))
    assert states == set(ReferralState.values)
    assert Referral.objects.unanswered().filter(escalated_at__isnull=False).exists()


def test_follow_ups_are_overdue_and_due_this_week(loaded):
    today = timezone.localdate()
    waiting = FollowUp.objects.waiting().values_list("due_on", flat=True)
    assert any(day < today for day in waiting)
    assert any(today <= day <= today + timedelta(days=7) for day in waiting)


def test_conferences_are_past_and_to_come(loaded):
    states = dict(Conference.objects.values_list("state").annotate(Count("pk")))
    assert states[ConferenceState.CLOSED] >= 3
    assert states[ConferenceState.PLANNED] >= 2
    assert set(Conference.objects.values_list("kind", flat=True)) == {
        "individual",
        "support",
        "multilayered",
        "area",
        "community",
    }
    assert ActionItem.objects.open().filter(due_on__lt=timezone.localdate()).exists()


def test_every_page_between_agencies_has_something_to_show(loaded):
    assert set(CommunityIssue.objects.values_list("state", flat=True)) == set(IssueState.values)
    assert ActionItem.objects.filter(issue_item__isnull=False).count() == 2
    assert SurveyAnswer.objects.count() == 2
    assert set(PrepSheet.objects.values_list("state", flat=True)) >= {"asked", "draft", "sent", "seen"}
    assert set(OutsideRequest.objects.values_list("state", flat=True)) >= {
        "sent", "accepted", "partly", "conference", "done",
    }  # fmt: skip
    assert CapacityQuestion.objects.unmet(timezone.now()).count() >= 5
    assert ConferenceRule.objects.filter(code__startswith="own-").exists()
    assert CoordinationSetting.objects.count() == 2
    assert StaffAbsence.objects.filter(deputy__isnull=False).count() >= 2
    assert Transfer.objects.get().rows.exists()
    assert WhatIfRun.objects.get().ended_at


def test_every_group_of_the_home_page_has_rows_for_somebody(loaded):
    at, today = timezone.now(), timezone.localdate()
    seen = set()
    for username in SIGN_INS:
        actor = build_actor(Staff.objects.get(username=username), on=today)
        seen |= {group.key for group in home_groups(actor, at)}
    assert seen >= {QueueGroup.ANSWER, QueueGroup.TODAY, QueueGroup.WORRY, QueueGroup.DRAFT}


def test_the_months_before_the_last_are_locked_and_the_last_adds_up(loaded):
    last = add_months(month_first(timezone.localdate()), -1)
    assert not WorkMonth.objects.get(month=last).is_locked
    assert WorkMonth.objects.get(month=add_months(last, -1)).is_locked
    run = ApportionmentRun.objects.get(month__month=last)
    total = sum(PersonnelCost.objects.filter(month=last).values_list("yen", flat=True))
    assert run.total_yen == total == sum(run.rows.values_list("yen", flat=True))


def test_the_streams_have_budgets_and_the_former_year_a_filed_claim(loaded):
    today = timezone.localdate()
    year = fiscal_year(today)
    clerk = build_actor(Staff.objects.get(username=CLERK), on=today)
    lines = outlook(clerk, year).lines
    assert StreamBudget.objects.filter(fiscal_year=year).count() == len(lines) >= 5
    assert all(line.budget is not None for line in lines)
    if year_months(clerk, year - 1).opened:  # in the weeks in which the last month of the former year is open
        assert not GrantClaim.objects.exists()
        return
    claim = GrantClaim.objects.get()
    assert (claim.fiscal_year, claim.stream.code, claim.state) == (year - 1, "poverty", ClaimState.FILED)
    assert claim.result["required"] % 1000 == 0
    total = claim.result["total"]
    assert total == sum(claim.result["parts"].values()) + claim.result["income"] >= 18_642_310


def test_every_role_signs_in_with_the_printed_password(loaded):
    out = StringIO()
    call_command("demo_signins", stdout=out)
    printed = out.getvalue()
    assert DEMO_PASSWORD in printed
    assert all(name in printed for name in SIGN_INS)
    roles = set()
    for username in SIGN_INS:
        client = Client()
        answer = client.post("/accounts/login/", {"login": username, "password": DEMO_PASSWORD})
        assert answer.status_code == 302, username
        assert client.get("/").status_code == 200
        roles.add(build_actor(Staff.objects.get(username=username), on=timezone.localdate()).role)
    assert roles == set(Role.values)
