"""What is said of a birth when nobody knows the day: 昭和51年ごろ, 50歳くらい, 不詳."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from common.japan.numbers import to_ascii_digits
from common.japan.wareki import parse_month, parse_year

OLDEST: Final = 130
_ABOUT: Final = r"(?:生まれ|生|ごろ|ころ|頃|くらい|ぐらい|位|前後|代|か|です)*"
_YEAR: Final = re.compile(
    rf"(?P<year>[^\d]{{0,2}}(?:\d{{1,4}}|元)年|[^\d年月]{{1,2}}\d{{1,2}}|\d{{4}}){_ABOUT}"
)
_MONTH: Final = re.compile(rf"(?P<month>[^\d]{{0,2}}(?:\d{{1,4}}|元)年\d{{1,2}}月){_ABOUT}")
_AGE: Final = re.compile(rf"(?:約|たぶん|おそらく)?(?P<age>\d{{1,3}})(?:歳|才|代){_ABOUT}")
_WORDS: Final = re.compile(
    "不詳|不明|ごろ|ころ|頃|くらい|ぐらい|前後|年代|歳代|たぶん|おそらく|らしい|生まれ"
)
_DAY: Final = re.compile(r"\d日|\d[./\-]\d+[./\-]\d|\d{6}")


def rough_birth(text: str, *, today: date) -> str:
    """``text`` as it was typed if it says roughly when somebody was born; "" if it is a day, or nothing of the kind.

    Raises ``ValueError`` with a Japanese sentence for a month or a year that does not exist or is still to come, and for
    an age that nobody reaches.
    """
    squeezed = re.sub(r"\s+", "", to_ascii_digits(text))
    if age := _AGE.fullmatch(squeezed):
        if int(age["age"]) > OLDEST:
            raise ValueError(f"年齢を確かめてください（{OLDEST}歳より上です）。")
        return text.strip()
    if month := _MONTH.fullmatch(squeezed):
        _check_past(parse_month(month["month"]), today)
        return text.strip()
    if year := _YEAR.fullmatch(squeezed):
        _check_past(date(parse_year(year["year"]), 1, 1), today)
        return text.strip()
    return text.strip() if _WORDS.search(squeezed) and not _DAY.search(squeezed) else ""


def _check_past(first: date, today: date) -> None:
    if first > today:
        raise ValueError("生年月日が今日より後です。")
