"""The order of an agenda, what earlier conferences left over, and decisions that go on into a plan."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.access import permission, scoped_get
from accounts.http import ActorRequest
from accounts.roles import Permission
from common.errors import RuleViolation
from referrals.actions.agenda_order import move_item, sort_by_urgency
from referrals.actions.carry_over import carry_over
from referrals.actions.decision_to_plan import plan_from_decision
from referrals.models import ActionItem
from referrals.models.issue import AgendaRow
from referrals.permissions_conferences import check_can_manage
from referrals.views.conference_agenda import get_item
from referrals.views.conference_issues import get_issue_item
from referrals.views.conferences import get_managed


def _move(request: ActorRequest, item: AgendaRow) -> HttpResponse:
    check_can_manage(request.actor, item.conference)
    to = request.POST.get("to", "")
    if not to.isdecimal() or len(to) > 4:
        raise RuleViolation("並べる場所が読めません。画面を開き直してください。")
    move_item(item=item, to=int(to), actor=request.actor, at=timezone.now())
    return redirect(reverse("conferences:detail", args=[item.conference_id]) + "#agenda")


@require_POST
@permission(Permission.CONFERENCE_CONVENE)
def item_move(request: ActorRequest, pk: int) -> HttpResponse:
    """Put a household at place ``to``."""
    return _move(request, get_item(request, pk))


@require_POST
@permission(Permission.CONFERENCE_CONVENE)
def issue_move(request: ActorRequest, pk: int) -> HttpResponse:
    """Put a community issue at place ``to``."""
    return _move(request, get_issue_item(request, pk))


@require_POST
@permission(Permission.CONFERENCE_CONVENE)
def sort(request: ActorRequest, pk: int) -> HttpResponse:
    """The urgent items first."""
    sort_by_urgency(conference=get_managed(request, pk), actor=request.actor, at=timezone.now())
    messages.success(request, "急ぐものから順に並べました。")
    return redirect(reverse("conferences:detail", args=[pk]) + "#agenda")


@require_POST
@permission(Permission.CONFERENCE_CONVENE)
def carry(request: ActorRequest, pk: int) -> HttpResponse:
    """The chosen items of earlier conferences onto this agenda."""
    conference = get_managed(request, pk)
    ids = [int(value) for value in request.POST.getlist("items") if value.isdecimal() and len(value) < 18]
    if not ids:
        raise RuleViolation("持ち越す議題を選んでください。")
    done = carry_over(conference=conference, item_ids=ids, actor=request.actor, at=timezone.now())
    if done.made:
        messages.success(request, f"{len(done.made)}件を持ち越しました。根拠と時間を確かめてください。")
    for words in done.refused:
        messages.warning(request, f"持ち越せませんでした。{words}")
    return redirect(reverse("conferences:detail", args=[pk]) + "#agenda")


@require_POST
@permission(Permission.CASE_WRITE)
def to_plan(request: ActorRequest, pk: int) -> HttpResponse:
    """A decision becomes a row of the case's next plan."""
    decision = scoped_get(ActionItem.objects.visible_to(request.actor), request, log=None, pk=pk)
    plan = plan_from_decision(decision=decision, actor=request.actor, at=timezone.now())
    messages.success(request, "決定事項を、プラン案の実施内容に加えました。")
    return redirect("cases:plan_edit", pk=plan.pk)
