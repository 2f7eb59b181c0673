"""Templates and the timer of the week page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.access import permission, scoped_get
from accounts.http import ActorRequest
from accounts.roles import Permission
from budgets.actions.week_helpers import add_template, delete_template, drop_timer, start_timer, stop_timer
from budgets.models import WorkTemplate
from common.errors import NotAllowed, RuleViolation


def _do(request: ActorRequest, done: str, action: Callable[..., Any], **kwargs: Any) -> HttpResponse:
    """The action, its sentence or its refusal, and the week again."""
    try:
        action(**kwargs, actor=request.actor, at=timezone.now())
    except NotAllowed:
        raise
    except RuleViolation as violation:
        messages.error(request, violation.message)
    else:
        messages.success(request, done)
    return redirect("work:week")


@require_POST
@permission(Permission.WORK_RECORD)
def template_add(request: ActorRequest) -> HttpResponse:
    """A new template."""
    return _do(
        request, "ひな形を登録しました。", add_template, name=request.POST.get("name", ""), line=request.POST.get("line", "")
    )  # fmt: skip


@require_POST
@permission(Permission.WORK_RECORD)
def template_delete(request: ActorRequest, pk: int) -> HttpResponse:
    """One's own."""
    row = scoped_get(WorkTemplate.objects.visible_to(request.actor), request, log=None, pk=pk)
    return _do(request, "ひな形を消しました。", delete_template, template=row)


@require_POST
@permission(Permission.WORK_RECORD)
def timer_start(request: ActorRequest) -> HttpResponse:
    """Begin."""
    return _do(
        request, "計測を始めました。ページを閉じても続きます。", start_timer,
        category_code=request.POST.get("category", ""), note=request.POST.get("note", ""),
    )  # fmt: skip


@require_POST
@permission(Permission.WORK_RECORD)
def timer_stop(request: ActorRequest) -> HttpResponse:
    """End, and enter."""
    return _do(request, "計測した時間を入れました。", stop_timer, step=max(settings.KYOSEI_WORK_STEP, 1))


@require_POST
@permission(Permission.WORK_RECORD)
def timer_drop(request: ActorRequest) -> HttpResponse:
    """End without an entry."""
    return _do(request, "計測をやめました。", drop_timer)
