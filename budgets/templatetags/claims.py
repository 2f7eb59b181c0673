"""Words of a settlement in templates."""

from __future__ import annotations

from django import template

from budgets.enums import Payer
from budgets.settlement.exports import rates_words
from budgets.settlement.selectors import ClaimLine

register = template.Library()


@register.filter
def rates(line: ClaimLine) -> str:
    """「38.5%」, or 「50% → 1/3」 where it changes in mid-year."""
    return rates_words(line) or "―"


@register.filter
def part(line: ClaimLine, payer: Payer) -> int | None:
    """What one payer bears."""
    return line.table.parts.get(payer) if line.table else None
