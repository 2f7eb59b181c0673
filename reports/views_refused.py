"""断られた操作: what the auditor, and the manager of an agency, see of refused acts and forged ids."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import log_reads, permission
from accounts.http import ActorRequest
from accounts.roles import Permission
from audit.models import AccessKind
from common.keyset import Sort, paginate
from reports.forms import RefusedFilter
from reports.selectors_refused import by_worker, in_words, refused_acts

SORTS = {"at": Sort("日時", ["at", "pk"])}


@require_safe
@permission(Permission.REFUSED_VIEW)
def refused(request: ActorRequest) -> HttpResponse:
    """Refused acts of a period, by agency and kind, with who was refused most often."""
    form = RefusedFilter(request.GET, today=timezone.localdate(), actor=request.actor)
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        wanted = {name: form.cleaned_data.get(name) for name in ("since", "until", "agency", "kind")}
        rows = refused_acts(request.actor, **wanted)  # type: ignore[arg-type]
        page = paginate(rows, request_get=request.GET, sorts=SORTS, default="-at")
        log_reads(request, AccessKind.VIEW, "reports.refused", str(request.actor.agency_id))
        context |= {
            "page": page, "lines": in_words(page.rows, request.actor), "workers": by_worker(rows),
            "since": wanted["since"], "until": wanted["until"],
        }  # fmt: skip
    return render(request, "reports/refused.html", context, status=200 if form.is_valid() else 422)
