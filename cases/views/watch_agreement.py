"""The agreement of a 見守り: beginning it, changing it beside others, and stopping it."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import permission
from accounts.http import ActorRequest
from accounts.roles import Permission
from cases.actions.watch import begin_watch, change_watch, stop_watch
from cases.enums import Every, WatchEnd
from cases.forms.closing import WatchForm, first_day, stored_cycle
from cases.models import Case, FollowUp, WatchCycle
from cases.selectors import watch
from cases.views.cases import get_case
from cases.views.closing import namer, rhythms
from cases.views.drafts import begun, forget, unjudged
from common.errors import NotAllowed, RuleViolation
from common.field_merge import Conflict, Saved, save_merging
from common.japan.wareki import format_wareki
from households.templatetags.contact import shield_of


@require_http_methods(["GET", "POST"])
@permission(Permission.CASE_WRITE)
def watch_edit(request: ActorRequest, number: str) -> HttpResponse:
    """Change the running agreement with a reason, or begin one for a closed case that has none."""
    case = get_case(request, number)
    now = watch.standing(case, request.actor, timezone.localdate())
    initial: dict[str, Any] = {"every": Every.QUARTER}
    if now is not None:
        now.cycle.case = case
        shield_of(request).check_readable(case.household_id, now.cycle.ask)
        initial = stored_cycle(now.cycle, now.turn.look_on)
    else:
        initial["follow_up_on"] = first_day(Every.QUARTER, None, timezone.localdate())
    draft, compare = begun(request, f"watch:{case.number}"), None
    form = _watch_form(request, case, draft.data or request.POST or None, initial, now)
    if draft.data:
        unjudged(form)
    if request.method == "POST" and form.is_valid():
        try:
            done = save_merging(
                form,
                lambda: _save_agreement(request, form, case, now),
                also=partial(_merged_day, request, form),
            )
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            if isinstance(done, Saved):
                forget(request, draft.key)
                messages.success(
                    request, done.words("見守りを決めました。" if now is None else "見守りを変えました。")
                )
                return redirect("cases:detail", number=number)
            shield_of(request).check_readable(case.household_id, done.current.ask)
            compare = _named(request, case, form, done.rows)
            form = _watch_form(request, case, _on_top(request, form, done), initial, now)
    context = {
        "form": form, "case": case, "watch": now, "rhythms": rhythms(form), "draft": draft, "compare": compare,
        "changes": watch.changes(case, request.actor), "past": watch.history(case, request.actor),
        "ends": WatchEnd,
    }  # fmt: skip
    return render(request, "cases/watch_edit.html", context, status=422 if request.method == "POST" else 200)


def _watch_form(
    request: ActorRequest,
    case: Case,
    data: QueryDict | None,
    initial: dict[str, Any],
    now: watch.Watch | None,
) -> WatchForm:
    return WatchForm(
        data, actor=request.actor, case=case, name_of=namer(request, case), initial=initial,
        keep=now.cycle.staff if now is not None else None,
    )  # fmt: skip


def _waiting(request: ActorRequest, cycle: WatchCycle) -> FollowUp | None:
    return FollowUp.objects.visible_to(request.actor).waiting().filter(cycle=cycle).order_by("pk").first()


def _merged_day(
    request: ActorRequest, form: WatchForm, current: WatchCycle
) -> dict[str, tuple[str, Any, Any]]:
    """The day of the turn that waits: taken over where only the other moved it; where both did, the reader decides."""
    data, turn = form.cleaned_data, _waiting(request, current)
    before, mine = data["look_before"], data["follow_up_on"]
    if turn is None or turn.look_on in (before, mine):
        return {}
    if before is not None and mine == before:
        data["follow_up_on"] = data["look_before"] = turn.look_on
        return {}
    return {"follow_up_on": (str(form.fields["follow_up_on"].label), turn.look_on, mine)}


def _on_top(request: ActorRequest, form: WatchForm, conflict: Conflict) -> QueryDict:
    """What is typed on top of the agreement that now stands, with the day that may have come from the other."""
    day, turn = form.cleaned_data["follow_up_on"], _waiting(request, conflict.current)
    conflict.data["follow_up_on"] = format_wareki(day, weekday=False) if day else ""
    conflict.data["look_before"] = turn.look_on.isoformat() if turn is not None else ""
    return conflict.data


def _named(
    request: ActorRequest, case: Case, form: WatchForm, rows: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The rows of the comparison with agencies and workers as the reader may have them."""
    agency: Any = form.fields["follow_up_agency"]
    staff: Any = form.fields["follow_up_staff"]
    name = namer(request, case)
    known = {
        str(agency.label): {"": str(agency.empty_label)} | {str(row): name(row) for row in agency.queryset},
        str(staff.label): {"": str(staff.empty_label)}
        | {str(row): staff.label_from_instance(row) for row in staff.queryset},
    }
    for row in rows:
        if names := known.get(row["label"]):
            row["theirs"], row["mine"] = (names.get(row[side], "ほかの機関") for side in ("theirs", "mine"))
    return rows


def _save_agreement(request: ActorRequest, form: WatchForm, case: Case, now: watch.Watch | None) -> None:
    data = form.cycle()
    if data is None:
        raise RuleViolation("次の予定日を入れてください。", field="follow_up_on")
    if now is None:
        begin_watch(case=case, data=data, actor=request.actor, at=timezone.now())
        return
    change_watch(
        cycle=now.cycle, data=data, reason=form.cleaned_data["reason"],
        version=form.cleaned_data["version"] or 0, actor=request.actor, at=timezone.now(),
    )  # fmt: skip


@require_POST
@permission(Permission.CASE_WRITE)
def watch_stop(request: ActorRequest, number: str) -> HttpResponse:
    """Nobody looks again, for a reason that is kept."""
    case = get_case(request, number, log=None)
    now = watch.standing(case, request.actor, timezone.localdate())
    if now is None:
        messages.error(request, "このケースに、続いている見守りはありません。")
        return redirect("cases:detail", number=number)
    now.cycle.case = case
    try:
        stop_watch(
            cycle=now.cycle,
            reason=request.POST.get("stop_reason", ""),
            actor=request.actor,
            at=timezone.now(),
        )
    except NotAllowed:
        raise
    except RuleViolation as violation:
        messages.error(request, violation.message)
        return redirect("cases:watch_edit", number=number)
    messages.success(request, "見守りを終えました。")
    return redirect("cases:detail", number=number)
