"""Who is registered already: people like the one who is being typed in, with the reason for each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from django.db.models import Q

from accounts.actor import Actor
from common.japan.names import fold
from households.matching import has_full_name, has_name, is_phone
from households.models import Person
from households.person_search import (
    ALIAS,
    FORMER,
    PHONE,
    WHOLE_PHONE,
    digits_of,
    is_kana_form,
    plain,
    whole_forms,
)

MOST: Final = 5
READ: Final = 60  # namesakes among whom the likeliest are chosen


@dataclass(frozen=True, slots=True)
class Typed:
    """What a form says about a new person. ``names`` and ``kana`` are whole; a part of either may be missing."""

    names: tuple[str, ...] = ()
    givens: tuple[str, ...] = ()
    born: date | None = None
    phone: str = ""

    @property
    def wholes(self) -> tuple[str, ...]:
        forms = (form for name in self.names for form in (fold(name), *whole_forms(name)) if len(form) > 1)
        return tuple(dict.fromkeys(forms))

    @property
    def written(self) -> set[str]:
        return {plain(name) for name in self.names}

    @property
    def given_forms(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(form for name in self.givens if (form := fold(name))))


@dataclass(frozen=True, slots=True)
class Alike:
    """Somebody who may be the one that is typed in: identity only."""

    person: Person
    reason: str


def people_alike(actor: Actor, typed: Typed) -> list[Alike]:
    """The likeliest first: same day of birth, then unknown, then another; one query. Protected phones find nobody."""
    found = _conditions(typed)
    if found is None:
        return []
    rows = Person.objects.findable_by(actor).filter(found).defer("search_terms", "note").order_by("pk")[:READ]
    ranked = sorted(rows, key=lambda person: (_distance(person, typed), person.pk))
    return [Alike(person, _reason(person, typed)) for person in ranked[:MOST]]


def _conditions(typed: Typed) -> Q | None:
    parts = []
    if typed.wholes:
        parts.append(has_full_name(typed.wholes))
    if typed.born and typed.given_forms:
        parts.append(Q(birth_on=typed.born) & has_name(typed.given_forms))
    digits = digits_of(typed.phone)
    if len(digits) >= WHOLE_PHONE:
        parts.append(is_phone(digits))
    if not parts:
        return None
    found = parts[0]
    for part in parts[1:]:
        found |= part
    return found


def _distance(person: Person, typed: Typed) -> int:
    if typed.born is None or person.birth_on is None:
        return 1
    return 0 if person.birth_on == typed.born else 2


def _reason(person: Person, typed: Typed) -> str:
    lines = person.search_text.split("\n")
    name, kana = (text.replace(" ", "") for text in (person.name_folded, person.kana_folded))
    marks = {line[0] for line in lines if line[1:] in typed.wholes}
    reasons = []
    if name in typed.wholes:
        is_exact = plain(person.family_name + person.given_name) in typed.written or is_kana_form(name)
        reasons.append("氏名が同じ" if is_exact else "氏名が同じ（字体が違う）")
    elif kana in typed.wholes:
        reasons.append("読みが同じ")
    elif marks & {FORMER, ALIAS}:
        reasons.append("旧姓が同じ" if FORMER in marks else "通称が同じ")
    elif typed.born and person.birth_on == typed.born and typed.given_forms:
        reasons.append("名が同じ（旧姓かもしれません）")
    if typed.born and person.birth_on:
        reasons.append("生年月日が同じ" if person.birth_on == typed.born else "生年月日は違う")
    elif person.birth_on is None:
        reasons.append("生年月日は未記録")
    if len(digits := digits_of(typed.phone)) >= WHOLE_PHONE and PHONE + digits in lines:
        reasons.append("電話が同じ")
    return "・".join(reasons)
