"""Digits as people type them: full width, with hyphens, with a country code."""

from __future__ import annotations

import re
import unicodedata

_HYPHENS = str.maketrans(dict.fromkeys("‐‑‒–—―−ー－ｰ", "-"))
_PHONE_DECORATION = re.compile(r"[\s\-().・/]")


def to_ascii_digits(text: str) -> str:
    """The text with every full-width character in its ASCII form (NFKC) and every hyphen look-alike as ``-``.

    Only for fields that hold numbers, dates or times: NFKC would change names.
    """
    return unicodedata.normalize("NFKC", text).translate(_HYPHENS)


def parse_phone(text: str) -> str:
    """A Japanese telephone number as digits only, ``+81`` turned into the leading ``0``; ``""`` for blank
    input.

    Raises ``ValueError`` with a Japanese sentence unless it has 10 or 11 digits and begins with 0
    (総務省 電気通信番号計画: a number in national form has 10 digits, mobile and IP numbers 11).
    """
    digits = _PHONE_DECORATION.sub("", to_ascii_digits(text).translate(_HYPHENS))
    if not digits:
        return ""
    if digits.startswith("+81"):
        digits = "0" + digits[3:].removeprefix("0")
    if not re.fullmatch(r"0[0-9]{9,10}", digits):
        raise ValueError(
            "電話番号は、0から始まる10桁または11桁の数字で入力してください（例：0595-63-1234）。"
        )
    return digits
