"""The one-line entry of the week page: 「9:30 60 地域づくり」「930-1030 会議 打合せ」「60 事務」; pure.

A line is a time and a duration, or a time and a later time, or a range, or a duration alone (then it begins at the first gap of the day), then a
category by its short word, name or the beginning of either, then, if one likes, a note.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import time
from typing import Final

from common.errors import RuleViolation
from common.japan.clock import DAY_MINUTES, parse_minutes, parse_time

EXAMPLE: Final = "「9:30 60 地域」「930-1030 会議」「60 事務」のように入力してください。"
NOTE_LIMIT: Final = 100
LONGEST_TYPED: Final = 600  # a plain number above it is a time of day, not minutes, where a time can stand
_RANGE: Final = re.compile(r"(.+?)[-~〜–―ー](.+)")


@dataclass(frozen=True, slots=True)
class Choice:
    """A category that can be typed."""

    code: str
    name: str
    key: str


@dataclass(frozen=True, slots=True)
class QuickLine:
    """``start`` None: at the first gap of the day."""

    start: time | None
    minutes: int
    category_code: str
    note: str


class NotReadable(RuleViolation):
    """The line cannot be read; the sentence says what is missing."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "line")


def parse_line(text: str, choices: Iterable[Choice]) -> QuickLine:
    """Raises NotReadable with a Japanese sentence."""
    words = unicodedata.normalize("NFKC", text).replace("、", " ").split()
    if not words:
        raise NotReadable(f"時刻・分・業務を入力してください。{EXAMPLE}")
    start, minutes, rest = _when(words)
    if not rest:
        raise NotReadable(f"業務（地域・会議・研修など）も入力してください。{EXAMPLE}")
    note = " ".join(rest[1:])
    if len(note) > NOTE_LIMIT:
        raise NotReadable(f"内容は{NOTE_LIMIT}文字までです。")
    return QuickLine(start, minutes, _category(rest[0], list(choices)), note)


def _when(words: list[str]) -> tuple[time | None, int, list[str]]:
    match = _RANGE.fullmatch(words[0])
    if match and words[0][0].isdigit():
        start, end = _clock(match[1]), _end(match[2])
        minutes = end - start.hour * 60 - start.minute
        if minutes <= 0:
            raise NotReadable("終わりの時刻が、始まりの時刻より後になるように入力してください。")
        return start, minutes, words[1:]
    if len(words) > 1 and _is_duration(words[1]):
        start = _clock(words[0])
        return start, _until(start, words[1]) or _minutes(words[1]), words[2:]
    if not _is_duration(words[0]):
        raise NotReadable(f"はじめに時刻か分を入力してください。{EXAMPLE}")
    if ":" in words[0] or "時" in words[0].replace("時間", "") or re.fullmatch(r"0\d{2,3}|\d{3,4}", words[0]):
        raise NotReadable(f"何分かかったかも入力してください。{EXAMPLE}")
    return None, _minutes(words[0]), words[1:]


def _until(start: time, word: str) -> int:
    """「9:30 10:30」「930 1030」: the second word is the end when it is a later time of day (and no short duration)."""
    if ":" not in word and not (word.isdigit() and int(word) > LONGEST_TYPED):
        return 0
    try:
        end = parse_time(word)
    except ValueError:
        return 0
    return max(end.hour * 60 + end.minute - start.hour * 60 - start.minute, 0)


def _is_duration(word: str) -> bool:
    return (
        re.fullmatch(r"-?\d{1,6}|\d{1,2}:\d{1,2}|\d+(分|時間|時間半|時間\d+分)|\d+時(\d+分?)?", word)
        is not None
    )


def _clock(word: str) -> time:
    # 「9」 alone is nine o'clock here: the place of the word says that it is a time
    try:
        return parse_time(f"{word}:00" if re.fullmatch(r"\d{1,2}", word) else word)
    except ValueError as error:
        raise NotReadable(str(error)) from None


def _end(word: str) -> int:
    """Minutes since midnight; 24:00 is the end of the day."""
    if word in {"24", "24:00", "2400", "24時"}:
        return DAY_MINUTES
    end = _clock(word)
    return end.hour * 60 + end.minute


def _minutes(word: str) -> int:
    try:
        return parse_minutes(word)
    except ValueError as error:
        raise NotReadable(str(error)) from None


def _category(word: str, choices: list[Choice]) -> str:
    """By short word, name or code; else by the beginning of one short word; else by a part that only one name has."""
    folded = _fold(word)
    tests: tuple[Callable[[Choice], bool], ...] = (
        lambda c: folded in {_fold(c.key), _fold(c.name), _fold(c.code)},
        lambda c: _fold(c.key).startswith(folded),
        lambda c: folded in _fold(c.name) or folded in _fold(c.key),
    )
    for test in tests:
        found = [choice for choice in choices if test(choice)]
        if len(found) == 1:
            return found[0].code
        if found:
            names = "、".join(choice.key or choice.name for choice in found[:6])
            raise NotReadable(f"「{word}」では業務が決まりません。{names} のどれかを入力してください。")
    keys = "・".join(choice.key for choice in choices if choice.key)
    raise NotReadable(f"「{word}」という業務はありません。使える言葉: {keys}")


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
