"""Grants, ends, moves and denials at random: ``visible_to`` against a slow, obviously right model.

The model keeps plain lists and walks them for every question; it knows nothing of SQL, groups or indexes. 2,000 steps in
`make test`; ``KYOSEI_SCOPE_STEPS=100000 pytest tests/scope/test_random_walk.py`` is the nightly size, which writes how
far it is to ``KYOSEI_SCOPE_LOG``.
"""

from __future__ import annotations

import os
import random
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psycopg
from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Value
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from accounts.actor import Actor, build_actor
from accounts.enums import Ground
from accounts.models import Appointment
from cases.actions.grants import grant_case
from cases.models import Case, CaseGrant
from households.actions.denials import deny_staff, release_staff
from households.actions.grants import end_grants_resting_on
from households.models import Household, HouseholdDenial, HouseholdGrant, HouseholdMember, Person
from tests import factories as f

STEPS = int(os.environ.get("KYOSEI_SCOPE_STEPS", "2000"))
STEPS_OF_AN_EXAMPLE = 50 if STEPS <= 2000 else 250  # a fresh city costs as much as a dozen steps
LOG = os.environ.get("KYOSEI_SCOPE_LOG", "")
EXAMPLES_BETWEEN_CLEANINGS = 5
GROUNDS = (Ground.CONSENT, Ground.PARTICIPATION, Ground.EMERGENCY, Ground.ELDER_ABUSE_LAW)


@dataclass
class Believed:
    """What is believed to be so: who works where, which agency was given which case until when, who is denied."""

    works_at: dict[int, int | None] = field(default_factory=dict)
    grants: list[list] = field(default_factory=list)  # [case, agency, ground, basis, ends_at]
    denied: set[tuple[int, int]] = field(default_factory=set)  # (staff, case)

    def sees(self, staff: int, case: int) -> bool:
        if (staff, case) in self.denied or self.works_at[staff] is None:
            return False
        now = timezone.now()
        for granted, agency, _, _, ends_at in self.grants:
            if granted == case and agency == self.works_at[staff] and (ends_at is None or ends_at > now):
                return True
        return False


@dataclass
class Walk:
    """The world and the belief, changed side by side."""

    rng: random.Random
    staff: list
    agencies: list
    cases: list
    bases: list
    believed: Believed = field(default_factory=Believed)
    lives_in: dict[int, int] = field(default_factory=dict)  # household → the one person of it
    questions: dict[tuple, tuple[str, tuple]] = field(default_factory=dict)
    denials: dict[tuple[int, int], HouseholdDenial] = field(default_factory=dict)

    def actor(self, staff):
        return build_actor(staff, on=timezone.localdate())

    def give(self) -> None:
        case, agency, basis = (self.rng.choice(x) for x in (self.cases, self.agencies, self.bases))
        ground = self.rng.choice(GROUNDS)
        ends = self.rng.choice([None, None, timedelta(days=2), timedelta(days=-1)])
        ends_at = timezone.now() + ends if ends else None
        grant_case(
            case=case,
            agency=agency,
            ground=ground,
            basis=basis,
            actor=self.giver,
            at=timezone.now(),
            ends_at=ends_at,
        )
        self.believed.grants.append([case.pk, agency.pk, ground, basis.pk, ends_at])

    def end(self) -> None:
        """Everything that rests on one record ends (a withdrawn consent does this)."""
        basis, now = self.rng.choice(self.bases), timezone.now()
        end_grants_resting_on(basis, grant_models=(CaseGrant, HouseholdGrant), at=now)
        for grant in self.believed.grants:
            if grant[3] == basis.pk and (grant[4] is None or grant[4] > now):
                grant[4] = now

    def move(self) -> None:
        """Somebody is appointed elsewhere from today, or leaves."""
        person, today = self.rng.choice(self.staff), timezone.localdate()
        Appointment.objects.filter(staff=person).delete()
        agency = self.rng.choice([*self.agencies, None])
        if agency is not None:
            Appointment.objects.create(
                staff=person, agency=agency, role="desk_worker", during=DateRange(today, None)
            )
        self.believed.works_at[person.pk] = agency.pk if agency else None

    def deny(self) -> None:
        person, case = self.rng.choice(self.staff), self.rng.choice(self.cases)
        key = (person.pk, case.pk)
        self.denials[key] = deny_staff(
            household=case.household,
            staff=person,
            reason="relative",
            note="",
            actor=self.giver,
            at=timezone.now(),
        )
        self.believed.denied.add(key)

    def release(self) -> None:
        if not self.denials:
            return
        key = self.rng.choice(sorted(self.denials))
        release_staff(denial=self.denials.pop(key), reason="転居", actor=self.giver, at=timezone.now())
        self.believed.denied.discard(key)

    def question(self, actor: Actor) -> tuple[str, tuple]:
        """The three scopes as one SQL statement: it depends on the actor alone (the moment is the database's own), so that
        it is written once for each actor.
        """
        key = (actor.staff_id, actor.agency_id, actor.group_ids, actor.permissions)
        if key not in self.questions:
            rows = [
                model.objects.visible_to(actor)
                .order_by()
                .annotate(what=Value(what))
                .values_list("what", "pk")
                for what, model in (("case", Case), ("home", Household), ("person", Person))
            ]
            parts = []
            for each in rows:
                with suppress(EmptyResultSet):  # who has no post sees nothing
                    parts.append(each.query.get_compiler("default").as_sql())
            sql = " UNION ALL ".join(f"({text})" for text, _ in parts) or "SELECT '', 0 WHERE false"
            self.questions[key] = sql, tuple(param for _, params in parts for param in params)
        return self.questions[key]

    def check(self) -> None:
        """Cases, households and people that somebody sees, row by row; one query for the three."""
        person = self.rng.choice(self.staff)
        seen: dict[str, list[int]] = {"case": [], "home": [], "person": []}
        with connection.cursor() as cursor:
            cursor.execute(*self.question(self.actor(person)))
            for what, pk in cursor.fetchall():
                seen[what].append(pk)
        expected = [case for case in self.cases if self.believed.sees(person.pk, case.pk)]
        assert sorted(seen["case"]) == sorted(case.pk for case in expected)
        assert sorted(seen["home"]) == sorted(case.household_id for case in expected)
        assert sorted(seen["person"]) == sorted(self.lives_in[case.household_id] for case in expected)


