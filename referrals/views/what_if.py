"""もしも: the other coordination models over the last year, and how the cases lie on people now."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import permission
from accounts.http import ActorRequest
from accounts.roles import Permission
from referrals.what_if import concentrations, load_year, outcomes, year_before

STEPS = ("now", "models")


@require_safe
@permission(Permission.SECTOR_VIEW)
def what_if(request: ActorRequest) -> HttpResponse:
    """The frame; its two parts are computed one after the other, with a bar. ``?all=1`` brings everything at once (no script)."""
    first, end = year_before(timezone.localdate())
    context = {"first": first, "last": end - timedelta(days=1), "parts": {}}
    if request.GET.get("all"):
        context["parts"] = {**_now(), **_models()}
        context["is_whole"] = True
    return render(request, "manage/what_if.html", context)


@require_safe
@permission(Permission.SECTOR_VIEW)
def part(request: ActorRequest, step: str) -> HttpResponse:
    """One part; the first asks for the second when it has arrived."""
    is_first = step == STEPS[0]
    parts = _now() if is_first else _models()
    template = "manage/_what_if_now.html" if is_first else "manage/_what_if_models.html"
    return render(request, template, {"parts": parts, "is_whole": False})


def _now() -> dict[str, object]:
    spread, offices = concentrations(timezone.now())
    return {"spread": spread, "offices": offices, "most": max((n for _, n in offices), default=0)}


def _models() -> dict[str, object]:
    at = timezone.now()
    year = load_year(at)
    found = outcomes(year, timezone.localdate(at)) if year.cases else []
    return {"outcomes": found, "cases": year.cases, "complex": year.complex_cases}
