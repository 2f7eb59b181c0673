"""見守り: the list, one turn, and the counts of what was found."""

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
from cases.actions.follow_up import proposes_reopening, record_follow_up
from cases.actions.watch import hand_back
from cases.enums import FollowUpResult
from cases.forms.closing import FollowUpForm
from cases.models import Case, FollowUp
from cases.permissions import can_write_case
from cases.selectors import watch
from cases.views.drafts import begun, forget, place, unjudged
from common.errors import NotAllowed, RuleViolation
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
    key = f"turn:{turn.case.number}:{turn.pk}"
    draft = begun(request, key) if turn.is_waiting else place(request, key)
    form = FollowUpForm(
        draft.data or request.POST or None,
        initial={"request_key": uuid4(), "way": turn.way, "started_at": timezone.localtime()},
    )
    if draft.data:
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
            forget(request, key)
            return _after(request, done, sees=sees)
    context = _turn_context(request, turn, form, sees=sees) | {"draft": draft}
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
