"""按分の方式: by which method costs are split, for whom and since when."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.access import permission
from accounts.http import ActorRequest
from accounts.models import Agency
from accounts.roles import Permission
from budgets.actions.method_choices import choose_method
from budgets.enums import Method
from budgets.forms.methods import MethodForm
from budgets.method_plans import methods_of
from budgets.models import MethodChoice
from budgets.selectors_people import recording_people
from common.errors import NotAllowed, RuleViolation
from common.japan.fiscal import month_first


@require_http_methods(["GET", "POST"])
@permission(Permission.APPORTION_VIEW)
def methods(request: ActorRequest) -> HttpResponse:
    """What is in force, the choices so far, and a new one."""
    may_edit = request.actor.has(Permission.APPORTION_RUN)
    is_post = request.method == "POST"
    if is_post and not may_edit:
        raise PermissionDenied
    today = timezone.localdate()
    agencies = list({agency.pk: agency for _, agency in recording_people(request.actor, today)}.values())
    form = MethodForm(request.POST if is_post else None, agencies=agencies)
    if is_post and form.is_valid() and _save(request, form):
        messages.success(request, "方式を登録しました。次の計算から使います。")
        return redirect("apportionment:methods")
    general, own = methods_of(month_first(today))
    rows = (
        MethodChoice.objects.visible_to(request.actor)
        .select_related("agency", "set_by")
        .order_by("-valid_from", "-pk")
    )
    names = Agency.objects.visible_to(request.actor).in_bulk(own)
    context = {
        "form": form if may_edit else None, "rows": rows, "general": general.label,
        "own": [(names[pk], method.label) for pk, method in sorted(own.items()) if pk in names], "today": today,
    }  # fmt: skip
    return render(request, "apportionment/methods.html", context, status=422 if is_post else 200)


def _save(request: ActorRequest, form: MethodForm) -> bool:
    data = form.cleaned_data
    try:
        choose_method(
            agency=form.agencies.get(data["agency"]), method=Method(data["method"]), valid_from=data["valid_from"],
            basis=data["basis"], actor=request.actor, at=timezone.now(),
        )  # fmt: skip
    except NotAllowed:
        raise
    except RuleViolation as violation:
        form.add_violation(violation)
        return False
    return True
