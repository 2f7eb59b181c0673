"""Where a person can be found: the one way by which address, phone, workplace and area reach a reader.

A ``Shield`` is made once per request and reader. It knows whose contact details are protected (支援措置) from the
reader, and gives either the detail or ``HIDDEN``. Pages, API, papers and prints take these details from here only;
a test forbids reading the fields anywhere else.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, Case, CharField, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone

from accounts.actor import Actor
from accounts.enums import AgencyKind
from accounts.models import Agency
from common.errors import NotAllowed
from common.kept_sql import kept
from households.models import (
    AddressProtection,
    FormerAddress,
    Household,
    HouseholdMember,
    Person,
    SafeContact,
)

HIDDEN = "（秘匿）"
HIDDEN_DESK = "相談窓口（秘匿）"
HIDDEN_EDIT = "秘匿された連絡先を含む記録のため、見てよい機関だけが訂正できます。"
_KANJI = "〇一二三四五六七八九"
_DIGITS = {str(n): f"[{n}{chr(0xFF10 + n)}{_KANJI[n]}]" for n in range(10)}
_DASHES = "[-‐‑–—−－ーｰ()（） 　]*"
# what an address says after the name of its town, in any of the ways in which it is written
_NUMBERS = f"(?:[ 　]*[0-9０-９{_KANJI}十](?:[0-9０-９{_KANJI}十の]|丁目|番地?|号室?|[-‐‑–—−－ーｰ])*)"
_PREFECTURE = "(?:(?:東京都|北海道|(?:京都|大阪)府|[一-龠]{2,3}県))?"
_TAG = re.compile(r"(<[^>]*>)")
_SAID_IN_TAG = re.compile(
    r"""\b(value|title|alt|placeholder|content|aria-label|data-label)=("[^"]*"|'[^']*')"""
)


Word = tuple[int, str]  # a protected detail as a pattern, with its length
Detail = tuple[bool, str]  # a protected detail, and whether it is an address


@dataclass(frozen=True, slots=True)
class HouseholdContact:
    """Address and phone of a household as the reader may have them; ``is_hidden`` says that they are held back."""

    is_hidden: bool
    postal_code: str = ""
    address: str = ""
    phone: str = ""
    area: str = ""


@dataclass(frozen=True, slots=True)
class PersonContact:
    """Phone and workplace or school of a person, with the rule of safe contact."""

    is_hidden: bool
    phone: str = ""
    workplace: str = ""
    rule: SafeContact | None = None


class Details:
    """The protected details of people, by person, fetched when a text about one of them is read: a municipality protects
    hundreds, and a page is about a household or two. A list that comes back for more gets all the rest at once.

    ``homes``: where each of them lives, as the shield saw it: that a record is merged in between hides no less.
    """

    def __init__(
        self,
        homes: Mapping[int, frozenset[int]] | None = None,
        known: Mapping[int, frozenset[Detail]] | None = None,
    ) -> None:
        self._homes, self._known, self._was_asked = dict(homes or {}), dict(known or {}), False

    def of(self, people: Collection[int]) -> frozenset[Detail]:
        """All details of these people."""
        if missing := {pk for pk in people if pk not in self._known}:
            if self._was_asked:
                missing |= self._homes.keys() - self._known.keys()
            self._was_asked = True
            self._known |= _details({pk: self._homes.get(pk, frozenset()) for pk in missing})
        return frozenset().union(*(self._known[pk] for pk in people))


