"""A query for people as conditions on the search columns of a person (``households.person_search``)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from django.db.models import Q

from common.japan.names import bigrams
from households.person_search import (
    PHONE,
    WHOLE_PHONE,
    PersonQuery,
    Word,
    digit_runs,
    key_terms,
    year_of_birth,
)

MOST_FORMS = 8  # of romaji with many readings, that many are looked for inside longer names
NOBODY = Q(pk__in=[])


def born_between(days: tuple[date, date], *, may_be_unknown: bool = False) -> Q:
    first, last = days
    found = Q(birth_on=first) if first == last else Q(birth_on__gte=first, birth_on__lte=last)
    return found | Q(birth_on__isnull=True) if may_be_unknown else found


def has_name(forms: tuple[str, ...]) -> Q:
    """A whole name (family, given, both together, alias, former) is one of ``forms``."""
    terms = key_terms(forms)
    if not terms:
        return NOBODY
    return Q(search_terms__contains=terms) if len(terms) == 1 else Q(search_terms__overlap=terms)


def has_full_name(forms: tuple[str, ...]) -> Q:
    """Family and given name together, their reading, an alias, or a former name with the given name."""
    return Q(search_terms__overlap=[f"=={form}" for form in forms]) if forms else NOBODY


def holds(form: str) -> Q:
    """``form`` stands somewhere in a name; a single character stands at its beginning."""
    if len(form) == 1:
        return Q(name_folded__startswith=form) | Q(kana_folded__startswith=form) | has_name((form,))
    terms = bigrams(form)
    found = Q(search_terms__contains=terms)
    # the words in this order; of two characters the pair says it, and LIKE would have the planner take it for rare
    return found if terms == [form] else found & Q(search_text__contains=form)


def holds_word(word: Word) -> Q:
    """A word stands somewhere in the names, or in the phone or the year of birth if it is a number."""
    if word.digits:
        return holds_digits(word)
    found = NOBODY
    for form in word.forms[:MOST_FORMS]:
        found |= holds(form)
    if len(word.forms) > MOST_FORMS:
        found |= has_name(word.forms)
    for form in word.begins[:MOST_FORMS]:
        found |= Q(kana_folded__startswith=form) | Q(kana_folded__contains=f" {form}")
    return found


def holds_digits(word: Word) -> Q:
    """A run of at least four digits of the phone, or the year of birth."""
    found = holds_phone(word)
    if word.year is not None:
        found |= born_between(year_of_birth(word.year))
    return found


def holds_phone(word: Word) -> Q:
    """At least four digits that stand in the phone in this order."""
    if runs := digit_runs(word.digits):
        return Q(search_terms__contains=runs) & Q(search_text__contains=word.digits)
    return NOBODY


def has_digits(word: Word) -> Q:
    """What digits may find of somebody whose record stays closed: the whole phone, or the year of birth. By a part of the
    phone it could be read out digit by digit.
    """
    found = NOBODY
    if len(word.digits) >= WHOLE_PHONE:
        found = is_phone(word.digits)
    if word.year is not None:
        found |= born_between(year_of_birth(word.year))
    return found


def is_phone(digits: str) -> Q:
    """The whole phone, no digit less: its line is the last of the searchable text."""
    return Q(search_terms__contains=digit_runs(digits)) & Q(search_text__endswith=PHONE + digits)


def matches(query: PersonQuery, *, digits: Callable[[Word], Q] = holds_digits) -> Q:
    """Every word stands, and the birth date; romaji also by its first letters while it is typed."""
    found = Q()
    for word in query.words:
        found &= digits(word) if word.digits else holds_word(word)
    if query.born:
        found &= born_between(query.born, may_be_unknown=query.may_be_unknown and bool(query.words))
    return found
