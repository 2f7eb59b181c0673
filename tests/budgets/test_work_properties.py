"""Random weeks of two workers: entries never overlap, and a derived one always equals its record (invariants 3, 4)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from budgets.actions.derive_entry import Meeting, derive_meeting_entry
from budgets.actions.work_entries import add_entry, copy_week, delete_entry, edit_entry
from budgets.masters import load_streams
from budgets.models import WorkEntry, WorkFinding
from cases.models import ProgressNote
from common.errors import RuleViolation
from tests import factories as f
from tests.budgets.work import MONDAY, derive, make_note, moment

QUARTERS = st.integers(0, 35)  # quarters of an hour from 8:30 on, over two days
LENGTHS = st.sampled_from([5, 15, 30, 60, 90, 240])
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "edit", "delete", "write", "correct", "meet", "copy"]),
        st.integers(0, 1),
        QUARTERS,
        LENGTHS,
    ),
    min_size=3,
    max_size=14,
)


def at_quarter(quarter: int):
    return moment(MONDAY + timedelta(days=quarter % 2), "8:30") + timedelta(minutes=15 * (quarter // 2 * 2))


def pick(rows: list, number: int):
    return rows[number % len(rows)] if rows else None


class Two:
    """Two workers of one desk, one case; each step is one person's click, refused or done."""

    def __init__(self, personas) -> None:
        self.personas = personas
        self.case = f.make_case(personas[0].actor)
        self.notes: list[ProgressNote] = []
        self.meetings = 0

    def add(self, me, start, minutes, n) -> None:
        add_entry(starts_at=start, minutes=minutes, category_code="meeting", actor=me.actor, at=f.NOW)

    def _manual(self, me, n):
        return pick(list(WorkEntry.objects.filter(staff=me.staff, source_type="manual").order_by("pk")), n)

    def edit(self, me, start, minutes, n) -> None:
        if entry := self._manual(me, n):
            edit_entry(
                entry=entry,
                starts_at=start,
                minutes=minutes,
                category_code="travel",
                actor=me.actor,
                at=f.NOW,
            )

    def delete(self, me, start, minutes, n) -> None:
        if entry := self._manual(me, n):
            delete_entry(entry=entry, actor=me.actor, at=f.NOW)

    def write(self, me, start, minutes, n) -> None:
        note = make_note(me, self.case, start, minutes)
        derive(note, me)
        self.notes.append(note)

    def correct(self, me, start, minutes, n) -> None:
        """Time, length and worker of a note: the record and its entry are one transaction."""
        if note := pick(self.notes, n):
            note.refresh_from_db()
            note.started_at, note.minutes, note.staff = start, minutes, me.staff
            note.save()
            derive(note, me)

    def meet(self, me, start, minutes, n) -> None:
        self.meetings += 1
        derive_meeting_entry(
            meeting=Meeting(self.meetings, "個別会議", start, minutes),
            staff=me.staff,
            agency=me.agency,
            actor=me.actor,
            at=f.NOW,
        )

    def copy(self, me, start, minutes, n) -> None:
        copy_week(to_week=MONDAY + timedelta(days=7), actor=me.actor, at=f.NOW)

    def step(self, what: str, who: int, quarter: int, minutes: int) -> None:
        act: Callable = getattr(self, what)
        with suppress(RuleViolation), transaction.atomic():
            act(self.personas[who], at_quarter(quarter), minutes, quarter)

    def check(self) -> None:
        for persona in self.personas:
            rows = list(WorkEntry.objects.filter(staff=persona.staff).order_by("during"))
            for one, other in pairwise(rows):
                assert one.during.upper <= other.during.lower
        for note in self.notes:
            note.refresh_from_db()
            entry = WorkEntry.objects.get(source_type="note", source_id=note.pk)
            assert (entry.during.lower, entry.during.upper, entry.staff_id, entry.agency_id, entry.case_number) == (
                note.started_at, note.ends_at, note.staff_id, note.agency_id, self.case.number
            )  # fmt: skip
        for number in range(1, self.meetings + 1):
            entered = WorkEntry.objects.filter(source_type="conference", source_id=number).exists()
            assert entered or WorkFinding.objects.filter(source_type="conference", source_id=number).exists()


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_random_weeks(worker, colleague, steps):
    with transaction.atomic():
        load_streams(2026)
        two = Two((worker, colleague))
        for step in steps:
            two.step(*step)
            two.check()
        transaction.set_rollback(True)
