"""The game between fifty agencies: models change, agencies are dissolved, households move, people are away and hand over."""

from __future__ import annotations

import logging
import os
import random
import time
from collections import Counter
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from django.db import connections, transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from accounts.actions.absences import enter_absence
from accounts.actor import Actor
from accounts.enums import AgencyKind, Ground, Role, Sector
from accounts.models import Agency, StaffAbsence
from cases.actions.coordination import set_model
from cases.actions.open_case import open_case
from cases.coordination import Model, Project
from cases.models import Case, CaseGrant, CasePartner, FollowUp
from households.actions.persons import update_household
from households.models import Household
from referrals.actions.close_agency import close_agency
from referrals.actions.handover import hand_over
from referrals.actions.outside_page import answer_page
from referrals.actions.send_referral import send_to_several
from referrals.handover import open_work
from referrals.models import ActionItem, ConferenceMember, OutsideLink, OutsideRequest, Referral
from referrals.selectors import for_reading, whose_case
from referrals.selectors_outside import as_outside_row, with_page
from referrals.workflow import ReferralState
from referrals.workflow_outside import OUTSIDE_ANSWERS
from tests import factories as f
from tests.factories import NOW
from tests.referrals import outside
from tests.referrals.helpers import send
from tests.referrals.test_referral_state_machine import PICK, Between, after_change

STEPS = int(os.environ.get("KYOSEI_REFERRAL_STEPS", "2000"))
EXAMPLE = 100  # steps from an empty city
PART = 2000  # steps of one test, in a transaction of its own
SECTORS = [Sector.ELDERLY, Sector.DISABILITY, Sector.CHILD, Sector.POVERTY]
OPENING, CLOSED_GROUND = Ground.ELDER_ABUSE_LAW, Ground.COORDINATION
CENTERED = (Model.CENTRAL_DIRECTOR, Model.PROMOTER_TAKES, Model.PROMOTER_CONVENES, Model.ONE_STOP)

log = logging.getLogger("tests.walk")


class City:
    """Fifty agencies of four sectors in two areas, two workers and a manager in each; a director for each sector, of the
    elderly one for each area; made once for all examples, with the six cases that each begins from.
    """

    def __init__(self) -> None:
        self.areas = [f.make_area("北"), f.make_area("南")]
        self.agencies = [
            f.make_agency(
                f"機関{n}", kind=AgencyKind.DEPARTMENT if n % 5 else AgencyKind.DESK, sector=SECTORS[n % 4] if n % 5 else "",
                may_lead=n % 17 != 16, area=None if n % 5 else self.areas[n % 2],
            )
            for n in range(50)
        ]  # fmt: skip
        self.staff = {a.pk: [f.make_staff(a), f.make_staff(a)] for a in self.agencies}
        self.managers = {a.pk: f.actor_of(f.make_staff(a, role=Role.AGENCY_MANAGER)) for a in self.agencies}
        self.actors = {s.pk: f.actor_of(s) for people in self.staff.values() for s in people}
        self.offices, self.directors = [], []
        for sector, area in [
            (Sector.ELDERLY, self.areas[0]),
            (Sector.ELDERLY, self.areas[1]),
            *((s, None) for s in SECTORS[1:]),
        ]:
            office = f.make_agency(
                f"ディレクター{sector}",
                kind=AgencyKind.DIRECTOR_OFFICE,
                sector=sector,
                may_lead=False,
                area=area,
            )
            self.offices.append(office)
            self.directors.append(f.actor_of(f.make_staff(office, role=Role.AREA_DIRECTOR, sector=sector)))
        city_hall = f.make_agency("情報政策室", kind=AgencyKind.OFFICE, may_lead=False)
        self.admin = f.actor_of(f.make_staff(city_hall, role=Role.SYSTEM_ADMIN))
        self.reason = f.make_code("closing_reason", "z01", "目標達成")
        self.cases = []
        for n in range(6):
            agency = self.agencies[n * 7]
            worker = self.actors[self.staff[agency.pk][n % 2].pk]
            self.cases.append(f.make_case(worker, sectors=(SECTORS[n % 4],)).pk)


