"""What a person is found by: columns made from names, and the parts of a query. No database here.

Of a person are kept: the folded name and kana with a space between family and given name (``name_folded``,
``kana_folded``, for prefixes in order), all searchable forms on one line each (``search_text``, for the recheck), and
``search_terms`` for the GIN index: bigrams of the names, runs of four digits of the phone, each whole name as
「=山田」 and each full one as 「==山田花子」. The marks at the beginning of a line are characters that folding drops, so that no word can match them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple

from django.utils import timezone

from common.japan.names import bigrams, fold, split_words
from common.japan.numbers import to_ascii_digits
from common.japan.places import kanji_number
from common.japan.romaji import loose_readings, romaji_beginning, romaji_readings
from common.japan.wareki import ERAS, parse_month, parse_wareki

ALIAS, FORMER, PHONE = "'", "~", "."
MOST_READINGS: Final = 6  # of each part of a whole name in romaji
WHOLE_PHONE: Final = 9  # digits of a number with its area code
RUN: Final = 4  # digits of a phone are indexed in runs of four: shorter ones are in every number
_PARTS: Final = re.compile(r"[\s・･=＝]+")
_KANA: Final = re.compile("[ぁ-ゖ]+")
_MIXED: Final = re.compile("([^ぁ-ゖ]+)([ぁ-ゖ]+)|([ぁ-ゖ]+)([^ぁ-ゖ]+)")


class Former(NamedTuple):
    """A former name; with no given name of its own, the given name of today went with it."""

    family: str = ""
    family_kana: str = ""
    given: str = ""
    given_kana: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """A person's names as they were written, and those that the person had before."""

    family: str = ""
    given: str = ""
    family_kana: str = ""
    given_kana: str = ""
    alias: str = ""
    formers: tuple[Former, ...] = ()


@dataclass(slots=True)
class _Lines:
    text: list[str] = field(default_factory=list)
    terms: set[str] = field(default_factory=set)

    def add(self, line: str, *keys: str, mark: str = "") -> None:
        if line:
            self.text.append(mark + line)
            self.terms.update(bigrams(line) or [line])
            self.terms.add(f"=={line}")
        self.terms.update(f"={key}" for key in (*keys, line) if key)


def _pair(lines: _Lines, family: str, given: str, mark: str = "") -> tuple[str, str]:
    """A family and a given name, together and each on its own; returns both folded."""
    one, two = fold(family), fold(given)
    parts = [fold(part) for text in (family, given) for part in _PARTS.split(text)]
    lines.add(one + two, one, two, *parts, mark=mark)
    if (whole := fold(family + given)) != one + two:
        lines.add(whole, mark=mark)  # typed without a space, a long vowel may arise between the two
    return one, two


def person_columns(names: Names, phone: str = "") -> dict[str, object]:
    """The four search columns. ``phone`` is left out by the caller while it is protected (支援措置)."""
    lines = _Lines()
    name = _pair(lines, names.family, names.given)
    kana = _pair(lines, names.family_kana, names.given_kana)
    if names.alias:
        lines.add(fold(names.alias), *(fold(part) for part in _PARTS.split(names.alias)), mark=ALIAS)
    for former in names.formers:
        if former.family or former.given:
            _pair(lines, former.family or names.family, former.given or names.given, mark=FORMER)
        if former.family_kana or former.given_kana:
            given_kana = former.given_kana or ("" if former.given else names.given_kana)
            _pair(lines, former.family_kana or names.family_kana, given_kana, mark=FORMER)
    digits = digits_of(phone)
    if digits:
        lines.text.append(PHONE + digits)
        lines.terms.update(digit_runs(digits))
    return {
        "name_folded": " ".join(name).strip()[:130],
        "kana_folded": " ".join(kana).strip()[:130],
        "search_text": "\n".join(dict.fromkeys(lines.text)),
        "search_terms": sorted(lines.terms),
    }


def digits_of(text: str) -> str:
    """The digits of a phone number, with the leading 0 for +81."""
    plain = to_ascii_digits(text).strip()
    digits = "".join(char for char in plain if char.isascii() and char.isdigit())
    return f"0{digits[2:].removeprefix('0')}" if plain.startswith("+81") else digits


def digit_runs(digits: str) -> list[str]:
    """The runs of four digits, sorted; shorter numbers have none."""
    return sorted({digits[n : n + RUN] for n in range(len(digits) - RUN + 1)})


