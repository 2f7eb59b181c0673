"""Contact details in pages: only through the reader's shield (households.contact)."""

from __future__ import annotations

from typing import Any

from django import template

from accounts.models import Agency
from households.contact import HouseholdContact, PersonContact, Shield, safe_contacts, shield_for
from households.models import Household, Person, SafeContact

register = template.Library()


def shield_of(request: Any) -> Shield:
    """The shield of the request's actor, made once per request."""
    found: Shield | None = getattr(request, "_shield", None)
    if found is None:
        found = request._shield = shield_for(request.actor)
    return found


@register.simple_tag(takes_context=True)
def household_contact(context: Any, household: Household) -> HouseholdContact:
    """``{% household_contact household as contact %}``; the household comes with its area."""
    return shield_of(context["request"]).household(household)


@register.simple_tag(takes_context=True)
def person_contact(
    context: Any, person: Person, rules: dict[int, SafeContact] | None = None
) -> PersonContact:
    """``{% person_contact person rules as contact %}``; ``rules`` from ``safe_contacts`` (fetched here when left out)."""
    request = context["request"]
    if rules is None:
        rules = safe_contacts([person.pk], request.actor)
    return shield_of(request).person(person, rules.get(person.pk))


@register.simple_tag(takes_context=True)
def desk(context: Any, agency: Agency, household: Household | int | None) -> str:
    """``{% desk agency household %}``: the agency's short name, hidden where it tells the neighbourhood."""
    return shield_of(context["request"]).desk(agency, household)


@register.simple_tag(takes_context=True)
def shielded(context: Any, text: str, household: Household | int | None) -> str:
    """``{% shielded note.text household %}``: free text without protected details that were typed into it."""
    return shield_of(context["request"]).text(text, household)
