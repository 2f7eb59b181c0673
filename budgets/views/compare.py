"""「A町方式 / B市方式 / 専従」: one month by three methods."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import permission
from accounts.http import ActorRequest
from accounts.roles import Permission
from budgets.selectors_compare import compare, percent
from budgets.views.months import parse_key


@require_safe
@permission(Permission.APPORTION_VIEW)
def comparison(request: ActorRequest, key: str) -> HttpResponse:
    """Side by side, with the study that ``?study=`` names (default: the approved one of the month)."""
    month = parse_key(key)
    asked = request.GET.get("study", "")
    found = compare(request.actor, month, int(asked) if asked.isdecimal() and len(asked) < 18 else None)
    context = {
        "month": month, "key": key, "found": found,
        "rate": percent(found.result.response_rate) if found.result else "",
        "lines": [
            (line, f"{percent(line.interval.ratio)}（{percent(line.interval.low)}〜{percent(line.interval.high)}）" if line.interval else "")
            for line in found.lines
        ],
    }  # fmt: skip
    return render(request, "apportionment/compare.html", context)
