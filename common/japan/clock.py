"""Times of day and durations as people type them."""

from __future__ import annotations

import re
from datetime import time

from common.japan.numbers import to_ascii_digits

DAY_MINUTES = 24 * 60

_TIME = re.compile(r"(?P<half>午前|午後|AM|PM)?(?:(\d{1,2})[:時](\d{1,2})?分?|(\d{1,2})(\d{2}))")
_HOURS_AND_MINUTES = re.compile(r"(\d{1,2}):(\d{2})|(?:(\d{1,2})時間)?(?:(\d{1,4})分)?(半)?")


def _squeeze(text: str) -> str:
    return re.sub(r"\s+", "", to_ascii_digits(text)).upper()


def parse_time(text: str) -> time:
    """The time of day in ``text``: 10:30, 1030, 10時30分, 10時, 午後2時30分, full or half width.

    Raises ``ValueError`` with a Japanese sentence.
    """
    match = _TIME.fullmatch(_squeeze(text))
    if match is None:
        raise ValueError("時刻として読めません。「10:30」のように入力してください。")
    hour = int(match[2] or match[4])
    minute = int(match[3] or match[5] or 0)
    if match["half"] and hour <= 12:
        hour = hour % 12 + (12 if match["half"] in {"午後", "PM"} else 0)
    if hour > 23 or minute > 59:
        raise ValueError(f"{hour}時{minute}分という時刻はありません。0:00から23:59までで入力してください。")
    return time(hour, minute)


def parse_minutes(text: str) -> int:
    """A duration in minutes from "90", "1:30", "1時間30分", "1時間半" or "45分", full or half width.

    Raises ``ValueError`` with a Japanese sentence for text that is no duration, and for one that is
    not between one minute and 24 hours.
    """
    squeezed = _squeeze(text)
    total = int(squeezed) if re.fullmatch(r"-?\d{1,6}", squeezed) else _spelled_minutes(squeezed)
    if not 1 <= total <= DAY_MINUTES:
        raise ValueError("時間は1分以上、24時間（1440分）以下で入力してください。")
    return total


def _spelled_minutes(squeezed: str) -> int:
    match = _HOURS_AND_MINUTES.fullmatch(squeezed)
    if not squeezed or match is None or (match[5] and (match[4] or not match[3])):
        raise ValueError("時間として読めません。「90」「1:30」「1時間30分」のように入力してください。")
    hours = int(match[1] or match[3] or 0)
    minutes = int(match[2] or match[4] or 0) + (30 if match[5] else 0)
    if match[1] and minutes > 59:
        raise ValueError("時間の「分」は59までです。「90」「1:30」のように入力してください。")
    return hours * 60 + minutes


def format_minutes(minutes: int) -> str:
    """90 → 1時間30分, 60 → 1時間, 45 → 45分, 0 → 0分; a negative number keeps its sign in front (−30分)."""
    hours, rest = divmod(abs(minutes), 60)
    text = (f"{hours:,}時間" if hours else "") + (f"{rest}分" if rest or not hours else "")
    return f"−{text}" if minutes < 0 else text
