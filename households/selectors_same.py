"""Reads of the pages on which two records are compared, linked, merged and parted again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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
    """Linked people first, then those of the same reading or the same birth date and given name. Three queries."""
    links = {
        link.other_id if link.person_id == person.pk else link.person_id: link
        for link in PersonLink.objects.visible_to(actor)
        .of(person)
        .select_related("judged_by")
        .order_by("-judged_at")
    }
    alike = Q(pk__in=list(links))
    if person.kana_folded:
        alike |= Q(kana_folded=person.kana_folded)
    if person.birth_on and (person.given_kana or person.given_name):
        same_given = Q(given_kana=person.given_kana) if person.given_kana else Q(given_name=person.given_name)
        alike |= Q(birth_on=person.birth_on) & same_given
    seen = Person.objects.visible_to(actor).values("pk")
    found = list(
        Person.objects.findable_by(actor)
        .filter(alike)
        .exclude(pk=person.pk)
        .exclude(birth_on__isnull=False, pk__in=_other_ages(person))
        .defer(*without_search())
        .order_by("pk")[: LIMIT + len(links)]
    )
    visible = set(
        Person.objects.filter(pk__in=[p.pk for p in found]).filter(pk__in=seen).values_list("pk", flat=True)
    )
    rows = [
        Candidate(other, _reason(person, other), other.pk in visible, links.get(other.pk)) for other in found
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


def _other_ages(person: Person) -> Any:
    """Of people of the same reading, those who were surely born on another day."""
    if person.birth_on is None:
        return Person.objects.none().values("pk")
    return (
        Person.objects.filter(kana_folded=person.kana_folded).exclude(birth_on=person.birth_on).values("pk")
    )


def _reason(person: Person, other: Person) -> str:
    words = []
    if person.kana_folded and person.kana_folded == other.kana_folded:
        words.append("読みが同じ")
    elif person.given_name and person.given_name == other.given_name:
        words.append("名が同じ（旧姓かもしれません）")
    if person.birth_on and person.birth_on == other.birth_on:
        words.append("生年月日が同じ")
    elif other.birth_on is None or person.birth_on is None:
        words.append("一方の生年月日が未記録")
    return "・".join(words)


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
    """The memberships of which one has to be chosen, since nobody lives in two households at one time."""
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
    return [row for row in rows if row.pk in clash]


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
