"""Who is registered already: people like the one who is being typed in, with the reason for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.db.models import Case, Q, When

from accounts.actor import Actor
from common.japan.names import as_written, fold, spelt_apart
from households.matching import has_full_name, has_name, is_phone
from households.models import Person
from households.person_search import (
    ALIAS,
    FORMER,
    PHONE,
    WHOLE_PHONE,
    digits_of,
    is_kana_form,
    whole_forms,
)

MOST: Final = 5
READ: Final = 60  # namesakes among whom the likeliest are chosen


@dataclass(frozen=True, slots=True)
class Typed:
    """What a form says about a new person. ``names`` are whole, the name and its reading; ``others`` are names beside
    them that are known already, folded (an alias, a former name).
    """

    names: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    givens: tuple[str, ...] = ()
    born: date | None = None
    phone: str = ""

    @property
    def wholes(self) -> tuple[str, ...]:
        forms = (form for name in self.names for form in (fold(name), *whole_forms(name)) if len(form) > 1)
        return tuple(dict.fromkeys(forms))

    @property
    def given_forms(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(form for name in self.givens if (form := fold(name))))


@dataclass(frozen=True, slots=True)
class Alike:
    """Somebody who may be the one that is typed in: identity only."""

    person: Person
    reason: str
    is_same_name: bool = False  # in the same characters


def people_alike(actor: Actor, typed: Typed) -> list[Alike]:
    """The likeliest first: same day of birth, then unknown, then another; one query. Protected phones find nobody."""
    found = by_name(typed)
    digits = digits_of(typed.phone)
    if len(digits) >= WHOLE_PHONE:
        found |= is_phone(digits)
    return likeliest(actor, typed, found)


def namesakes(actor: Actor, typed: Typed) -> list[Alike]:
    """Only those of the same name, reading, alias or former name, in whatever characters; one query, none without."""
    return likeliest(actor, typed, has_full_name(typed.wholes)) if typed.wholes else []


def by_name(typed: Typed) -> Q:
    """The same whole name, or the same given name and day of birth (旧姓)."""
    found = has_full_name((*typed.wholes, *typed.others))
    if typed.born and typed.given_forms:
        found |= Q(birth_on=typed.born) & has_name(typed.given_forms)
    return found


def typed_of(person: Person) -> Typed:
    """What is recorded of somebody, as though it were typed in; without the phone."""
    marked = [line[1:] for line in person.search_text.split("\n") if line.startswith((ALIAS, FORMER))]
    wholes = (person.family_name + person.given_name, person.family_kana + person.given_kana)
    return Typed(
        names=tuple(whole for whole in wholes if whole),
        others=tuple(marked),
        givens=(person.given_name, person.given_kana),
        born=person.birth_on,
    )


def likeliest(
    actor: Actor,
    typed: Typed,
    found: Q,
    *,
    most: int = MOST,
    but: Sequence[int] = (),
    first: Sequence[int] = (),
) -> list[Alike]:
    """Of those whom ``found`` means: ``first`` and the ``most`` likeliest others; one query."""
    rows = Person.objects.findable_by(actor).filter(found).exclude(pk__in=but).defer("search_terms", "note")
    front = [Case(When(pk__in=first, then=0), default=1)] if first else []
    read = rows.order_by(*front, "pk")[: READ + len(first)]
    ranked = sorted(read, key=lambda person: (person.pk not in first, _distance(person, typed), person.pk))
    return [alike(person, typed) for person in ranked[: most + len(first)]]


def _distance(person: Person, typed: Typed) -> int:
    if typed.born is None or person.birth_on is None:
        return 1
    return 0 if person.birth_on == typed.born else 2


def alike(person: Person, typed: Typed) -> Alike:
    """Why the two are alike, in words; what is only known of one of them stands behind."""
    reasons, is_same = _names_reasons(person, typed)
    if typed.born and person.birth_on:
        reasons.append("生年月日が同じ" if person.birth_on == typed.born else "生年月日は違う")
    elif reasons and person.birth_on is None:
        reasons.append("生年月日は未記録")
    digits = digits_of(typed.phone)
    if len(digits) >= WHOLE_PHONE and PHONE + digits in person.search_text.split("\n"):
        reasons.append("電話が同じ")
    return Alike(person, "・".join(reasons), is_same)


def _names_reasons(person: Person, typed: Typed) -> tuple[list[str], bool]:
    """The reasons of the names, and whether a name stands there in the same characters."""
    wholes = set(typed.wholes)
    kana = {person.kana_folded.replace(" ", ""), fold(person.family_kana + person.given_kana)} & wholes
    names = {person.name_folded.replace(" ", ""), fold(person.family_name + person.given_name)} - {""}
    if said := [text for text in typed.names if {fold(text), *whole_forms(text)} & names]:
        registered = person.family_name + person.given_name
        spelling = "" if is_kana_form(fold(registered)) else _spelling(said, registered)
        if not spelling:
            return ["氏名が同じ"], True
        return [spelling, "読みが同じ"] if kana else [spelling], False
    if kana:
        return ["読みが同じ"], False
    told = {*wholes, *typed.others}
    marks = {line[0] for line in person.search_text.split("\n") if line[1:] in told}
    if marks & {ALIAS, FORMER}:
        return ["旧姓が同じ" if FORMER in marks else "通称が同じ"], False
    if names & set(typed.others):
        return ["旧姓か通称が同じ"], False
    if typed.born and person.birth_on == typed.born and has_given(person, typed):
        return ["名が同じ（旧姓かもしれません）"], False
    return [], False


def has_given(person: Person, typed: Typed) -> bool:
    return bool({fold(person.given_name), fold(person.given_kana)} & set(typed.given_forms))


def _spelling(said: list[str], registered: str) -> str:
    """How the written names differ; empty when one of them stands there in the same characters."""
    if any(as_written(text) == as_written(registered) for text in said):
        return ""
    pairs = "・".join(f"{typed}/{known}" for typed, known in spelt_apart(said[0], registered))
    return f"氏名の字の違い（{pairs}）" if pairs else "氏名の書き方の違い"
