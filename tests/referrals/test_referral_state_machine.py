"""Nobody is refused, and exactly one agency leads: over random sequences of everything that agencies can do."""

from __future__ import annotations

import os
import random
from collections import Counter, defaultdict
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.actions.absences import enter_absence
from accounts.actor import Actor
from accounts.enums import AgencyKind, Ground, Role, Sector
from audit.models import ChangeRecord
from cases.actions.closing import ClosingData, close_case, reopen_case
from cases.actions.follow_up import record_follow_up
from cases.models import Case, CaseGrant, CasePartner, FollowUp
from common.errors import RuleViolation
from referrals.actions.answer_referral import answer_referral, settle_referral
from referrals.actions.escalate_referrals import escalate_overdue
from referrals.actions.handover import hand_over
from referrals.actions.outside_page import answer_page
from referrals.actions.send_referral import send_to_several
from referrals.actions.withdraw_referral import withdraw_referral
from referrals.handover import open_work
from referrals.models import OutsideLink, OutsideRequest, Referral
from referrals.selectors import coordination_directory, for_reading, next_step, whose_case
from referrals.selectors_outside import as_outside_row, with_page
from referrals.workflow import REFERRAL_WAITING, ReferralEvent, ReferralState
from referrals.workflow_outside import OUTSIDE_ANSWERS
from tests import factories as f
from tests.factories import NOW
from tests.referrals import outside
from tests.referrals.helpers import send

SYSTEM = Actor.system("試験")
PICK = st.integers(min_value=0, max_value=10_000)


class Between(RuleBasedStateMachine):
    """One city: a desk, two departments, a coordinating post that may not lead, a director, two households."""

    def __init__(self) -> None:
        super().__init__()
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
        rows = list(Referral.objects.order_by("pk"))
        return rows[pick % len(rows)]

    def attempt(self, action, **kwargs):
        """Refusals are part of the game; they must leave no trace."""
        before = ChangeRecord.objects.count()
        try:
            with transaction.atomic():
                return action(**kwargs)
        except (RuleViolation, ObjectDoesNotExist):
            assert ChangeRecord.objects.count() == before
            return None

    has_referrals = precondition(lambda self: Referral.objects.exists())

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
        escalate_overdue(actor=SYSTEM, at=self.at)
        escalate_overdue(actor=SYSTEM, at=self.at)

    @invariant()
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

    @invariant()
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
                assert referral.escalated_to in self.offices

    @invariant()
    def nobody_was_refused(self):
        """Only what the receiver took, what a conference decided, or what the sender took back is over."""
        over = Referral.objects.exclude(state__in=REFERRAL_WAITING).select_related("answered_by")
        for referral in over:
            if referral.state == ReferralState.WITHDRAWN:
                ours = self.staff[referral.from_agency_id]
                assert referral.answered_by in ours
            elif referral.state == ReferralState.SETTLED:
                assert referral.answered_by in self.directors
            else:
                assert referral.state in {ReferralState.LEAD, ReferralState.PARTNER}
                assert referral.answered_by in self.staff[referral.to_agency_id]

    @invariant()
    def a_referral_rises_once(self):
        rises = Counter(
            ChangeRecord.objects.filter(action="referral.escalate").values_list("target_id", flat=True)
        )
        risen = Referral.objects.filter(escalated_at__isnull=False).values_list("pk", flat=True)
        assert rises == dict.fromkeys(map(str, risen), 1)

    @invariant()
    def a_closed_case_is_looked_at_again_or_says_why_not(self):
        waiting = Counter(FollowUp.objects.waiting().values_list("case_id", flat=True))
        for case in Case.objects.filter(state="closed"):
            assert waiting[case.pk] == (1 if case.follow_up_on else 0)
            assert case.follow_up_on or case.no_follow_up_reason

    @invariant()
    def a_closed_case_leaves_nobody_waiting(self):
        assert not Referral.objects.waiting().exclude(case__in=Case.objects.open()).exists()


# ── Fifty agencies ──────────────────────────────────────────────────────────────────────────────────────────

STEPS = int(os.environ.get("KYOSEI_REFERRAL_STEPS", "2000"))
EXAMPLE = 100  # steps from an empty city
SECTORS = [Sector.ELDERLY, Sector.DISABILITY, Sector.CHILD, Sector.POVERTY]
OPENING, CLOSED_GROUND = Ground.ELDER_ABUSE_LAW, Ground.COORDINATION


