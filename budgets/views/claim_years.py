"""What the claim views share: the year and the stream of an address."""

from __future__ import annotations

from django.http import Http404
from django.utils import timezone

from accounts.access import scoped_get
from accounts.http import ActorRequest
from budgets.models import FundingStream
from common.japan.fiscal import fiscal_year, fiscal_year_label


def asked_year(request: ActorRequest) -> int:
    """The year of the query, else the present one."""
    text = request.GET.get("year", "")[:4]
    this = fiscal_year(timezone.localdate())
    return int(text) if text.isascii() and text.isdecimal() and 2000 <= int(text) <= 2100 else this


def check_year(year: int) -> int:
    if not 2000 <= year <= 2100:
        raise Http404
    return year


def year_choices() -> list[tuple[int, str]]:
    this = fiscal_year(timezone.localdate())
    return [(y, fiscal_year_label(y)) for y in range(this + 1, this - 5, -1)]


def get_stream(request: ActorRequest, code: str) -> FundingStream:
    return scoped_get(FundingStream.objects.visible_to(request.actor), request, log=None, code=code)
