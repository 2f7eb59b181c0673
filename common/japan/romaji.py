"""Names in Latin letters: every folded kana that a spelling may stand for.

Hepburn and Kunrei are read side by side (shi/si, tsu/tu, ja/zya). Passports and bank cards leave long vowels out
(Ono is おの or おおの, Yuko is ゆうこ or ゆこ) and the apostrophe too (Shinichi), so one spelling has several readings;
what is written long (Ohno, Oono, Ōno, Satou, Satoh) or with an apostrophe (Shin'ichi) is read so only.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import product
from typing import Final

from common.japan.kana import A_ROW, I_ROW, O_ROW, U_ROW, fold_kana, fold_long_vowels

MOST_READINGS: Final = 128
_ROWS: Final = {
    "": "あいうえお", "k": "かきくけこ", "g": "がぎぐげご", "s": "さしすせそ", "z": "ざじずぜぞ", "t": "たちつてと",
    "d": "だぢづでど", "n": "なにぬねの", "h": "はひふへほ", "b": "ばびぶべぼ", "p": "ぱぴぷぺぽ", "m": "まみむめも",
    "r": "らりるれろ", "l": "らりるれろ", "v": "ばびぶべぼ",
}  # fmt: skip
_GLIDES: Final = {
    "ky": "き", "gy": "ぎ", "sy": "し", "sh": "し", "zy": "じ", "j": "じ", "jy": "じ", "ty": "ち", "ch": "ち", "dy": "ぢ",
    "ny": "に", "hy": "ひ", "by": "び", "py": "ぴ", "my": "み", "ry": "り", "cy": "ち",
}  # fmt: skip
_OTHERS: Final = {
    "ya": "や", "yu": "ゆ", "yo": "よ", "wa": "わ", "wo": "を", "wi": "うぃ", "we": "うぇ", "fu": "ふ", "fa": "ふぁ",
    "fi": "ふぃ", "fe": "ふぇ", "fo": "ふぉ", "shi": "し", "chi": "ち", "ji": "じ", "jyi": "じ", "tsu": "つ", "dzu": "づ",
    "ye": "え", "she": "しぇ", "che": "ちぇ", "je": "じぇ",
}  # fmt: skip


def _syllables() -> dict[str, str]:
    table = {
        head + vowel: kana for head, row in _ROWS.items() for vowel, kana in zip("aiueo", row, strict=True)
    }
    for head, kana in _GLIDES.items():
        for vowel, small in (("a", "ゃ"), ("u", "ゅ"), ("o", "ょ")):
            table[head + vowel] = kana + small
    return table | _OTHERS


_SYLLABLES: Final = _syllables()
_DOUBLED: Final = re.compile(r"([kstpgzdbjfc])(?=\1)|t(?=ch)|c(?=ch)")
_MACRON: Final = re.compile("([aiueo])[\u0304\u0302]")
_LONG_MARK: Final = "\u0304"
_APOSTROPHES: Final = str.maketrans(dict.fromkeys("’‘`´ʼ", "'"))


def _plain(word: str) -> str:
    text = unicodedata.normalize("NFKC", word).casefold().translate(_APOSTROPHES)
    text = _MACRON.sub(rf"\1{_LONG_MARK}", unicodedata.normalize("NFD", text))
    text = re.sub("[\u0300-\u0303\u0305-\u036f]", "", text)  # Inoué
    text = re.sub(r"[-‐.,\s]", "", text.replace("-ichi", "'ichi"))
    return re.sub("(?<!n)'", "", text)  # Yo'ichi


def _moraic_n(text: str, at: int) -> tuple[list[str], int] | None:
    """The readings of an n (or m before b, m, p) at ``at``, and how many letters it takes."""
    after = text[at + 1 : at + 2]
    if text[at] == "m" and after and after in "bmp":
        return ["ん"], 1
    if text[at] != "n":
        return None
    if after == "'":
        return ["ん"], 2
    if after == "n":
        beyond = text[at + 2 : at + 3]
        return (["ん"], 1) if beyond and beyond in "aiueoy" else (["ん"], 2)
    if after and after in "aiueoy":
        return None
    return ["ん"], 1


def _pieces(text: str) -> list[list[str]] | None:
    """The word as a list of choices; ``None`` when it is no romaji."""
    pieces: list[list[str]] = []
    at = 0
    while at < len(text):
        if (nasal := _moraic_n(text, at)) is not None:
            readings, used = nasal
            pieces.append(readings)
            at += used
            continue
        if _DOUBLED.match(text, at):
            pieces.append(["っ"])
            at += 1
            continue
        size = next((n for n in (3, 2, 1) if text[at : at + n] in _SYLLABLES), 0)
        if not size:
            return None
        letters = text[at : at + size]
        kana = _SYLLABLES[letters]
        pieces.append(_as_may_be_read(letters, kana, text[:at]))
        at += size
        at += _lengthen(pieces, letters[-1], text, at)
    return pieces


def _as_may_be_read(letters: str, kana: str, before: str) -> list[str]:
    """The syllable, and what else it may be: an n before a vowel is ん (shinichi, しんいち) or, typed twice, belongs to the ん
    before it (sinnichi); an h after o only makes that long (ohishi, おおいし).
    """
    after = _SYLLABLES.get(letters[1:])
    if letters[0] == "n" and before and after:
        return [kana, after if before.endswith("n") else "ん" + after]
    if letters[0] == "h" and before.endswith("o") and after:
        return [kana, "お" + after]
    return [kana]


def _lengthen(pieces: list[list[str]], vowel: str, text: str, at: int) -> int:
    """Add what makes the last vowel long; returns the letters used.

    A mark (¯, or h before a consonant or at the end) makes it long; a following o or u is read on its own; an o or
    u with neither may be long or short.
    """
    long = {"a": "あ", "i": "い", "u": "う", "e": "い", "o": "お"}[vowel]
    after = text[at : at + 1]
    if after == _LONG_MARK:
        pieces.append([long])
        return 1
    if vowel in "ou" and after == "h" and _stands_alone(text, at, vowel):
        pieces.append([long])
        return 1
    if vowel in "ou" and not (after and after in ("ou" if vowel == "o" else "u")):
        pieces.append(["", long])
    return 0


def _stands_alone(text: str, at: int, vowel: str) -> bool:
    """Whether the h at ``at`` only marks length: ohno, satoh, ohyama (not ohashi, where it begins はし)."""
    beyond = text[at + 1 : at + 2]
    return not beyond or beyond not in "aiueoy" or (beyond == "y" and vowel == "o")


def _fold(kana: str) -> str:
    return fold_long_vowels(fold_kana(kana))


def romaji_readings(word: str) -> list[str]:
    """The folded kana (common.japan.names.fold) that ``word`` may stand for; ``[]`` unless it spells only kana.

    The likeliest, with nothing added, stands first. Of very long words only the plain and the fully lengthened
    readings are given.
    """
    text = _plain(word)
    if len(text) < 2 or not re.fullmatch(r"[a-z'\u0304]+", text) or (pieces := _pieces(text)) is None:
        return []
    count = 1
    for piece in pieces:
        count *= len(piece)
    choices: Iterable[Iterable[str]] = (
        product(*pieces)
        if count <= MOST_READINGS
        else ([piece[0] for piece in pieces], [piece[-1] for piece in pieces])
    )
    return list(dict.fromkeys(_fold("".join(choice)) for choice in choices))


def romaji_beginning(word: str) -> list[str]:
    """The readings of a word that is still being typed: takahash → たかは…; ``[]`` when no letter is left over."""
    text = _plain(word)
    for size in range(len(text) - 1, max(len(text) - 4, 1), -1):
        if re.search(r"[aiueo\u0304]", text[size:]):
            return []
        if readings := romaji_readings(text[:size]):
            return readings
    return []


def loose_readings(kana: str) -> list[str]:
    """Other lengths of the vowels of folded kana: ゆこ → ゆうこ, おうの → おの; without ``kana`` itself.

    Asked only when nothing is found as typed: these are other names as often as slips.
    """
    pieces: list[list[str]] = []
    for n, char in enumerate(kana):
        before, after = kana[n - 1 : n], kana[n + 1 : n + 2]
        lengthens = before and (
            (char == "う" and before in O_ROW + U_ROW)
            or (char == "あ" and before in A_ROW)
            or (char == "い" and before in I_ROW)
        )
        if lengthens:
            pieces.append([char, ""])
        elif char in O_ROW + U_ROW and after != "う":
            pieces.append([char, char + "う"])
        elif char not in "んつ" and not after:
            pieces.append([char, _fold(char + "ー")])
        else:
            pieces.append([char])
    tail = "".join(piece[0] for piece in pieces[7:])
    choices = product(*pieces[:7]) if len(pieces) <= 12 else ()
    return sorted({_fold("".join(choice) + tail) for choice in choices} - {kana})
