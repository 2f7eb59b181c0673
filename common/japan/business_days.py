"""開庁日: the days on which a municipal office works."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

import jpholiday


@lru_cache(maxsize=4096)
def is_working_day(day: date) -> bool:
    """Whether the office is open. Kept for some eleven years of days: a page that counts opening days asks hundreds.

    地方自治法4条の2 and the model ordinance on 休日: closed on Saturdays, Sundays, national holidays and from
    29 December to 3 January.
    """
    if day.weekday() >= 5 or (day.month, day.day) in {(12, 29), (12, 30), (12, 31), (1, 1), (1, 2), (1, 3)}:
        return False
    return not jpholiday.is_holiday(date(day.year, day.month, day.day))


def add_working_days(day: date, n: int) -> date:
    """The ``n``-th working day after ``day`` (before it, if ``n`` is negative).

    ``n == 0`` gives ``day`` itself if the office is open, else the next working day.
    """
    step = timedelta(days=-1 if n < 0 else 1)
    if n == 0:
        while not is_working_day(day):
            day += step
        return day
    left = abs(n)
    while left:
        day += step
        left -= is_working_day(day)
    return day
