"""Rows of persons and households: families that share a name, with ages, kana and the columns that searches use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from random import Random
from typing import Any, Final

from households.enums import FormerNameKind, Relation
from households.household_search import household_columns
from households.models import FormerName, Household, HouseholdGrant, HouseholdMember, Person
from households.person_search import PHONE, Former, Names, digit_runs, digits_of, person_columns
from kyosei.bench.masters import City, Office
from kyosei.bench.sheets import Sheet, array
from kyosei.bench.texts import TOWNS
from kyosei.demo.names import FAMILY_NAMES, GIVEN_NAMES

SIZES: Final = (1,) * 36 + (2,) * 31 + (3,) * 16 + (4,) * 11 + (5,) * 4 + (6,) * 2
FORMERLY: Final = 0.04  # of women who bore another name that somebody has noted
_OTHERS: Final = (Relation.SPOUSE, Relation.CHILD, Relation.CHILD, Relation.PARENT, Relation.GRANDCHILD)


@dataclass(slots=True)
class Home:
    """A household while its chunk is made. ``groups`` are those that may see it, with ground and basis."""

    pk: int
    area: int
    desk: Office
    people: list[int]
    since: datetime
    groups: dict[int, tuple[str, str, str]] = field(default_factory=dict)


@cache
def _searched(
    family: tuple[str, str], given: tuple[str, str], former: Former | None
) -> tuple[str, str, str, list[str]]:
    """The search columns of everybody of a name but for the phone, as COPY takes them."""
    names = Names(family[0], given[0], family[1], given[1], formers=(former,) if former else ())
    columns: dict[str, Any] = person_columns(names)
    text = columns["search_text"].replace("\n", "\\n")
    return columns["name_folded"], columns["kana_folded"], text, columns["search_terms"]


def _family(rng: Random) -> tuple[str, str]:
    """A few names are very common, most are rare."""
    return FAMILY_NAMES[int(len(FAMILY_NAMES) * rng.random() ** 2.2)]


def _generation(age: int) -> str:
    return "old" if age >= 70 else "mid" if age >= 30 else "young"


class PeopleSheets:
    """The tables of people and what fills them."""

    def __init__(self, city: City, rng: Random, now: datetime) -> None:
        self.city, self.rng, self.now, self.today = city, rng, now, now.date()
        self.persons = Sheet(
            Person, "id", "family_name", "given_name", "family_kana", "given_kana", "birth_on", "sex", "phone",
            "created_at", "name_folded", "kana_folded", "search_text", "search_terms",
        )  # fmt: skip
        self.households = Sheet(
            Household,
            "id",
            "name",
            "area_id",
            "postal_code",
            "address",
            "phone",
            "created_at",
            "search_text",
            "search_terms",
        )
        self.formers = Sheet(FormerName, "person_id", "family_name", "family_kana", "kind")
        self.members = Sheet(
            HouseholdMember,
            "household_id",
            "person_id",
            "relation",
            "lives_together",
            "is_key_person",
            "during",
        )
        self.grants = Sheet(
            HouseholdGrant, "permission_id", "group_id", "ground", "basis_type", "basis_id", "given_by_id",
            "given_at", "content_object_id",
        )  # fmt: skip

    def person(self, pk: int, family: tuple[str, str], age: int, phone: str) -> str:
        """Write one person; returns the given name."""
        rng = self.rng
        sex = "female" if rng.random() < 0.53 else "male"
        given, given_kana = rng.choice(GIVEN_NAMES[_generation(age), sex])
        birth = self.today - timedelta(days=age * 365 + rng.randrange(365))
        former = None
        if sex == "female" and age > 25 and rng.random() < FORMERLY:
            former = Former(*_family(rng))
            self.formers.add(pk, former.family, former.family_kana, FormerNameKind.MARRIAGE)
        name, kana, text, terms = _searched(family, (given, given_kana), former)
        if digits := digits_of(phone):
            text, terms = f"{text}\\n{PHONE}{digits}", sorted({*terms, *digit_runs(digits)})
        self.persons.add(
            pk, family[0], given, family[1], given_kana, birth, sex, phone, self.now, name, kana, text, array(terms)
        )  # fmt: skip
        return given

    def homes(self, persons: range, households: range, reserve: int) -> Iterator[Home]:
        """Households with their members; ``reserve`` of the persons stay without one (the register knows them)."""
        rng = self.rng
        left = iter(persons)
        free = len(persons) - reserve
        for n, pk in enumerate(households):
            after = len(households) - n - 1
            size = max(1, min(rng.choice(SIZES), free - after))
            free -= size
            yield self._home(pk, [next(left) for _ in range(size)])
        for pk in left:
            self.person(pk, _family(rng), _age(rng), _mobile(rng))

    def _home(self, pk: int, people: list[int]) -> Home:
        rng = self.rng
        desk = rng.choice(self.city.desks)
        since = self.now - timedelta(days=rng.randrange(1, 1100), minutes=rng.randrange(600))
        family = _family(rng)
        landline = f"0595-6{rng.randrange(10)}-{rng.randrange(10000):04d}" if rng.random() < 0.6 else ""
        age = _age(rng, adult=True)
        name = ""
        for n, person in enumerate(people):
            relation = Relation.SELF if n == 0 else rng.choice(_OTHERS)
            years = _related_age(rng, age, relation)
            given = self.person(person, family, years, _mobile(rng))
            name = name or f"{family[0]} {given} 世帯"
            self._member(pk, person, relation, years, is_key=n == 1)
        town = TOWNS[rng.randrange(len(TOWNS))]
        address = f"美旗野市{town}{rng.randrange(1, 7)}丁目{rng.randrange(1, 30)}番地{rng.randrange(1, 20)}"
        post = f"518-0{rng.randrange(400, 800)}"
        columns = household_columns(name=name, address=address, postal_code=post, phone=landline)
        text = str(columns["search_text"]).replace("\n", "\\n")
        terms = array(columns["search_terms"])
        self.households.add(pk, name, desk.area, post, address, landline, since, text, terms)
        return Home(pk, desk.area, desk, people, since)

    def _member(self, home: int, person: int, relation: str, years: int, *, is_key: bool) -> None:
        start = self.today - timedelta(days=min(years * 365, self.rng.randrange(400, 9000)) + 366)
        has_left = relation == Relation.CHILD and self.rng.random() < 0.1
        until: date | str = self.today - timedelta(days=self.rng.randrange(1, 360)) if has_left else ""
        self.members.add(home, person, relation, not has_left, is_key, f"[{start},{until})")

    def grant(self, home: Home) -> None:
        """Write who may see the household."""
        for group, (ground, kind, basis) in home.groups.items():
            self.grants.add(
                self.city.household_permission, group, ground, kind, basis, home.desk.staff[0], home.since, home.pk
            )  # fmt: skip

    @property
    def sheets(self) -> tuple[Sheet, ...]:
        return self.households, self.persons, self.formers, self.members, self.grants


def _age(rng: Random, *, adult: bool = False) -> int:
    age = int(rng.triangular(0, 98, 62))
    return max(age, 20) if adult else age


def _related_age(rng: Random, age: int, relation: str) -> int:
    shift = {
        Relation.SPOUSE: rng.randrange(-6, 7), Relation.CHILD: -rng.randrange(22, 36),
        Relation.PARENT: rng.randrange(20, 34), Relation.GRANDCHILD: -rng.randrange(46, 66),
    }.get(Relation(relation), 0)  # fmt: skip
    return min(max(age + shift, 0), 104)


def _mobile(rng: Random) -> str:
    return (
        f"0{rng.choice('789')}0-{rng.randrange(10000):04d}-{rng.randrange(10000):04d}"
        if rng.random() < 0.4
        else ""
    )