@dataclass(frozen=True, slots=True)
class Word:
    """One typed word. ``forms`` are its folded readings, any of which may stand; ``begins`` those that a name only
    begins with (romaji while it is typed). A word of digits has ``digits``, and perhaps a ``year``.
    """

    typed: str
    forms: tuple[str, ...] = ()
    begins: tuple[str, ...] = ()
    digits: str = ""
    year: int | None = None

    @property
    def folded(self) -> str:
        return self.forms[0] if self.forms else ""

    def loose(self) -> tuple[str, ...]:
        """Readings with other vowel lengths, and nothing else."""
        if self.digits or not _KANA.fullmatch(self.folded):
            return ()
        return tuple(loose_readings(self.folded))


def whole_forms(name: str) -> list[str]:
    """What a whole name may be found by: as it was written, its reading where it is romaji (in either order), and with the
    former family name that stands beside it in brackets.
    """
    words = [word_of(word) for word in _said(name).split()]
    wholes = ["".join(word.folded for word in words[:2])]
    if len(words) > 2 and words[0].folded:  # 山田 花子（旧姓 田中）
        wholes.append(words[2].folded + words[1].folded)
    elif len(words) == 2 and all(len(word.forms) > 1 for word in words):
        one, two = (word.forms[1:MOST_READINGS] for word in words)
        wholes += [a + b for a in one for b in two] + [b + a for a in one for b in two]
    elif len(words) == 1:
        wholes += words[0].forms[1:]
    return [form for form in dict.fromkeys(wholes) if len(form) > 1]


@dataclass(frozen=True, slots=True)
class PersonQuery:
    """What was typed, taken apart. ``born`` is the first and the last day of birth; ``may_be_unknown``: the birth
    date was only guessed at, so that people without one are meant too.
    """

    words: tuple[Word, ...] = ()
    born: tuple[date, date] | None = None
    may_be_unknown: bool = False

    def __bool__(self) -> bool:
        return bool(self.words or self.born)

    def divided(self) -> PersonQuery | None:
        """山田はなこ as 山田 and はなこ, やまだ花子 as やまだ and 花子; ``None`` where that cannot be."""
        if len(self.words) != 1 or not (match := _MIXED.fullmatch(self.words[0].folded)):
            return None
        return PersonQuery(
            tuple(word_of(part) for part in match.groups() if part), self.born, self.may_be_unknown
        )


_MARKS: Final = "|".join(sorted({m for era in ERAS for m in (era.name, era.letter)}, key=len, reverse=True))
_YEAR: Final = re.compile(
    rf"(?:(?P<era>{_MARKS})(?P<year>元|\d{{1,2}})年?|(?P<western>1[89]\d\d|20\d\d)年)", re.I
)
_MONTH: Final = re.compile(rf"(?:(?:{_MARKS})(?:元|\d{{1,2}})|\d{{4}})(?:年|[./-])\d{{1,2}}月?", re.I)
_AGE: Final = re.compile(r"(\d{1,3})[歳才](くらい|ぐらい|位|前後|代|ほど|頃)?")
_BORN: Final = re.compile(r"(生まれ|生)$")
_DIGITS: Final = re.compile(r"\+?[\d()\-]+|\d{2,4}\.\d{1,4}\.\d{4}")
_KANJI_DATE: Final = re.compile("[〇一二三四五六七八九十百千]+(?=[年月日])")
# what is written beside a name and is none: who was called so before, and how a number is announced
_FORMERLY: Final = re.compile(r"(?:旧姓|旧氏|旧名|通称)\s*[:：は]?\s*(?=\S)")
_BRACKETS: Final = re.compile(r"[(〔\[【「]\s*([^\d()〔〕\[\]【】「」+][^()〔〕\[\]【】「」]*)[)〕\]】」]")
_PHONE: Final = re.compile(r"^(?:tel|電話番号|電話|携帯)\s*[:.]?\s*(?=[+(]?\d)", re.I)
_CALLED: Final = re.compile(
    "([\u3400-\u9fff々]{2,})(?:さん|さま|様|氏|殿|くん|ちゃん)|([\u3400-\u9fff々ぁ-ゖァ-ヺー]{3,})(?:さま|様|氏|殿)"
)
_TITLES: Final = frozenset({"さん", "さま", "様", "氏", "殿", "くん", "ちゃん"})


