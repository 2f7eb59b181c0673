"""The people who act in the demo, and a clock for each of them: nobody is at two places at once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final

from django.utils import timezone

from accounts.actor import Actor, build_actor
from accounts.models import Agency, Staff
from common.japan.business_days import is_working_day

STEP: Final = timedelta(minutes=5)
DAY_STARTS, NOON, AFTERNOON, DAY_ENDS = time(8, 45), time(12, 0), time(13, 0), time(20, 0)
Stretch = tuple[datetime, datetime]


def moment(day: date, clock: time) -> datetime:
    return timezone.make_aware(datetime.combine(day, clock))


def working_day(day: date) -> date:
    """The day itself, or the last working day before it."""
    while not is_working_day(day):
        day -= timedelta(days=1)
    return day


@dataclass(slots=True)
class Cast:
    """Actors by sign-in name and what of their time is taken."""

    today: date
    busy: dict[str, list[Stretch]] = field(default_factory=lambda: defaultdict(list))
    _actors: dict[str, Actor] = field(default_factory=dict)
    _agencies: dict[str, Agency] = field(default_factory=dict)

    def actor(self, who: str) -> Actor:
        if who not in self._actors:
            self._actors[who] = build_actor(Staff.objects.get(username=who), on=self.today)
        return self._actors[who]

    def staff(self, who: str) -> Staff:
        staff = self.actor(who).staff
        assert staff is not None
        return staff

    def agency(self, code: str) -> Agency:
        if code not in self._agencies:
            self._agencies[code] = Agency.objects.get(code=code)
        return self._agencies[code]

    def day(self, ago: int) -> date:
        """``ago`` days before today, moved back to a working day."""
        return working_day(self.today - timedelta(days=ago))

    def take(self, who: str, day: date, minutes: int, not_before: datetime | None = None) -> Stretch:
        """The first free stretch of that length on that day, and mark it taken.

        Different people begin at different times of the morning, so that not all visits are at a quarter to nine.
        """
        length = timedelta(minutes=minutes)
        start = moment(day, DAY_STARTS) + STEP * (sum(map(ord, who)) * 7 % 30)
        if not_before is not None and not_before > start:
            start = timezone.localtime(not_before)
            start += -timedelta(minutes=start.minute) % STEP
        while True:
            end = start + length
            clash = next((e for s, e in self.busy[who] if s < end and start < e), None)
            noon, afternoon = moment(day, NOON), moment(day, AFTERNOON)
            if clash is None and (end <= noon or start >= afternoon):
                break
            start = clash if clash is not None else afternoon
            if start > moment(day, DAY_ENDS):
                raise RuntimeError(f"{who} has no {minutes} minutes left on {day}")
        self.reserve(who, (start, end))
        return start, end

    def reserve(self, who: str, stretch: Stretch) -> None:
        self.busy[who].append(stretch)
