"""What a merge of two people touches: every foreign key to a person, and rows that would stand twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from django.apps import apps
from django.db import models
from django.db.backends.postgresql.psycopg_any import DateRange
from pghistory.models import Event

from households.enums import FormerNameKind, KinshipKind
from households.models import FormerName, Kinship, Person, PersonLink, PersonMerge

SYMMETRIC: Final = frozenset(
    {KinshipKind.SPOUSE, KinshipKind.PARTNER, KinshipKind.FORMER_SPOUSE, KinshipKind.SIBLING}
)
# what a person may be given from either record, field by field
FIELDS: Final = (
    "family_name", "given_name", "family_kana", "given_kana", "alias", "birth_on", "birth_note", "died_on", "sex", "phone",
    "workplace", "note", "register_no",
)  # fmt: skip
_NAME: Final = ("family_name", "family_kana", "given_name", "given_kana")
# these speak of two people as two, and stay where they are
_OF_TWO: Final = (Person, PersonLink, PersonMerge)


def person_references() -> Iterator[tuple[type[models.Model], str]]:
    """Every (model, foreign key column) that names a person, in the order in which actions lock the tables.

    Found by reflection, so that a table of a higher app is never forgotten. History keeps its own ids.
    """
    for model in apps.get_models():
        if model in _OF_TWO or issubclass(model, Event):
            continue
        for field in model._meta.concrete_fields:
            if isinstance(field, models.ForeignKey) and field.related_model is Person:
                yield model, field.name


def row_values(row: models.Model) -> dict[str, Any]:
    """Every column of a row, to the microsecond, in a form that JSON keeps; ``restore_row`` writes exactly these back."""
    return {
        field.attname: None if getattr(row, field.attname) is None else field.value_to_string(row)
        for field in row._meta.concrete_fields
    }


def restore_row(model: type[models.Model], values: dict[str, Any]) -> None:
    """Write a row as it was, past ``save``: its version is what it was, too."""
    fields = {field.attname: field for field in model._meta.concrete_fields}
    row = model(**{name: None if v is None else fields[name].to_python(v) for name, v in values.items()})
    row.save_base(raw=True)


def hull(periods: list[DateRange]) -> DateRange:
    """The shortest period that holds all; an unknown beginning or end stays unknown."""
    lower = None if any(p.lower is None for p in periods) else min(p.lower for p in periods)
    upper = None if any(p.upper is None for p in periods) else max(p.upper for p in periods)
    return DateRange(lower, upper, "[)")


def name_key(row: FormerName) -> tuple[str, ...]:
    """What of a former name stands once per person."""
    return row.family_name, row.family_kana, row.given_name, row.given_kana


def names_given_up(kept: Person, records: Iterable[Person]) -> list[FormerName]:
    """The names that two records had and the one person, as ``kept`` now is, does not bear: search finds it by them."""
    made: list[FormerName] = []
    now = (kept.family_name, kept.family_kana, kept.given_name, kept.given_kana)
    for row in records:
        was = (row.family_name, row.family_kana, row.given_name, row.given_kana)
        if any(was) and was != now:
            made.append(FormerName(**dict(zip(_NAME, was, strict=True))))
        if row.alias and row.alias != kept.alias:
            made.append(FormerName(family_name=row.alias))
    standing = {name_key(row) for row in FormerName.objects.filter(person=kept).order_by("pk")}
    fresh = {name_key(row): row for row in made if name_key(row) not in standing}
    for former in fresh.values():
        former.person, former.kind = kept, FormerNameKind.MERGED
    return list(fresh.values())


def overlap(one: DateRange, two: DateRange) -> bool:
    """Whether two periods of days share a day; open ends reach forever."""
    starts_before = one.lower is None or two.upper is None or one.lower < two.upper
    ends_after = one.upper is None or two.lower is None or two.lower < one.upper
    return starts_before and ends_after


def kinship_key(person: int, relative: int, kind: str) -> tuple[int, int, str]:
    """Symmetric kinds stand once, the smaller id first (as add_kinship writes them)."""
    if kind in SYMMETRIC and person > relative:
        person, relative = relative, person
    return person, relative, kind


def family_circle(kept: Person, absorbed: Person) -> bool:
    """Whether making the two one person would make somebody their own ancestor."""
    children: dict[int, set[int]] = {}
    both = {kept.pk, absorbed.pk}
    for parent, child in (
        Kinship.objects.filter(kind=KinshipKind.PARENT)
        .filter(pk__in=_connected(both))
        .values_list("person_id", "relative_id")
    ):
        children.setdefault(parent, set()).add(child)
    level = set().union(*(children.get(pk, set()) for pk in both))
    seen: set[int] = set()
    while level:
        if level & both:
            return True
        seen |= level
        level = set().union(*(children.get(pk, set()) for pk in level)) - seen
    return False


def _connected(people: set[int]) -> set[int]:
    """Ids of the parenthoods among all descendants of some people, generation by generation."""
    rows: set[int] = set()
    level, seen = set(people), set[int]()
    while level:
        seen |= level
        found = list(
            Kinship.objects.filter(kind=KinshipKind.PARENT, person__in=level).values_list("pk", "relative_id")
        )
        rows |= {pk for pk, _ in found}
        level = {child for _, child in found} - seen
    return rows
