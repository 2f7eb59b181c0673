"""Reads of the pages on which two records are compared, linked, merged and parted again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, Q

from accounts.actor import Actor
from accounts.models import Agency
from common.japan.wareki import format_wareki
from households.contact import Shield
from households.enums import LinkState
from households.merging import FIELDS, overlap
from households.models import (
    Household,
    HouseholdGrant,
    HouseholdMember,
    Person,
    PersonLink,
    PersonMerge,
    SafeContact,
    without_search,
)
from households.selectors_alike import Alike, by_name, likeliest, typed_of

LIMIT = 10


def standing_id(pk: int) -> int:
    """The id of the record that stands for ``pk`` today: itself, or the one that it was merged into."""
    while (onto := Person.objects.filter(pk=pk).values_list("merged_into_id", flat=True).first()) is not None:
        pk = onto
    return pk


def same_person(person: Person) -> list[int]:
    """The person and every record that was merged into them, directly or by way of another."""
    found, level = [person.pk], [person.pk]
    while level := list(
        Person.objects.filter(merged_into__in=level).order_by("pk").values_list("pk", flat=True)
    ):
        found += level
    return found


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may be the same person, and why one thinks so."""

    person: Person
    reason: str
    is_seen: bool
    link: PersonLink | None = None


def candidates(person: Person, actor: Actor) -> list[Candidate]:
    """Linked people first, then those whom the reception would have asked about, the likeliest first; a phone says
    nothing here, since a family shares it. Three queries.
    """
    links = {
        link.other_id if link.person_id == person.pk else link.person_id: link
        for link in PersonLink.objects.visible_to(actor)
        .of(person)
        .select_related("judged_by")
        .order_by("-judged_at")
    }
    typed = typed_of(person)
    found = likeliest(
        actor, typed, by_name(typed) | Q(pk__in=list(links)), most=LIMIT, but=[person.pk], first=list(links)
    )
    seen = Person.objects.visible_to(actor).values("pk")
    visible = set(
        Person.objects.filter(pk__in=[row.person.pk for row in found])
        .filter(pk__in=seen)
        .values_list("pk", flat=True)
    )
    rows = [
        Candidate(row.person, _reason(person, row), row.person.pk in visible, links.get(row.person.pk))
        for row in found
    ]
    return sorted(
        rows,
        key=lambda row: (row.link is None, row.link is not None and row.link.state != LinkState.POSSIBLE),
    )


def links_of(people: Iterable[int], actor: Actor) -> dict[int, list[PersonLink]]:
    """What was judged of each of the people, newest first, of what the actor sees; one query."""
    ids = set(people)
    rows = PersonLink.objects.visible_to(actor).filter(Q(person__in=ids) | Q(other__in=ids))
    found: dict[int, list[PersonLink]] = {}
    for link in rows.order_by("-judged_at", "-pk"):
        for pk in {link.person_id, link.other_id} & ids:
            found.setdefault(pk, []).append(link)
    return found


def _reason(person: Person, row: Alike) -> str:
    """That a birth date is not known is no reason by itself; it stands beside one."""
    unknown = row.reason and person.birth_on is None and row.person.birth_on is not None
    return f"{row.reason}・一方の生年月日が未記録" if unknown else row.reason


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field of the two records side by side."""

    name: str
    label: str
    kept: str
    absorbed: str

    @property
    def differs(self) -> bool:
        return bool(self.kept and self.absorbed and self.kept != self.absorbed)

    @property
    def is_filled(self) -> bool:
        """The record that stays says nothing here and takes what the other one says."""
        return bool(self.absorbed and not self.kept)


def field_rows(kept: Person, absorbed: Person, shield: Shield) -> list[FieldRow]:
    """What each record says; contact details through the shield."""
    said = [(person, shield.person(person)) for person in (kept, absorbed)]
    rows = []
    for name in FIELDS:
        words = [
            getattr(contact, name)
            if name in ("phone", "workplace")
            else shield.of_person(_word(person, name), person.pk)
            for person, contact in said
        ]
        rows.append(FieldRow(name, str(Person._meta.get_field(name).verbose_name), *words))  # type: ignore[union-attr]
    return rows


def _word(person: Person, name: str) -> str:
    if name in ("birth_on", "died_on"):
        day = getattr(person, name)
        return format_wareki(day, weekday=False) if day else ""
    return person.get_sex_display() if name == "sex" and person.sex else str(getattr(person, name))


def two_homes(kept: Person, absorbed: Person) -> list[HouseholdMember]:
    """The memberships of which one has to be chosen, since nobody lives in two households at one time; those of the
    record that stays come first, as they stand beside each other on the page.
    """
    rows = list(
        HouseholdMember.objects.filter(person__in=[kept, absorbed], lives_together=True)
        .select_related("household")
        .order_by("pk")
    )
    clash = {
        row.pk
        for row in rows
        for other in rows
        if row.person_id != other.person_id
        and row.household_id != other.household_id
        and overlap(row.during, other.during)
    }
    return sorted((row for row in rows if row.pk in clash), key=lambda row: row.person_id != kept.pk)


def standing_rules(people: Iterable[Person], actor: Actor) -> dict[int, SafeContact]:
    rows = SafeContact.objects.visible_to(actor).standing().filter(person__in=[p.pk for p in people])
    return {rule.person_id: rule for rule in rows}


def agencies_seeing(person: Person, actor: Actor, shield: Shield, at: datetime) -> list[str]:
    """Which agencies see a household of the person: after a merge they see what both records say."""
    homes = list(
        Household.objects.visible_to(actor)
        .filter(members__person=person)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    grants = HouseholdGrant.objects.filter(content_object__in=homes).in_force(at)
    agencies = Agency.objects.filter(group__in=grants.values("group")).order_by("code")
    return [shield.desk(agency, homes[0]) for agency in agencies] if homes else []


def merges_of(person: Person, actor: Actor) -> list[PersonMerge]:
    """Merges into the person, newest first."""
    return list(
        PersonMerge.objects.visible_to(actor)
        .filter(kept=person)
        .select_related("merged_by", "undone_by")
        .prefetch_related(Prefetch("absorbed", Person.objects.defer(*without_search())))
        .order_by("-pk")
    )