@dataclass(frozen=True, slots=True)
class Shield:
    """What is protected from one reader. ``people`` and ``households`` are ids; ``said`` the details themselves by
    person, ``read_in`` the people by every household in whose records their details may have been typed. ``homes``: where
    the protected live, and have lived.
    """

    people: frozenset[int] = frozenset()
    households: frozenset[int] = frozenset()
    said: Details = field(default_factory=Details, compare=False)
    read_in: Mapping[int, frozenset[int]] = field(default_factory=dict)
    homes: frozenset[int] = frozenset()

    def hides(self, household: Household | int | None) -> bool:
        pk = household.pk if isinstance(household, Household) else household
        return pk in self.households

    def was_home(self, household: int | None) -> bool:
        """``hidden_home`` of a household at hand: whether one of its members is protected from the reader, or one who left."""
        return household in self.homes

    def household(self, household: Household) -> HouseholdContact:
        """``household`` comes with its area."""
        if household.pk in self.households:
            return HouseholdContact(True, area=HIDDEN, address=HIDDEN, phone=HIDDEN)
        return HouseholdContact(
            False, household.postal_code, household.address, household.phone,
            household.area.name if household.area else "",
        )  # fmt: skip

    def former_home(self, household: Household, home: FormerAddress) -> HouseholdContact:
        """Where the household lived before: as closed as where it lives now (domain.md 7.4)."""
        if household.pk in self.households:
            return self.household(household)
        return HouseholdContact(False, home.postal_code, home.address)

    def person(self, person: Person, rule: SafeContact | None = None) -> PersonContact:
        if person.pk in self.people:
            return PersonContact(True, HIDDEN, HIDDEN, rule)
        return PersonContact(False, person.phone, person.workplace, rule)

    def of_person(self, text: str, person_id: int) -> str:
        """Words about one person, whichever household they are read in."""
        if person_id not in self.people:
            return text
        pattern = _pattern(self.said.of([person_id]))
        return pattern.sub(HIDDEN, text) if pattern else text

    def of_people(self, text: str, people: Iterable[int]) -> str:
        """Words about several people at once: why two records may be one."""
        for person_id in people:
            text = self.of_person(text, person_id)
        return text

    def desk(self, agency: Agency, household: Household | int | None) -> str:
        """The short name of an agency, unless it would tell in which neighbourhood a protected person lives."""
        if self.hides(household) and agency.kind == AgencyKind.DESK:
            return HIDDEN_DESK
        return agency.short_name

    def text(self, text: str, household: Household | int | None) -> str:
        """Free text with the protected details themselves struck out, in whatever width they were typed."""
        pattern = self._pattern(household)
        return pattern.sub(HIDDEN, text) if pattern else text

    def markup(self, html: str, household: Household | int | None) -> str:
        """A piece of a page: its words, and what its fields and labels say; its tags stay as they are."""
        pattern = self._pattern(household)
        if pattern is None or pattern.search(html) is None:
            return html
        parts = _TAG.split(html)
        for n, part in enumerate(parts):
            parts[n] = _struck_tag(part, pattern) if n % 2 else pattern.sub(HIDDEN, part)
        return "".join(parts)

    def check_readable(self, household: Household | int | None, *texts: str) -> None:
        """Raise NotAllowed for texts that hold protected details: who cannot read one whole may not write it over."""
        pattern = self._pattern(household)
        if pattern is not None and any(pattern.search(text) for text in texts):
            raise NotAllowed(HIDDEN_EDIT)

    def _pattern(self, household: Household | int | None) -> re.Pattern[str] | None:
        pk = household.pk if isinstance(household, Household) else household
        if pk is None or pk not in self.read_in:
            return None
        return _pattern(self.said.of(self.read_in[pk]))


def _struck_tag(tag: str, pattern: re.Pattern[str]) -> str:
    return _SAID_IN_TAG.sub(lambda said: f"{said[1]}={pattern.sub(HIDDEN, said[2])}", tag)


NOTHING_HIDDEN = Shield()


def shield_for(actor: Actor) -> Shield:
    """The shield of a reader; one query."""
    return _shield(kept(_closed_to, actor, on=timezone.localdate()))


def shield_for_agency(agency: Agency) -> Shield:
    """What another agency may not have: for parts of a record that are sent or handed out to it."""
    return _shield(_as_rows(AddressProtection.objects.in_force().exclude(named__agency=agency)))


def shield_for_everybody() -> Shield:
    """For readers that are no unit of anything: papers handed round, jobs, counts."""
    return _shield(_as_rows(AddressProtection.objects.in_force()))


