"""月の承認: a manager looks at the agency's month and stands for it; the finance clerk where there is no manager."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.access import permission, scoped_get
from accounts.http import ActorRequest
from accounts.models import Agency
from accounts.roles import Permission
from budgets.actions.month_steps import approve_month, report_month, withdraw_approval
from budgets.models import WorkMonth
from budgets.selectors_approvals import approvals_with_managers
from budgets.selectors_month import agency_month
from budgets.views.months import parse_key
from common.errors import NotAllowed, RuleViolation
from common.japan.fiscal import add_months, month_first


def _own(request: ActorRequest) -> Agency:
    if request.actor.agency is None:
        raise NotAllowed("月を承認する権限がありません。")
    return request.actor.agency


def _context(request: ActorRequest, key: str) -> dict[str, Any]:
    month = parse_key(key)
    today = timezone.localdate()
    found = agency_month(request.actor, _own(request), month)
    before, after = add_months(month, -1), add_months(month, 1)
    return {
        "found": found, "month": month, "key": key, "is_over": after <= today, "before": f"{before:%Y%m}",
        "after": f"{after:%Y%m}" if after <= month_first(today) else "", "lacking": [r for r in found.lines if r.lacking],
        "findings": sum(r.findings for r in found.lines),
    }  # fmt: skip


@require_safe
@permission(Permission.WORK_VIEW_AGENCY)
def month_now(request: ActorRequest) -> HttpResponse:
    """The last full month."""
    last = add_months(month_first(timezone.localdate()), -1)
    return redirect("work:month", key=f"{last:%Y%m}")


@require_safe
@permission(Permission.WORK_VIEW_AGENCY)
def month(request: ActorRequest, key: str) -> HttpResponse:
    """Workers with their minutes, what is missing and what an auditor would ask, and the approval."""
    return render(request, "work/month.html", _context(request, key))


def _answer(request: ActorRequest, key: str, violation: RuleViolation) -> HttpResponse:
    return render(request, "work/month.html", _context(request, key) | {"violation": violation}, status=422)


@require_POST
@permission(Permission.WORK_VIEW_AGENCY)
def approve(request: ActorRequest, key: str) -> HttpResponse:
    """Exactly what was shown."""
    try:
        approve_month(
            month=parse_key(key), agency=_own(request), expected_digest=request.POST.get("digest", ""),
            actor=request.actor, at=timezone.now(),
        )  # fmt: skip
    except NotAllowed:
        raise
    except RuleViolation as violation:
        return _answer(request, key, violation)
    messages.success(request, "月を承認しました。このあと業務実績が変わると、承認は取り消されます。")
    return redirect("work:month", key=key)


@require_POST
@permission(Permission.WORK_VIEW_AGENCY)
def withdraw(request: ActorRequest, key: str) -> HttpResponse:
    """Take the approval back, with a reason."""
    try:
        withdraw_approval(
            month=parse_key(key), agency=_own(request), reason=request.POST.get("reason", ""), actor=request.actor,
            at=timezone.now(),
        )  # fmt: skip
    except NotAllowed:
        raise
    except RuleViolation as violation:
        return _answer(request, key, violation)
    messages.success(request, "承認を取り消しました。")
    return redirect("work:month", key=key)


@require_safe
@permission(Permission.APPORTION_VIEW)
def agencies(request: ActorRequest, key: str) -> HttpResponse:
    """Which agencies have approved, for the finance clerk."""
    first = parse_key(key)
    lines = approvals_with_managers(first, timezone.localdate())
    row = WorkMonth.objects.visible_to(request.actor).filter(month=first).first()
    context = {
        "month": first, "key": key, "approvals": lines, "approved_count": sum(line.is_done for line, _ in lines),
        "may_lock": request.actor.has(Permission.MONTH_LOCK), "is_locked": bool(row and row.is_locked),
    }  # fmt: skip
    return render(request, "apportionment/approvals.html", context)


@require_POST
@permission(Permission.MONTH_LOCK)
def confirm_instead(request: ActorRequest, key: str) -> HttpResponse:
    """The finance clerk's written confirmation for an agency that has no manager."""
    agencies = Agency.objects.visible_to(request.actor)
    agency = scoped_get(agencies, request, log=None, pk=request.POST.get("agency", ""))
    reason = request.POST.get("reason", "").strip()
    try:
        if not reason:
            raise RuleViolation("承認に代わる確認の理由を入力してください。")
        approve_month(
            month=parse_key(key), agency=agency, expected_digest=request.POST.get("digest", ""), actor=request.actor,
            at=timezone.now(), instead_reason=reason,
        )  # fmt: skip
    except NotAllowed:
        raise
    except RuleViolation as violation:
        messages.error(request, violation.message)
    else:
        messages.success(request, f"{agency.name}の承認に代わる確認を記録しました。")
    return redirect("apportionment:approvals", key=key)


@require_POST
@permission(Permission.MONTH_LOCK)
def report(request: ActorRequest, key: str) -> HttpResponse:
    """The locked month went into a report."""
    try:
        report_month(
            month=parse_key(key), reported_as=request.POST.get("reported_as", ""), actor=request.actor,
            at=timezone.now(),
        )  # fmt: skip
    except NotAllowed:
        raise
    except RuleViolation as violation:
        messages.error(request, violation.message)
    else:
        messages.success(request, "報告済みにしました。")
    return redirect("apportionment:month", key=key)
