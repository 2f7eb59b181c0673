"""A generated city by COPY: chunks of households with all their casework, and every worker's months.

Triggers stand still meanwhile (``session_replication_role``), so the history is not multiplied and no foreign key
is looked up; the rows refer to each other by construction. Large scales are made by several processes into
tables without indexes, which are made again afterwards.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta
from multiprocessing import get_context
from random import Random
from typing import Final

from django.db import connection, models
from django.db.backends.postgresql.psycopg_any import DateRange

from accounts.actor import build_actor
from accounts.models import Staff
from budgets.actions.run_apportionment import lock_month, run_apportionment
from budgets.enums import RemainderRule
from budgets.models import ComplianceFinding, PersonnelCost, WorkEntry
from cases.actions.numbers import CASE_SERIES, CONSULTATION_SERIES
from cases.models import (
    AssessmentItem,
    Case,
    CaseGrant,
    CasePartner,
    Consultation,
    ConsultationConcern,
    FollowUp,
    IndexedText,
    NumberSeries,
    PlanItem,
    ProgressNote,
    SupportPlan,
    WatchCycle,
)
from common.japan.fiscal import add_months, fiscal_year, month_first
from households.models import (
    AddressProtection,
    FormerName,
    Household,
    HouseholdGrant,
    HouseholdMember,
    Person,
    ProtectionUnit,
)
from kyosei.approving import approve_everywhere
from kyosei.bench.between import BetweenSheets
from kyosei.bench.casework import CaseSheets, Work
from kyosei.bench.masters import City, make_city
from kyosei.bench.people import Home, PeopleSheets
from kyosei.bench.process import start_process
from kyosei.bench.scales import Scale, share
from kyosei.bench.sheets import Sheet, bring_back_indexes, put_aside_indexes, set_sequences
from kyosei.bench.work import WorkSheets, work_days
from referrals.models import ActionItem, AgendaItem, Conference, ConferenceMember, Referral

# the largest first: their indexes take longest
MODELS: Final[tuple[type[models.Model], ...]] = (
    Person, IndexedText, WorkEntry, ProgressNote, Consultation, CaseGrant, HouseholdGrant, ConsultationConcern, Case,
    HouseholdMember, Household, AssessmentItem, PlanItem, SupportPlan, Referral, CasePartner, WatchCycle, FollowUp, PersonnelCost,
    Conference, ConferenceMember, AgendaItem, ActionItem, FormerName,
)  # fmt: skip
CASES_PER_SITTING: Final = 4
# DV等支援措置: one case in so many leads to a protected person, at most so many in all
CASES_PER_PROTECTION: Final = 60
PROTECTIONS: Final = 600


class Chunk:
    """One part of the city; the same rows whenever it is made from the same seed and moment."""

    def __init__(self, scale: Scale, n: int, city: City, now: datetime) -> None:
        self.scale, self.n = scale, n
        self.rng = Random(f"{scale.name}-{n}")  # noqa: S311 - not a secret, and it has to repeat
        self.people = PeopleSheets(city, self.rng, now)
        self.cases = CaseSheets(city, self.rng, now)
        self.between = BetweenSheets(city, self.rng, now)
        self.work = WorkSheets(city, self.rng, now)
        self.now, self.city = now, city

    def ids(self, total: int) -> range:
        return share(total, self.scale.chunks, self.n)

    def make(self) -> None:
        scale, rng = self.scale, self.rng
        persons, households = self.ids(scale.persons), self.ids(scale.households)
        reserve = max(len(persons) - round(len(households) * 2.35), 0)
        homes = list(self.people.homes(persons, households, reserve))
        works = self._cases(homes)
        self._contacts(homes, works)
        for n, pk in enumerate(self.ids(scale.cases // 2)):
            self.cases.plan(pk, works[n * 2 % len(works)])
        chosen = rng.sample(works, min(len(self.ids(scale.referrals)), len(works)))
        for pk, work in zip(self.ids(scale.referrals), chosen, strict=False):
            self.between.referral(pk, work)
        for pk in self.ids(scale.conferences):
            some = rng.sample(works, min(CASES_PER_SITTING, len(works)))
            self.between.conference(pk, some, (pk - 1) * CASES_PER_SITTING + 1)
        for work in works:
            self.cases.finish(work)
        for home in homes:
            self.people.grant(home)
        self._work()

    def _cases(self, homes: list[Home]) -> list[Work]:
        works = []
        for n, pk in enumerate(self.ids(self.scale.cases)):
            home = homes[n] if n < len(homes) else self.rng.choice(homes)
            work = self.cases.begin(pk, home, is_first=n < len(homes))
            self.cases.assess(work)
            works.append(work)
        return works

    def _contacts(self, homes: list[Home], works: list[Work]) -> None:
        """Every case has a consultation; the rest are spread. Notes are many for a few cases, few for most."""
        rng = self.rng
        for n, pk in enumerate(self.ids(self.scale.consultations)):
            if n < len(works):
                self.cases.consultation(pk, works[n], works[n].home)
            elif rng.random() < 0.35:
                work = rng.choice(works)
                self.cases.consultation(pk, work, work.home)
            else:
                self.cases.consultation(pk, None, rng.choice(homes) if rng.random() < 0.75 else None)
        weights = [min(rng.paretovariate(1.15), 60.0) for _ in works]
        notes = self.ids(self.scale.notes)
        for pk, work in zip(notes, rng.choices(works, weights, k=len(notes)), strict=True):
            self.cases.note(pk, work)

    def _work(self) -> None:
        workers = self.city.workers
        days = work_days(self.now, self.scale.months)
        for n in share(len(workers), self.scale.chunks, self.n):
            staff, agency = workers[n - 1]
            self.work.worker(
                staff, agency, days, self.scale.entries_a_day, share(self.scale.notes, len(workers), n - 1)
            )

    @property
    def sheets(self) -> tuple[Sheet, ...]:
        return (*self.people.sheets, *self.cases.sheets, *self.between.sheets, *self.work.sheets)


def _load_chunk(scale: Scale, n: int, city: City, now: datetime) -> int:
    chunk = Chunk(scale, n, city, now)
    chunk.make()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        try:
            return sum(sheet.flush(cursor) for sheet in chunk.sheets)
        finally:
            cursor.execute("SET session_replication_role = DEFAULT")


def _finish(scale: Scale, now: datetime, told: Callable[[str], object] = lambda text: None) -> None:
    set_sequences(list(MODELS))
    year = fiscal_year(now.date())
    for series, last in ((CONSULTATION_SERIES, scale.consultations), (CASE_SERIES, scale.cases)):
        NumberSeries.objects.update_or_create(series=series, fiscal_year=year, defaults={"last": last})
    _protect(scale, now)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    told("analysed")
    _lock_months(scale, now)
    told("months locked")


def _protect(scale: Scale, now: datetime) -> None:
    """Every shield of the city has something to hide: the people of some cases, open to the lead agency alone."""
    wanted = min(scale.cases // CASES_PER_PROTECTION, PROTECTIONS)
    step = max(scale.cases // max(wanted, 1), 1)
    cases = Case.objects.filter(pk__in=range(1, scale.cases, step)).exclude(person=None).order_by("pk")
    people = {case.person_id: case for case in cases if case.person_id is not None}
    rows = AddressProtection.objects.bulk_create(
        AddressProtection(
            person_id=person, during=DateRange(now.date() - timedelta(days=n % 330), None), given_by_id=case.lead_staff_id,
            given_at=now,
        )
        for n, (person, case) in enumerate(people.items())
    )  # fmt: skip
    ProtectionUnit.objects.bulk_create(
        ProtectionUnit(protection=row, agency_id=people[row.person_id].lead_agency_id) for row in rows
    )


def _lock_months(scale: Scale, now: datetime) -> None:
    """All full months but the last are locked, by the clerk's own actions, as they would be."""
    clerk = build_actor(Staff.objects.get(username="finance-1"), on=now.date())
    if scale.only_money:  # the rule table asks about open months
        return
    for back in range(scale.months, 1, -1):
        month = add_months(month_first(now.date()), -back)
        run = run_apportionment(month=month, rule=RemainderRule.LARGEST_REMAINDER, actor=clerk, at=now)
        ComplianceFinding.objects.filter(month=month).waiting().update(
            answer="協議体と関係づくりの時間", answered_at=now, answered_by=clerk.staff
        )
        approve_everywhere(month, clerk, now)
        lock_month(month=month, actor=clerk, at=now, expected_hash=run.input_hash)


def generate_here(scale: Scale, now: datetime) -> int:
    """The city in this connection and its transaction, indexes in place: for small scales. Returns rows."""
    city = make_city(scale)
    rows = sum(_load_chunk(scale, n, city, now) for n in range(scale.chunks))
    _finish(scale, now)
    return rows


def generate(
    scale: Scale,
    now: datetime,
    *,
    processes: int | None = None,
    say: Callable[[str], object] = lambda text: None,
) -> int:
    """The city in an empty database by several processes. Returns rows."""
    began = time.monotonic()

    def told(text: str) -> None:
        say(f"{time.monotonic() - began:7.1f} s  {text}")

    city = make_city(scale)
    aside = put_aside_indexes([model._meta.db_table for model in MODELS])
    connection.close()
    rows = 0
    workers = processes or min(len(os.sched_getaffinity(0)), 8)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=start_process) as pool:
        loads = [pool.submit(_load_chunk, scale, n, city, now) for n in range(scale.chunks)]
        for n, load in enumerate(loads, start=1):
            rows += load.result()
            if n % max(scale.chunks // 8, 1) == 0:
                told(f"{rows:,} rows")
    bring_back_indexes(aside)
    told("indexes")
    _finish(scale, now, told)
    return rows
