"""Nobody is refused, and exactly one agency leads: over random sequences of everything that agencies can do."""

from __future__ import annotations

import functools
import random
from collections import Counter, defaultdict
from datetime import timedelta

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.actor import Actor
from accounts.enums import AgencyKind, Role, Sector
from audit.models import ChangeRecord
from cases.actions.closing import ClosingData, close_case, reopen_case
from cases.actions.follow_up import record_follow_up
from cases.models import Case, CasePartner, FollowUp
from common.errors import RuleViolation
from referrals.actions.answer_referral import answer_referral, settle_referral
from referrals.actions.escalate_referrals import escalate_overdue
from referrals.actions.withdraw_referral import withdraw_referral
from referrals.models import Referral
from referrals.selectors import coordination_directory, next_step
from referrals.workflow import REFERRAL_WAITING, ReferralEvent, ReferralState
from tests import factories as f
from tests.factories import NOW
from tests.referrals.helpers import send

SYSTEM = Actor.system("試験")
PICK = st.integers(min_value=0, max_value=10_000)


def after_change(check):
    """An invariant that is looked at after every step that did something: what was refused was rolled back, and ``attempt``
    sees to it that it left nothing, so all is as it was when it was last looked at.
    """

    @functools.wraps(check)
    def checked(self):
        if self.changed:
            check(self)

    return invariant()(checked)


def newest_record() -> int | None:
    return ChangeRecord.objects.order_by("-pk").values_list("pk", flat=True).first()


