"""Who may not hear of what: households stand higher than accounts, and bring their deny list here when they start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Exists, Model, Q, QuerySet

Bar = Callable[[Any, Any], QuerySet[Model]]
_BARS: list[Bar] = []


def add_bar(bar: Bar) -> None:
    """``bar(staff, about)``: rows that exist where the worker may not hear of the household (both expressions)."""
    if bar not in _BARS:
        _BARS.append(bar)


def barred(staff: Any, about: Any) -> Q:
    """The condition that a worker may not hear of a household. Nothing is barred where a notice is about none."""
    condition = Q(pk__in=[])
    for bar in _BARS:
        condition |= Q(Exists(bar(staff, about)))
    return condition
