"""The duty roster of a working day and what of it is not filled yet; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time

from django.conf import settings
from django.utils import timezone

from common.japan.business_days import is_working_day
from common.japan.clock import parse_time

Stretch = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class DutyHours:
    """From and to, with a break between that is not duty."""

    start: time
    end: time
    break_start: time
    break_end: time

    def stretches(self, day: date) -> list[Stretch]:
        """The duty of a day: before and after the break; nothing on a day on which the office is closed."""
        if not is_working_day(day):
            return []
        parts = ((self.start, self.break_start), (self.break_end, self.end))
        return [(at(day, low), at(day, high)) for low, high in parts if low < high]


def duty_hours() -> DutyHours:
    """As the settings have them (KYOSEI_DUTY_START and the others)."""
    return DutyHours(
        parse_time(settings.KYOSEI_DUTY_START), parse_time(settings.KYOSEI_DUTY_END),
        parse_time(settings.KYOSEI_BREAK_START), parse_time(settings.KYOSEI_BREAK_END),
    )  # fmt: skip


def at(day: date, clock: time) -> datetime:
    """A time of day as an aware moment of the office's zone."""
    return timezone.make_aware(datetime.combine(day, clock))


def minutes_of(stretches: Iterable[Stretch]) -> int:
    return sum(int((high - low).total_seconds() // 60) for low, high in stretches)


def without(stretches: Iterable[Stretch], busy: Iterable[Stretch]) -> list[Stretch]:
    """What is left of ``stretches`` outside ``busy``, in order."""
    free = sorted(stretches)
    for from_, to in sorted(busy):
        rest: list[Stretch] = []
        for low, high in free:
            if to <= low or high <= from_:
                rest.append((low, high))
                continue
            if low < from_:
                rest.append((low, from_))
            if to < high:
                rest.append((to, high))
        free = rest
    return free


def longest(stretches: Iterable[Stretch]) -> Stretch | None:
    """The longest stretch, the first of equals."""
    return max(stretches, key=lambda s: (s[1] - s[0], -s[0].timestamp()), default=None)


def clip(stretches: Iterable[Stretch], until: datetime) -> list[Stretch]:
    """What of the stretches is over at ``until``."""
    return [(low, min(high, until)) for low, high in stretches if low < until]
