"""Finding people: ranked, with the reason for each, and cut where weaker matches would only crowd the list.

Identity only (``findable_by``), with each question kept by its shape (``common/kept_where.py``). What is asked of the database is bounded: each step reads at most ``MOST`` rows, the
strongest first, and the next step is taken only while there is room.

Order: exactly as written, then the same by folding, then the reading, then an alias or former name. Beginnings are
shown only where no whole name is found, places inside a name only where no beginning is, other vowel lengths (ゆこ for
ゆうこ) only where nothing is. ``weaker`` goes through every step: 「似た名前も」.

A part of a phone finds only people whose record the reader sees; of anybody else the whole number has to be typed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import IntEnum
from functools import partial, reduce
from operator import and_
from typing import cast

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.actor import Actor
from accounts.roles import Permission
from common.kept_sql import kept
from common.kept_where import kept_where
from households.matching import (
    MOST_FORMS,
    born_between,
    has_digits,
    has_name,
    holds_digits,
    holds_phone,
    holds_word,
    matches,
)
from households.models import FormerName, Person, denied_households
from households.models.person import PersonQuerySet
from households.person_search import (
    ALIAS,
    FORMER,
    WHOLE_PHONE,
    PersonQuery,
    Word,
    is_kana_form,
    parse_query,
    plain,
)

MOST = 100  # people of one answer, over all its pages
MOST_ARMS = 16  # beginnings that one query asks for


class Tier(IntEnum):
    """How well a word fits, best first."""

    EXACT = 0
    FOLDED = 1
    READING = 2
    ALIAS = 3
    FORMER = 4
    BEGINNING = 5
    INSIDE = 6
    LOOSE = 7


REASONS = {Tier.ALIAS: "通称", Tier.FORMER: "旧姓", Tier.LOOSE: "読みが近い"}


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """Somebody found. ``reason`` says in words why; ``former`` is the former name where it was that."""

    person: Person
    tier: Tier
    reason: str
    former: str = ""


@dataclass(frozen=True, slots=True)
class FoundPeople:
    """``hits`` of one answer; ``is_cut``: there are more as good, ``has_weaker``: similar names were not asked for."""

    hits: list[FoundPerson]
    is_cut: bool = False
    has_weaker: bool = False


def search_people(
    actor: Actor, text: str, *, weaker: bool = False, most: int = MOST, on: date | None = None
) -> FoundPeople:
    """Everybody whom ``text`` finds, ranked, at most ``most``; usually two or three queries, none of them long."""
    query = parse_query(text, today=on)
    if not query:
        return FoundPeople([])
    if not actor.has(Permission.PERSON_FIND):
        return FoundPeople([])
    day = timezone.localdate()
    is_denied = bool(kept(denied_households, actor, on=day))
    people = _People(actor, is_denied, day, _born(query))
    if not query.words:
        rows = list(_people(people.namer).filter(people.born).order_by("birth_on", "pk")[: most + 1])
        hits = [FoundPerson(person, Tier.EXACT, "生年月日") for person in rows]
    else:
        hits = sorted(_collect(people, query, weaker=weaker, most=most), key=_rank)
    return FoundPeople(
        _with_formers(hits[:most]),
        is_cut=len(hits) > most,
        has_weaker=bool(query.words) and not weaker and len(hits) <= most,
    )


def found_among(
    actor: Actor, people: Sequence[int], text: str, *, on: date | None = None
) -> list[FoundPerson]:
    """Those of some people (ids, at most a few thousand) of whom ``text`` is a name, an alias, a former name or the beginning
    of one; ranked. One query, two with former names.
    """
    query = parse_query(text, today=on)
    if not query.words or not people or not actor.has(Permission.PERSON_FIND):
        return []
    among, day = Q(pk__one_of=people), timezone.localdate()
    if any(word.digits for word in query.words):
        rows = _People(actor, True, day, among & _born(query)).with_digits(query.words, holds_word, MOST)
    else:
        rows = kept_where(_holding, actor, among & matches(query), on=day, given=(MOST,))
    hits = [hit for person in rows if (hit := _judge(person, query)).tier <= Tier.BEGINNING]
    return _with_formers(sorted(hits, key=_rank))


def _born(query: PersonQuery) -> Q:
    if not query.born:
        return Q()
    return born_between(query.born, may_be_unknown=query.may_be_unknown and bool(query.words))


@dataclass(frozen=True, slots=True)
class _People:
    """Whom a search asks about. A reader whom no deny list names, which is nearly everybody, finds the same people as all
    of these (``namer`` is None), so that their questions are kept together. ``born``: a condition of every question.
    """

    reader: Actor
    is_denied: bool
    day: date
    born: Q

    @property
    def namer(self) -> Actor | None:
        return self.reader if self.is_denied else None

    def holding(self, words: Sequence[Word], of: Callable[[Word], Q], most: int) -> list[Person]:
        if any(word.digits for word in words):
            return self.with_digits(words, of, most)
        return self.fitting(reduce(and_, map(of, words)), most)

    def fitting(self, where: Q, most: int) -> list[Person]:
        return kept_where(_holding, self.namer, where & self.born, on=self.day, given=(most,))

    def with_digits(self, words: Sequence[Word], of: Callable[[Word], Q], most: int) -> list[Person]:
        """By a part of the phone those whom the reader sees, by the whole or the year of birth anybody; one query."""
        numbers = [word for word in words if word.digits]
        of_anybody = all(word.year is not None or len(word.digits) >= WHOLE_PHONE for word in numbers)
        # by the year of birth anybody is found already: who is seen would come twice
        by_part = holds_phone if of_anybody and len(numbers) == 1 else holds_digits
        wheres = [by_part] + [has_digits] * of_anybody
        asked = [
            reduce(and_, (by(word) if word.digits else of(word) for word in words)) & self.born
            for by in wheres
        ]
        rows = kept_where(_with_digits, self.reader, *asked, on=self.day, given=(most,))
        return list({person.pk: person for person in rows}.values())

    def along(self, starts: list[tuple[str, str]], each: int, most: int) -> list[Person]:
        """The first people of each beginning (column, text) in the order of its index, in one query."""
        arms = [Q(**{f"{column}__startswith": start}) & self.born for column, start in starts]
        return kept_where(_along, self.namer, *arms, on=self.day, given=(each, most))


def _people(actor: Actor | None) -> PersonQuerySet:
    rows = Person.objects.findable() if actor is None else Person.objects.findable_by(actor)
    return rows.defer("search_terms", "note")


def _holding(actor: Actor | None, most: int, where: Q) -> QuerySet[Person]:
    return _people(actor).filter(where)[:most]


def _with_digits(actor: Actor, most: int, seen: Q, *anybody: Q) -> QuerySet[Person]:
    mine = _people(actor).visible_to(actor).filter(seen)[:most]
    parts = [_people(actor).filter(where)[:most] for where in anybody]
    return mine.union(*parts, all=True)[:most] if parts else mine


def _along(actor: Actor | None, each: int, most: int, *arms: Q) -> QuerySet[Person]:
    people, parts = _people(actor), []
    for arm in arms:
        lookup, _ = cast(tuple[str, str], arm.children[0])
        column = lookup.removesuffix("__startswith")
        parts.append(people.filter(arm).order_by(column, "pk")[:each])
    return parts[0].union(*parts[1:], all=True)[:most] if len(parts) > 1 else parts[0]


def _rank(hit: FoundPerson) -> tuple[object, ...]:
    return hit.tier, hit.person.kana_folded, hit.person.name_folded, hit.person.pk


def _collect(people: _People, query: PersonQuery, *, weaker: bool, most: int) -> list[FoundPerson]:
    found: dict[int, FoundPerson] = {}
    strength = Tier.EXACT
    for tier, ask in _steps(people, query, most + 1):
        if len(found) > most or (tier != strength and found and not weaker):
            break
        strength = tier
        room = most + 1 + len(found)  # for as many as are known already
        for person in ask(2 * most + 1 if found else most + 1)[:room]:
            if person.pk not in found:
                found[person.pk] = _judge(person, query)
    return list(found.values())


def _steps(
    people: _People, query: PersonQuery, each: int
) -> Iterator[tuple[Tier, Callable[[int], list[Person]]]]:
    """Ever weaker sets of people, each read only when it is asked for (with the most to read), with the strength that they
    belong to.

    A single name goes along the ordered names first, so that the commonest names of the country cost no more than
    the rarest.
    """
    words = query.words
    alone = words[0] if len(words) == 1 and not words[0].digits and not query.born else None

    def along(starts: list[tuple[str, str]]) -> Callable[[int], list[Person]]:
        return partial(people.along, starts, each)

    def holding(of: Callable[[Word], Q]) -> Callable[[int], list[Person]]:
        return partial(people.holding, words, of)

    if alone is not None:
        yield Tier.EXACT, along([(column, f"{form} ") for column, form in _columns(alone.forms)])
    yield Tier.EXACT, holding(lambda word: has_name(word.forms))
    if alone is not None:
        yield Tier.BEGINNING, along(_columns((*alone.forms, *alone.begins)))
    elif len(words) == 2 and not any(word.digits for word in words):
        seconds = (*words[1].forms, *words[1].begins)[:MOST_FORMS]
        both = [(column, f"{one} {two}") for column, one in _columns(words[0].forms) for two in seconds]
        yield Tier.BEGINNING, along(both[:MOST_ARMS])
    if alone is None or len(alone.folded) > 1:
        yield Tier.INSIDE, holding(holds_word)
    if any(word.loose() for word in words):
        yield Tier.LOOSE, holding(lambda word: holds_word(word) | has_name(word.loose()))
    if (divided := query.divided()) is not None:
        yield Tier.LOOSE, partial(people.fitting, matches(divided))


def _columns(forms: Iterable[str]) -> list[tuple[str, str]]:
    """Where a form may begin a name: a kana form in the reading or in a name written in kana."""
    found = []
    for form in list(forms)[:MOST_FORMS]:
        found.append(("name_folded", form))
        if is_kana_form(form):
            found.append(("kana_folded", form))
    return found


def _judge(person: Person, query: PersonQuery) -> FoundPerson:
    """The weakest of the words decides the tier; every word gives its reason."""
    judged = [_fit(person, word) for word in query.words]
    reasons = dict.fromkeys([reason for _, reason in judged] + (["生年月日"] if query.born else []))
    return FoundPerson(person, max(tier for tier, _ in judged), "・".join(reasons))


def _fit(person: Person, word: Word) -> tuple[Tier, str]:
    lines = person.search_text.split("\n")
    if word.digits:
        # who was born in that year is told as such, whatever stands in a phone that the reader may not see
        was_born = person.birth_on is not None and person.birth_on.year == word.year
        return (Tier.FOLDED, "生まれた年") if was_born else (Tier.EXACT, "電話")
    names, kana = _keys(person.name_folded), _keys(person.kana_folded)
    forms = set(word.forms)
    if forms & names:
        raw = {person.family_name, person.given_name, person.family_name + person.given_name}
        is_exact = plain(word.typed) in {plain(name) for name in raw}
        return (Tier.EXACT if is_exact else Tier.FOLDED), "氏名"
    if forms & kana:
        return Tier.READING, "かな"
    marked = [line for line in lines if line[:1] in (ALIAS, FORMER)]
    for mark, tier in ((ALIAS, Tier.ALIAS), (FORMER, Tier.FORMER)):
        if any(line[0] == mark and _is_whole(line[1:], forms, person) for line in marked):
            return tier, REASONS[tier]
    starts = (*word.forms, *word.begins)
    for keys, reason in ((names, "氏名"), (kana, "かな")):
        if any(key.startswith(starts) for key in keys):
            return Tier.BEGINNING, reason
    for line in lines:
        if line[:1] != "." and any(form in line for form in starts):
            inner = {ALIAS: "通称", FORMER: "旧姓"}.get(line[:1])
            return Tier.INSIDE, inner or (
                "かな" if any(form in key for form in starts for key in kana) else "氏名"
            )
    return Tier.LOOSE, REASONS[Tier.LOOSE]


def _keys(folded: str) -> set[str]:
    """「山田 花子」: 山田, 花子, 山田花子."""
    return {*folded.split(" "), folded.replace(" ", "")} - {""}


def _is_whole(line: str, forms: set[str], person: Person) -> bool:
    """An alias, or a former family name with or without the given name."""
    givens = [folded.split(" ")[-1] for folded in (person.name_folded, person.kana_folded)]
    return any(line == form or line in {form + given for given in givens} for form in forms)


def _with_formers(hits: list[FoundPerson]) -> list[FoundPerson]:
    """The former names of those found by one; one query, none without."""
    wanted = {hit.person.pk for hit in hits if REASONS[Tier.FORMER] in hit.reason}
    if not wanted:
        return hits
    names: dict[int, list[str]] = {}
    for former in FormerName.objects.filter(person__in=wanted).order_by("pk"):
        names.setdefault(former.person_id, []).append(str(former))
    return [replace(hit, former="・".join(names.get(hit.person.pk, []))) for hit in hits]


__all__ = ["MOST", "FoundPeople", "FoundPerson", "Tier", "found_among", "search_people"]
