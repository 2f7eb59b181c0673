"""確認事項: for the worker and the manager beside the week, for the finance clerk before the lock."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.access import permission, scoped_get
from accounts.http import ActorRequest
from accounts.roles import Permission
from budgets.actions.review import answer_finding
from budgets.forms.settings import ReasonForm
from budgets.models import ComplianceFinding
from budgets.permissions import check_can_answer_finding
from common.errors import NotAllowed, RuleViolation

SHOWN = 200


def _page(
    request: ActorRequest, *, place: str, form: ReasonForm | None = None, refused: int | None = None, status: int = 200
) -> HttpResponse:  # fmt: skip
    is_all = request.GET.get("show") == "all"
    rows = ComplianceFinding.objects.visible_to(request.actor).select_related(
        "staff", "agency", "answered_by"
    )
    rows = rows if is_all else rows.waiting()
    found = list(
        rows.order_by("-month", F("worked_on").desc(nulls_last=True), "staff__kana", "pk")[: SHOWN + 1]
    )
    context = {
        "rows": [
            (row, form if row.pk == refused else ReasonForm(auto_id=f"id_{row.pk}_%s") if may_answer(request, row) else None)
            for row in found[:SHOWN]
        ],
        "is_more": len(found) > SHOWN, "shown": SHOWN, "is_all": is_all, "place": place,
        "answer_url": {"work": "work:review_answer", "apportionment": "apportionment:review_answer"}[place],
    }  # fmt: skip
    return render(request, "apportionment/review.html", context, status=status)


def may_answer(request: ActorRequest, row: ComplianceFinding) -> bool:
    if not row.is_waiting:
        return False
    try:
        check_can_answer_finding(request.actor, row)
    except NotAllowed:
        return False
    return True


@require_safe
@permission(Permission.WORK_RECORD)
def work_review(request: ActorRequest) -> HttpResponse:
    """One's own; for a manager those of the agency."""
    return _page(request, place="work")


@require_safe
@permission(Permission.APPORTION_VIEW)
def finance_review(request: ActorRequest) -> HttpResponse:
    """All of them."""
    return _page(request, place="apportionment")


def _answer(request: ActorRequest, pk: int, place: str) -> HttpResponse:
    finding = scoped_get(ComplianceFinding.objects.visible_to(request.actor), request, log=None, pk=pk)
    form = ReasonForm(request.POST, auto_id=f"id_{pk}_%s")
    if form.is_valid():
        try:
            answer_finding(
                finding=finding, answer=form.cleaned_data["answer"], actor=request.actor, at=timezone.now()
            )
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, "理由を記録しました。")
            return redirect(f"{place}:review")
    return _page(request, place=place, form=form, refused=pk, status=422)


@require_POST
@permission(Permission.WORK_RECORD)
def work_answer(request: ActorRequest, pk: int) -> HttpResponse:
    """The worker's or the manager's reason."""
    return _answer(request, pk, "work")


@require_POST
@permission(Permission.MONTH_LOCK)
def finance_answer(request: ActorRequest, pk: int) -> HttpResponse:
    """The finance clerk's reason."""
    return _answer(request, pk, "apportionment")
