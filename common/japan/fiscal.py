"""年度: the fiscal and school year, 1 April to 31 March (地方自治法208条)."""

from __future__ import annotations

from datetime import date, timedelta

from common.japan.wareki import era_year

# 改元に伴う元号による年表示の取扱い (関係府省の申合せ, 2019-04): the whole year is 令和元年度
# although it began in 平成31年.
_RENAMED_YEARS = {2019: "令和元年度"}


def fiscal_year(day: date) -> int:
    """The Gregorian year in which the 年度 of ``day`` began: 1 January to 31 March belong to the former
    year.
    """
    return day.year if day.month >= 4 else day.year - 1


def fiscal_year_label(year: int) -> str:
    """令和8年度 for 2026: named by the era of its 1 April."""
    if year in _RENAMED_YEARS:
        return _RENAMED_YEARS[year]
    found = era_year(date(year, 4, 1))
    if found is None:
        return f"{year}年度"
    era, number = found
    return f"{era.name}{'元' if number == 1 else number}年度"


def fiscal_year_first(year: int) -> date:
    """1 April of the 年度."""
    return date(year, 4, 1)


def fiscal_year_last(year: int) -> date:
    """31 March of the following calendar year, the last day of the 年度."""
    return date(year + 1, 3, 31)


def month_first(day: date) -> date:
    """The first day of the month of ``day`` (a plain ``date``, also for a ``datetime``)."""
    return date(day.year, day.month, 1)


def add_months(day: date, months: int) -> date:
    """The first day of the month ``months`` after (before, if negative) that of ``day``."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def months_later(day: date, months: int) -> date:
    """The same day ``months`` on, or the last day of a month that is too short for it."""
    last = month_last(add_months(day, months))
    return last.replace(day=min(day.day, last.day))


def month_last(day: date) -> date:
    """The last day of the month of ``day``."""
    return add_months(day, 1) - timedelta(days=1)


def fiscal_months(year: int) -> list[date]:
    """The first days of the twelve months of the 年度, April first."""
    return [add_months(fiscal_year_first(year), offset) for offset in range(12)]
