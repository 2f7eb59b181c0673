"""間接費: what serves several streams at once, spread by a stated method in a stated order."""

from __future__ import annotations

from datetime import date
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
from budgets.actions.overheads import OverheadData, compute, direct_minutes, enter_overheads
from budgets.enums import OverheadMethod, RemainderRule
from budgets.forms.methods import OverheadForm
from budgets.models import FundingStream, OverheadPlan
from budgets.views.months import parse_key
from common.errors import NotAllowed, RuleViolation


def shown(exact: Fraction) -> str:
    """「53,333.333…」: cut after the third place, never through a float."""
    cut, rest = divmod(abs(exact.numerator) * 1000, exact.denominator)
    whole, thousandths = divmod(cut, 1000)
    return f"{'-' if exact < 0 else ''}{whole:,}.{thousandths:03}{'…' if rest else ''}"


@require_http_methods(["GET", "POST"])
@permission(Permission.APPORTION_VIEW)
def overheads(request: ActorRequest, key: str) -> HttpResponse:
    """The plan that holds, the former ones, and a new one."""
    month, actor = parse_key(key), request.actor
    may_edit, is_post = actor.has(Permission.COST_EDIT), request.method == "POST"
    if is_post and not may_edit:
        raise PermissionDenied
    streams = list(FundingStream.objects.visible_to(actor).order_by("position", "code"))
    used = direct_minutes(month)
    form = OverheadForm(request.POST if is_post else None, streams=streams)
    if is_post and form.is_valid() and _save(request, month, form):
        messages.success(request, "間接費を配賦しました。配賦額の合計は間接費と一致しています。")
        return redirect("apportionment:overheads", key=key)
    plans = list(
        OverheadPlan.objects.visible_to(actor)
        .filter(month=month)
        .select_related("entered_by")
        .order_by("-version")
    )
    names = {s.pk: s for s in streams}
    lines = []
    if plans:
        for stream, cell in plans[0].result.items():
            exact = Fraction(cell["exact"])
            lines.append((names[int(stream)], used.get(int(stream)), shown(exact), cell["yen"]))
        lines.sort(key=lambda line: (line[0].position, line[0].code))
    context = {
        "month": month, "key": key, "plans": plans, "plan": plans[0] if plans else None, "lines": lines,
        "is_same": bool(plans) and {str(k): v for k, v in compute(plans[0].inputs).yen.items()}
        == {k: v["yen"] for k, v in plans[0].result.items()},
        "form": form if may_edit else None, "total": sum(line[3] for line in lines),
    }  # fmt: skip
    return render(request, "apportionment/overheads.html", context, status=422 if is_post else 200)


def _save(request: ActorRequest, month: date, form: OverheadForm) -> bool:
    data = form.cleaned_data
    method = OverheadMethod(data["method"])
    order = [c for c in data["order"].upper() if c.strip()] if method == OverheadMethod.STEP_DOWN else []
    try:
        enter_overheads(
            data=OverheadData(
                month=month, method=method, centres=form.centres(), order=order,
                rule=RemainderRule(data["remainder_rule"]), decided_on=data["decided_on"], decided_by=data["decided_by"],
            ),
            actor=request.actor, at=timezone.now(),
        )  # fmt: skip
    except NotAllowed:
        raise
    except RuleViolation as violation:
        form.add_violation(violation)
        return False
    return True
