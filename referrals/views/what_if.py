"""もしも: the other coordination models over the last year, and how the cases lie on people now; reckoned by a worker."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.access import permission
from accounts.http import ActorRequest
from accounts.roles import Permission
from referrals.actions.what_if import order_what_if
from referrals.models import WhatIfRun
from referrals.models.what_if import STEPS
from referrals.what_if import read_outcome, read_spread, year_before


def _context(request: ActorRequest) -> dict[str, Any]:
    """The reckoning under way, and the last that was finished, as its rows read it."""
    runs = WhatIfRun.objects.visible_to(request.actor).select_related("asked_by")
    last = runs.exclude(ended_at=None).order_by("-ended_at").first()
    day = timezone.localdate(last.ended_at) if last and last.ended_at else timezone.localdate()
    first, end = year_before(day)
    context: dict[str, Any] = {
        "running": runs.unfinished().first(), "steps": STEPS, "run": last, "first": first, "last": end - timedelta(days=1),
    }  # fmt: skip
    if last is not None:
        found = last.result
        context["parts"] = {
            **found,
            "spread": read_spread(found["spread"]),
            "most": max((n for _, n in found["offices"]), default=0),
            "outcomes": [read_outcome(row) for row in found["outcomes"]] if found["cases"] else [],
        }
    return context


@require_safe
@permission(Permission.SECTOR_VIEW)
def what_if(request: ActorRequest) -> HttpResponse:
    """The last result with its moment; while another is reckoned, how far it is."""
    return render(request, "manage/what_if.html", _context(request))


@require_safe
@permission(Permission.SECTOR_VIEW)
def progress(request: ActorRequest) -> HttpResponse:
    """How far the reckoning is; the whole result when it has ended."""
    context = _context(request)
    if not request.htmx:
        return redirect("manage:what_if")
    return render(request, "manage/_what_if.html", context)


@require_POST
@permission(Permission.SECTOR_VIEW)
def order(request: ActorRequest) -> HttpResponse:
    order_what_if(actor=request.actor, at=timezone.now())
    return redirect("manage:what_if")
