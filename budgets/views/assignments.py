"""従事の割当: who is paid from which stream, since when."""

from __future__ import annotations

from fractions import Fraction

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.access import permission
from accounts.http import ActorRequest
from accounts.roles import Permission
from budgets.actions.assignments import AssignmentData, set_assignment
from budgets.forms.settings import AssignmentForm
from budgets.models import DutyAssignment, FundingStream
from budgets.selectors_people import recording_people
from common.errors import NotAllowed, RuleViolation


@require_http_methods(["GET", "POST"])
@permission(Permission.APPORTION_VIEW)
def assignments(request: ActorRequest) -> HttpResponse:
    """The assignments that hold, and a new one."""
    may_edit = request.actor.has(Permission.COST_EDIT)
    if request.method == "POST" and not may_edit:
        raise PermissionDenied
    today = timezone.localdate()
    streams = list(FundingStream.objects.visible_to(request.actor).order_by("position", "code"))
    is_post = request.method == "POST"
    form = AssignmentForm(
        request.POST if is_post else None, people=recording_people(request.actor, today), streams=streams
    )
    status = 200
    if is_post:
        if form.is_valid() and _save(request, form):
            messages.success(request, "割当を登録しました。締めていない月の業務実績を確かめました。")
            return redirect("apportionment:assignments")
        status = 422
    rows = (
        DutyAssignment.objects.visible_to(request.actor)
        .select_related("staff", "agency", "stream")
        .order_by("agency__code", "staff__kana", "staff_id", "-during")
    )
    lines = [(row, Fraction(row.fte_numerator, row.fte_denominator), today in row.during) for row in rows]
    context = {"lines": lines, "form": form if may_edit else None}
    return render(request, "apportionment/assignments.html", context, status=status)


def _save(request: ActorRequest, form: AssignmentForm) -> bool:
    data = form.cleaned_data
    staff, agency = form.people[data["staff"]]
    stream = form.streams.get(data["stream"]) if data["stream"] else None
    try:
        set_assignment(
            data=AssignmentData(
                staff=staff, agency=agency, stream=stream, first_on=data["first_on"], last_on=data["last_on"],
                qualification=data["qualification"], fte=data["fte"],
            ),
            actor=request.actor, at=timezone.now(),
        )  # fmt: skip
    except NotAllowed:
        raise
    except RuleViolation as violation:
        form.add_violation(violation)
        return False
    return True
