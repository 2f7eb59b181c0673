"""Furigana for papers: WeasyPrint lays out no ruby, so a word and its reading stand in a small inline block."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def ruby(word: str, reading: str) -> SafeString:
    """``{% ruby "同意" "どうい" %}``; the word comes first in the text, so that it can be searched and read aloud."""
    return format_html(
        '<span class="ruby"><span class="rb">{}</span><span class="rt">{}</span></span>', word, reading
    )