class ScopeMachine(RuleBasedStateMachine):
    """Hypothesis chooses the steps; every example begins in a fresh city, which is rolled back at its end."""

    steps_done = 0
    examples_done = 0
    began_at = 0.0

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        owner = f.make_agency("主担当の窓口")
        giver = f.actor_of(f.make_staff(owner), on=timezone.localdate())
        cases = [f.make_case(giver) for _ in range(4)]
        agencies = [f.make_agency(f"機関{n}") for n in range(3)]
        staff = [f.make_staff(agencies[n % 3]) for n in range(5)]
        bases = [f.make_area() for _ in range(3)]  # stand for the records that grants rest on
        self.walk = Walk(random.Random(0), staff, agencies, cases, bases)
        self.walk.giver = giver
        self.walk.lives_in = dict(
            HouseholdMember.objects.filter(household__in=[case.household_id for case in cases])
            .order_by("pk")
            .values_list("household_id", "person_id")
        )
        self.walk.believed.works_at = {s.pk: s.appointments.get().agency_id for s in staff}

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)
        machine = type(self)
        machine.examples_done += 1
        if machine.examples_done % EXAMPLES_BETWEEN_CLEANINGS == 0 and STEPS > 2000:
            _sweep()
            _say(f"{machine.steps_done} steps in {time.monotonic() - machine.began_at:.0f} s")

    @rule(
        seed=st.integers(0, 2**32 - 1),
        act=st.sampled_from(["give", "give", "end", "move", "deny", "release"]),
    )
    def step(self, seed: int, act: str) -> None:
        self.walk.rng.seed(seed)  # which case, whom and where: drawn by hypothesis through the seed
        getattr(self.walk, act)()
        self.walk.check()
        type(self).steps_done += 1


def _sweep() -> None:
    """What was rolled back is dead, and no cleaner comes while the test's own transaction is open."""
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as own:
        own.execute("VACUUM")


def _say(line: str) -> None:
    if LOG:
        with Path(LOG).open("a") as log:
            log.write(line + "\n")


def test_grants_ends_moves_and_denials_at_random(db, record_property):
    examples = STEPS // STEPS_OF_AN_EXAMPLE + max(1, STEPS // STEPS_OF_AN_EXAMPLE // 50)  # a few end early
    ScopeMachine.began_at = time.monotonic()
    run_state_machine_as_test(
        ScopeMachine,
        settings=settings(
            max_examples=examples, stateful_step_count=STEPS_OF_AN_EXAMPLE, deadline=None, database=None,
            suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink], report_multiple_bugs=False,
        ),
    )  # fmt: skip
    record_property("figure", f"scope: {ScopeMachine.steps_done} random steps agree with the plain model")
    assert ScopeMachine.steps_done >= STEPS * 0.9
