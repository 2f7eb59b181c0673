"""エリアディレクター: my sector on one page, and one month of it on paper."""

from __future__ import annotations

from datetime import date, timedelta

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import log_reads, permission
from accounts.enums import Sector
from accounts.http import ActorRequest
from accounts.roles import Permission
from audit.models import AccessKind
from cases.coordination import Model
from cases.selectors.coordination import load_directory
from common.japan.fiscal import add_months, month_first
from common.pdf import render_pdf
from households.templatetags.contact import shield_of
from referrals.flows import QUICK_DAYS, SLOW_DAYS
from referrals.network import network
from referrals.selectors_director import (
    FIRST_ROWS,
    MONTHS,
    late_decisions,
    month_of,
    my_conferences,
    recent_flows,
    risen_rows,
    standing,
    to_convene,
)
from referrals.views.sector import SILENT_DAYS, sector_stats

PAPER_ROWS = 14
PACES = (
    ("quick", f"{QUICK_DAYS}開庁日以内"), ("usual", f"{SLOW_DAYS}開庁日以内"), ("slow", f"{SLOW_DAYS}開庁日より長い"),
    ("none", "まだ返事がない"),
)  # fmt: skip


@require_safe
@permission(Permission.SECTOR_VIEW)
def director(request: ActorRequest) -> HttpResponse:
    """What waits, what rose, what crosses sectors, what is silent; conferences; late decisions; who helps whom."""
    actor, at = request.actor, timezone.now()
    today = timezone.localdate(at)
    directory = load_directory()
    names = {pk: agency.short_name for pk, agency in directory.agencies.items()}
    numbers, found = standing(actor, at - timedelta(days=SILENT_DAYS)), recent_flows(actor, directory, at)
    escalated, put_to_conference = risen_rows(numbers, actor, directory, at)
    picture = network(found.pairs, names)
    month = month_first(today)
    context = {
        "sector": Sector(actor.sector).label if actor.sector else "すべての分野",
        "model": Model(directory.setup_on(today).model).label,
        "stats": sector_stats(numbers),
        "escalated": escalated, "put_to_conference": put_to_conference,
        "has_more": max(len(numbers.escalated), len(numbers.put)) > FIRST_ROWS,
        "conferences": my_conferences(actor, at),
        "to_convene": to_convene(actor, directory, at),
        "late": late_decisions(actor, directory, shield_of(request)),
        "network": picture,
        "flows": [(names.get(a.flow.source or 0, ""), names.get(a.flow.target or 0, ""), a.flow) for a in picture.arrows],
        "answers": [(names.get(flow.target or 0, ""), flow) for flow in found.answers if flow.minutes is not None],
        "paces": PACES, "months": MONTHS, "since": add_months(month, 1 - MONTHS),
        "papers": [add_months(month, -n) for n in (1, 2, 3)],
    }  # fmt: skip
    return render(request, "referrals/director.html", context)


@require_safe
@permission(Permission.SECTOR_VIEW)
def director_paper(request: ActorRequest, month: int) -> HttpResponse:
    """One month of the sector on one A4 page."""
    actor, at = request.actor, timezone.now()
    try:
        first = date(month // 100, month % 100, 1)
    except ValueError:
        raise Http404 from None
    if first > timezone.localdate(at) or first.year < 2000:
        raise Http404
    directory = load_directory()
    names = {pk: agency.short_name for pk, agency in directory.agencies.items()}
    found = month_of(actor, directory, first, at)
    log_reads(request, AccessKind.EXPORT, "referrals.month", str(month))
    context = {
        "actor": actor, "printed_at": at, "month": found, "whole": found.flows.all,
        "sector": Sector(actor.sector).label if actor.sector else "すべての分野",
        "model": Model(directory.setup_on(found.last).model).label,
        "pairs": [(names.get(f.source or 0, ""), names.get(f.target or 0, ""), f) for f in found.flows.pairs[:PAPER_ROWS]],
        "answers": [(names.get(f.target or 0, ""), f) for f in found.flows.answers if f.minutes is not None][:PAPER_ROWS],
    }  # fmt: skip
    return HttpResponse(
        render_pdf("referrals/director_pdf.html", context, request=request),
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="sector-{month}.pdf"'},
    )
