"""A line of the week, rendered once: after a change of one entry the others of the day are the same."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from django import template
from django.template.loader import render_to_string
from django.urls import get_script_prefix
from django.utils.safestring import SafeString

from budgets.selectors_work import Day, Line

register = template.Library()


@dataclass(frozen=True, slots=True)
class Words:
    """All that the line shows, so that what is kept can be shown to nobody else than what would be rendered."""

    pk: int
    day: str
    start: str
    end: str
    minutes: int
    category: str
    note: str
    number: str
    reason: str
    by_table: str  # the category that 区分の表 had decided, where it was corrected
    correction: str
    url: str
    is_derived: bool
    can_change: bool


@lru_cache(maxsize=2048)  # some 1 kB each
def _rendered(line: Words, prefix: str) -> SafeString:
    return render_to_string("work/_line.html", {"line": line})


@register.simple_tag
def work_line(line: Line, day: Day, is_own: bool) -> SafeString:
    """A stretch with an entry; only its worker may go to its record or change it."""
    entry = line.entry
    if entry is None:
        raise ValueError("a gap has no entry to show")
    words = Words(
        pk=entry.pk, day=day.key, start=line.start, end=line.end, minutes=line.minutes, category=entry.category.name,
        note=entry.note, number=entry.shown_number,  # type: ignore[attr-defined]
        reason=entry.reason, by_table=entry.derived_category.name if entry.derived_category else "",
        correction=entry.correction, url=line.url if is_own else "", is_derived=entry.is_derived,
        can_change=is_own and not day.is_locked,
    )  # fmt: skip
    return _rendered(words, get_script_prefix())
