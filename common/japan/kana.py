"""Kana: one form for searching, hiragana and katakana for showing."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import jaconv

_SMALL: Final = str.maketrans("ぁぃぅぇぉっゃゅょゎゕゖぢづゐゑを", "あいうえおつやゆよわかけじずいえお")
_TO_HIRAGANA: Final = {code: code - 0x60 for code in range(ord("ァ"), ord("ヶ") + 1)}
_KANA_ONLY: Final = re.compile(r"[ぁ-ゖァ-ヺー・\s]*")

# the rows of the table by vowel, in the folded form (no small kana, no ぢづゐゑを)
A_ROW: Final = "あかがさざただなはばぱまやらわ"
I_ROW: Final = "いきぎしじちにひびぴみり"
U_ROW: Final = "うくぐすずつぬふぶぷむゆる"
E_ROW: Final = "えけげせぜてでねへべぺめれ"
O_ROW: Final = "おこごそぞとどのほぼぽもよろ"
_LONG: Final = {
    **dict.fromkeys(A_ROW, "あ"), **dict.fromkeys(I_ROW, "い"), **dict.fromkeys(U_ROW, "う"),
    **dict.fromkeys(E_ROW, "い"), **dict.fromkeys(O_ROW, "う"),
}  # fmt: skip
_MARKED: Final = re.compile(f"([{''.join(_LONG)}])ー")
_LONG_O: Final = re.compile(f"([{O_ROW}])お")
_LONG_E: Final = re.compile(f"([{E_ROW}])え")
_V: Final = {"ゔぁ": "ば", "ゔぃ": "び", "ゔぇ": "べ", "ゔぉ": "ぼ", "ゔ": "ぶ"}
_V_KANA: Final = re.compile("ゔ[ぁぃぇぉ]?")


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
    """Hiragana with small kana made large, ぢづゐゑを as じずいえお, ゔぁ as ば.

    Readings come from registers that had no small kana (ｷﾖｳｺ for きょうこ), and families differ over
    かづこ/かずこ.
    """
    text = text.translate(_TO_HIRAGANA)
    if "ゔ" in text:
        text = _V_KANA.sub(lambda match: _V[match.group()], text)
    return text.translate(_SMALL)


def fold_long_vowels(text: str) -> str:
    """Folded kana with every long vowel written one way: ゆーこ as ゆうこ, おおの and おーの as おうの, けーこ and けえこ
    as けいこ. That a vowel is long is kept: おの stays apart from おおの.
    """
    while (longer := _MARKED.sub(lambda m: m.group(1) + _LONG[m.group(1)], text)) != text:
        text = longer
    return _LONG_E.sub(r"\1い", _LONG_O.sub(r"\1う", text))
