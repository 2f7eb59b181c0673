"""管理: the kinds of conference of the municipality."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import permission
from accounts.http import ActorRequest
from accounts.roles import Permission
from common.errors import NotAllowed, RuleViolation
from referrals.actions.conference_rules import set_rule
from referrals.forms.conference_rules import RuleForm
from referrals.models import ConferenceRule
from referrals.selectors_kinds import Kind, kind_on, kinds_on


@require_safe
@permission(Permission.CONFERENCE_RULES)
def rule_list(request: ActorRequest) -> HttpResponse:
    """Every kind today, and what is to begin later."""
    today = timezone.localdate()
    coming = ConferenceRule.objects.visible_to(request.actor).filter(applies_from__gt=today)
    context = {"kinds": kinds_on(today), "coming": coming.order_by("applies_from", "code"), "today": today}
    return render(request, "manage/conference_rules.html", context)


def _initial(kind: Kind | None) -> dict[str, Any]:
    tomorrow = timezone.localdate() + timedelta(days=1)
    if kind is None:
        return {
            "kind": "own",
            "applies_from": tomorrow,
            "attends": "any",
            "conveners": ["any"],
            "is_used": True,
        }
    rule = kind.rule
    return {
        "kind": kind.kind, "name": kind.name, "applies_from": tomorrow, "is_used": kind.is_used or kind.row is None,
        "conveners": list(rule.conveners), "grounds": list(rule.grounds), "attends": rule.attends,
        "decides": list(rule.decides), "note": kind.note,
    }  # fmt: skip


@require_http_methods(["GET", "POST"])
@permission(Permission.CONFERENCE_RULES)
def rule_edit(request: ActorRequest, code: str = "") -> HttpResponse:
    """The rules of one kind from a day on, or a new kind of the municipality's own."""
    kind = kind_on(code, timezone.localdate() + timedelta(days=3650)) if code else None
    if code and kind is None:
        raise Http404
    form = RuleForm(request.POST or None, initial=_initial(kind), kind=kind.kind if kind else "")
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            data = {"grounds": [], **form.cleaned_data}
            try:
                row = set_rule(code=code, actor=request.actor, at=timezone.now(), **data)
            except NotAllowed:
                raise
            except RuleViolation as violation:
                form.add_violation(violation)
            else:
                messages.success(
                    request, f"「{row.name}」の決まりを保存しました。招集済みの会議の決まりは変わりません。"
                )
                return redirect("manage:conference_rules")
    past = ConferenceRule.objects.visible_to(request.actor).filter(code=code).select_related("written_by")
    context = {"form": form, "kind": kind, "past": past.order_by("-applies_from")}
    return render(request, "manage/conference_rule.html", context, status=status)
