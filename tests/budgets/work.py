"""Rows for the tests of the work record."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from accounts.actor import build_actor
from accounts.enums import Role
from accounts.models import Appointment
from budgets.actions.derive_entry import derive_from_record
from budgets.actions.month_steps import approve_month
from budgets.models import WorkEntry, WorkMonth
from budgets.month_minutes import EMPTY, approval_lines, minutes_by_agency
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


def approve_all(month: date, at: datetime = f.NOW) -> None:
    """Every agency of the month is approved by its manager (who is made where there is none), by the action."""
    for line in approval_lines(month):
        row = Appointment.objects.filter(agency=line.agency, role=Role.AGENCY_MANAGER).order_by("pk").first()
        head = row.staff if row else f.make_staff(line.agency, role=Role.AGENCY_MANAGER)
        approve_month(
            month=month, agency=line.agency, expected_digest=digest_of(month, line.agency.pk),
            actor=build_actor(head, on=at.date()), at=at,
        )  # fmt: skip


def digest_of(month: date, agency_id: int) -> str:
    return minutes_by_agency(month, agency_id).get(agency_id, EMPTY).digest
