"""Words that would tell who it is about, in a text that is read before anybody may know: found, and said plainly."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from common.errors import RuleViolation
from common.japan.kana import to_hiragana
from households.contact import Details, Shield
from households.models import Household, HouseholdMember, Person

_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_PHONE = re.compile(r"0\d{1,4}[-‐‑–—−ー－()（）\s]*\d{1,4}[-‐‑–—−ー－()（）\s]*\d{3,4}")
_POSTAL = re.compile(r"〒\s*\d{3}[-‐‑–—−ー－]?\d{4}")
_NUMBER = "[0-9〇一二三四五六七八九十]"
_LOT = re.compile(f"{_NUMBER}+ *(?:丁目|番地|番{_NUMBER}|号室)")


@dataclass(frozen=True, slots=True)
class Found:
    """``sure``: cannot be anything else, has to go. ``likely``: may be an ordinary word, the writer says so."""

    sure: tuple[str, ...] = ()
    likely: tuple[str, ...] = ()


def identity_in(text: str, household: Household | None, shield: Shield) -> Found:
    """What of a text points at a person: any phone, mail or house number; names, phones and address of ``household``.

    ``shield`` is the writer's: what is protected from the writer is not looked for, or the answer would tell it.
    """
    plain = unicodedata.normalize("NFKC", text)
    sure: list[str] = []
    likely: list[str] = []
    if any(len(re.sub(r"\D", "", found)) in (10, 11) for found in _PHONE.findall(plain)):
        sure.append("電話番号")
    if _MAIL.search(plain):
        sure.append("メールアドレス")
    if _POSTAL.search(plain) or _LOT.search(plain):
        sure.append("住所")
    if household is not None:
        people = [
            member.person
            for member in HouseholdMember.objects.filter(household=household)
            .select_related("person")
            .order_by("pk")
        ]
        _names(_tight(plain), people, sure, likely)
        _contact(plain, household, people, shield, sure, likely)
    return Found(tuple(dict.fromkeys(sure)), tuple(dict.fromkeys(w for w in likely if w not in sure)))


def _tight(text: str) -> str:
    return to_hiragana(re.sub(r"[\s・･]", "", text))


def _names(text: str, people: list[Person], sure: list[str], likely: list[str]) -> None:
    """A whole name is sure; a family or given name alone may be a word (林, 幸, 光)."""
    for person in people:
        pairs = (
            (person.family_name, person.given_name),
            (person.family_kana, person.given_kana),
        )
        for family, given in pairs:
            family, given = _tight(family), _tight(given)
            if family and given and family + given in text:
                sure.append("氏名")
            elif any(len(word) > 1 and word in text for word in (family, given)):
                likely.append("世帯の人の名前")
        alias = _tight(person.alias)
        if len(alias) > 1 and alias in text:
            likely.append("世帯の人の通称")


_CALLED: Final = ("さん", "様", "さま", "氏", "君", "くん", "ちゃん", "家", "宅", "世帯")


def is_named_in(text: str, households: Iterable[int]) -> bool:
    """Whether a text names somebody of some households: a whole name or alias, a family or given name as people are
    called (田中さん, 田中家); a bare family name may be a word.
    """
    plain = _tight(unicodedata.normalize("NFKC", text))
    people = Person.objects.filter(memberships__household__in=list(households)).order_by("pk")
    for person in people.only("family_name", "given_name", "family_kana", "given_kana", "alias"):
        for family, given in (
            (person.family_name, person.given_name), (person.family_kana, person.given_kana), (person.alias, ""),
        ):  # fmt: skip
            words = [word for word in (_tight(family), _tight(given)) if word]
            if len(words) == 2 and "".join(words) in plain:
                return True
            if any(f"{word}{called}" in plain for word in words for called in _CALLED):
                return True
    return False


def _contact(
    text: str, household: Household, people: list[Person], shield: Shield, sure: list[str], likely: list[str]
) -> None:
    home = shield.household(household)
    details = set() if home.is_hidden else {(True, home.address), (False, home.phone)}
    for person in people:
        contact = shield.person(person)
        if not contact.is_hidden:
            details |= {(False, contact.phone), (False, contact.workplace)}
    wanted = frozenset(detail for detail in details if detail[1].strip())
    if not wanted:
        return
    looking = Shield(said=Details(known={0: wanted}), read_in={household.pk: frozenset({0})})
    struck = looking.text(text, household.pk)
    if struck == text:
        return
    if len(re.findall(_NUMBER, struck)) < len(re.findall(_NUMBER, text)):
        sure.append("住所か電話")
    else:
        likely.append("住んでいる所か、勤め先・学校")


def check_no_identity(
    text: str, household: Household | None, shield: Shield, *, is_checked: bool, field: str
) -> None:
    """Raise RuleViolation beside ``field`` while the text tells who it is about. ``is_checked``: the writer has looked at
    the words that may be ordinary ones and says that they point at nobody.
    """
    found = identity_in(text, household, shield)
    if found.sure:
        raise RuleViolation(
            f"{'・'.join(found.sure)}が入っているようです。だれのことか分からない言葉に直してください。",
            field=field,
        )
    if found.likely and not is_checked:
        raise RuleViolation(
            f"{'・'.join(found.likely)}に当たる言葉が入っています。消すか、本人を指していなければ"
            "「本人を指す言葉ではない」に印を付けてください。",
            field=field,
        )
