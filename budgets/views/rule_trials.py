"""区分の表の試算: how far a long preview is, what the table would move, saving it, cancelling it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.access import permission, scoped_get
from accounts.http import ActorRequest
from accounts.roles import Permission
from budgets.actions.rule_trials import cancel_trial, save_trial
from budgets.models import RuleTrial
from budgets.workflow import AT_WORK, TrialState
from common.errors import InvalidTransition


def _get(request: ActorRequest, pk: int) -> RuleTrial:
    trials = RuleTrial.objects.visible_to(request.actor).select_related("asked_by", "saved_table")
    return scoped_get(trials, request, log=None, pk=pk)


def _context(trial: RuleTrial) -> dict[str, Any]:
    return {
        "trial": trial, "is_at_work": trial.state in AT_WORK, "is_saving": trial.state == TrialState.SAVING,
        "is_closing": bool(trial.whole) and trial.done == trial.whole,
        "may_save": trial.state == TrialState.WEIGHED, "preview": trial.moves, "moved": trial.moved,
    }  # fmt: skip


@require_safe
@permission(Permission.COST_EDIT)
def trial(request: ActorRequest, pk: int) -> HttpResponse:
    """One trial: its progress, then what would move."""
    return render(request, "apportionment/rule_trial.html", _context(_get(request, pk)))


@require_safe
@permission(Permission.COST_EDIT)
def progress(request: ActorRequest, pk: int) -> HttpResponse:
    """The same as the part of the page that asks for itself."""
    return render(request, "apportionment/_rule_trial.html", _context(_get(request, pk)))


@require_POST
@permission(Permission.COST_EDIT)
def save(request: ActorRequest, pk: int) -> HttpResponse:
    """Save the table, by a worker; whoever presses twice is shown how far it is."""
    found = _get(request, pk)
    try:
        save_trial(trial=found, actor=request.actor, at=timezone.now())
    except InvalidTransition:
        messages.info(request, f"この試算は「{found.get_state_display()}」です。")
    return redirect("apportionment:rule_trial", pk=pk)


@require_POST
@permission(Permission.COST_EDIT)
def cancel(request: ActorRequest, pk: int) -> HttpResponse:
    """Stop it; nothing is saved, or half saved."""
    cancel_trial(trial=_get(request, pk), actor=request.actor, at=timezone.now())
    messages.success(request, "取り消しました。区分の表も業務実績も変わっていません。")
    return redirect("apportionment:rule_trial", pk=pk)