class Between(RuleBasedStateMachine):
    """One city: a desk, two departments, a coordinating post that may not lead, a director, two households."""

    def __init__(self) -> None:
        super().__init__()
        self.changed, self.sent = True, False
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.at = NOW
        desk = f.make_agency("まちの保健室")
        elderly = f.make_agency("包括", kind=AgencyKind.CENTER, sector=Sector.ELDERLY)
        section = f.make_agency("障害福祉室", kind=AgencyKind.DEPARTMENT, sector=Sector.DISABILITY)
        self.barred = f.make_agency("推進室", kind=AgencyKind.DEPARTMENT, may_lead=False)
        self.agencies = [desk, elderly, section, self.barred]
        self.staff = {a.pk: [f.make_staff(a), f.make_staff(a)] for a in self.agencies}
        self.office = f.make_agency(
            "ディレクター", kind=AgencyKind.DIRECTOR_OFFICE, sector=Sector.ELDERLY, may_lead=False
        )
        self.director = f.actor_of(f.make_staff(self.office, role=Role.AREA_DIRECTOR, sector=Sector.ELDERLY))
        self.offices, self.directors = [self.office], {self.director.staff}
        self.risers = {self.office.pk}  # who may be asked to coordinate
        self.admin = None
        self.reason = f.make_code("closing_reason", "z01", "目標達成")
        self.cases = [f.make_case(self.actor(0), sectors=(Sector.ELDERLY,)) for _ in range(2)]

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.savepoint.__exit__(None, None, None)

    def actor(self, number: int) -> Actor:
        agency = self.agencies[number % len(self.agencies)]
        return f.actor_of(self.staff[agency.pk][number % 2])

    def case(self, pick: int) -> Case:
        return self.cases[pick % len(self.cases)]

    def referral(self, pick: int) -> Referral:
        rows = Referral.objects.order_by("pk")
        return rows[pick % rows.count()]

    def attempt(self, action, **kwargs):
        """Refusals are part of the game; they must leave no trace."""
        before = newest_record()
        try:
            with transaction.atomic():
                done = action(**kwargs)
        except (RuleViolation, ObjectDoesNotExist):
            assert newest_record() == before
            self.changed = False
            return None
        self.changed = True
        self.sent = self.sent or "request_key" in kwargs or isinstance(done, Referral)
        return done

    has_referrals = precondition(lambda self: self.sent and Referral.objects.exists())

    def staff_of(self, agency_id: int) -> list:
        """Who answers for an agency, or did for one that went on in it."""
        return self.staff[agency_id]

    @rule(who=PICK, to=PICK, case=PICK, days=st.integers(1, 5))
    def send(self, who, to, case, days):
        self.attempt(
            send, actor=self.actor(who), case=self.case(case), to_agency=self.agencies[to % len(self.agencies)],
            at=self.at, deadline_at=self.at + timedelta(days=days),
        )  # fmt: skip

    @has_referrals
    @rule(pick=PICK, who=PICK, event=st.sampled_from(list(ReferralEvent)), named=PICK)
    def answer(self, pick, who, event, named):
        self._answer(self.referral(pick), self.actor(who), event, named)

    @has_referrals
    @rule(pick=PICK, event=st.sampled_from(["take_lead", "join", "to_conference"]), named=PICK)
    def receiver_answers(self, pick, event, named):
        referral = self.referral(pick)
        staff = self.staff[referral.to_agency_id][named % 2]
        self._answer(referral, f.actor_of(staff), event, named)

    def _answer(self, referral, actor, event, named):
        everyone = [s for people in self.staff.values() for s in people]
        staff = everyone[named % len(everyone)] if named % 3 == 0 else None
        self.attempt(
            answer_referral, referral=referral, event=event, actor=actor, at=self.at, staff=staff, note="理由"
        )

    @has_referrals
    @rule(pick=PICK, who=PICK)
    def withdraw(self, pick, who):
        self.attempt(withdraw_referral, referral=self.referral(pick), actor=self.actor(who), at=self.at)

    @has_referrals
    @rule(pick=PICK)
    def director_brings_to_conference(self, pick):
        self.attempt(
            answer_referral, referral=self.referral(pick), event="to_conference", actor=self.director,
            at=self.at, note="期限を過ぎたため",
        )  # fmt: skip

    @has_referrals
    @rule(pick=PICK)
    def conference_settles(self, pick):
        self.attempt(
            settle_referral, referral=self.referral(pick), actor=self.director, at=self.at, note="決定"
        )

    @rule(who=PICK, case=PICK, months=st.integers(0, 3))
    def close(self, who, case, months):
        """The lead closes, with a follow-up or (0 months) without one, which needs a reason."""
        data = ClosingData(
            kind="close", reason=self.reason, note="本人も納得している。",
            follow_up_on=self.at.date() + timedelta(days=30 * months) if months else None,
            no_follow_up_reason="" if months or who % 2 else "転居したため",
        )  # fmt: skip
        self.attempt(close_case, case=self.case(case), data=data, actor=self.actor(who), at=self.at)

    @rule(who=PICK, case=PICK, worse=st.booleans())
    def follow_up(self, who, case, worse):
        waiting = FollowUp.objects.waiting().filter(case=self.case(case)).first()
        if waiting is not None:
            self.attempt(
                record_follow_up, follow_up=waiting, result="worse" if worse else "stable", note="様子", next_on=None,
                stop_reason="続けて見る必要がない", actor=self.actor(who), at=self.at,
            )  # fmt: skip

    @rule(who=PICK, case=PICK)
    def reopen(self, who, case):
        self.attempt(
            reopen_case, case=self.case(case), actor=self.actor(who), at=self.at, reason="再び相談があった"
        )

    @rule(hours=st.integers(1, 72))
    def time_passes(self, hours):
        self.at += timedelta(hours=hours)
        self.changed = True
        escalate_overdue(actor=SYSTEM, at=self.at)
        escalate_overdue(actor=SYSTEM, at=self.at)

    @after_change
    def every_open_case_has_one_lead_with_a_named_worker(self):
        staffed = {(s.pk, pk) for pk, people in self.staff.items() for s in people}
        partners = defaultdict(list)
        for case, agency in CasePartner.objects.filter(ended_at=None).values_list("case_id", "agency_id"):
            partners[case].append(agency)
        for case in Case.objects.open().select_related("lead_agency"):
            assert case.lead_agency.may_lead
            assert (case.lead_staff_id, case.lead_agency_id) in staffed
            assert case.lead_agency_id not in partners[case.pk]
            assert len(partners[case.pk]) == len(set(partners[case.pk]))

    @after_change
    def every_waiting_referral_has_somebody_to_act_and_a_date(self):
        offices = coordination_directory()
        for referral in Referral.objects.select_related("case__lead_agency", "to_agency", "escalated_to"):
            assert referral.state in ReferralState.values
            step = next_step(referral, offices)
            assert (step is not None) == (referral.state in REFERRAL_WAITING or referral.owes_outcome)
            if step is not None:
                assert step.who
                assert step.due_at > referral.sent_at
            if referral.state == ReferralState.SENT and referral.deadline_at <= self.at:
                assert referral.escalated_to_id in self.risers

    @after_change
    def nobody_was_refused(self):
        """Only what the receiver took, what a conference decided, or what the sender took back is over."""
        over = Referral.objects.exclude(state__in=REFERRAL_WAITING).select_related("answered_by")
        for referral in over:
            if referral.state == ReferralState.WITHDRAWN:
                ours = self.staff_of(referral.from_agency_id)
                assert referral.answered_by in ours or self._was_needless(referral)
            elif referral.state == ReferralState.SETTLED:
                assert referral.answered_by in self.directors
            else:
                assert referral.state in {ReferralState.LEAD, ReferralState.PARTNER}
                assert referral.answered_by in self.staff_of(referral.to_agency_id)

    def _was_needless(self, referral: Referral) -> bool:
        """An agency was dissolved, and who went on in it would have asked itself, or was asked already."""
        return self.admin is not None and referral.answered_by == self.admin.staff

    @after_change
    def a_referral_rises_once(self):
        rises = Counter(
            ChangeRecord.objects.filter(action="referral.escalate").values_list("target_id", flat=True)
        )
        risen = Referral.objects.filter(escalated_at__isnull=False).values_list("pk", flat=True)
        assert rises == dict.fromkeys(map(str, risen), 1)

    @after_change
    def a_closed_case_is_looked_at_again_or_says_why_not(self):
        waiting = Counter(FollowUp.objects.waiting().values_list("case_id", flat=True))
        for case in Case.objects.filter(state="closed"):
            assert waiting[case.pk] == (1 if case.follow_up_on else 0)
            assert case.follow_up_on or case.no_follow_up_reason

    @after_change
    def a_closed_case_leaves_nobody_waiting(self):
        assert not Referral.objects.waiting().exclude(case__in=Case.objects.open()).exists()


@pytest.mark.slow
def test_no_one_is_refused_and_exactly_one_leads(db):
    random.seed(0)
    run_state_machine_as_test(
        Between,
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
