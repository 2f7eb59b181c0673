"""見守り: the list, one turn, the agreement and its changes, and the counts of what was found."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import permission, scoped_get
from accounts.http import ActorRequest
from accounts.models import Agency
from accounts.roles import Permission
from cases.actions.drafts import forget_draft
from cases.actions.follow_up import proposes_reopening, record_follow_up
from cases.actions.watch import begin_watch, change_watch, hand_back, stop_watch
from cases.enums import Every, FollowUpResult, WatchEnd
from cases.forms.closing import FollowUpForm, WatchForm, first_day, stored_cycle
from cases.models import Case, FollowUp
from cases.permissions import can_write_case
from cases.selectors import watch
from cases.views.cases import get_case
from cases.views.closing import namer, rhythms
from cases.views.drafts import begun, unjudged
from common.errors import NotAllowed, RuleViolation, StaleRecord
from common.japan.fiscal import add_months, fiscal_year, fiscal_year_first, month_last
from common.keyset import Sort, paginate
from households.templatetags.contact import shield_of

SORTS = {"due": Sort("次に見る日", ["look"])}
DONE_SORTS = {"at": Sort("記録した日", ["done_at"])}
WHOSE = (
    ("", "見えるものすべて"),
    ("agency", "自機関が見る"),
    ("mine", "自分が見る"),
    ("asked", "ほかの機関に頼んだ"),
)
DUE = (("", "すべて"), ("late", "予定日を過ぎた"), ("month", "1か月以内"))


@require_safe
@permission(Permission.CASE_VIEW)
def watch_list(request: ActorRequest) -> HttpResponse:
    """Whom somebody looks at again, and when."""
    whose, due = request.GET.get("whose", ""), request.GET.get("due", "")
    rows = watch.waiting(request.actor, timezone.now(), whose=whose, due=due)
    page = paginate(rows, request_get=request.GET, sorts=SORTS, default="due")
    context = {
        "page": page, "whose": whose, "due": due, "whose_choices": WHOSE, "due_choices": DUE,
        "today": timezone.localdate(), "tabs": _tabs("list"),
    }  # fmt: skip
    return render(request, "cases/watch_list.html", context)


def _tabs(current: str) -> list[dict[str, Any]]:
    pages = (("list", "見守り中", "cases:watch_list"), ("results", "結果の集計", "cases:watch_results"))
    return [{"label": label, "url": reverse(name), "current": key == current} for key, label, name in pages]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _year(request: ActorRequest) -> int:
    asked = _number(request.GET.get("year", ""))
    return asked if asked and 2000 <= asked <= 2100 else fiscal_year(timezone.localdate())


@require_safe
@permission(Permission.CASE_VIEW)
def watch_results(request: ActorRequest) -> HttpResponse:
    """What was found, by month and by agency; every number opens its list."""
    year, agency = _year(request), _number(request.GET.get("agency", ""))
    found = watch.results(request.actor, timezone.now(), shield_of(request), year, agency)
    chosen = Agency.objects.visible_to(request.actor).filter(pk=agency).first() if agency else None
    context = {
        "found": found, "year": year, "first": fiscal_year_first(year), "agency": chosen,
        "labels": FollowUpResult.labels, "tabs": _tabs("results"), "years": (year - 1, year + 1),
    }  # fmt: skip
    return render(request, "cases/watch_results.html", context)


def _period(request: ActorRequest) -> tuple[date, date]:
    """The month that is asked for, else the fiscal year."""
    month = request.GET.get("month", "")
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        year = _year(request)
        return fiscal_year_first(year), month_last(add_months(fiscal_year_first(year), 11))
    return first, month_last(first)


@require_safe
@permission(Permission.CASE_VIEW)
def watch_turns(request: ActorRequest) -> HttpResponse:
    """The turns behind a count."""
    since, until = _period(request)
    agency, result = _number(request.GET.get("agency", "")), request.GET.get("result", "")
    if result not in FollowUpResult.values:
        result = ""
    rows = watch.done_turns(
        request.actor,
        timezone.now(),
        shield_of(request),
        since=since,
        until=until,
        agency=agency,
        result=result,
    )
    page = paginate(
        watch.with_seen(rows, request.actor), request_get=request.GET, sorts=DONE_SORTS, default="-at"
    )
    context = {
        "page": page, "since": since, "until": until,
        "result": FollowUpResult(result).label if result else "",
        "agency": Agency.objects.visible_to(request.actor).filter(pk=agency).first() if agency else None,
        "year": fiscal_year(since),
    }  # fmt: skip
    return render(request, "cases/watch_turns.html", context)


# ── One turn ────────────────────────────────────────────────────────────────────────────────────────────────


def get_turn(request: ActorRequest, pk: int, **options: Any) -> FollowUp:
    rows = FollowUp.objects.visible_to(request.actor).select_related(
        "case__household", "case__person", "case__lead_agency", "case__lead_staff", "agency", "staff", "cycle"
    )
    return scoped_get(rows, request, pk=pk, **options)


def _sees_case(request: ActorRequest, turn: FollowUp) -> bool:
    return Case.objects.visible_to(request.actor).filter(pk=turn.case_id).exists()


@require_http_methods(["GET", "POST"])
@permission(Permission.CASE_WRITE)
def follow_up(request: ActorRequest, pk: int) -> HttpResponse:
    """Record what was found, or that nobody was reached; 悪化 leads to reopening."""
    turn = get_turn(request, pk)
    sees = _sees_case(request, turn)
    key = f"turn:{turn.case.number}:{turn.pk}"  # a draft about a case is read while the case is seen
    draft = begun(request, key) if sees and turn.is_waiting else None
    form = FollowUpForm(
        draft or request.POST or None,
        initial={"request_key": uuid4(), "way": turn.way, "started_at": timezone.localtime()},
    )
    if draft:
        unjudged(form)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            done = record_follow_up(
                follow_up=turn, result=data["result"], note=data["note"], next_on=data["next_on"],
                stop_reason=data["stop_reason"], actor=request.actor, at=timezone.now(), tried=form.tried(),
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            forget_draft(key=key, actor=request.actor)
            return _after(request, done, sees=sees)
    context = _turn_context(request, turn, form, sees=sees) | {"draft_key": key if sees else ""}
    return render(request, "cases/follow_up.html", context, status=422 if request.method == "POST" else 200)


def _turn_context(request: ActorRequest, turn: FollowUp, form: FollowUpForm, *, sees: bool) -> dict[str, Any]:
    past = watch.history(turn.case, request.actor)
    tried = next((row.attempts for row in past if row.turn.pk == turn.pk), [])
    return {
        "form": form, "follow_up": turn, "case": turn.case, "sees_case": sees, "past": past,
        "misses": sum(not a.has_reached for a in tried), "ahead": watch.ahead(turn.look_on, timezone.localdate()),
        "may_hand_back": turn.is_waiting and turn.agency_id == request.actor.agency_id
        and turn.agency_id != turn.case.lead_agency_id,
        "may_change": sees and turn.is_waiting and can_write_case(request.actor, turn.case),
        "died_on": turn.case.person.died_on if sees and turn.case.person else None,
    }  # fmt: skip


def _after(request: ActorRequest, done: FollowUp, *, sees: bool) -> HttpResponse:
    if done.is_waiting:
        messages.success(
            request, "連絡がつかなかったことを記録しました。決めたとおりに、もう一度連絡します。"
        )
        return redirect("cases:follow_up", pk=done.pk)
    messages.success(request, "フォローの結果を記録しました。")
    if not sees:
        return redirect("cases:follow_up", pk=done.pk)
    if proposes_reopening(done):
        words = {
            FollowUpResult.WORSE: "悪化しています。支援を再開するか考えてください。",
            FollowUpResult.UNREACHABLE: "連絡がつかないまま、決めた回数になりました。支援を再開するか考えてください。",
        }
        messages.warning(request, words[FollowUpResult(done.result)])
        return redirect("cases:reopen", number=done.case.number)
    return redirect("cases:detail", number=done.case.number)


@require_POST
@permission(Permission.CASE_WRITE)
def follow_up_back(request: ActorRequest, pk: int) -> HttpResponse:
    """The agency that was asked gives the watch back to the lead."""
    turn = get_turn(request, pk, log=None)
    try:
        hand_back(
            follow_up=turn, reason=request.POST.get("back_reason", ""), actor=request.actor, at=timezone.now()
        )
    except NotAllowed:
        raise
    except RuleViolation as violation:
        messages.error(request, violation.message)
        return redirect("cases:follow_up", pk=pk)
    messages.success(request, "主担当機関に返しました。")
    return redirect("home")


# ── The agreement ───────────────────────────────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "POST"])
@permission(Permission.CASE_WRITE)
def watch_edit(request: ActorRequest, number: str) -> HttpResponse:
    """Change the running agreement with a reason, or begin one for a closed case that has none."""
    case = get_case(request, number)
    now = watch.standing(case, request.actor, timezone.localdate())
    initial: dict[str, Any] = {"every": Every.QUARTER}
    if now is not None:
        now.cycle.case = case
        initial = stored_cycle(now.cycle, now.turn.look_on)
    else:
        initial["follow_up_on"] = first_day(Every.QUARTER, None, timezone.localdate())
    form = WatchForm(
        request.POST or None, actor=request.actor, case=case, name_of=namer(request, case), initial=initial
    )
    if request.method == "POST" and form.is_valid():
        try:
            _save_agreement(request, form, case, now)
        except NotAllowed:
            raise
        except StaleRecord as stale:
            form.add_violation(RuleViolation(stale.message))
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, "見守りを決めました。" if now is None else "見守りを変えました。")
            return redirect("cases:detail", number=number)
    context = {
        "form": form, "case": case, "watch": now, "rhythms": rhythms(form),
        "changes": watch.changes(case, request.actor), "past": watch.history(case, request.actor),
        "ends": WatchEnd,
    }  # fmt: skip
    return render(request, "cases/watch_edit.html", context, status=422 if form.is_bound else 200)


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
