"""見込み: every stream's year against its money, one stream by month with a drawing, its plan, and what-if."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import permission
from accounts.http import ActorRequest
from accounts.roles import Permission
from budgets.actions.stream_budgets import save_budget
from budgets.forms.claims import BudgetForm, WhatIfForm
from budgets.models import StreamBudget
from budgets.readers import shown_name
from budgets.settlement.chart import chart
from budgets.settlement.forecast import forecast
from budgets.settlement.selectors import Outlook, StreamForecast, WhatIf, outlook, what_if, workers_of
from budgets.views.claim_years import asked_year, check_year, get_stream, year_choices
from common.errors import NotAllowed, RuleViolation
from common.japan.fiscal import fiscal_months, fiscal_year_label


@require_safe
@permission(Permission.APPORTION_VIEW)
def outlook_list(request: ActorRequest) -> HttpResponse:
    """Budget, spent, expected at the end of the year, what runs dry and what lapses; and what-if for one worker."""
    year = asked_year(request)
    found = outlook(request.actor, year)
    form, result = _what_if(request, year, found)
    context = {
        "lines": found.lines, "year": year, "label": fiscal_year_label(year), "years": year_choices(), "form": form,
        "result": result, "municipal": found.municipal_with({}), "may_edit": request.actor.has(Permission.COST_EDIT),
        "unplanned": _unplanned(found),
    }  # fmt: skip
    return render(request, "claims/outlook.html", context)


def _unplanned(found: Outlook) -> list[Any]:
    known = {line.stream.pk for line in found.lines}
    return [s for s in found.streams if s.pk not in known]


def _what_if(request: ActorRequest, year: int, found: Outlook) -> tuple[WhatIfForm, WhatIf | None]:
    actor = request.actor
    workers = workers_of(actor, found)
    options: dict[str, Any] = {
        "staff": [(staff.pk, shown_name(actor, staff)) for staff in workers],
        "streams": found.streams,
        "months": found.months,
    }
    if "staff" not in request.GET:
        return WhatIfForm(**options), None
    form = WhatIfForm(request.GET, **options)
    if not form.is_valid():
        return form, None
    data = form.cleaned_data
    staff = next(s for s in workers if s.pk == data["staff"])
    to = next(s for s in options["streams"] if s.pk == data["to"])
    since = date.fromisoformat(data["since"])
    return form, what_if(actor, year, found, staff=staff, to=to, since=since)


@require_safe
@permission(Permission.APPORTION_VIEW)
def stream_outlook(request: ActorRequest, year: int, code: str) -> HttpResponse:
    """One stream's year by month: planned, actual, expected."""
    stream = get_stream(request, code)
    found = outlook(request.actor, check_year(year))
    line = next((entry for entry in found.lines if entry.stream.pk == stream.pk), None)
    line = line or StreamForecast(stream, None, forecast(found.months, None, {}), None)
    context = {
        "line": line, "stream": stream, "year": year, "label": fiscal_year_label(year), "chart": chart(line.forecast),
        "may_edit": request.actor.has(Permission.COST_EDIT),
    }  # fmt: skip
    return render(request, "claims/stream.html", context)


@require_http_methods(["GET", "POST"])
@permission(Permission.COST_EDIT)
def budget(request: ActorRequest, year: int, code: str) -> HttpResponse:
    """The plan of a stream's money."""
    stream, months = get_stream(request, code), fiscal_months(check_year(year))
    row = StreamBudget.objects.visible_to(request.actor).filter(stream=stream, fiscal_year=year).first()
    status = 200
    if request.method == "POST":
        form = BudgetForm(request.POST, months=months)
        if form.is_valid():
            try:
                save_budget(
                    stream=stream, fiscal_year=year, months=form.cleaned_data["months"], version=form.cleaned_data["version"],
                    actor=request.actor, at=timezone.now(),
                )  # fmt: skip
            except NotAllowed:
                raise
            except RuleViolation as violation:
                form.add_error(None, violation.message)
            else:
                messages.success(request, f"{stream.short_name}の予算を保存しました。")
                return redirect("claims:stream", year=year, code=code)
        status = 422
    else:
        initial: dict[str, Any] = {"version": row.version if row else 0}
        if row:
            initial |= {"total": row.total} | {f"month_{n}": yen for n, yen in enumerate(row.months)}
        form = BudgetForm(initial=initial, months=months)
    context = {"form": form, "stream": stream, "year": year, "label": fiscal_year_label(year)}
    return render(request, "claims/budget.html", context, status=status)