class Fifty(Between):
    """The same game between fifty agencies. ``opened``: which agencies have had a ground to see each case, kept by rules that
    are written here once more. ``models``: what was chosen, with its first day, its central agency and who backs the hubs.
    """

    city: City
    steps: Counter[str] = Counter()

    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        self.changed, self.sent = True, False
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.at, city = NOW, self.city
        self.agencies, self.reason, self.offices = list(city.agencies), city.reason, city.offices
        self.admin = city.admin
        self.directors, self.director = {d.staff for d in city.directors}, city.directors[0]
        self.staff = {pk: [*people, city.managers[pk].staff] for pk, people in city.staff.items()}
        self.risers = {office.pk for office in self.offices}
        self.heirs: dict[int, int] = {}
        self.models: list[tuple] = []
        self.cases = list(Case.objects.filter(pk__in=city.cases).order_by("pk"))
        self.opened = {case.pk: {case.lead_agency_id} for case in self.cases}

    def actor(self, number: int) -> Actor:
        agency = self.agencies[number % len(self.agencies)]
        return self.city.actors[self.city.staff[agency.pk][number % 2].pk]

    def staff_of(self, agency_id: int) -> list:
        former = [old for old in self.heirs if self._heir(old) == agency_id]
        return [s for pk in (agency_id, *former) for s in self.staff[pk]]

    def attempt(self, action, **kwargs):
        self.steps["tried"] += 1
        done = super().attempt(action, **kwargs)
        self.steps["done"] += self.changed
        if isinstance(done, Referral):
            self._remember(done)
        return done

    # ── The independent account of grounds ──

    def _remember(self, referral: Referral) -> None:
        """Leading is a duty, taking part opens on some grounds, who coordinates sees what is put to a conference."""
        opened = self.opened[referral.case_id]
        if referral.state == ReferralState.LEAD or (
            referral.state == ReferralState.PARTNER and referral.ground == OPENING
        ):
            opened.add(referral.to_agency_id)
        elif referral.state == ReferralState.CONFERENCE:
            wanted = {referral.to_agency.sector, *referral.case.sectors}
            opened.update(o.pk for o in self.offices if o.sector in wanted)
            opened.add(self.offices[0].pk)
            opened.update(self._named(referral.case.opened_at))

    def _heir(self, pk: int) -> int:
        while pk in self.heirs:
            pk = self.heirs[pk]
        return pk

    def _model(self, moment):
        day = timezone.localdate(moment)
        begun = [row for row in self.models if row[0] <= day]
        return max(begun, key=lambda row: row[0]) if begun else (None, Model.DIRECTOR_PER_SECTOR, None, ())

    def _named(self, moment) -> set[int]:
        _, _, center, backing = self._model(moment)
        return {self._heir(pk) for pk in (center, *backing) if pk}

    def _told(self, case: Case) -> set[int]:
        """Who hears of a case by the model of its day."""
        _, model, _, backing = self._model(case.opened_at)
        if len(set(case.sectors)) < 2 and model != Model.ONE_STOP:
            return set()
        if model == Model.DIRECTOR_PER_SECTOR:
            return {
                o.pk for o in self.offices
                if o.sector in case.sectors and o.area_id in {None, case.household.area_id or o.area_id}
            }  # fmt: skip
        if model == Model.HUBS:
            by_pk = {
                a.pk: a for a in (*self.agencies, *self.offices)
            }  # a director's office may back the hubs
            return {
                pk for pk in map(self._heir, backing)
                if not by_pk[pk].sector or by_pk[pk].sector in case.sectors
            }  # fmt: skip
        return self._named(case.opened_at)

    def _leads(self, case: Case, receiver: Agency) -> set[int]:
        """Which agencies the model lets lead; whoever heard the person where nobody is at work there, or where it may not."""
        _, model, center, _ = self._model(case.opened_at)
        is_complex = len(set(case.sectors)) > 1
        wanted = receiver.pk
        if model == Model.ONE_STOP or (model == Model.PROMOTER_TAKES and is_complex):
            wanted = self._heir(center)
        elif model == Model.HUBS and is_complex and receiver.kind != AgencyKind.DESK:
            area = case.household.area_id
            here = [a for a in self.agencies if a.kind == AgencyKind.DESK and a.area_id == area]
            wanted = min(here, key=lambda a: a.pk).pk if area and here else receiver.pk
        agency = Agency.objects.get(pk=wanted)
        away = set(
            StaffAbsence.objects.current(timezone.localdate(self.at)).values_list("staff_id", flat=True)
        )
        if not agency.may_lead or {s.pk for s in self.staff[wanted]} <= away:
            return {receiver.pk}
        return {wanted}

    # ── What happens besides ──

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

    def _lead(self, case: Case) -> Actor:
        case.refresh_from_db()
        return self.city.actors.get(case.lead_staff_id, self.city.managers[case.lead_agency_id])

    @rule(who=PICK, to=PICK, case=PICK, days=st.integers(1, 5))
    def lead_sends(self, who, to, case, days):
        """Whoever leads sends: most random senders do not see the case."""
        lead = self.case(case)
        self.attempt(
            send, actor=self._lead(lead), case=lead, to_agency=self.agencies[to % 50], at=self.at,
            deadline_at=self.at + timedelta(days=days), ground=OPENING if who % 2 else CLOSED_GROUND,
        )  # fmt: skip

    @rule(case=PICK, name=st.sampled_from(["東 久子", "NPO こもれび", "第二小学校"]))
    def asks_a_partner_without_account(self, case, name):
        lead = self.case(case)
        actor = self._lead(lead)
        self.attempt(
            outside.ask, actor=actor, case=lead, at=self.at, ground=CLOSED_GROUND, partner=outside.partner(actor, name)
        )  # fmt: skip

    @precondition(lambda self: self.sent and OutsideLink.objects.exists())
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
        self._away(actor, days, deputy)

    @rule(who=PICK, days=st.integers(1, 20))
    def director_is_away(self, who, days):
        """Without a deputy."""
        self._away(self.city.directors[who % len(self.city.directors)], days, None)

    def _away(self, actor: Actor, days: int, deputy) -> None:
        first = self.at.date()
        self.attempt(
            enter_absence, staff=actor.staff, first_on=first, last_on=first + timedelta(days=days), deputy=deputy,
            actor=actor, at=self.at, request_key=uuid4(),
        )  # fmt: skip

    @rule(who=PICK)
    def moves_and_hands_over(self, who):
        """The manager gives all open work of one worker to the other; who never had any is not asked for it."""
        actor = self.actor(who)
        held = (Case.objects.filter(lead_staff=actor.staff), CasePartner.objects.filter(staff=actor.staff),
                FollowUp.objects.filter(staff=actor.staff), ActionItem.objects.filter(staff=actor.staff),
                ConferenceMember.objects.filter(staff=actor.staff))  # fmt: skip
        if not any(rows.exists() for rows in held):
            return
        manager = self.city.managers[actor.agency_id]
        other = next(s for s in self.city.staff[actor.agency_id] if s != actor.staff)
        pieces = open_work(actor.staff, actor.agency, manager)
        self.attempt(
            hand_over, staff=actor.staff, to={piece.key: other for piece in pieces}, note="異動", actor=manager, at=self.at
        )  # fmt: skip

    @rule(
        who=PICK, area=st.integers(0, 2), sectors=st.lists(st.sampled_from(SECTORS), min_size=1, max_size=3)
    )
    def somebody_new_comes(self, who, area, sectors):
        """A household is heard, and led by whom the model of the day lets lead."""
        actor = self.actor(who)
        person = f.make_person()
        household = f.make_household(person=person)
        household.area = [None, *self.city.areas][area]
        household.save()
        case = self.attempt(
            open_case, household=household, person=person, actor=actor, at=self.at, sectors=sectors
        )
        if case is None:
            return
        self.steps["opened"] += 1
        self.cases.append(case)
        assert {case.lead_agency_id} == self._leads(case, actor.agency), self._model(self.at)
        self.opened[case.pk] = {case.lead_agency_id, actor.agency_id}

    @rule(case=PICK, area=st.integers(0, 2))
    def household_moves(self, case, area):
        """To another area of the city: other directors may be the ones who coordinate."""
        lead = self.case(case)
        actor = self._lead(lead)
        home = Household.objects.get(pk=lead.household_id)
        self.attempt(
            update_household, household=home, name=home.name, area=[None, *self.city.areas][area], postal_code="",
            address="北町3-2", phone="", version=home.version, actor=actor, at=self.at,
        )  # fmt: skip

    @rule(
        model=st.sampled_from(list(Model)), center=PICK, backing=PICK, days=st.integers(1, 9), may_lead=st.booleans()
    )  # fmt: skip
    def model_changes(self, model, center, backing, days, may_lead):
        """Another model from a day to come. What has begun stays as it is."""
        before = self._as_it_is()
        pool = [*self.agencies, *self.offices, *self.offices]
        middle = pool[center % len(pool)] if model in CENTERED else None
        backers = [pool[backing % len(pool)]] if model == Model.HUBS else []
        starts_on = timezone.localdate(self.at) + timedelta(days=days)
        done = self.attempt(
            set_model, model=model, starts_on=starts_on, center=middle, coordinator_may_lead=may_lead, conference_days=None,
            operators={Project.COOPERATION: backers} if backers else {}, reason="見直し", actor=self.admin, at=self.at,
            request_key=uuid4(),
        )  # fmt: skip
        assert self._as_it_is() == before
        if done is not None:
            self.steps["models"] += 1
            self.models.append(
                (starts_on, model, middle.pk if middle else None, tuple(a.pk for a in backers))
            )
            self.risers |= self._named(f.NOW + timedelta(days=10_000)) | {a.pk for a in backers}
            self.risers |= {middle.pk} if middle else set()

    def _as_it_is(self) -> tuple:
        """Who leads what, who sees what, and where requests have risen to."""
        return (
            list(Case.objects.order_by("pk").values_list("pk", "lead_agency", "lead_staff", "state")),
            sorted(
                CaseGrant.objects.in_force(self.at).values_list("content_object_id", "group_id", "ground")
            ),
            list(Referral.objects.order_by("pk").values_list("pk", "state", "escalated_to", "deadline_at")),
        )

    @precondition(lambda self: len(self.heirs) < 3)
    @rule(old=PICK, new=PICK, sure=st.integers(0, 3))
    def agency_is_dissolved(self, old, new, sure):
        """Everything that waited for it is its successor's."""
        gone, heir = self.agencies[old % 50], self.agencies[new % 50]
        if sure:  # seldom: else nothing but the last few would be left
            return
        done = self.attempt(
            close_agency, agency=gone, successor=heir, reason="機構改革", actor=self.admin, at=self.at
        )
        if done is None:
            return
        self.steps["dissolved"] += 1
        self.heirs[gone.pk] = heir.pk
        self.agencies = [heir if a.pk == gone.pk else a for a in self.agencies]
        if gone.pk in self.risers:
            self.risers.add(heir.pk)
        for opened in self.opened.values():
            if gone.pk in opened:
                opened.add(heir.pk)
        self._note_risen()

    def _note_risen(self) -> None:
        risen = Referral.objects.filter(escalated_to__isnull=False).values_list("case_id", "escalated_to")
        for case, office in risen:
            self.opened[case].add(office)

    @rule(hours=st.integers(1, 72))
    def time_passes(self, hours):
        super().time_passes(hours)
        self._note_risen()

    @after_change
    def no_step_opens_a_case_without_ground(self):
        self.steps["looked at"] += 1
        for case in Case.objects.select_related("household"):
            self.opened[case.pk] |= self._told(case)
        groups = {a.group_id: a.pk for a in (*self.city.agencies, *self.offices)}
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

    @after_change
    def every_open_request_to_a_partner_has_a_step_and_a_day(self):
        for request in with_page(OutsideRequest.objects.unfinished()):
            row = as_outside_row(request, self.at)
            assert row.step
            assert row.due_at


