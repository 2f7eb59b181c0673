"""終結, フォロー, 再相談."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.access import permission, scoped_get
from accounts.http import ActorRequest
from accounts.roles import Permission
from cases.actions.closing import close_case, record_follow_up, reopen_case
from cases.enums import FollowUpResult
from cases.forms.plan import ClosingForm, FollowUpForm, ReopenForm
from cases.models import FollowUp
from cases.views.cases import get_case
from common.errors import NotAllowed, RuleViolation
from common.japan.business_days import add_working_days
from common.japan.fiscal import months_later
from common.japan.wareki import format_wareki


def _working_day_after(day: date, months: int) -> date:
    """The same day some months on, or the next day on which the office is open."""
    return add_working_days(months_later(day, months), 0)


@require_http_methods(["GET", "POST"])
@permission(Permission.CASE_CLOSE)
def close(request: ActorRequest, number: str) -> HttpResponse:
    """Close with a reason, the person's wish, and a date to look again (3, 6 and 12 months are one click)."""
    case = get_case(request, number)
    today = timezone.localdate()
    suggestions = [
        (months, format_wareki(day), format_wareki(day, weekday=False))
        for months in (1, 3, 6, 12)
        for day in [_working_day_after(today, months)]
    ]
    form = ClosingForm(
        request.POST or None, actor=request.actor, initial={"follow_up_on": _working_day_after(today, 3)}
    )
    if request.method == "POST" and form.is_valid():
        try:
            close_case(
                case=case, data=form.closing(request.actor.agency), actor=request.actor, at=timezone.now()
            )
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, "終結しました。フォローの予定日に、ホームに戻ってきます。")
            return redirect("cases:detail", number=number)
    context = {"form": form, "case": case, "suggestions": suggestions}
    return render(request, "cases/close.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@permission(Permission.CASE_WRITE)
def follow_up(request: ActorRequest, pk: int) -> HttpResponse:
    """Record what was found; 悪化 leads to reopening."""
    rows = FollowUp.objects.visible_to(request.actor).select_related("case__household", "agency", "staff")
    row = scoped_get(rows, request, pk=pk)
    form = FollowUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            done = record_follow_up(follow_up=row, **data, actor=request.actor, at=timezone.now())
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, "フォローの結果を記録しました。")
            if done.result == FollowUpResult.WORSE:
                messages.warning(request, "悪化しています。支援を再開するか考えてください。")
                return redirect("cases:reopen", number=row.case.number)
            return redirect("cases:detail", number=row.case.number)
    context = {"form": form, "follow_up": row, "case": row.case}
    return render(request, "cases/follow_up.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@permission(Permission.CASE_WRITE)
def reopen(request: ActorRequest, number: str) -> HttpResponse:
    """再相談: go on with all history in place, led by whoever reopens."""
    case = get_case(request, number)
    form = ReopenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            reopen_case(case=case, reason=form.cleaned_data["reason"], actor=request.actor, at=timezone.now())
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, "支援を再開しました。")
            return redirect("cases:detail", number=number)
    return render(
        request, "cases/reopen.html", {"form": form, "case": case}, status=422 if form.is_bound else 200
    )