def homes_in_towns(
    actor: Actor, towns: Mapping[int, str], among: Collection[int]
) -> dict[int, frozenset[int]]:
    """For each key of ``towns`` the households of ``among`` whose address holds that town; protected homes are in none,
    for who is told of a match is told the town. One query, and those of the shield.
    """
    hidden = shield_for(actor).households
    homes = [
        (pk, unicodedata.normalize("NFKC", address).replace(" ", ""))
        for pk, address in Household.objects.filter(pk__in=among).values_list("pk", "address")
        if pk not in hidden
    ]
    wanted = {key: unicodedata.normalize("NFKC", town).replace(" ", "") for key, town in towns.items()}
    return {
        key: frozenset(pk for pk, address in homes if town and town in address)
        for key, town in wanted.items()
    }


def hidden_home(actor: Actor, path: str) -> Exists:
    """Whether the household at ``path`` has, or had, a member who is protected from the reader, as a condition of a
    query: for rows that have no shield, which then leave out what was typed freely (``Shield.was_home`` where there is one).
    """
    closed = AddressProtection.objects.closed_to(actor).values("person_id")
    return Exists(HouseholdMember.objects.filter(household=OuterRef(path), person__in=closed))


def _closed_to(actor: Actor) -> QuerySet[AddressProtection, tuple[Any, ...]]:
    return _as_rows(AddressProtection.objects.closed_to(actor))


def _as_rows(protections: QuerySet[AddressProtection]) -> QuerySet[AddressProtection, tuple[Any, ...]]:
    """The protected, the homes that they live in (those that they left as negative ids), and the homes of those whom they
    fled from.
    """
    home = Case(
        When(during__contains=timezone.localdate(), then=F("household_id")),
        default=-F("household_id"), output_field=BigIntegerField(),
    )  # fmt: skip
    # who was added by name alone and lives elsewhere hides nothing: the answer would tell that they are protected
    own = HouseholdMember.objects.filter(
        ~Q(by_identity=True, lives_together=False), person=OuterRef("person_id")
    )
    own = own.annotate(home=home)
    others = HouseholdMember.objects.filter(person=OuterRef("adversary_id"))
    return protections.values_list(
        "person_id", ArraySubquery(own.values("home")), ArraySubquery(others.values("household_id"))
    )


def _shield(rows: Iterable[tuple[Any, ...]]) -> Shield:
    """Hundreds of rows, which nearly every page asks for and which stand for months: put in order once."""
    told = _in_order(tuple((person, tuple(own), tuple(others)) for person, own, others in rows))
    return Shield(told.people, told.households, Details(told.living), told.read_in, told.homes)


@dataclass(frozen=True, slots=True)
class _Protected:
    """What a shield is made of. Kept between pages: nobody writes to it."""

    living: Mapping[int, frozenset[int]]
    people: frozenset[int]
    households: frozenset[int]
    read_in: Mapping[int, frozenset[int]]
    homes: frozenset[int]


@lru_cache(maxsize=32)  # half a megabyte each, of the largest cities
def _in_order(rows: tuple[tuple[int, tuple[int, ...], tuple[int, ...]], ...]) -> _Protected:
    living: dict[int, frozenset[int]] = {}
    read_in: dict[int, set[int]] = defaultdict(set)
    homes: set[int] = set()
    for person, own, others in rows:
        living[person] = living.get(person, frozenset()) | {home for home in own if home > 0}
        homes.update(map(abs, own))
        for home in (*own, *others):
            read_in[abs(home)].add(person)
    return _Protected(
        living, frozenset(living), frozenset().union(*living.values()),
        {pk: frozenset(persons) for pk, persons in read_in.items()}, frozenset(homes),
    )  # fmt: skip


