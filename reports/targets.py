"""Which records of the access log are about which household: the bridge between log lines (ids as text) and rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.db.models import F, Q, Value

from accounts.actor import Actor
from audit.models import AccessRecord
from cases.models import AssessmentItem, BreakGlass, Case, Consultation, FollowUp, ProgressNote, SupportPlan
from households.models import Consent, ConsentScan, Household, HouseholdMember, Person
from referrals.models import ActionItem, AgendaItem, OutsideRequest, Referral

Target = tuple[str, str]
Targets = dict[str, set[str]]

PERSON, HOUSEHOLD = Person._meta.label_lower, Household._meta.label_lower
CASE, CONSULTATION = Case._meta.label_lower, Consultation._meta.label_lower
CONFERENCE = "referrals.conference"
# records below a case: model, label in the log, the id that the log names
_BELOW_A_CASE: tuple[tuple[Any, str, str], ...] = (
    *(
        (m, m._meta.label_lower, "pk")
        for m in (ProgressNote, SupportPlan, FollowUp, AssessmentItem, BreakGlass)
    ),
    *((m, m._meta.label_lower, "pk") for m in (Referral, ActionItem, AgendaItem, OutsideRequest)),
    (AgendaItem, CONFERENCE, "conference_id"),
)
# seen by fewer people than the case itself: a 支援会議 stays with its attendees
_OWN_SCOPE = (Referral, ActionItem, AgendaItem, OutsideRequest, BreakGlass)
_BELOW_A_HOUSEHOLD: tuple[tuple[Any, str, str], ...] = (
    (Consent, Consent._meta.label_lower, "household_id"),
    (ConsentScan, ConsentScan._meta.label_lower, "consent__household_id"),
)


def about(targets: Targets) -> Q:
    """Log lines about some records."""
    found = Q(pk__in=[])
    for kind, ids in sorted(targets.items()):
        if ids:
            found |= Q(target_type=kind, target_id__in=sorted(ids))
    return found


def _union(parts: Iterable[models.QuerySet]) -> list[tuple[str, int, int]]:
    first, *rest = parts
    return list(first.union(*rest, all=True))


def _pairs(
    model: Any, label: str, key: str, owner: str, only: Q, actor: Actor | None = None
) -> models.QuerySet:
    rows = model.objects.visible_to(actor) if actor and model in _OWN_SCOPE else model.objects.all()
    return (
        rows.filter(only)
        .order_by()
        .values_list(Value(label, output_field=models.CharField()), F(key), F(owner))
    )


def below(households: Collection[int], cases: Collection[int], actor: Actor | None = None) -> Targets:
    """Records that hang on some households and cases (notes, plans, referrals, consents, …); one query.

    The caller has scoped the households and cases; ``actor`` leaves out what has a narrower scope of its own.
    """
    of_case, found = Q(case__in=list(cases)), defaultdict(set)
    parts = [_pairs(model, label, key, "case_id", of_case, actor) for model, label, key in _BELOW_A_CASE]
    parts += [
        _pairs(model, label, "pk", owner, Q(**{f"{owner}__in": list(households)}))
        for model, label, owner in _BELOW_A_HOUSEHOLD
    ]
    for label, pk, _ in _union(parts):
        found[label].add(str(pk))
    return found


def everything_of(households: Collection[int]) -> Targets:
    """Every record of some households and their people, whoever may see it: for leaving them out."""
    cases = list(Case.objects.filter(household__in=households).values_list("pk", "number"))
    found = below(households, [pk for pk, _ in cases])
    found[CASE] |= {str(part) for row in cases for part in row}
    consultations = Consultation.objects.filter(
        Q(household__in=households) | Q(case__household__in=households)
    )
    found[CONSULTATION] |= {
        str(part) for row in consultations.values_list("pk", "receipt_no") for part in row
    }
    found[HOUSEHOLD] |= {str(pk) for pk in households}
    people = HouseholdMember.objects.filter(household__in=households).values_list("person_id", flat=True)
    found[PERSON] |= {str(pk) for pk in people}
    return found


# ── From log lines back to people ───────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Touched:
    """What some log lines are about. ``households`` and ``persons`` by target; names of cases by household.

    ``denied``: households that the reader may never see; they are in none of the names.
    """

    denied: frozenset[int] = frozenset()
    households: dict[Target, set[int]] = field(default_factory=lambda: defaultdict(set))
    persons: dict[Target, set[int]] = field(default_factory=lambda: defaultdict(set))
    case_numbers: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    members: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    homes: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    surnames: dict[int, str] = field(default_factory=dict)

    def people(self, target: Target) -> set[int]:
        """Persons whose details stand on the page of a record: the one named, and everybody of its household."""
        found = set(self.persons.get(target, ()))
        for household in self.households.get(target, ()):
            found |= self.members[household]
        return found

    def all_homes(self, target: Target) -> set[int]:
        """The households of a record, and those of the person whom it is about."""
        return self.households.get(target, set()) | {
            home for person in self.persons.get(target, ()) for home in self.homes[person]
        }

    def names(self, target: Target) -> str:
        """The record under its pseudonym: numbers, never names."""
        households = set(self.households.get(target, ()))
        if target[0] == PERSON:
            households = self.homes.get(int(target[1]), set()) if target[1].isdigit() else set()
        words = [self.household_name(pk) for pk in sorted(households)]
        if target[0] == PERSON and target[1].isdigit():
            words = [person_name(int(target[1])), *words]
        return "・".join(words) or "—"

    def household_name(self, household: int) -> str:
        numbers = self.case_numbers.get(household)
        return "・".join(numbers) if numbers else f"世帯{household:06d}"


def person_name(person: int) -> str:
    """A person under a pseudonym."""
    return f"人{person:06d}"


def _ids(targets: Targets, kind: str) -> list[int]:
    return sorted(int(value) for value in targets.get(kind, ()) if value.isdigit() and len(value) < 18)


def touched(targets: Iterable[Target], *, denied: frozenset[int] = frozenset()) -> Touched:
    """The households and people behind some log lines; six queries however many lines there are."""
    wanted: Targets = defaultdict(set)
    for kind, value in targets:
        wanted[kind].add(value)
    found = Touched(denied=denied)
    for pk in _ids(wanted, PERSON):
        found.persons[PERSON, str(pk)].add(pk)
    for pk in _ids(wanted, HOUSEHOLD):
        found.households[HOUSEHOLD, str(pk)].add(pk)
    by_case = _below_cases(wanted, found)
    _cases(wanted, by_case, found)
    _consultations(wanted, found)
    _members(wanted, found)
    return found


def _below_cases(wanted: Targets, found: Touched) -> dict[int, set[Target]]:
    """Records below a case by case; those below a household go straight to ``found``."""
    by_case: dict[int, set[Target]] = defaultdict(set)
    parts = [
        _pairs(model, label, key, "case_id", Q(**{f"{key}__in": _ids(wanted, label)}) & Q(case__isnull=False))
        for model, label, key in _BELOW_A_CASE
        if wanted.get(label)
    ]
    for label, pk, case in _union(parts) if parts else ():
        by_case[case].add((label, str(pk)))
    parts = [
        _pairs(model, label, "pk", owner, Q(pk__in=_ids(wanted, label)))
        for model, label, owner in _BELOW_A_HOUSEHOLD
        if wanted.get(label)
    ]
    for label, pk, household in _union(parts) if parts else ():
        found.households[label, str(pk)].add(household)
    return by_case


def _cases(wanted: Targets, by_case: dict[int, set[Target]], found: Touched) -> None:
    ids = {*_ids(wanted, CASE), *by_case}
    numbers = wanted.get(CASE, set())
    rows = Case.objects.filter(Q(pk__in=ids) | Q(number__in=numbers)).values_list(
        "pk", "number", "household_id"
    )
    for pk, number, household in rows:
        for target in {(CASE, str(pk)), (CASE, number)} & {(CASE, value) for value in numbers}:
            found.households[target].add(household)
        for target in by_case.get(pk, ()):
            found.households[target].add(household)


def _consultations(wanted: Targets, found: Touched) -> None:
    values = wanted.get(CONSULTATION, set())
    if not values:
        return
    rows = Consultation.objects.filter(Q(pk__in=_ids(wanted, CONSULTATION)) | Q(receipt_no__in=values))
    for pk, number, household, case_household, person in rows.values_list(
        "pk", "receipt_no", "household_id", "case__household_id", "person_id"
    ):
        for target in {(CONSULTATION, str(pk)), (CONSULTATION, number)}:
            if target[1] not in values:
                continue
            found.households[target] |= {h for h in (household, case_household) if h}
            if person:
                found.persons[target].add(person)


def _members(wanted: Targets, found: Touched) -> None:
    """Members and case numbers of every household touched, and the households of every person touched."""
    households = {h for several in found.households.values() for h in several}
    persons = {p for several in found.persons.values() for p in several}
    rows = HouseholdMember.objects.filter(Q(household__in=households) | Q(person__in=persons))
    for household, person, surname in rows.values_list("household_id", "person_id", "person__family_name"):
        if household in found.denied:
            continue
        found.members[household].add(person)
        found.homes[person].add(household)
        found.surnames[person] = surname
    homes = {*households, *(h for p in persons for h in found.homes[p])}
    numbers = Case.objects.filter(household__in=homes).order_by("pk").values_list("household_id", "number")
    for household, number in numbers:
        found.case_numbers[household].append(number)


def without_denied(
    records: models.QuerySet[AccessRecord], denied: Collection[int]
) -> models.QuerySet[AccessRecord]:
    """Log lines without those about households that the reader may never see (閲覧させない職員)."""
    return records.exclude(about(everything_of(denied))) if denied else records
