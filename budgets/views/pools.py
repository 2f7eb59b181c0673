"""共通経費: jointly run community-building activities, split by a driver with its evidence."""

from __future__ import annotations

from fractions import Fraction

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import permission, scoped_get
from accounts.http import ActorRequest
from accounts.models import Staff
from accounts.roles import Permission
from audit.models import AccessKind
from budgets.actions.pools import PoolData, ShareData, enter_pool
from budgets.enums import RemainderRule
from budgets.forms.streams import PoolForm
from budgets.models import CostPool, FundingStream, PoolShare
from budgets.pool_inputs import pool_rows
from budgets.selectors_compare import percent
from budgets.selectors_people import recording_people
from common.errors import NotAllowed, RuleViolation


@require_safe
@permission(Permission.APPORTION_VIEW)
def pool_list(request: ActorRequest) -> HttpResponse:
    """All pools, newest first."""
    rows = CostPool.objects.visible_to(request.actor).order_by("-month_from", "-pk")
    return render(
        request,
        "apportionment/pools.html",
        {"rows": rows, "may_edit": request.actor.has(Permission.COST_EDIT)},
    )


@require_http_methods(["GET", "POST"])
@permission(Permission.COST_EDIT)
def pool_new(request: ActorRequest) -> HttpResponse:
    """Total, driver, the figure of each programme with its paper, and who decided when."""
    streams = list(FundingStream.objects.visible_to(request.actor).order_by("position", "code"))
    people = [staff for staff, _ in recording_people(request.actor, timezone.localdate())]
    is_post = request.method == "POST"
    form = PoolForm(
        request.POST if is_post else None, request.FILES if is_post else None, streams=streams, people=people
    )
    status = 200
    if is_post:
        pool = _enter(request, form) if form.is_valid() else None
        if pool is not None:
            messages.success(request, "共通経費を登録しました。")
            return redirect("apportionment:pool", pk=pool.pk)
        status = 422
    return render(request, "apportionment/pool_new.html", {"form": form}, status=status)


def _enter(request: ActorRequest, form: PoolForm) -> CostPool | None:
    data = form.cleaned_data
    shares = []
    for stream in form.streams:
        amount, file = data.get(f"amount_{stream.pk}"), data.get(f"file_{stream.pk}")
        if amount is None:
            continue
        content = b""
        if file:
            file.seek(0)
            content = file.read()
        shares.append(
            ShareData(
                stream, Fraction(amount), data[f"evidence_{stream.pk}"], file.name if file else "", content
            )
        )
    names = (
        "name",
        "month_from",
        "month_to",
        "total_yen",
        "driver",
        "driver_name",
        "decided_on",
        "decided_by",
    )
    try:
        return enter_pool(
            data=PoolData(
                **{name: data[name] for name in names}, remainder_rule=RemainderRule(data["remainder_rule"]),
                worker_ids=data["workers"],
            ),
            shares=shares, actor=request.actor, at=timezone.now(),
        )  # fmt: skip
    except NotAllowed:
        raise
    except RuleViolation as violation:
        form.add_violation(violation)
        return None


@require_safe
@permission(Permission.APPORTION_VIEW)
def pool(request: ActorRequest, pk: int) -> HttpResponse:
    """The split, with the basis that the notice asks to be printed: method, figures, period, decision."""
    row = scoped_get(
        CostPool.objects.visible_to(request.actor).select_related("entered_by"), request, log=None, pk=pk
    )
    shares = {
        s.stream_id: s for s in PoolShare.objects.visible_to(request.actor).filter(pool=row).defer("file")
    }
    found = pool_rows(row)
    streams = FundingStream.objects.visible_to(request.actor).in_bulk([r.stream_id for r in found])
    context = {
        "pool": row, "total": sum(r.yen for r in found),
        "workers": Staff.objects.visible_to(request.actor).filter(pk__in=row.worker_ids).order_by("kana", "pk"),
        "lines": [(streams[r.stream_id], shares.get(r.stream_id), percent(r.amount / r.whole), r) for r in found],
    }  # fmt: skip
    return render(request, "apportionment/pool.html", context)


@require_safe
@permission(Permission.APPORTION_VIEW)
def evidence(request: ActorRequest, pk: int) -> HttpResponse:
    """The copy of a paper."""
    rows = PoolShare.objects.visible_to(request.actor).exclude(file_name="")
    row = scoped_get(rows, request, log=AccessKind.EXPORT, pk=pk)
    header = content_disposition_header(as_attachment=True, filename=row.file_name)
    return HttpResponse(
        bytes(row.file or b""), content_type="application/pdf", headers={"Content-Disposition": header or ""}
    )
