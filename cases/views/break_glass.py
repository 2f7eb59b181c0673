"""緊急閲覧: opening, the list of openings, and the review that each must get."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import no_permission, permission, scoped_get
from accounts.http import ActorRequest
from accounts.roles import Permission
from cases.actions.break_glass import break_glass, review_break_glass
from cases.forms.break_glass import BreakGlassForm, ReviewForm
from cases.models import BreakGlass
from common.errors import NotAllowed, RuleViolation
from common.keyset import Sort, paginate
from households.models import Person, without_search

SORTS = {"at": Sort("開いた日時", ["opened_at"])}


@require_http_methods(["GET", "POST"])
@permission(Permission.BREAK_GLASS)
def open_case(request: ActorRequest, pk: int) -> HttpResponse:
    """The reason, chosen and written; then the case is open to this worker for an hour."""
    people = Person.objects.findable_by(request.actor).defer(*without_search())
    person = scoped_get(people, request, log=None, pk=pk)
    form = BreakGlassForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            opened = break_glass(
                person=person, reason=data["reason"], text=data["text"], actor=request.actor, at=timezone.now(),
                request_key=UUID(str(data["request_key"])),
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.warning(
                request,
                "緊急閲覧を始めました。60分で閉じます。主担当者・機関の長・エリアディレクターに知らせました。",
            )
            return redirect("cases:detail", number=opened.case.number)
    context = {"form": form, "person": person}
    return render(request, "cases/break_glass.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@no_permission("one's own openings and those that one answers for; the scope decides")
def review(request: ActorRequest, pk: int) -> HttpResponse:
    """What was opened, by whom and why; the manager's or director's answer."""
    rows = BreakGlass.objects.visible_to(request.actor).select_related(
        "case__lead_agency", "staff", "agency", "reviewed_by"
    )
    row = scoped_get(rows, request, pk=pk)
    may_review = (
        request.actor.has(Permission.BREAK_GLASS_REVIEW)
        and row.staff_id != request.actor.staff_id
        and row.reviewed_at is None
    )
    form = ReviewForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            review_break_glass(opened=row, **form.cleaned_data, actor=request.actor, at=timezone.now())
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, "緊急閲覧の確認を記録しました。")
            return redirect("break_glass:list")
    context = {"row": row, "form": form, "may_review": may_review}
    return render(request, "cases/break_glass_review.html", context, status=422 if form.is_bound else 200)


@require_safe
@no_permission("one's own openings and those that one answers for; the scope decides")
def history(request: ActorRequest) -> HttpResponse:
    """Openings that the actor made or answers for; those without an answer stand out."""
    rows = BreakGlass.objects.visible_to(request.actor).select_related(
        "case", "staff", "agency", "reviewed_by"
    )
    page = paginate(rows, request_get=request.GET, sorts=SORTS, default="-at")
    return render(request, "cases/break_glass_list.html", {"page": page})
