"""Rows of work: every worker's days, filled without a gap that a real desk would not have, and the month's costs."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from random import Random
from typing import Final

from budgets.models import PersonnelCost, WorkEntry
from common.japan.business_days import is_working_day
from common.japan.fiscal import add_months, month_first
from kyosei.bench.casework import key
from kyosei.bench.masters import City
from kyosei.bench.sheets import Sheet
from kyosei.bench.texts import REASONS, WORK_NOTES

LENGTHS: Final = (20, 30, 30, 45, 45, 60, 60, 75, 90)
TOGETHER: Final = 25  # shared and unlinked work, in per cent of entries


def work_days(now: datetime, months: int) -> list[date]:
    """The working days of this month until yesterday and of the months before it, ``months`` in all and the running one."""
    day, days = add_months(month_first(now.date()), -months), []
    while day < now.date():
        if is_working_day(day):
            days.append(day)
        day += timedelta(days=1)
    return days


class WorkSheets:
    """The tables of minutes and money and what fills them."""

    def __init__(self, city: City, rng: Random, now: datetime) -> None:
        self.city, self.rng, self.now = city, rng, now
        self.entries = Sheet(
            WorkEntry, "request_key", "staff_id", "agency_id", "category_id", "during", "source_type", "source_id",
            "case_number", "reason", "note",
        )  # fmt: skip
        self.costs = Sheet(PersonnelCost, "staff_id", "agency_id", "month", "yen")

    def worker(self, staff: int, agency: int, days: list[date], entries_a_day: int, sources: range) -> None:
        """One worker's entries; those that come from a note carry its number, each note once."""
        rng = self.rng
        direct, own = (
            self.city.categories,
            rng.sample(self.city.categories, min(3, len(self.city.categories))),
        )
        note = iter(sources)
        for day in days:
            at = datetime.combine(day, time(8, 30), tzinfo=self.now.tzinfo)
            for _ in range(entries_a_day):
                at += timedelta(minutes=rng.choice((0, 0, 0, 5, 10)))
                end = at + timedelta(minutes=rng.choice(LENGTHS))
                is_shared = bool(self.city.shared) and rng.randrange(100) < TOGETHER
                source = None if is_shared or rng.random() < 0.4 else next(note, None)
                category = rng.choice(
                    self.city.shared if is_shared else own if rng.random() < 0.9 else direct
                )
                self.entries.add(
                    key(rng), staff, agency, category, f'["{at}","{end}")', "note" if source else "manual", source,
                    f"K08-{source:05d}" if source else "", rng.choice(REASONS) if source else "", "" if source else rng.choice(WORK_NOTES),
                )  # fmt: skip
                at = end
        base = rng.randrange(230_000, 480_000)
        for month in sorted({month_first(day) for day in days} - {month_first(self.now.date())}):
            self.costs.add(staff, agency, month, base + rng.randrange(-9_000, 40_000))

    @property
    def sheets(self) -> tuple[Sheet, ...]:
        return self.entries, self.costs
