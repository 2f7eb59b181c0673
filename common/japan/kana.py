"""Kana: one form for searching, hiragana and katakana for showing."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import jaconv

_SMALL: Final = str.maketrans("ぁぃぅぇぉっゃゅょゎゕゖぢづゐゑを", "あいうえおつやゆよわかけじずいえお")
_TO_HIRAGANA: Final = {code: code - 0x60 for code in range(ord("ァ"), ord("ヶ") + 1)}
_ROMAJI: Final = re.compile(
    r"(?:(?:[kgsztdnhbpmr]y|sh|ch|ts|[kgsztdnhbpmyrwjf])?[aiueo]|n(?![aiueoy])|([kstp])(?=\1)|(?:s(?=sh)|c(?=ch)|t(?=ts|ch)))+"
)
_KANA_ONLY: Final = re.compile(r"[ぁ-ゖァ-ヺー・\s]*")


def to_hiragana(text: str) -> str:
    """Katakana (half width too) as hiragana; everything else as it is."""
    return unicodedata.normalize("NFKC", text).translate(_TO_HIRAGANA)


def to_katakana(text: str) -> str:
    """Hiragana and half-width katakana as full-width katakana; everything else as it is."""
    return str(jaconv.hira2kata(unicodedata.normalize("NFKC", text)))


def is_kana(text: str) -> bool:
    """Whether the text is kana only (spaces, ー and ・ allowed; half width counts): fit for a フリガナ
    field.
    """
    return bool(_KANA_ONLY.fullmatch(unicodedata.normalize("NFKC", text)))


def fold_kana(text: str) -> str:
    """Hiragana with small kana made large and ぢづゐゑを as じずいえお.

    Readings come from registers that had no small kana (ｷﾖｳｺ for きょうこ), and families differ over
    かづこ/かずこ.
    """
    return text.translate(_TO_HIRAGANA).translate(_SMALL)


def romaji_to_kana(text: str) -> str | None:
    """The folded kana that a word in Latin letters spells (Hepburn or Kunrei); ``None`` unless it spells
    only kana.
    """
    if len(text) < 2 or not _ROMAJI.fullmatch(text):
        return None
    kana = fold_kana(str(jaconv.alphabet2kana(text))).replace("ー", "")
    return kana if kana and re.fullmatch(r"[ぁ-ゖ]+", kana) else None
