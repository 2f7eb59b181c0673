"""Components that depend on nothing but a few words, rendered once: a table says 「高齢」 a hundred times."""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.conf import settings
from django.template.loader import get_template
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def piece(name: str, **inputs: str) -> SafeString:
    """``{% piece "components/sector.html" code=code %}``: as ``{% include … with code=code only %}``. Not for words about a
    person: what was rendered is kept.
    """
    given = tuple((key, str(value), isinstance(value, SafeString)) for key, value in sorted(inputs.items()))
    return _render(name, given) if settings.DEBUG else _rendered(name, given)


def _render(name: str, inputs: tuple[tuple[str, str, bool], ...]) -> SafeString:
    """With the line end that parts two of them."""
    words = {key: SafeString(value) if is_safe else value for key, value, is_safe in inputs}
    return SafeString(get_template(name).render(words))


_rendered = lru_cache(maxsize=512)(_render)
