"""Reading a decision as it is typed during a conference: 「包括 山田 来週金曜 訪問して確認」."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from common.japan.numbers import to_ascii_digits
from common.japan.wareki import WEEKDAYS, parse_wareki

_TAIL = re.compile(r"(までに|まで|中に|中)$")
_HONORIFIC = re.compile(r"(さん|氏|様|主任|係長|課長|室長)$")
_WEEK = {"今週": 0, "来週": 7, "再来週": 14}
_DAYS = {"今日": 0, "本日": 0, "明日": 1, "あした": 1, "あす": 1, "明後日": 2, "あさって": 2}
_FRIDAY = 4
_MIN_NAME = 2


@dataclass(frozen=True, slots=True)
class Named:
    """An agency or a person that a line may name; ``agency`` is the agency of a person (0 for an agency)."""

    pk: int
    names: tuple[str, ...]
    agency: int = 0


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """What was understood; ``None`` where nothing was, and every other word in ``text``."""

    agency: int | None
    staff: int | None
    due_on: date | None
    text: str


def parse_decision(
    line: str, *, agencies: Sequence[Named], staff: Sequence[Named], today: date
) -> DecisionLine:
    """Words in any order, parted by spaces. The first word of each sort counts; an ambiguous name stays text.

    A person without an agency brings the agency; an agency narrows the people.
    """
    agency: int | None = None
    due_on: date | None = None
    rest: list[str] = []
    for word in re.split(r"[\s、，,]+", line.strip()):
        if due_on is None and (day := parse_due(word, today)) is not None:
            due_on = day
        elif agency is None and (found := _only(word, agencies)) is not None:
            agency = found.pk
        elif word:
            rest.append(word)
    people = [p for p in staff if agency is None or p.agency == agency]
    person, rest = _take_person(rest, people)
    if person is not None and agency is None:
        agency = person.agency
    return DecisionLine(agency, person.pk if person else None, due_on, " ".join(rest))


def _take_person(words: list[str], people: Sequence[Named]) -> tuple[Named | None, list[str]]:
    """The first word that names one person, and what is left; family and given name may be two words."""
    for n, word in enumerate(words):
        if n + 1 < len(words) and (found := _only(word + words[n + 1], people)) is not None:
            return found, words[:n] + words[n + 2 :]
        if (found := _only(word, people)) is not None:
            return found, words[:n] + words[n + 1 :]
    return None, words


def _squeeze(name: str) -> str:
    return re.sub(r"\s+", "", name)


def _only(word: str, candidates: Sequence[Named]) -> Named | None:
    """The one candidate that ``word`` names: the whole name first, then its beginning, then a part of it."""
    bare = _squeeze(_HONORIFIC.sub("", word)) or word
    if len(bare) < _MIN_NAME:
        exact = [c for c in candidates if any(bare == n.split()[0] for n in c.names if n.split())]
        return exact[0] if len(exact) == 1 else None
    for fits in (str.__eq__, str.startswith, str.__contains__):
        found = {c.pk: c for c in candidates if any(fits(_squeeze(name), bare) for name in c.names)}
        if len(found) == 1:
            return next(iter(found.values()))
        if found:
            return None
    return None


# ── Days ────────────────────────────────────────────────────────────────────────────────────────────────────


def parse_due(word: str, today: date) -> date | None:
    """A day: 今日, 明日, 来週金曜, 金曜, 今月末, 来月10日, 12/5, 3日後, 2週間後, and all that parse_wareki reads.

    A day and month without a year is the next such day. ``None`` for anything else.
    """
    plain = _TAIL.sub("", to_ascii_digits(word))
    if not plain:
        return None
    try:
        return _relative(plain, today) or _month_and_day(plain, today) or _written(plain)
    except (ValueError, OverflowError):
        return None


def _written(word: str) -> date | None:
    return parse_wareki(word) if any(c.isdigit() or c == "元" for c in word) else None


def _relative(word: str, today: date) -> date | None:
    if word in _DAYS:
        return today + timedelta(days=_DAYS[word])
    if word in ("今月末", "月末"):
        return _month_end(today)
    if word in ("来月末", "翌月末"):
        return _month_end(_month_end(today) + timedelta(days=1))
    if match := re.fullmatch(r"(\d{1,3})(日|週間|週)後", word):
        return today + timedelta(days=int(match[1]) * (1 if match[2] == "日" else 7))
    monday = today - timedelta(days=today.weekday())
    if match := re.fullmatch(rf"(今週|来週|再来週)(?:の)?(?:([{WEEKDAYS}])(?:曜日?)?|末)?", word):
        day = WEEKDAYS.index(match[2]) if match[2] else _FRIDAY
        return monday + timedelta(days=_WEEK[match[1]] + day)
    if match := re.fullmatch(rf"次?(?:の)?([{WEEKDAYS}])曜日?", word):
        return today + timedelta(days=(WEEKDAYS.index(match[1]) - today.weekday()) % 7)
    return None


def _month_end(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _month_and_day(word: str, today: date) -> date | None:
    if match := re.fullmatch(r"(\d{1,2})(?:/|月)(\d{1,2})日?", word):
        month, day = int(match[1]), int(match[2])
        this_year = date(today.year, month, day)
        return this_year if this_year >= today else date(today.year + 1, month, day)
    if match := re.fullmatch(r"(今月|来月|翌月)?の?(\d{1,2})日", word):
        first = today.replace(day=1)
        this_month = first.replace(day=int(match[2])) if match[1] in (None, "今月") else None
        if this_month is not None and (match[1] or this_month >= today):
            return this_month
        return (_month_end(today) + timedelta(days=1)).replace(day=int(match[2]))
    return None
