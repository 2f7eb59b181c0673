"""対応中・対応済み: the receiver begins with what was asked, and tells the sender what came of it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import permission, scoped_get
from accounts.http import ActorRequest
from accounts.roles import Permission
from common.errors import InvalidTransition, NotAllowed, RuleViolation
from referrals.actions.follow_referral import finish_referral, start_referral
from referrals.forms.referral import OutcomeForm
from referrals.models import Referral
from referrals.permissions import check_can_tell_outcome
from referrals.selectors import as_row, coordination_directory, for_reading


def _referral(request: ActorRequest, pk: int) -> Referral:
    return scoped_get(for_reading(Referral.objects.visible_to(request.actor), request.actor), request, pk=pk)


@require_POST
@permission(Permission.REFERRAL_ANSWER)
def start(request: ActorRequest, pk: int) -> HttpResponse:
    """対応を始めた."""
    try:
        start_referral(referral=_referral(request, pk), actor=request.actor, at=timezone.now())
    except InvalidTransition as violation:
        messages.warning(request, str(violation))
    else:
        messages.success(request, "対応を始めたことを記録しました。")
    return redirect("referrals:detail", pk=pk)


@require_http_methods(["GET", "POST"])
@permission(Permission.REFERRAL_ANSWER)
def outcome(request: ActorRequest, pk: int) -> HttpResponse:
    """The form of the result."""
    referral = _referral(request, pk)
    check_can_tell_outcome(request.actor, referral)
    form = OutcomeForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            data = form.cleaned_data
            try:
                finish_referral(
                    referral=referral, outcome=data["outcome"], note=data["note"], actor=request.actor,
                    at=timezone.now(),
                )  # fmt: skip
            except NotAllowed:
                raise
            except RuleViolation as violation:
                form.add_violation(violation)
            else:
                messages.success(request, "結果を送った機関に知らせました。")
                return redirect("referrals:detail", pk=pk)
    context = {
        "row": as_row(referral, request.actor, timezone.now(), coordination_directory()),
        "referral": referral,
        "form": form,
    }
    return render(request, "referrals/outcome.html", context, status=status)
