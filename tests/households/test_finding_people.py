"""Finding people by every way of writing a name: recall and precision over a register full of other people."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random

import pytest

from households.models import FormerName, Person
from households.person_search import Former, Names, person_columns
from households.selectors_people import search_people
from kyosei.demo.names import FAMILY_NAMES, GIVEN_NAMES
from tests import factories as f

PAIRS = Path(__file__).with_name("name_pairs.csv")
OTHERS = 6000
FIRST = 20


@dataclass(frozen=True)
class Pair:
    """A query, and a person whom it has to find (or must not find)."""

    rule: str
    query: str
    found: str
    family: str
    given: str
    family_kana: str
    given_kana: str
    former: str
    former_kana: str
    born: str

    @property
    def who(self) -> tuple[str, ...]:
        return self.family, self.given, self.family_kana, self.given_kana, self.former, self.born

    @property
    def reading(self) -> tuple[str, str]:
        return self.family_kana, self.given_kana


def pairs() -> list[Pair]:
    with PAIRS.open(newline="") as file:
        return [Pair(**row) for row in csv.DictReader(file)]


def _person(names: Names, born: date | None = None, phone: str = "") -> Person:
    return Person(
        family_name=names.family, given_name=names.given, family_kana=names.family_kana, given_kana=names.given_kana,
        birth_on=born, phone=phone, created_at=f.NOW, **person_columns(names, phone),
    )  # fmt: skip


def _others() -> Iterator[Person]:
    """People with the commonest names of the country, of every age."""
    rng = Random(20261123)
    givens = [pair for group in GIVEN_NAMES.values() for pair in group]
    for n in range(OTHERS):
        (family, family_kana), (given, given_kana) = rng.choice(FAMILY_NAMES), rng.choice(givens)
        born = date(1930 + n % 90, 1 + n % 12, 1 + n % 28)
        phone = f"090{rng.randrange(10**8):08d}" if n % 2 else ""
        yield _person(Names(family, given, family_kana, given_kana), born, phone)


@pytest.fixture
def register(db) -> dict[int, tuple[str, ...]]:
    """Everybody of the pairs among thousands of others; the key of each person of a pair with who that is."""
    Person.objects.bulk_create(_others(), batch_size=2000)
    known = {}
    for pair in {pair.who: pair for pair in pairs()}.values():
        formers = (Former(pair.former, pair.former_kana),) if pair.former else ()
        names = Names(pair.family, pair.given, pair.family_kana, pair.given_kana, "", formers)
        person = _person(names, date.fromisoformat(pair.born) if pair.born else None)
        person.save()
        for former in formers:
            FormerName.objects.create(
                person=person, family_name=former.family, family_kana=former.family_kana
            )
        known[person.pk] = pair.who
    return known


def _is_read_aloud(query: str) -> bool:
    """Whether a query is a reading, which cannot tell people apart who are written differently."""
    return not re.search("[\u3400-\u9fff\uf900-\ufaff]", query)


def test_three_hundred_pairs(register, worker, record_property):
    """Recall: everybody who has to be found stands in the first 20. Precision: of all those shown there, how many are
    whom the query means; somebody else with the same reading is meant by a reading too.
    """
    all_pairs = pairs()
    assert len(all_pairs) >= 300
    meant: dict[str, list[Pair]] = {}
    for pair in all_pairs:
        meant.setdefault(pair.query, [])
        if pair.found == "yes":
            meant[pair.query].append(pair)
    missed, wrong, right = [], [], 0
    for query, wanted in meant.items():
        hits = search_people(worker.actor, query, on=f.TODAY).hits[:FIRST]
        shown = {hit.person.pk: hit.person for hit in hits}
        names = {register.get(pk) for pk in shown}
        missed += [(pair.rule, query, pair.family + pair.given) for pair in wanted if pair.who not in names]
        whos, readings = {pair.who for pair in wanted}, {pair.reading for pair in wanted}
        for pk, person in shown.items() if wanted else ():
            same_reading = (person.family_kana, person.given_kana) in readings and _is_read_aloud(query)
            if register.get(pk) in whos or same_reading:
                right += 1
            else:
                wrong.append((query, person.display_name, person.display_kana))
    precision = right / (right + len(wrong))
    asked = sum(pair.found == "yes" for pair in all_pairs)
    record_property(
        "figure",
        f"names: {len(all_pairs)} pairs, recall {1 - len(missed) / asked:.1%}, precision {precision:.1%}",
    )
    assert not missed, missed
    assert precision >= 0.95, wrong
    near = {(pair.query, pair.who) for pair in all_pairs if pair.found == "no"}
    crowding = [
        (query, who)
        for query, who in near
        for hit in search_people(worker.actor, query, on=f.TODAY).hits[:FIRST]
        if register.get(hit.person.pk) == who
    ]
    assert not crowding, crowding
