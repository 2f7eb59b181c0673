"""Names and typed words in templates, as the reader of the page may have them (budgets.readers)."""

from __future__ import annotations

from django import template
from django.template import RequestContext
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import Staff
from budgets.readers import Readers, Words, shown_name, words_for

register = template.Library()


@register.simple_tag(takes_context=True)
def worker(context: RequestContext, staff: Staff) -> str:
    """The worker's name, or 「職員 012345」."""
    return shown_name(context.request.actor, staff)  # type: ignore[attr-defined]


@register.simple_tag(takes_context=True)
def typed(context: RequestContext, words: str, readers: str = Readers.CLERKS.name) -> SafeString:
    """What somebody typed, or that it is held back, how long it is and who can show it."""
    return said(words_for(context.request.actor, words, Readers[readers]))  # type: ignore[attr-defined]


@register.simple_tag
def said(words: Words) -> SafeString:
    """``typed`` for words that a selector has prepared."""
    if not words.is_held:
        return format_html("{}", words.text)
    seal = f"、SHA-256 {words.sha256[:16]}…" if words.sha256 else ""
    return format_html(
        '<span class="muted">文は{}が読めます（{}字{}）</span>', words.readers, words.length, seal
    )
