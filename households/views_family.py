"""家族: the genogram of a household on a day, and the same as a list."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import permission, scoped_get
from accounts.http import ActorRequest
from accounts.roles import Permission
from common.japan.wareki import parse_wareki
from households.models import Household
from households.permissions import can_edit_household
from households.selectors_family import family_on
from households.templatetags.contact import shield_of


@require_safe
@permission(Permission.HOUSEHOLD_VIEW)
def family(request: ActorRequest, pk: int) -> HttpResponse:
    """Who belongs to whom, and who lived together on the day that ``?on=`` asks for (today without)."""
    household = scoped_get(Household.objects.visible_to(request.actor), request, pk=pk)
    asked, error = request.GET.get("on", "").strip(), ""
    day = today = timezone.localdate()
    if asked:
        try:
            day = parse_wareki(asked)
        except ValueError as problem:
            error = str(problem)
        if day > today:
            day, error = today, "今日より後の日は、まだわかりません。"
    context = {
        "household": household, "day": day, "asked": asked, "day_error": error,
        "family": family_on(household, day, shield_of(request), request.actor),
        "may_edit": can_edit_household(request.actor),
    }  # fmt: skip
    return render(request, "households/family.html", context, status=422 if error else 200)
