"""Name and place of a conference in pages, as far as its reader may know them."""

from __future__ import annotations

from typing import Any

from django import template

from referrals.models import Conference
from referrals.models.conference import named_before

register = template.Library()


def _hidden(context: Any) -> frozenset[int] | None:
    """Conferences that bear no name for the reader, asked once per request; None without a reader."""
    request = getattr(context, "request", None) or context.get("request")
    if request is None:
        return None
    found: frozenset[int] | None = getattr(request, "_named_before", None)
    if found is None:
        rows = named_before(request.actor.staff_id).values_list("conference_id", flat=True)
        found = request._named_before = frozenset(rows)
    return found


def _keeps_back(context: Any, conference: Conference) -> bool:
    hidden = _hidden(context)
    return hidden is None or conference.pk in hidden


@register.simple_tag(takes_context=True)
def sitting(context: Any, conference: Conference) -> str:
    """``{% sitting conference %}``: its name, or the kind's where a household on its agenda denies the reader."""
    shown: str | None = getattr(conference, "shown_title", None)
    if shown is None:
        shown = conference.get_kind_display() if _keeps_back(context, conference) else conference.title
    return shown


@register.simple_tag(takes_context=True)
def sitting_place(context: Any, conference: Conference) -> str:
    """``{% sitting_place conference as place %}``: where it is held, under the same rule."""
    shown: str | None = getattr(conference, "shown_place", None)
    if shown is None:
        shown = "" if _keeps_back(context, conference) else conference.place
    return shown
