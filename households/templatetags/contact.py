"""Contact details in pages: only through the reader's shield (households.contact)."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import mark_safe

from accounts.models import Agency, Staff
from households.contact import (
    HIDDEN_DESK,
    HouseholdContact,
    PersonContact,
    Shield,
    shield_for,
    shield_for_everybody,
)
from households.models import Household, Person, SafeContact

register = template.Library()


def shield_of(request: Any) -> Shield:
    """The shield of the request's actor, made once per request."""
    found: Shield | None = getattr(request, "_shield", None)
    if found is None:
        found = request._shield = shield_for(request.actor)
    return found


def _shield(context: Any) -> Shield:
    """A page has its reader's shield, or one given as ``shield`` (papers for another agency); without a reader all is
    hidden that is hidden from anybody.
    """
    given: Shield | None = context.get("shield")
    if given is not None:
        return given
    request = getattr(context, "request", None) or context.get("request")
    return shield_of(request) if request is not None else shield_for_everybody()


@register.simple_tag(takes_context=True)
def household_contact(context: Any, household: Household) -> HouseholdContact:
    """``{% household_contact household as contact %}``; the household comes with its area."""
    return _shield(context).household(household)


@register.simple_tag(takes_context=True)
def person_contact(
    context: Any, person: Person, rules: dict[int, SafeContact] | None = None
) -> PersonContact:
    """``{% person_contact person rules as contact %}``; ``rules`` by person, from ``safe_contacts``."""
    return _shield(context).person(person, rules.get(person.pk) if rules else None)


@register.simple_tag(takes_context=True)
def desk(context: Any, agency: Agency, household: Household | int | None, staff: Staff | None = None) -> str:
    """``{% desk agency household staff %}``: agency and worker, hidden where they tell the neighbourhood."""
    shield = _shield(context)
    name = shield.desk(agency, household)
    return name if staff is None or name == HIDDEN_DESK else f"{name} {staff.name}"


@register.simple_tag(takes_context=True)
def shielded(context: Any, text: str, household: Household | int | None) -> str:
    """``{% shielded note.text household %}``: free text without protected details that were typed into it."""
    return _shield(context).text(text, household)


@register.simple_tag(takes_context=True)
def words_of_two(context: Any, text: str, one: int, two: int) -> str:
    """``{% words_of_two link.reason link.person_id link.other_id %}``: why two records are, or are not, one person."""
    return _shield(context).of_people(text, (one, two))


@register.simple_tag(takes_context=True)
def safe_lines(context: Any, rule: SafeContact) -> list[str]:
    """``{% safe_lines rule as lines %}``: the rule of safe contact, without what is protected of its person."""
    shield = _shield(context)
    return [shield.of_person(line, rule.person_id) for line in rule.lines]


class ShieldNode(template.Node):
    """A piece of a page without the protected details of one household."""

    def __init__(self, household: Any, nodelist: template.NodeList) -> None:
        self.household, self.nodelist = household, nodelist

    def render(self, context: Any) -> Any:
        html = self.nodelist.render(context)
        household = self.household.resolve(context)
        # what was safe stays safe: only words are struck out
        return mark_safe(_shield(context).markup(html, household or None))  # noqa: S308


@register.tag("shield")
def do_shield(parser: Any, token: Any) -> ShieldNode:
    """``{% shield case.household_id %}…{% endshield %}``: whatever stands inside, texts and fields alike."""
    _, household = token.split_contents()
    nodelist = parser.parse(("endshield",))
    parser.delete_first_token()
    return ShieldNode(parser.compile_filter(household), nodelist)
