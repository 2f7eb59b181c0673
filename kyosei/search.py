"""The one search field: people, households, cases and consultations, each through its own scope."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.actor import Actor
from accounts.roles import Permission
from cases.models import Case, Consultation
from common.japan.names import fold
from households.models import Household, HouseholdMember, Person
from households.selectors_people import search_people

LIMIT = 20


@dataclass(frozen=True, slots=True)
class SearchResults:
    """``people`` are identity only (findable); households, cases and consultations are what the actor may open."""

    people: list[Person]
    households: list[Household]
    cases: list[Case]
    consultations: list[Consultation]

    @property
    def total(self) -> int:
        return len(self.people) + len(self.households) + len(self.cases) + len(self.consultations)


def search_all(actor: Actor, query: str) -> SearchResults:
    """At most 20 of each kind. Numbers are matched from their beginning, names folded (common.japan.names)."""
    query = query.strip()
    if not fold(query):
        return SearchResults([], [], [], [])
    number = query.upper()
    people = list(h.person for h in search_people(actor, query, most=LIMIT).hits)
    members = HouseholdMember.objects.filter(person__in=[p.pk for p in people]).values("household_id")
    households = list(Household.objects.visible_to(actor).filter(pk__in=members).order_by("-pk")[:LIMIT])
    cases = list(
        (
            Case.objects.visible_to(actor).filter(number__startswith=number)
            | Case.objects.visible_to(actor).filter(household__in=[h.pk for h in households])
        )
        .select_related("household", "lead_agency", "lead_staff")
        .order_by("-opened_at", "-pk")[:LIMIT]
    )
    consultations: list[Consultation] = []
    if actor.has(Permission.CONSULTATION_RECEIVE):
        consultations = list(
            Consultation.objects.visible_to(actor)
            .filter(receipt_no__startswith=number)
            .select_related("agency", "person")
            .order_by("-started_at", "-pk")[:LIMIT]
        )
    return SearchResults(people, households, cases, consultations)