class City:
    """Fifty agencies of four sectors, two workers and a manager in each, four directors; made once for all examples."""

    def __init__(self) -> None:
        self.agencies = [
            f.make_agency(
                f"機関{n}", kind=AgencyKind.DEPARTMENT if n % 5 else AgencyKind.DESK, sector=SECTORS[n % 4] if n % 5 else "",
                may_lead=n % 17 != 16,
            )
            for n in range(50)
        ]  # fmt: skip
        self.staff = {a.pk: [f.make_staff(a), f.make_staff(a)] for a in self.agencies}
        self.managers = {a.pk: f.actor_of(f.make_staff(a, role=Role.AGENCY_MANAGER)) for a in self.agencies}
        self.actors = {s.pk: f.actor_of(s) for people in self.staff.values() for s in people}
        self.offices, self.directors = [], []
        for sector in SECTORS:
            office = f.make_agency(
                f"ディレクター{sector}", kind=AgencyKind.DIRECTOR_OFFICE, sector=sector, may_lead=False
            )
            self.offices.append(office)
            self.directors.append(f.actor_of(f.make_staff(office, role=Role.AREA_DIRECTOR, sector=sector)))
        self.reason = f.make_code("closing_reason", "z01", "目標達成")


class Fifty(Between):
    """The same game between fifty agencies, with requests to several at once, partners without an account, absences, and
    people who hand over their work. ``opened``: which agencies have had a ground to see each case.
    """

    city: City
    steps = Counter()

    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.at, city = NOW, self.city
        self.agencies, self.reason, self.offices = city.agencies, city.reason, city.offices
        self.directors, self.director = {d.staff for d in city.directors}, city.directors[0]
        self.staff = {pk: [*people, city.managers[pk].staff] for pk, people in city.staff.items()}
        self.cases = [f.make_case(self.actor(n * 7), sectors=(SECTORS[n % 4],)) for n in range(6)]
        self.opened = {case.pk: {case.lead_agency_id} for case in self.cases}

    def actor(self, number: int) -> Actor:
        agency = self.agencies[number % len(self.agencies)]
        return self.city.actors[self.city.staff[agency.pk][number % 2].pk]

    def attempt(self, action, **kwargs):
        self.steps["tried"] += 1
        done = super().attempt(action, **kwargs)
        self.steps["done"] += done is not None
        if isinstance(done, Referral):
            self._remember(done)
        return done

    def _remember(self, referral: Referral) -> None:
        """The independent account of grounds: leading is a duty, taking part opens on some grounds, directors coordinate."""
        opened = self.opened[referral.case_id]
        if referral.state == ReferralState.LEAD or (
            referral.state == ReferralState.PARTNER and referral.ground == OPENING
        ):
            opened.add(referral.to_agency_id)
        elif referral.state == ReferralState.CONFERENCE:
            opened.update(
                o.pk for o in self.offices if o.sector in {referral.to_agency.sector, *referral.case.sectors}
            )
            opened.add(self.offices[0].pk)

    @rule(who=PICK, to=PICK, many=st.integers(2, 4), case=PICK, opens=st.booleans())
    def send_to_several(self, who, to, many, case, opens):
        lead = self.case(case)
        lead.refresh_from_db()
        actor = self.city.actors.get(lead.lead_staff_id) if who % 3 else self.actor(who)
        self.attempt(
            send_to_several, case=lead, agencies=[self.agencies[(to + 7 * n) % 50] for n in range(many)],
            actor=actor or self.actor(who), at=self.at, request_key=uuid4(), purpose="一緒に訪問してほしい", message="",
            ground=OPENING if opens else CLOSED_GROUND, parts=["basic", "concerns"],
            deadline_at=self.at + timedelta(days=1 + to % 5),
        )  # fmt: skip

    @rule(who=PICK, to=PICK, case=PICK, days=st.integers(1, 5))
    def lead_sends(self, who, to, case, days):
        """Whoever leads sends: most random senders do not see the case."""
        lead = self.case(case)
        lead.refresh_from_db()
        self.attempt(
            send, actor=self.city.actors.get(lead.lead_staff_id, self.city.managers[lead.lead_agency_id]), case=lead,
            to_agency=self.agencies[to % 50], at=self.at, deadline_at=self.at + timedelta(days=days),
            ground=OPENING if who % 2 else CLOSED_GROUND,
        )  # fmt: skip

    @rule(who=PICK, case=PICK, name=st.sampled_from(["東 久子", "NPO こもれび", "第二小学校"]))
    def asks_a_partner_without_account(self, who, case, name):
        lead = self.case(case)
        lead.refresh_from_db()
        actor = self.city.actors.get(lead.lead_staff_id, self.city.managers[lead.lead_agency_id])
        self.attempt(
            outside.ask,
            actor=actor,
            case=lead,
            at=self.at,
            ground=CLOSED_GROUND,
            partner=outside.partner(actor, name),
        )

    @precondition(lambda self: OutsideLink.objects.exists())
    @rule(pick=PICK, event=st.sampled_from(list(OUTSIDE_ANSWERS)))
    def partner_answers(self, pick, event):
        links = list(OutsideLink.objects.select_related("request__partner").order_by("pk"))
        self.attempt(answer_page, link=links[pick % len(links)], event=event, note="ひとこと", at=self.at)

    @rule(who=PICK, days=st.integers(1, 20), with_deputy=st.booleans())
    def is_away(self, who, days, with_deputy):
        actor = self.actor(who)
        deputy = (
            next(s for s in self.city.staff[actor.agency_id] if s != actor.staff) if with_deputy else None
        )
        first = self.at.date()
        self.attempt(
            enter_absence, staff=actor.staff, first_on=first, last_on=first + timedelta(days=days), deputy=deputy,
            actor=actor, at=self.at, request_key=uuid4(),
        )  # fmt: skip

    @rule(who=PICK)
    def moves_and_hands_over(self, who):
        """The manager gives all open work of one worker to the other."""
        actor = self.actor(who)
        manager = self.city.managers[actor.agency_id]
        other = next(s for s in self.city.staff[actor.agency_id] if s != actor.staff)
        pieces = open_work(actor.staff, actor.agency, manager)
        self.attempt(
            hand_over,
            staff=actor.staff,
            to={piece.key: other for piece in pieces},
            note="異動",
            actor=manager,
            at=self.at,
        )

    @rule(hours=st.integers(1, 72))
    def time_passes(self, hours):
        super().time_passes(hours)
        for case, office in Referral.objects.filter(escalated_to__isnull=False).values_list(
            "case_id", "escalated_to"
        ):
            self.opened[case].add(office)

    @invariant()
    def no_step_opens_a_case_without_ground(self):
        groups = {a.group_id: a.pk for a in (*self.agencies, *self.offices)}
        rows = CaseGrant.objects.in_force(self.at).values_list("content_object_id", "group_id")
        for case, group in rows:
            assert groups[group] in self.opened[case], f"{groups[group]} sees {case}"

    @rule(who=PICK)
    def somebody_looks(self, who):
        """What one worker reads: cases with a ground, requests at one's own end, nothing of those who answer beside one."""
        actor = self.actor(who)
        seen = set(Case.objects.visible_to(actor).values_list("pk", flat=True))
        assert all(actor.agency_id in self.opened[pk] for pk in seen)
        for referral in for_reading(Referral.objects.visible_to(actor), actor):
            ends = {referral.from_agency_id, referral.to_agency_id}
            assert actor.agency_id in ends or referral.case_id in seen
            if referral.case_id not in seen and referral.ground == CLOSED_GROUND:
                assert whose_case(referral, sees_case=False) == "氏名は見せられていません"
        blind = Referral.objects.filter(
            to_agency=actor.agency_id, state=ReferralState.SENT, batch__isnull=False
        )
        for mine in blind:
            beside = Referral.objects.visible_to(actor).filter(batch=mine.batch).exclude(pk=mine.pk)
            assert not beside.exclude(from_agency=actor.agency_id).exclude(to_agency=actor.agency_id).exists()

    @invariant()
    def every_open_request_to_a_partner_has_a_step_and_a_day(self):
        for request in with_page(OutsideRequest.objects.unfinished()):
            row = as_outside_row(request, self.at)
            assert row.step
            assert row.due_at


@pytest.mark.slow
def test_fifty_agencies_lose_nobody(db, record_property):
    random.seed(0)
    Fifty.city, Fifty.steps = City(), Counter()
    examples = max(1, STEPS // EXAMPLE)
    run_state_machine_as_test(
        Fifty,
        settings=settings(
            max_examples=examples, stateful_step_count=EXAMPLE, deadline=None, database=None, derandomize=True,
            suppress_health_check=list(HealthCheck), phases=[Phase.generate],
        ),
    )  # fmt: skip
    assert Fifty.steps["done"] > examples * EXAMPLE / 20
    record_property(
        "figure",
        f"50 agencies: {examples} × {EXAMPLE} steps, {Fifty.steps['tried']} actions tried, {Fifty.steps['done']} done: one lead "
        "always, a next actor and day always, no case seen without ground",
    )


@pytest.mark.slow
def test_no_one_is_refused_and_exactly_one_leads(db):
    random.seed(0)
    run_state_machine_as_test(
        Between,
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
