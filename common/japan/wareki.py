"""Dates in 和暦: reading what people type, writing what people read.

The era table is the one place to touch when an era begins: append one ``Era`` and nothing else. Dates
are Gregorian throughout. Before 明治6年 (1873) Japan counted by the lunisolar calendar, so the few days
of 明治元年–5年 are read by their Gregorian equivalents; nobody on the register was born then.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from common.japan.numbers import to_ascii_digits

WEEKDAYS: Final = "月火水木金土日"
FIRST_YEAR: Final = 1800
LAST_YEAR: Final = 2199


@dataclass(frozen=True)
class Era:
    """One era: its name, its letter on forms, and its first day."""

    name: str
    letter: str
    first: date


ERAS: Final[tuple[Era, ...]] = (
    Era("明治", "M", date(1868, 10, 23)),
    Era("大正", "T", date(1912, 7, 30)),
    Era("昭和", "S", date(1926, 12, 25)),
    Era("平成", "H", date(1989, 1, 8)),
    Era("令和", "R", date(2019, 5, 1)),
    # The next era goes here: Era("〇〇", "X", date(yyyy, m, d)).
)

# 明治45年7月30日 and 大正15年12月25日 are also days of the era that ended: the edicts of 1912 and 1926
# let the new era begin on the very day. 昭和 and 平成 ended the day before (政令).
_SHARED_FIRST_DAYS: Final = frozenset({date(1912, 7, 30), date(1926, 12, 25)})

_BY_MARK: Final = {mark: era for era in ERAS for mark in (era.name, era.letter, era.name[0])}
_MARK = "|".join(sorted(_BY_MARK, key=len, reverse=True))
_WEEKDAY = rf"(?:\((?P<weekday>[{WEEKDAYS}])(?:曜日?)?\))?"
_SEP = r"[./\-・]"
_PATTERNS: Final = tuple(
    re.compile(pattern + _WEEKDAY)
    for pattern in (
        rf"(?P<era>{_MARK})(?P<year>元|\d{{1,3}})年(?P<month>\d{{1,2}})月(?P<day>\d{{1,2}})日",
        rf"(?P<era>{_MARK})(?P<year>元|\d{{1,3}}){_SEP}(?P<month>\d{{1,2}}){_SEP}(?P<day>\d{{1,2}})",
        rf"(?P<era>{_MARK})(?P<year>\d{{2}})(?P<month>\d{{2}})(?P<day>\d{{2}})",
        r"(?P<year>\d{4})年(?P<month>\d{1,2})月(?P<day>\d{1,2})日",
        rf"(?P<year>\d{{4}}){_SEP}(?P<month>\d{{1,2}}){_SEP}(?P<day>\d{{1,2}})",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
    )
)
# 8/11/20, 8年11月20日: of the era that runs, where the reader asks for it.
_BARE: Final = re.compile(
    rf"(?P<year>\d{{1,2}})(?:年|{_SEP})(?P<month>\d{{1,2}})(?:月|{_SEP})(?P<day>\d{{1,2}})日?" + _WEEKDAY
)
_MONTH_PATTERNS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?P<era>{_MARK})(?P<year>元|\d{{1,3}})年(?P<month>\d{{1,2}})月分?",
        rf"(?P<era>{_MARK})(?P<year>元|\d{{1,3}}){_SEP}(?P<month>\d{{1,2}})",
        r"(?P<year>\d{4})年(?P<month>\d{1,2})月分?",
        rf"(?P<year>\d{{4}}){_SEP}?(?P<month>\d{{1,2}})",
    )
)

_YEAR_PATTERN: Final = re.compile(rf"(?:(?P<era>{_MARK})(?P<year>元|\d{{1,3}})年?|(?P<whole>\d{{4}})年?)")


def era_of(day: date) -> Era | None:
    """The era a day belongs to (the later one on a shared day); ``None`` before 明治."""
    return next((era for era in reversed(ERAS) if day >= era.first), None)


def era_year(day: date) -> tuple[Era, int] | None:
    """Era and year in it (1 = 元年); ``None`` before 明治."""
    era = era_of(day)
    return (era, day.year - era.first.year + 1) if era else None


def _squeeze(text: str) -> str:
    # NFKC also turns ㋿ into 令和 and （月） into (月).
    return re.sub(r"\s+", "", to_ascii_digits(text)).upper()


def _era_end(era: Era) -> date | None:
    later = [other.first for other in ERAS if other.first > era.first]
    return min(later) if later else None


def _year_label(era: Era, year: int) -> str:
    return f"{era.name}{'元' if year == 1 else year}年"


def _check_inside(era: Era, year: int, day: date) -> None:
    """Raise unless ``day`` (written as ``year`` of ``era``) is a day on which that era was in use."""
    end = _era_end(era)
    written = f"{_year_label(era, year)}{day.month}月{day.day}日"
    proper = f"正しくは{format_wareki(day, weekday=False)}ではありませんか。"
    if day < era.first:
        raise ValueError(
            f"{written}はありません（{era.name}は{era.first.month}月{era.first.day}日に始まりました）。{proper}"
        )
    if end and (day > end or (day == end and day not in _SHARED_FIRST_DAYS)):
        raise ValueError(
            f"{written}はありません（{end.year}年{end.month}月{end.day}日に改元しました）。{proper}"
        )


def _year_from(groups: dict[str, str | None]) -> tuple[Era | None, int, int]:
    """(era, year as written, Gregorian year) of one match; raises ``ValueError`` for a year out of range."""
    mark, text = groups.get("era"), groups["year"] or groups.get("whole") or ""
    era = _BY_MARK[mark] if mark else None
    written = 1 if text == "元" else int(text)
    if era and written == 0:
        raise ValueError(f"{era.name}0年はありません。{era.name}は元年（1年）から数えます。")
    year = era.first.year + written - 1 if era else written
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"西暦{FIRST_YEAR}年から{LAST_YEAR}年までの日付を入力してください。")
    return era, written, year


def _why_no_day(squeezed: str) -> str:
    """What is missing of a date: a month that does not exist, the day, month and day, or everything."""
    try:
        parse_month(squeezed)
    except ValueError as error:
        if any(p.fullmatch(squeezed) for p in _MONTH_PATTERNS):
            return str(error)
    else:
        return "日がありません。「令和8年11月23日」のように、日まで入力してください。"
    if _YEAR_PATTERN.fullmatch(squeezed):
        return "月と日がありません。「令和8年11月23日」のように、日まで入力してください。"
    return "日付として読めません。「令和8年11月23日」「R8.11.23」「2026-11-23」のように入力してください。"


def parse_wareki(text: str, *, bare_year: bool = False) -> date:
    """The date written in ``text``, in 和暦 or 西暦, full or half width, with or without the weekday.

    Accepts R8.11.23, R8/11/23, R081123, 令和8年11月23日, 令和元年5月1日, 2026-11-23, 2026/11/23,
    20261123 and 2026年11月23日; with ``bare_year`` also 8/11/23 and ８／１１／２３, a year of the era that runs (not for
    birth dates, whose era nobody can guess). Raises ``ValueError`` with a Japanese sentence for anything else: text
    that is no date, a day the calendar lacks (令和8年2月30日), a year or day outside its era (平成40年,
    昭和64年2月1日), a weekday that contradicts the date.
    """
    squeezed = _squeeze(text)
    match = next((m for p in _PATTERNS if (m := p.fullmatch(squeezed))), None)
    bare = _BARE.fullmatch(squeezed) if match is None else None
    if bare and bare_year:
        match = bare
    elif bare:
        raise ValueError(
            "元号か西暦をつけて入力してください。「S25.4.1」「昭和25年4月1日」「1950-04-01」のように。"
        )
    if match is None:
        raise ValueError(_why_no_day(squeezed))
    groups = match.groupdict()
    if bare:
        groups["era"] = ERAS[-1].letter
    era, written, year = _year_from(groups)
    month, number = int(groups["month"]), int(groups["day"])
    label = f"{_year_label(era, written) if era else f'{year}年'}{month}月{number}日"
    try:
        day = date(year, month, number)
    except ValueError:
        raise ValueError(f"{label}という日付はありません。") from None
    if era:
        _check_inside(era, written, day)
    weekday = groups.get("weekday")
    if weekday and weekday != WEEKDAYS[day.weekday()]:
        raise ValueError(f"{label}は{WEEKDAYS[day.weekday()]}曜日です（{weekday}曜日ではありません）。")
    return day


def parse_year(text: str) -> int:
    """The Gregorian year written in ``text`` (昭和51年, S51, 1976年); ``ValueError`` in words for anything else."""
    match = _YEAR_PATTERN.fullmatch(_squeeze(text))
    if match is None:
        raise ValueError("年として読めません。「昭和51年」「S51」「1976年」のように入力してください。")
    era, written, year = _year_from(match.groupdict())
    end = _era_end(era) if era else None
    if era and end and year > end.year:
        raise ValueError(f"{_year_label(era, written)}はありません（{end.year}年に改元しました）。")
    return year


def parse_month(text: str) -> date:
    """The first day of the month written in ``text`` (令和8年11月, R8.11, 2026-11, 202611).

    Raises ``ValueError`` with a Japanese sentence. A month in which the era changed may be named by
    either era.
    """
    match = next((m for p in _MONTH_PATTERNS if (m := p.fullmatch(_squeeze(text)))), None)
    if match is None:
        raise ValueError("月として読めません。「令和8年11月」「R8.11」「2026-11」のように入力してください。")
    groups = match.groupdict()
    era, written, year = _year_from(groups)
    month = int(groups["month"])
    if not 1 <= month <= 12:
        raise ValueError(f"{month}月という月はありません。")
    first = date(year, month, 1)
    if era and first < era.first.replace(day=1):
        _check_inside(era, written, first)
    end = _era_end(era) if era else None
    if era and end and (first > end or (first == end and end not in _SHARED_FIRST_DAYS)):
        _check_inside(era, written, first)
    return first


def format_wareki(day: date, weekday: bool = True) -> str:
    """令和8年11月23日（月）; the first year is 元年; before 明治 the Gregorian year stands alone."""
    found = era_year(day)
    year = _year_label(*found) if found else f"{day.year}年"
    tail = f"（{WEEKDAYS[day.weekday()]}）" if weekday else ""
    return f"{year}{day.month}月{day.day}日{tail}"


def format_wareki_short(day: date, weekday: bool = True) -> str:
    """R8.11.23(月), for tables; before 明治 the Gregorian year stands in the place of the era."""
    found = era_year(day)
    year = f"{found[0].letter}{found[1]}" if found else str(day.year)
    tail = f"({WEEKDAYS[day.weekday()]})" if weekday else ""
    return f"{year}.{day.month}.{day.day}{tail}"


def format_wareki_month(day: date) -> str:
    """令和8年11月分: the month a count or a cost belongs to, in the era of its first day.

    So January 1989 is 昭和64年1月分 and May 2019, whose first day is 令和, is 令和元年5月分.
    """
    first = day.replace(day=1)
    found = era_year(first)
    year = _year_label(*found) if found else f"{day.year}年"
    return f"{year}{day.month}月分"
