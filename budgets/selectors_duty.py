"""Workers whose work records of a month are shorter than their duty, by name: asked about before the month is locked."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Sum

from accounts.actor import Actor
from accounts.models import Appointment, Staff
from budgets.duty import duty_hours, minutes_of
from budgets.models import PersonnelCost, WorkEntry
from common.japan.fiscal import month_last


@dataclass(frozen=True, slots=True)
class ShortWorker:
    """A worker, the minutes recorded, and the minutes of duty on the days of the appointment."""

    staff: Staff
    recorded: int
    duty: int

    @property
    def lacking(self) -> int:
        return self.duty - self.recorded


def short_workers(actor: Actor, month: date) -> list[ShortWorker]:
    """The workers with a cost or a record in the month that have less than their duty, the largest gap first.
    Four queries. Not every absence is recorded, so this is told and stops nothing.
    """
    last = month_last(month)
    hours = duty_hours()
    days = [month + timedelta(days=n) for n in range((last - month).days + 1)]
    duty = {day: minutes for day in days if (minutes := minutes_of(hours.stretches(day)))}
    recorded = dict(
        WorkEntry.objects.visible_to(actor).of_month(month).values_list("staff").annotate(n=Sum("minutes")).order_by()
    )  # fmt: skip
    paid = PersonnelCost.objects.visible_to(actor).filter(month=month).values_list("staff", flat=True)
    wanted = {*recorded, *paid}
    during: dict[int, list[DateRange]] = defaultdict(list)
    rows = Appointment.objects.filter(staff__in=wanted, during__overlap=DateRange(month, last, "[]"))
    for staff_id, span in rows.values_list("staff", "during"):
        during[staff_id].append(span)
    owed = {
        pk: sum(m for day, m in duty.items() if any(day in span for span in during[pk])) for pk in wanted
    }  # fmt: skip
    short = [pk for pk in wanted if recorded.get(pk, 0) < owed[pk]]
    people = Staff.objects.visible_to(actor).in_bulk(short)
    found = [ShortWorker(people[pk], recorded.get(pk, 0), owed[pk]) for pk in short if pk in people]
    return sorted(found, key=lambda row: (-row.lacking, row.staff.pk))