def _details(homes: Mapping[int, frozenset[int]]) -> dict[int, frozenset[Detail]]:
    """Phone and workplace of each person, and what is protected of their homes: address, phone, postal code, and where
    the household lived before. One query.
    """
    former = FormerAddress.objects.filter(household=OuterRef("pk")).order_by("pk").values("address")
    columns = ("of", "key", "one", "two", "three", "earlier")
    places = Household.objects.filter(pk__in=frozenset().union(*homes.values())).annotate(
        of=Value("home"), key=F("pk"), one=F("phone"), two=F("postal_code"), three=F("address"),
        earlier=ArraySubquery(former),
    )  # fmt: skip
    people = Person.objects.filter(pk__in=homes).annotate(
        of=Value("person"), key=F("pk"), one=F("phone"), two=F("workplace"), three=Value(""),
        earlier=Value([], ArrayField(CharField())),
    )  # fmt: skip
    of_home: dict[int, set[Detail]] = {}
    said: dict[int, set[Detail]] = {pk: set() for pk in homes}
    for of, pk, one, two, address, earlier in places.values_list(*columns).union(
        people.values_list(*columns), all=True
    ):
        of_kind = of_home if of == "home" else said
        of_kind[pk] = {(False, one), (False, two), *((True, place) for place in (address, *earlier) if place)}
    for pk, own in homes.items():
        said[pk] |= set().union(*(of_home.get(home, ()) for home in own))
    return {pk: frozenset(words) for pk, words in said.items()}


@lru_cache(maxsize=2048)
def _pattern(details: frozenset[Detail]) -> re.Pattern[str] | None:
    """Some details as one pattern, the longest first."""
    words: set[Word] = set()
    for is_address, detail in details:
        words |= set(_address_words(detail) if is_address else _words(detail))
    wanted = sorted(words, key=lambda word: (-word[0], word[1]))
    return re.compile("|".join(pattern for _, pattern in wanted)) if wanted else None


def _words(*details: str) -> list[Word]:
    return [(len(detail.strip()), _loose(detail.strip())) for detail in details if len(detail.strip()) > 2]


def _address_words(address: str) -> list[Word]:
    """An address as it is written out, and as it is said in short: the town with or without its numbers, the house."""
    address = address.strip()
    if len(address) < 3:
        return []
    city = f"(?:{_loose(settings.MUNICIPALITY_NAME)})?" if settings.MUNICIPALITY_NAME else ""
    bare = re.sub(f"^{_PREFECTURE}{city}", "", address)
    town = re.split(f"[0-9０-９]|[{_KANJI}十]+(?:丁目|番|号)", bare, maxsplit=1)[0].strip(" 　")
    found = _words(address)
    if len(town) > 1:
        found.append((len(town) + 1, f"{_PREFECTURE}{city}{_loose(town)}{_NUMBERS}"))
    if len(town) > 2:
        found.append((len(town), f"{_PREFECTURE}{city}{_loose(town)}"))
    house = re.sub(f"^{re.escape(town)}{_NUMBERS}?", "", bare).strip(" 　")
    return found + _words(re.split(_NUMBERS, house, maxsplit=1)[0])


def _loose(detail: str) -> str:
    """Digits in any width, with any dash or none between them; spaces anywhere."""
    parts = []
    for char in detail:
        if char in _DIGITS:
            parts.append(_DIGITS[char] + _DASHES)
        elif re.fullmatch(_DASHES, char):
            if not parts or not parts[-1].endswith(_DASHES):
                parts.append(_DASHES)
        else:
            parts.append(re.escape(char) + "[ 　]*")
    return "".join(parts)


def safe_contacts_of_homes(households: Iterable[int]) -> dict[int, list[SafeContact]]:
    """The standing rules of the people of some households, by household; one query. For whoever reads a contact detail of
    the household: the caller has found that they may.
    """
    people = HouseholdMember.objects.filter(
        household__in=list(households), during__contains=timezone.localdate(), by_identity=False
    ).order_by("household_id", "pk")
    pairs = list(people.values_list("household_id", "person_id"))
    rules = SafeContact.objects.standing().filter(person__in={person for _, person in pairs})
    of_person = {rule.person_id: rule for rule in rules.select_related("person")}
    found: dict[int, list[SafeContact]] = defaultdict(list)
    for home, person in pairs:
        if person in of_person:
            found[home].append(of_person[person])
    return dict(found)


def safe_contacts(people: Iterable[int], actor: Actor) -> dict[int, SafeContact]:
    """The standing rules of some people, by person; one query."""
    rows = kept(_standing_rules, actor, on=timezone.localdate(), ids=list(people))
    return {rule.person_id: rule for rule in rows}


def _standing_rules(actor: Actor, ids: list[int]) -> QuerySet[SafeContact]:
    return SafeContact.objects.visible_to(actor).standing().filter(person__in=ids)
