"""按分: months, the matrix of a month, the entries behind a cell, running and locking."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import Count, Sum
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.access import log_reads, permission, scoped_get
from accounts.http import ActorRequest
from accounts.models import Staff
from accounts.roles import Permission
from audit.models import AccessKind
from budgets.actions.run_apportionment import lock_month, run_apportionment
from budgets.enums import Method, RemainderRule
from budgets.forms.costs import RuleForm
from budgets.matrix import RULE_SENTENCES, SHARED_SENTENCE, MonthView, view_month
from budgets.models import ApportionmentRow, FundingStream
from budgets.selectors_apportionment import (
    SHARED_CODE,
    agencies_of,
    entries_behind,
    month_path,
    month_statuses,
    months_of_year,
    this_fiscal_year,
    waiting_findings,
)
from common.errors import NotAllowed, RuleViolation
from common.japan.fiscal import add_months, fiscal_year_label
from common.japan.wareki import format_wareki_month
from common.keyset import Sort, paginate

MONTH_TARGET = "budgets.workmonth"
ENTRY_SORTS = {
    "starts": Sort("日時", ("starts_at",)),
    "minutes": Sort("分", ("minutes",)),
    "category": Sort("業務区分", ("category__position",)),
}


def crumbs(month: date | None = None, *labels: str) -> list[dict[str, str]]:
    """按分 › the month › what is open."""
    found = [{"label": "按分", "url": reverse("apportionment:list")}]
    if month is not None:
        url = reverse("apportionment:month", args=[month_path(month)])
        found.append({"label": format_wareki_month(month), "url": url})
    found += [{"label": label, "url": ""} for label in labels]
    found[-1]["url"] = ""
    return found


def rights(request: ActorRequest) -> dict[str, bool]:
    """What the buttons ask."""
    actor = request.actor
    return {
        "can_run": actor.has(Permission.APPORTION_RUN),
        "can_cost": actor.has(Permission.COST_EDIT),
        "can_lock": actor.has(Permission.MONTH_LOCK),
    }


def chosen_agency(request: ActorRequest) -> int | None:
    text = request.GET.get("agency", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


@require_safe
@permission(Permission.APPORTION_VIEW)
def month_list(request: ActorRequest) -> HttpResponse:
    """The months of a 年度 (``?year=``), newest first, with what blocks each."""
    now = timezone.now()
    this = this_fiscal_year(now)
    text = request.GET.get("year", "")
    year = int(text) if text.isascii() and text.isdigit() and 2000 <= int(text[:5]) <= this else this
    statuses = month_statuses(request.actor, months_of_year(year, now), now)
    context = {
        "statuses": statuses,
        "has_any": any(not status.is_empty for status in statuses),
        "year_label": fiscal_year_label(year),
        "total": sum(status.total_yen for status in statuses),
        "earlier": year - 1,
        "earlier_label": fiscal_year_label(year - 1),
        "later": year + 1 if year < this else None,
        "later_label": fiscal_year_label(year + 1),
        **rights(request),
    }
    return render(request, "apportionment/list.html", context)


def _blockers(view: MonthView) -> list[dict[str, Any]]:
    """What stands in the way, each with the names and where to mend it."""
    costs_url = reverse("apportionment:costs", args=[month_path(view.month)])
    found = []
    missing, idle = view.findings.minutes_without_cost, view.findings.cost_without_minutes
    if not view.has_costs:
        found.append({"text": "人件費が入力されていません。", "people": [], "url": costs_url})
    elif missing:
        text = f"業務実績があるのに人件費がない職員（{len(missing)}人）。人件費を入れてください（支払いがなければ0円）。"
        found.append({"text": text, "people": _people(view, missing), "url": costs_url})
    if idle:
        text = (
            f"人件費があるのに直接の業務実績がない職員（{len(idle)}人）。"
            "本人か上司に業務記録を確かめるか、人件費を直してください。"
        )
        found.append({"text": text, "people": _people(view, idle), "url": costs_url})
    return found


def _people(view: MonthView, staff_ids: tuple[int, ...]) -> list[dict[str, Any]]:
    workers = [view.workers[s] for s in staff_ids if s in view.workers]
    workers.sort(key=lambda worker: (worker.agency, worker.kana))
    return [{"name": w.name, "agency": w.agency, "staff_id": w.staff_id} for w in workers]


def month_response(
    request: ActorRequest, month: date, *, violation: RuleViolation | None = None, rule: str = "",
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    """The page of a month, also as the answer to a refused computation."""
    view = view_month(request.actor, month)
    agency = chosen_agency(request)
    now = timezone.now()
    lines = view.matrix.lines
    context = {
        "view": view,
        "matrix": view.matrix.of_agency(agency),
        "agency": agency,
        "agencies": agencies_of((line.agency_id, line.agency) for line in lines),
        "blockers": [] if view.is_locked else _blockers(view),
        "entries_base": reverse("apportionment:month", args=[month_path(month)]) + "entries/",
        "method": Method.ACTUAL_MINUTES.label,
        "rule_form": RuleForm(initial={"rule": rule or view.rule}),
        "shared_sentence": SHARED_SENTENCE,
        "violation": violation,
        "is_over": add_months(month, 1) <= timezone.localdate(now),
        "earlier": add_months(month, -1),
        "later": add_months(month, 1) if add_months(month, 1) <= timezone.localdate(now) else None,
        "crumbs": crumbs(month),
        **rights(request),
    }
    log_reads(request, AccessKind.VIEW, MONTH_TARGET, month_path(month))
    return render(request, "apportionment/month.html", context, status=status)


@require_safe
@permission(Permission.APPORTION_VIEW)
def month_page(request: ActorRequest, month: date) -> HttpResponse:
    return month_response(request, month)


@require_POST
@permission(Permission.APPORTION_RUN)
def run(request: ActorRequest, month: date) -> HttpResponse:
    """計算する with the chosen rule; a refusal shows the month with what is missing."""
    form = RuleForm(request.POST)
    if not form.is_valid():
        violation = RuleViolation("端数の扱いを選んでください。", field="rule")
        return month_response(request, month, violation=violation, status=422)
    rule = RemainderRule(form.cleaned_data["rule"])
    try:
        done = run_apportionment(month=month, rule=rule, actor=request.actor, at=timezone.now())
    except NotAllowed:
        raise
    except RuleViolation as error:
        return month_response(request, month, violation=error, rule=rule, status=422)
    messages.success(request, f"計算しました。合計 {done.total_yen:,}円は人件費の合計と一致しています。")
    return redirect("apportionment:month", month)


@permission(Permission.MONTH_LOCK)
def lock(request: ActorRequest, month: date) -> HttpResponse:
    """締める: what is still open by name, what is locked (its digest), then the lock itself."""
    violation = None
    if request.method == "POST":
        try:
            lock_month(
                month=month, actor=request.actor, at=timezone.now(), expected_hash=request.POST.get("expected_hash", "")
            )
        except NotAllowed:
            raise
        except RuleViolation as error:
            violation = error
        else:
            messages.success(request, f"{format_wareki_month(month)}を締めました。これからは変わりません。")
            return redirect("apportionment:month", month)
    view = view_month(request.actor, month)
    blockers = _blockers(view)
    is_over = add_months(month, 1) <= timezone.localdate(timezone.now())
    context = {
        "view": view,
        "violation": violation,
        "blockers": blockers,
        "is_over": is_over,
        "waiting": waiting_findings(request.actor, month),
        "may_lock": bool(view.run and not view.is_locked and not view.is_stale and not blockers and is_over),
        "rule_label": view.rule.label,
        "crumbs": crumbs(month, "締める"),
    }
    return render(request, "apportionment/lock.html", context, status=422 if violation else 200)


@require_safe
@permission(Permission.APPORTION_VIEW)
def entries(request: ActorRequest, month: date, staff: int, stream: str) -> HttpResponse:
    """The entries behind a cell: minutes, category, reason, pseudonymous number; no case text."""
    person = scoped_get(Staff.objects.visible_to(request.actor), request, log=None, pk=staff)
    column = None
    if stream != SHARED_CODE:
        column = FundingStream.objects.visible_to(request.actor).filter(code=stream).first()
        if column is None:
            raise Http404
    found = entries_behind(request.actor, month, person.pk, stream)
    page = paginate(found, request_get=request.GET, sorts=ENTRY_SORTS, default="starts", page_size=100)
    rows = ApportionmentRow.objects.visible_to(request.actor).filter(run__month__month=month, staff=person)
    if column is not None:
        rows = rows.filter(stream=column)
    cell = rows.order_by("-run__is_final", "-run__ran_at", "pk").first()
    log_reads(request, AccessKind.VIEW, "budgets.workentry", f"{month_path(month)}/{person.pk}/{stream}")
    sums = found.aggregate(total=Sum("minutes"), number=Count("pk"))
    context = {
        "month": month,
        "person": person,
        "column": column,
        "page": page,
        "cell": cell,
        "cell_minutes": (cell.minutes if column else cell.shared_minutes) if cell else None,
        "total": sums["total"] or 0,
        "number": sums["number"],
        "crumbs": crumbs(month, f"{person.name}・{column.short_name if column else '共通'}"),
    }
    return render(request, "apportionment/entries.html", context)
