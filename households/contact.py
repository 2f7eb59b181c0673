"""Where a person can be found: the one way by which address, phone, workplace and area reach a reader.

A ``Shield`` is made once per request and reader. It knows whose contact details are protected (支援措置) from the
reader, and gives either the detail or ``HIDDEN``. Pages, API, papers and prints take these details from here only;
a test forbids reading the fields anywhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.utils import timezone

from accounts.actor import Actor
from accounts.enums import AgencyKind
from accounts.models import Agency
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
_DIGITS = {str(n): f"[{n}{chr(0xFF10 + n)}]" for n in range(10)}
_DASHES = "[-‐‑–—−－ーｰ 　]*"


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


@dataclass(frozen=True, slots=True)
class Shield:
    """What is protected from one reader. ``people`` and ``households`` are ids; ``words`` the details themselves."""

    people: frozenset[int] = frozenset()
    households: frozenset[int] = frozenset()
    words: dict[int, re.Pattern[str]] = field(default_factory=dict)

    def hides(self, household: Household | int | None) -> bool:
        pk = household.pk if isinstance(household, Household) else household
        return pk in self.households

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

    def desk(self, agency: Agency, household: Household | int | None) -> str:
        """The short name of an agency, unless it would tell in which neighbourhood a protected person lives."""
        if self.hides(household) and agency.kind == AgencyKind.DESK:
            return HIDDEN_DESK
        return agency.short_name

    def text(self, text: str, household: Household | int | None) -> str:
        """Free text with the protected details themselves struck out, in whatever width they were typed."""
        pk = household.pk if isinstance(household, Household) else household
        pattern = self.words.get(pk) if pk is not None else None
        return pattern.sub(HIDDEN, text) if pattern else text


NOTHING_HIDDEN = Shield()


def shield_for(actor: Actor) -> Shield:
    """The shield of a reader: one query while nothing is hidden from them, two otherwise."""
    return _shield(AddressProtection.objects.closed_to(actor).values_list("person_id", flat=True))


def shield_for_agency(agency: Agency) -> Shield:
    """What another agency may not have: for parts of a record that are sent or handed out to it."""
    return _shield(
        AddressProtection.objects.in_force().exclude(named__agency=agency).values_list("person_id", flat=True)
    )


def shield_for_everybody() -> Shield:
    """For readers that are no unit of anything: papers handed round, jobs, counts."""
    return _shield(AddressProtection.objects.in_force().values_list("person_id", flat=True))


def _shield(person_ids: Iterable[int]) -> Shield:
    people = frozenset(person_ids)
    if not people:
        return Shield()
    rows = list(
        HouseholdMember.objects.filter(person__in=people)
        .select_related("person", "household__area")
        .annotate(
            former=ArraySubquery(
                FormerAddress.objects.filter(household=OuterRef("household_id"))
                .order_by("pk")
                .values("address")
            )
        )
        .order_by("household_id", "pk")
    )
    today = timezone.localdate()
    words: dict[int, list[str]] = {}
    for row in rows:
        secret = [row.person.phone, row.person.workplace]
        if today in row.during:
            secret += [row.household.address, row.household.phone, row.household.postal_code, *row.former]
        words.setdefault(row.household_id, []).extend(secret)
    living = frozenset(row.household_id for row in rows if today in row.during)
    return Shield(people, living, {pk: p for pk, said in words.items() if (p := _pattern(said)) is not None})


def _pattern(details: Iterable[str]) -> re.Pattern[str] | None:
    """Details as one pattern: digits in either width, any dash or none between them."""
    wanted = sorted({d.strip() for d in details if len(d.strip()) > 2}, key=len, reverse=True)
    return re.compile("|".join(map(_loose, wanted))) if wanted else None


def _loose(detail: str) -> str:
    parts = []
    for char in detail:
        if char in _DIGITS:
            parts.append(_DIGITS[char] + _DASHES)
        elif re.fullmatch(_DASHES, char):
            continue
        else:
            parts.append(re.escape(char) + "[ 　]*")
    return "".join(parts)


def safe_contacts(people: Iterable[int], actor: Actor) -> dict[int, SafeContact]:
    """The standing rules of some people, by person; one query."""
    rows = SafeContact.objects.visible_to(actor).standing().filter(person__in=list(people))
    return {rule.person_id: rule for rule in rows}