def _said(text: str) -> str:
    """What was typed without the words beside the names: 山田花子（旧姓 田中）様 is 山田花子 and 田中."""
    plain = unicodedata.normalize("NFKC", text).strip()
    plain = _BRACKETS.sub(r" \1 ", _PHONE.sub("", plain))
    plain = re.sub("(?<=[^\\d\\s])[,、](?=[^\\d\\s])", " ", _FORMERLY.sub(" ", plain))
    words = [word for word in plain.split() if word not in _TITLES]
    return " ".join(words) or text


def parse_query(text: str, *, today: date | None = None) -> PersonQuery:
    """Names, a birth date in any notation (whole, month or year), an age and a phone, in any order."""
    text = _said(text)
    plain = to_ascii_digits(text).strip()
    if (born := _born(plain)) is not None:
        return PersonQuery(born=born)
    if (digits := digits_of(plain)) and _DIGITS.fullmatch(re.sub(r"\s", "", plain)):
        return PersonQuery((Word(plain, digits=digits, year=_year_in(digits)),))
    today = today or timezone.localdate()
    words, born, unknown = [], None, False
    for typed in split_words(text):
        days = _born(to_ascii_digits(typed))
        age = _AGE.fullmatch(typed)
        if days is not None:
            born = days
        elif age:
            born, unknown = _born_by_age(int(age.group(1)), age.group(2), today), True
        elif (word := word_of(typed)).forms or word.digits:
            words.append(word)
    return PersonQuery(tuple(words), born, unknown)


def word_of(typed: str) -> Word:
    """One word with its readings."""
    plain = to_ascii_digits(typed)
    if _DIGITS.fullmatch(plain) and (digits := digits_of(plain)):
        return Word(typed, digits=digits, year=_year_in(digits))
    folded = fold(typed)
    if not folded:
        return Word(typed)
    readings = romaji_readings(typed)
    if called := _CALLED.fullmatch(typed):
        readings = [fold(called.group(1) or called.group(2))]
    return Word(
        typed,
        tuple(dict.fromkeys([folded, *readings])),
        tuple(romaji_beginning(typed) if not readings else ()),
    )


def _year_in(digits: str) -> int | None:
    return int(digits) if re.fullmatch(r"1[89]\d\d|20\d\d", digits) else None


def _born(text: str) -> tuple[date, date] | None:
    text = _BORN.sub("", re.sub(r"\s", "", text))
    text = _KANJI_DATE.sub(lambda found: str(kanji_number(found.group())), text)
    try:
        day = parse_wareki(text)
        return day, day
    except ValueError:
        pass
    if _MONTH.fullmatch(text):
        try:
            first = parse_month(text)
        except ValueError:
            return None
        after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
        return first, date.fromordinal(after.toordinal() - 1)
    if match := _YEAR.fullmatch(unicodedata.normalize("NFKC", text)):
        return year_of_birth(_western(match))
    return None


def _western(match: re.Match[str]) -> int:
    if match["western"]:
        return int(match["western"])
    era = next(era for era in ERAS if match["era"].upper() in (era.name, era.letter))
    return era.first.year + (1 if match["year"] == "元" else int(match["year"])) - 1


def year_of_birth(year: int) -> tuple[date, date]:
    """The days of a calendar year."""
    return date(year, 1, 1), date(year, 12, 31)


def _born_by_age(age: int, about: str | None, today: date) -> tuple[date, date]:
    """The years of birth of somebody who is ``age``: exactly, by the decade (80歳代), or about."""
    slack = 9 if about == "代" else 0 if about is None else 5
    older = age + slack if about in ("代", None) else age + 5
    younger = age if about in ("代", None) else age - 5
    last = min(today.year - younger, today.year)
    return date(max(today.year - older - 1, 1868), 1, 1), date(max(last, 1868), 12, 31)


def key_terms(forms: Iterable[str]) -> list[str]:
    """The terms of whole names."""
    return [f"={form}" for form in forms]


def plain(name: str) -> str:
    """A name as it was written, whatever its width and spaces."""
    return "".join(unicodedata.normalize("NFKC", name).split())


def is_kana_form(form: str) -> bool:
    return bool(_KANA.fullmatch(form))
