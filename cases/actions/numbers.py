"""Receipt and case numbers: gapless per series and fiscal year, taken inside the action's transaction."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from cases.models import NumberSeries
from common.japan.fiscal import fiscal_year

CONSULTATION_SERIES = "consultation"
CASE_SERIES = "case"
_LETTER = {CONSULTATION_SERIES: "U", CASE_SERIES: "K"}


def take_number(series: str, at: datetime) -> str:
    """The next number of a series, e.g. ``U08-00042``: letter, 令和 fiscal year, five digits or more."""
    year = fiscal_year(timezone.localdate(at))
    with transaction.atomic():
        NumberSeries.objects.get_or_create(series=series, fiscal_year=year)
        row = NumberSeries.objects.select_for_update(of=("self",)).get(series=series, fiscal_year=year)
        NumberSeries.objects.filter(pk=row.pk).update(last=F("last") + 1)
        return f"{_LETTER[series]}{year - 2018:02d}-{row.last + 1:05d}"
