"""締め後の調整: proposed by one person, approved by another, with the old and the new figures side by side."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import permission, scoped_get
from accounts.http import ActorRequest
from accounts.models import Agency, Staff
from accounts.roles import Permission
from budgets.actions.adjustments import (
    AdjustmentData,
    approve_adjustment,
    propose_adjustment,
    refuse_adjustment,
)
from budgets.forms.adjustments import AdjustmentForm
from budgets.models import ApportionmentRun, MonthAdjustment, PersonnelCost, WorkCategory, WorkMonth
from budgets.selectors_approvals import rerun
from budgets.views.months import parse_key
from common.errors import NotAllowed, RuleViolation


def _people(request: ActorRequest, month: date) -> list[tuple[Staff, Agency]]:
    """Whoever has a cost in the month, with the agency of the cost."""
    rows = (
        PersonnelCost.objects.visible_to(request.actor).filter(month=month).select_related("staff", "agency")
    )
    return [(row.staff, row.agency) for row in rows.order_by("staff__kana", "staff_id")]


def _context(request: ActorRequest, key: str, form: AdjustmentForm) -> dict[str, Any]:
    month, actor = parse_key(key), request.actor
    row = WorkMonth.objects.visible_to(actor).filter(month=month).first()
    found = (
        MonthAdjustment.objects.visible_to(actor)
        .filter(month__month=month)
        .select_related("staff", "agency", "from_category", "to_category", "proposed_by", "decided_by", "run")
        .order_by("-pk")
    )
    runs = list(
        ApportionmentRun.objects.visible_to(actor)
        .filter(month__month=month)
        .exclude(is_final=False, adjustment_no=0)
        .select_related("month", "ran_by")
        .order_by("adjustment_no", "pk")
    )
    asked = request.GET.get("run", "")
    shown = next(
        (r for r in runs if str(r.pk) == asked and r.adjustment_no), runs[-1] if len(runs) > 1 else None
    )
    base = runs[0] if runs else None
    by_pk = {r.pk: r for r in runs}
    return {
        "month": month, "key": key, "rows": found, "form": form if actor.has(Permission.APPORTION_RUN) else None,
        "is_locked": bool(row and row.is_locked), "may_decide": actor.has(Permission.MONTH_LOCK),
        "me": actor.staff_id, "reruns": [r for r in runs if r.adjustment_no], "shown": shown,
        "step": rerun(actor, shown, by_pk[shown.corrects_id]) if shown and shown.corrects_id in by_pk else None,
        "whole": rerun(actor, runs[-1], base) if base and len(runs) > 2 else None,
    }  # fmt: skip


def _form(request: ActorRequest, month: date, *, bound: bool) -> AdjustmentForm:
    categories = list(WorkCategory.objects.visible_to(request.actor).order_by("position", "code"))
    return AdjustmentForm(
        request.POST if bound else None, people=_people(request, month), categories=categories,
        initial={"dated_on": timezone.localdate()},
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@permission(Permission.APPORTION_VIEW)
def adjustments(request: ActorRequest, key: str) -> HttpResponse:
    """The adjustments of a month, and a new one."""
    month = parse_key(key)
    is_post = request.method == "POST"
    if is_post and not request.actor.has(Permission.APPORTION_RUN):
        raise PermissionDenied
    form = _form(request, month, bound=is_post)
    if is_post and form.is_valid() and _propose(request, month, form):
        messages.success(request, "調整を起案しました。ほかの経理担当が承認すると、計算し直します。")
        return redirect("apportionment:adjustments", key=key)
    context = _context(request, key, form)
    return render(request, "apportionment/adjustments.html", context, status=422 if is_post else 200)


def _propose(request: ActorRequest, month: date, form: AdjustmentForm) -> bool:
    data = form.cleaned_data
    staff, agency = form.people[data["staff"]]
    try:
        propose_adjustment(
            month=month,
            data=AdjustmentData(
                staff=staff, agency=agency, dated_on=data["dated_on"], reason=data["reason"],
                from_category=form.categories.get(data["from_category"]),
                to_category=form.categories.get(data["to_category"]), minutes=data["minutes"] or 0,
                yen=data["yen"] or 0,
            ),
            actor=request.actor, at=timezone.now(),
        )  # fmt: skip
    except NotAllowed:
        raise
    except RuleViolation as violation:
        form.add_violation(violation)
        return False
    return True


def _decide(request: ActorRequest, key: str, pk: int, *, approved: bool) -> HttpResponse:
    month = parse_key(key)
    rows = (
        MonthAdjustment.objects.visible_to(request.actor).filter(month__month=month).select_related("month")
    )
    row = scoped_get(rows, request, log=None, pk=pk)
    try:
        if approved:
            approve_adjustment(adjustment=row, actor=request.actor, at=timezone.now())
            messages.success(request, "調整を承認し、計算し直しました。")
        else:
            refuse_adjustment(adjustment=row, actor=request.actor, at=timezone.now())
            messages.success(request, "調整を差し戻しました。")
    except NotAllowed:
        raise
    except RuleViolation as violation:
        messages.error(request, violation.message)
    return redirect("apportionment:adjustments", key=key)


@require_POST
@permission(Permission.MONTH_LOCK)
def approve(request: ActorRequest, key: str, pk: int) -> HttpResponse:
    """By another person than who proposed it."""
    return _decide(request, key, pk, approved=True)


@require_POST
@permission(Permission.MONTH_LOCK)
def refuse(request: ActorRequest, key: str, pk: int) -> HttpResponse:
    """Send it back."""
    return _decide(request, key, pk, approved=False)
