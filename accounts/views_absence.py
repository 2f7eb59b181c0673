"""不在: one's own, and for the head of an agency those of its people."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import permission, scoped_get
from accounts.actions.absences import end_absence, enter_absence
from accounts.forms_absence import AbsenceForm, EndAbsenceForm
from accounts.http import ActorRequest
from accounts.models import StaffAbsence
from accounts.roles import Permission
from common.errors import NotAllowed, RuleViolation


@require_http_methods(["GET", "POST"])
@permission(Permission.WORK_RECORD)
def absences(request: ActorRequest) -> HttpResponse:
    """Who is away now and soon, and a form for the next."""
    today = timezone.localdate()
    form = AbsenceForm(request.POST or None, actor=request.actor, on=today, initial={"request_key": uuid4()})
    if request.method == "POST" and form.is_valid():
        try:
            absence = enter_absence(**form.cleaned_data, actor=request.actor, at=timezone.now())
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, f"{absence.staff.name}さんの不在を登録しました。")
            return redirect("accounts:absences")
    rows = (
        StaffAbsence.objects.visible_to(request.actor)
        .filter(Q(during__endswith__isnull=True) | Q(during__endswith__gt=today - timedelta(days=14)))
        .select_related("staff", "deputy")
        .order_by("during", "pk")
    )
    context = {"form": form, "rows": rows, "today": today}
    return render(request, "accounts/absences.html", context, status=422 if form.is_bound else 200)


@require_POST
@permission(Permission.WORK_RECORD)
def absence_end(request: ActorRequest, pk: int) -> HttpResponse:
    """Back again: the last day is set."""
    absence = scoped_get(StaffAbsence.objects.visible_to(request.actor), request, log=None, pk=pk)
    form = EndAbsenceForm(request.POST)
    if form.is_valid():
        try:
            end_absence(absence=absence, **form.cleaned_data, actor=request.actor, at=timezone.now())
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, "不在の最後の日を記録しました。")
            return redirect("accounts:absences")
    for text in form.errors.get("last_on", []):
        messages.error(request, str(text))
    return redirect("accounts:absences")
