"""``{% url %}`` for lists: a view's address is looked up once per shape of its arguments, then numbers are put into it.

A table of fifty rows asks for the address of the same view fifty times, and Django looks at every pattern of that name
each time. Built in for all templates (``TEMPLATES`` in the settings); what is not plain goes Django's own way.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from django.conf import settings
from django.template import Library
from django.template.base import Parser, Token
from django.template.context import Context
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as django_url
from django.urls import NoReverseMatch, get_script_prefix, get_urlconf, reverse
from django.utils.html import escape
from django.utils.safestring import SafeString

register = Library()

_PLAIN: Final = re.compile(r"[A-Za-z0-9-]{1,40}", re.ASCII)
_DIGIT: Final = re.compile(r"[0-9]", re.ASCII)
_MARK: Final = 9_876_543_210  # stands for a number of any length


@lru_cache(maxsize=2048)
def _parts(view: str, shapes: tuple[int | str, ...], where: tuple[Any, ...]) -> tuple[str, ...] | None:
    """The address around its arguments; None where it cannot be cut at them."""
    marks = [str(shape) for shape in shapes]
    try:
        rest = reverse(view, args=shapes, current_app=where[-1])
    except NoReverseMatch:
        return None
    if escape(rest) != rest or any(rest.count(mark) != 1 for mark in marks):
        return None
    parts = []
    for mark in marks:
        before, found, rest = rest.partition(mark)
        if not found:
            return None
        parts.append(before)
    return (*parts, rest)


def _shape(number: int, arg: Any) -> int | str | None:
    """What stands for an argument while its address is looked up: numbers stand for each other, digits too."""
    if type(arg) is int and arg >= 0:
        return _MARK + number
    if isinstance(arg, str) and _PLAIN.fullmatch(arg):
        return _DIGIT.sub("9", str(arg))
    return None


def address(view: str, args: list[Any], current_app: str | None) -> SafeString | None:
    """As ``reverse``, or None where that has to be asked itself."""
    shapes = tuple(_shape(n, arg) for n, arg in enumerate(args))
    if None in shapes:
        return None
    parts = _parts(
        view, shapes, (settings.ROOT_URLCONF, get_urlconf(), get_script_prefix(), current_app)
    )  # fmt: skip
    if parts is None:
        return None
    return SafeString("".join(part + str(arg) for part, arg in zip(parts, args, strict=False)) + parts[-1])


class _AddressNode(URLNode):
    def render(self, context: Context) -> str:
        view = None if self.kwargs else self.view_name.resolve(context)
        if not isinstance(view, str):
            return str(super().render(context))
        request = context.get("request")
        current_app = getattr(request, "current_app", None)
        if current_app is None:
            current_app = getattr(getattr(request, "resolver_match", None), "namespace", None)
        made = address(view, [arg.resolve(context) for arg in self.args], current_app)
        if made is None:
            return str(super().render(context))
        if self.asvar:
            context[self.asvar] = made
            return ""
        return made


@register.tag
def url(parser: Parser, token: Token) -> URLNode:
    node = django_url(parser, token)
    return _AddressNode(node.view_name, node.args, node.kwargs, node.asvar)
