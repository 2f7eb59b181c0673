"""Addresses for searching: 梅ヶ原1-3, 梅ヶ原１－３, 梅ヶ原一丁目3番 and 大字梅が原1の3 are one folded form.

The numbers of an address are kept apart (``#1#3#``), so that 1-3 finds 1-3 and 1-3-5, but not 11-3 or 1-30, which the
same digits run together would. Numerals that belong to a name (三浦, 千葉, 五十嵐, 八王子) stay as they are.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from common.japan.names import fold_text, strip_selectors

EDGE: Final = "#"  # before, between and after the numbers of a place; folding drops it from what is typed
_DIGITS: Final = {**{char: n for n, char in enumerate("〇一二三四五六七八九")}, "零": 0}
_TENS: Final = {"十": 10, "百": 100, "千": 1000}
_K: Final = "[〇零一二三四五六七八九十百千]+"
_DASH: Final = "[-‐‑‒–—―−ー─━~〜]"
# what a numeral of kanji is a number before, and after; の and a dash only between two numbers
_BEFORE: Final = re.compile(rf"{_K}(?=\s*(?:丁目|丁(?![町目])|番|号|条|地割|軒))")
_AFTER: Final = re.compile(
    rf"(?:(?<=丁目)|(?<=番地)|(?<=番)|(?<=号)|(?<=[0-9]{_DASH})|(?<=[0-9][のノ之]))\s*{_K}"
    rf"(?=\s*(?:$|[0-9のノ之丁番号,、]|{_DASH}))"
)
_PAIR: Final = re.compile(
    rf"{_K}(?=\s*(?:{_DASH}|[のノ之])\s*(?:[0-9]|{_K}(?:$|\s|[のノ之番号,、]|{_DASH})))"
)
_BETWEEN: Final = rf"(?:丁目|丁(?!町)|番地|番(?!町)|号|[のノ之](?=\s*[0-9])|{_DASH}|[,、・#\s])"
_NUMBERS: Final = re.compile(
    rf"[0-9]+(?:{_BETWEEN}*[0-9]+)*(?:丁目|丁(?!町)|番地|番(?!町)|号|{_DASH}(?=\s|$))*"
)
_SECTION: Final = re.compile("大字|小字|(?<!文)字(?=[0-9\u3040-\u30ff\u3400-\u9fff])")


def kanji_number(text: str) -> int:
    """二十三 → 23, 百二 → 102, 一〇五 and 一五 as they are read digit by digit."""
    if not any(char in _TENS for char in text):
        return int("".join(str(_DIGITS[char]) for char in text))
    total = held = 0
    for char in text:
        if char in _TENS:
            total += (held or 1) * _TENS[char]
            held = 0
        else:
            held = held * 10 + _DIGITS[char]
    return total + held


def _number(found: re.Match[str]) -> str:
    return str(kanji_number(found.group().strip()))


def fold_place(text: str) -> str:
    """The search form of an address or of the name of a household; folding it again changes nothing.

    As ``fold_text``, but every number stands by itself, whatever joins it to the next: 丁目, 番, 番地, 号, の, a dash.
    大字, 小字 and 字 are left out.
    """
    text = unicodedata.normalize("NFKC", strip_selectors(text))
    text = _AFTER.sub(_number, _PAIR.sub(_number, _BEFORE.sub(_number, text)))
    text = _SECTION.sub("", _AFTER.sub(_number, text))
    parts: list[str] = []
    at = 0
    for found in _NUMBERS.finditer(text):
        parts.append(fold_text(text[at : found.start()]))
        numbers = [number.lstrip("0") or "0" for number in re.findall("[0-9]+", found.group())]
        parts.append(EDGE + EDGE.join(numbers) + EDGE)
        at = found.end()
    return "".join(parts) + fold_text(text[at:])