@pytest.fixture
def swept(django_db_setup, django_db_blocker):
    """What parts before have rolled back is cleared away: a long walk would get slower and slower."""
    if STEPS > PART:
        with django_db_blocker.unblock():
            connections["default"].ensure_connection()
            where = connections["default"].connection.info.dsn
        with psycopg.connect(where, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")


@pytest.mark.slow
@pytest.mark.parametrize("part", range(max(1, STEPS // PART)))
def test_fifty_agencies_lose_nobody(swept, db, record_property, part):
    begin = time.monotonic()
    random.seed(0)
    Fifty.city, Fifty.steps = City(), Counter()
    with connections["default"].cursor() as cursor:  # else the planner believes the tables empty
        cursor.execute("ANALYZE")
    examples = min(STEPS, PART) // EXAMPLE
    run_state_machine_as_test(
        seed(part)(Fifty),
        settings=settings(
            max_examples=examples, stateful_step_count=EXAMPLE, deadline=None, database=None,
            suppress_health_check=list(HealthCheck), phases=[Phase.generate],
        ),
    )  # fmt: skip
    counts = Fifty.steps
    assert counts["done"] > examples * EXAMPLE / 20
    assert counts["models"]
    assert counts["opened"]
    log.info(
        "part %s: %s steps, %s, %.0f s", part, examples * EXAMPLE, dict(counts), time.monotonic() - begin
    )
    record_property(
        "figure",
        f"50 agencies, part {part}: {examples} × {EXAMPLE} steps, {counts['tried']} actions tried, {counts['done']} done, "
        f"{counts['models']} models chosen, {counts['opened']} cases opened, {counts['dissolved']} agencies dissolved: one "
        "lead always, a next actor and day always, no case seen without ground",
    )
