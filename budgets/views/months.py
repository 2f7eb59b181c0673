"""What the apportionment views share: the month in the address."""

from __future__ import annotations

from datetime import date

from django.http import Http404


def parse_key(key: str) -> date:
    """202610 → 2026-10-01; anything else is no page."""
    try:
        month = date(int(key[:4]), int(key[4:]), 1)
    except ValueError:
        raise Http404 from None
    if len(key) != 6 or not 2000 <= month.year <= 2100:
        raise Http404
    return month
