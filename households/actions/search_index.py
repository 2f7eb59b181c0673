"""Making the search columns of people and households anew: after an upgrade, or from ``manage.py rebuild_search``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import models

from households.household_search import household_columns
from households.models import AddressProtection, Person
from households.person_search import Former, Names, person_columns

BATCH = 2000
PERSON_COLUMNS = ["name_folded", "kana_folded", "search_text", "search_terms"]
HOUSEHOLD_COLUMNS = ["search_text", "search_terms"]


def _batches(rows: models.QuerySet[Any]) -> Iterator[list[Any]]:
    """All rows by ascending key, some at a time."""
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk")[:BATCH]):
        yield batch
        last = batch[-1].pk


def refill_search(person: Person) -> None:
    """Make one person's columns anew from what stands in the database; no field of the record changes."""
    before = [getattr(person, name) for name in PERSON_COLUMNS]
    person.fill_search(hides_contact=AddressProtection.objects.in_force().filter(person=person).exists())
    after = {name: getattr(person, name) for name in PERSON_COLUMNS}
    if before != list(after.values()):
        Person.objects.filter(pk=person.pk).update(**after)


def rebuild_people(
    person: type[Any], former_name: type[Any], protection: type[Any], *, holding: str = ""
) -> int:
    """Every person's columns; the models are given, so that a migration can give those of its own state.

    ``holding``: of those alone whose search form holds one of these characters, which are folded from now on.
    """
    count = 0
    rows = person.objects.filter(search_text__regex=f"[{holding}]") if holding else person.objects.all()
    for people in _batches(rows):
        ids = [row.pk for row in people]
        formers: dict[int, list[Former]] = {}
        for row in former_name.objects.filter(person_id__in=ids).order_by("pk"):
            formers.setdefault(row.person_id, []).append(
                Former(row.family_name, row.family_kana, row.given_name, row.given_kana)
            )
        hidden = set(
            protection.objects.filter(ended_at__isnull=True, person_id__in=ids).values_list(
                "person_id", flat=True
            )
        )
        for row in people:
            names = Names(
                row.family_name, row.given_name, row.family_kana, row.given_kana, row.alias,
                tuple(formers.get(row.pk, ())),
            )  # fmt: skip
            for column, value in person_columns(names, "" if row.pk in hidden else row.phone).items():
                setattr(row, column, value)
        person.objects.bulk_update(people, PERSON_COLUMNS)
        count += len(people)
    return count


def rebuild_households(household: type[Any]) -> int:
    """Every household's columns; only rows that change are written."""
    count = 0
    for homes in _batches(household.objects.all()):
        changed = []
        for home in homes:
            columns = household_columns(
                name=home.name, address=home.address, postal_code=home.postal_code, phone=home.phone
            )
            if any(getattr(home, column) != value for column, value in columns.items()):
                for column, value in columns.items():
                    setattr(home, column, value)
                changed.append(home)
        household.objects.bulk_update(changed, HOUSEHOLD_COLUMNS)
        count += len(homes)
    return count
