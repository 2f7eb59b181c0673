"""終結 and 再相談."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.access import permission
from accounts.http import ActorRequest
from accounts.models import Agency
from accounts.roles import Permission
from cases.actions.closing import close_case, reopen_case
from cases.enums import Every
from cases.forms.closing import ClosingForm, CycleFields, ReopenForm, first_day
from cases.models import Case
from cases.selectors import watch
from cases.views.cases import get_case
from cases.views.drafts import begun, forget, place, unjudged
from common.errors import NotAllowed, RuleViolation
from common.japan.wareki import format_wareki
from households.templatetags.contact import shield_of


def namer(request: ActorRequest, case: Case) -> Any:
    """Names of agencies as the reader may have them beside this household."""
    shield = shield_of(request)

    def name(agency: Agency) -> str:
        return shield.desk(agency, case.household_id)

    return name


def rhythms(form: CycleFields) -> list[dict[str, Any]]:
    """The choices of the interval, each with the first day that it proposes."""
    today, chosen = timezone.localdate(), str(form["every"].value() or Every.ONCE)
    found = []
    for value, label in form.fields["every"].choices:  # type: ignore[attr-defined]
        day = first_day(value, None, today)
        found.append(
            {
                "value": value, "label": label, "checked": value == chosen,
                "words": f"{value}か月後 {format_wareki(day)}" if day else "",
                "pick": format_wareki(day, weekday=False) if day else "",
            }
        )  # fmt: skip
    return found


@require_http_methods(["GET", "POST"])
@permission(Permission.CASE_CLOSE)
def close(request: ActorRequest, number: str) -> HttpResponse:
    """Close with a reason, the person's wish, and the agreement about looking again."""
    case = get_case(request, number)
    first = first_day(Every.QUARTER, None, timezone.localdate())
    key = f"close:{case.number}"
    draft = begun(request, key) if case.is_open else place(request, key)
    form = ClosingForm(
        draft.data or request.POST or None, actor=request.actor, case=case, name_of=namer(request, case),
        initial={"every": Every.QUARTER, "follow_up_on": first},
    )  # fmt: skip
    if draft.data:
        unjudged(form)
    if request.method == "POST" and form.is_valid():
        try:
            close_case(case=case, data=form.closing(), actor=request.actor, at=timezone.now())
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            forget(request, key)
            messages.success(request, "終結しました。フォローの予定日に、ホームに戻ってきます。")
            return redirect("cases:detail", number=number)
    context = {"form": form, "case": case, "rhythms": rhythms(form), "draft": draft}
    return render(request, "cases/close.html", context, status=422 if request.method == "POST" else 200)


@require_http_methods(["GET", "POST"])
@permission(Permission.CASE_WRITE)
def reopen(request: ActorRequest, number: str) -> HttpResponse:
    """再相談: go on with all history in place, led by whoever reopens; what was found last is taken over."""
    case = get_case(request, number)
    worry = watch.last_worry(case, request.actor)
    initial = f"見守りで{worry.get_result_display()}。{worry.note}"[:200] if worry else ""
    form = ReopenForm(request.POST or None, initial={"reason": initial})
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
    context = {
        "form": form, "case": case, "worry": worry, "past": watch.history(case, request.actor)[:5],
    }  # fmt: skip
    return render(request, "cases/reopen.html", context, status=422 if form.is_bound else 200)
