"""住民異動の取り込み: the file, what it would change, and taking it in."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import permission
from accounts.http import ActorRequest
from accounts.roles import Permission
from common.errors import RuleViolation
from common.tabular import MAX_ERRORS_SHOWN, BrokenTable, RowError
from households.actions.register_import import BROKEN, CHOOSE, NEW, STANDS, Plan, plan_import, take_in
from households.forms_register import RegisterFileForm
from households.register_file import RegisterRow, read_register_file
from households.register_preview import seal, unseal
from households.templatetags.contact import shield_of


@require_http_methods(["GET", "POST"])
@permission(Permission.HOUSEHOLD_EDIT)
def upload(request: ActorRequest) -> HttpResponse:
    """The file is read and shown; of its rows only those about people of this reader's go on with the page, signed."""
    form = RegisterFileForm(request.POST or None, request.FILES or None)
    errors: list[RowError] = []
    if request.method == "POST" and form.is_valid():
        try:
            rows, errors = read_register_file(form.cleaned_data["file"].read(), form.cleaned_data["month"])
        except BrokenTable as broken:
            form.add_violation(broken)
            errors = broken.errors
        else:
            return _preview(request, rows, errors)
    context = {"form": form, "errors": errors[:MAX_ERRORS_SHOWN]}
    return render(request, "households/register_upload.html", context, status=422 if form.is_bound else 200)


def _preview(request: ActorRequest, rows: list[RegisterRow], errors: list[RowError]) -> HttpResponse:
    plan = plan_import(rows=rows, actor=request.actor, shield=shield_of(request), at=timezone.now())
    said: dict[str, list[Any]] = {
        state: [s for s in plan.steps if s.state == state] for state in (NEW, CHOOSE, BROKEN, STANDS)
    }
    context = {
        "plan": plan, **said, "errors": errors[:MAX_ERRORS_SHOWN], "sum": _sum(plan, errors),
        "payload": seal(plan, request.actor),
    }  # fmt: skip
    return render(request, "households/register_preview.html", context)


def _sum(plan: Plan, errors: list[RowError]) -> str:
    """「5行＝取り込む0・対象外1・読めない4」: every line of the file in one of the numbers."""
    lines = {
        state: sum(len(s.rows) for s in plan.steps if s.state == state)
        for state in (NEW, CHOOSE, BROKEN, STANDS)
    }
    parts = [
        ("取り込む", lines[NEW]), ("人を選ぶ", lines[CHOOSE]), ("取り込めない", lines[BROKEN]),
        ("記録済み", lines[STANDS]), ("対象外", plan.others), ("読めない", len({error.line for error in errors})),
    ]  # fmt: skip
    said = "・".join(f"{label}{n}" for label, n in parts if n or label in ("取り込む", "対象外"))
    return f"{sum(n for _, n in parts)}行＝{said}"


@require_POST
@permission(Permission.HOUSEHOLD_EDIT)
def apply(request: ActorRequest) -> HttpResponse:
    """Take in what was shown; the rules are asked again, since others may have written in between."""
    rows = unseal(request.POST.get("payload", ""), request.actor)
    if rows is None:
        messages.error(
            request, "確認の画面が古くなりました。もう一度ファイルを選んでください。何も取り込んでいません。"
        )
        return redirect("households:register")
    chosen = {row.line: str(request.POST.get(f"pick-{row.line}", "")) for row in rows}
    picks = {
        line: int(said)
        for line, said in chosen.items()
        if said.isascii() and said.isdecimal() and len(said) < 18
    }
    try:
        plan = take_in(
            rows=rows, actor=request.actor, shield=shield_of(request), at=timezone.now(), picks=picks
        )
    except RuleViolation as violation:
        messages.error(request, violation.message)
        return redirect("households:register")
    done = sum(step.state == NEW for step in plan.steps)
    left = [step for step in plan.steps if step.state in (BROKEN, CHOOSE)]
    messages.success(
        request, f"{done}件の異動を取り込みました。" if done else "新しい異動はありませんでした。"
    )
    if left:
        said = "、".join(step.lines for step in left[:20])
        messages.warning(request, f"取り込んでいない異動が{len(left)}件あります（{said}行目）。")
    return redirect("households:register")
