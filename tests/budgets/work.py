"""Rows for the tests of the work record."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from budgets.actions.derive_entry import derive_from_record
from budgets.models import WorkEntry, WorkMonth
from budgets.workflow import MonthState
from cases.models import Consultation, ProgressNote
from tests import factories as f

MONDAY = date(2026, 11, 16)  # an ordinary week before the fixed moment of the tests


def moment(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock.zfill(5)), tzinfo=f.TOKYO)


def make_note(persona, case, starts_at: datetime, minutes: int = 30, **fields) -> ProgressNote:
    return ProgressNote.objects.create(
        case=case,
        agency=persona.agency,
        staff=persona.staff,
        started_at=starts_at,
        minutes=minutes,
        text="電話で様子を聞いた。",
        written_at=starts_at,
        **fields,
    )


def make_consultation(persona, starts_at: datetime, minutes: int = 30, **fields) -> Consultation:
    return Consultation.objects.create(
        receipt_no=f"U08-{Consultation.objects.count() + 1:05d}",
        agency=persona.agency,
        staff=persona.staff,
        started_at=starts_at,
        minutes=minutes,
        text="相談",
        **fields,
    )


def derive(contact, persona, at: datetime = f.NOW) -> WorkEntry:
    return derive_from_record(contact=contact, actor=persona.actor, at=at)


def lock(month: date, staff) -> WorkMonth:
    row, _ = WorkMonth.objects.update_or_create(
        month=month, defaults={"state": MonthState.LOCKED, "locked_at": f.NOW, "locked_by": staff}
    )
    return row


def until(entry: WorkEntry) -> datetime:
    return entry.during.lower + timedelta(minutes=entry.minutes)
