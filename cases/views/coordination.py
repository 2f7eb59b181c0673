"""管理・連携の型: the model in force, what comes, what was, and the change of it."""

from __future__ import annotations

from itertools import groupby
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import no_permission, permission
from accounts.http import ActorRequest
from accounts.roles import Permission
from cases.actions.coordination import set_model, withdraw_model
from cases.coordination import DEFAULT, RULES, Model, Project
from cases.forms.coordination import CoordinationForm, models_in_words
from cases.models import CoordinationSetting, ProjectOperator
from common.errors import NotAllowed, RuleViolation


def _rows(request: ActorRequest) -> list[dict[str, Any]]:
    """Every setting, the latest first, with its days, its state and its operators."""
    running = (
        ProjectOperator.objects.visible_to(request.actor).select_related("agency").order_by("project", "pk")
    )
    settings = list(
        CoordinationSetting.objects.visible_to(request.actor)
        .select_related("center", "set_by", "withdrawn_by")
        .prefetch_related(Prefetch("operators", queryset=running, to_attr="running"))
        .order_by("-starts_on", "-pk")
    )
    today = timezone.localdate()
    standing = [s for s in settings if s.withdrawn_at is None]
    now = next((s for s in standing if s.starts_on <= today), None)
    return [
        {
            "setting": s,
            "rule": RULES[Model(s.model)],
            "state": _state(s, s is now, s.starts_on > today),
            "may_withdraw": s.withdrawn_at is None and s.starts_on > today,
            "days": s.conference_days or RULES[Model(s.model)].conference_days,
            "operators": [
                (Project(project).label, "、".join(op.agency.short_name for op in ops))
                for project, ops in groupby(s.running, key=lambda op: op.project)
            ],
        }
        for s in settings
    ]


def _state(setting: CoordinationSetting, is_now: bool, is_to_come: bool) -> tuple[str, str]:
    if setting.withdrawn_at is not None:
        return "取り消し", ""
    if is_now:
        return "いまの型", "ok"
    return ("これから", "accent") if is_to_come else ("終わった型", "")


@require_safe
@no_permission("who coordinates here is no personal data; every worker may know it")
def coordination(request: ActorRequest) -> HttpResponse:
    """The model in force, those to come and those that were."""
    rows = _rows(request)
    now = next((row for row in rows if row["state"][1] == "ok"), None)
    context = {
        "now": now, "default": RULES[DEFAULT], "default_label": DEFAULT.label, "rows": rows,
        "models": models_in_words(), "may_change": request.actor.has(Permission.STAFF_ADMIN),
        "may_weigh": request.actor.has(Permission.SECTOR_VIEW),
    }  # fmt: skip
    return render(request, "manage/coordination.html", context)


@require_http_methods(["GET", "POST"])
@permission(Permission.STAFF_ADMIN)
def coordination_new(request: ActorRequest) -> HttpResponse:
    """Choose the model that begins on a day to come."""
    form = CoordinationForm(
        request.POST or None, actor=request.actor, initial={"request_key": uuid4(), "model": DEFAULT}
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            setting = set_model(
                model=data["model"], starts_on=data["starts_on"], center=data["center"],
                coordinator_may_lead=data["coordinator_may_lead"], conference_days=data["conference_days"],
                operators=form.operators(), reason=data["reason"], actor=request.actor, at=timezone.now(),
                request_key=data["request_key"],
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, f"「{setting.get_model_display()}」を登録しました。")
            return redirect("manage:coordination")
    context = {"form": form, "models": models_in_words()}
    return render(request, "manage/coordination_new.html", context, status=422 if form.is_bound else 200)


@require_POST
@permission(Permission.STAFF_ADMIN)
def coordination_withdraw(request: ActorRequest, pk: int) -> HttpResponse:
    """Take back a setting that has not begun."""
    setting = get_object_or_404(CoordinationSetting.objects.visible_to(request.actor), pk=pk)
    try:
        withdraw_model(setting=setting, actor=request.actor, at=timezone.now())
    except NotAllowed:
        raise
    except RuleViolation as violation:
        messages.error(request, violation.message)
    else:
        messages.success(request, "これからの連携の型を取り消しました。")
    return redirect("manage:coordination")
