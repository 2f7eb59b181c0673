"""按分: the months, the matrix of one, the entries behind a cell, running, locking, downloads."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import Sum
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import log_reads, permission, scoped_get
from accounts.http import ActorRequest
from accounts.models import Staff
from accounts.roles import Permission
from audit.models import AccessKind
from budgets import exports
from budgets.actions.run_apportionment import lock_month, run_apportionment
from budgets.enums import CategoryKind, RemainderRule
from budgets.forms.costs import RunForm
from budgets.models import FundingStream
from budgets.rule_versions import printed
from budgets.selectors_apportionment import entries_behind, matrix, month_lines, own_rules, standing
from budgets.selectors_duty import short_workers
from budgets.selectors_review import waiting_of
from budgets.views.months import parse_key
from common.errors import NotAllowed, RuleViolation
from common.japan.fiscal import add_months, fiscal_year, fiscal_year_label
from common.keyset import Sort, paginate
from common.pdf import render_pdf

ENTRY_SORTS = {"day": Sort("日", ["worked_on", "during"]), "minutes": Sort("分", ["minutes"])}


@require_safe
@permission(Permission.APPORTION_VIEW)
def month_list(request: ActorRequest) -> HttpResponse:
    """The months of a fiscal year: state, costs, what blocks each."""
    today = timezone.localdate()
    this_year = fiscal_year(today)
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isdigit() and 2000 <= int(asked) <= 2100 else this_year
    context = {
        "lines": month_lines(request.actor, year, today), "year": year,
        "years": [(y, fiscal_year_label(y)) for y in range(this_year, this_year - 4, -1)],
        "may_edit": request.actor.has(Permission.COST_EDIT),
    }  # fmt: skip
    return render(request, "apportionment/list.html", context)


def _month_context(request: ActorRequest, month: date, key: str) -> dict[str, Any]:
    state = standing(request.actor, month)
    agency, page = request.GET.get("agency", ""), request.GET.get("page", "")
    agency_id = int(agency) if agency.isdecimal() and len(agency) < 18 else None
    number = int(page) if page.isdecimal() and len(page) < 9 else 1
    table = matrix(request.actor, state.run, agency_id=agency_id, page=number) if state.run else None
    rule = state.row.remainder_rule if state.row else RemainderRule.LARGEST_REMAINDER
    actor = request.actor
    return {
        "review": waiting_of(request.actor, month), "month": month, "key": key, "state": state, "run": state.run, "table": table, "agency": agency,
        "cell_base": reverse("apportionment:entries", args=[key, 0, "0"]).removesuffix("0/0/"),
        "is_locked": bool(state.row and state.row.is_locked), "run_form": RunForm(initial={"rule": rule}),
        "state_label": state.row.get_state_display() if state.row else "開いている",
        "own_rules": own_rules(state.run, table.streams) if state.run and table else "",
        "rule_words": printed(state.run.rule_versions) if state.run else "",
        "is_truncating": rule == RemainderRule.TRUNCATE_TO_GENERAL,
        "agencies": table.agencies if table and not agency else [],
        "may_run": actor.has(Permission.APPORTION_RUN), "may_lock": actor.has(Permission.MONTH_LOCK),
        "may_edit": actor.has(Permission.COST_EDIT), "is_over": add_months(month, 1) <= timezone.localdate(),
    }  # fmt: skip


@require_safe
@permission(Permission.APPORTION_VIEW)
def month(request: ActorRequest, key: str) -> HttpResponse:
    """Worker × stream with ratio and yen; totals that visibly equal the cost."""
    return render(request, "apportionment/month.html", _month_context(request, parse_key(key), key))


@require_POST
@permission(Permission.APPORTION_RUN)
def run(request: ActorRequest, key: str) -> HttpResponse:
    """Compute the month by the chosen remainder rule."""
    first, form = parse_key(key), RunForm(request.POST)
    if not form.is_valid():
        messages.error(request, "端数の扱いを選んでください。")
        return redirect("apportionment:month", key=key)
    try:
        run_apportionment(
            month=first, rule=RemainderRule(form.cleaned_data["rule"]), actor=request.actor, at=timezone.now()
        )
    except NotAllowed:
        raise
    except RuleViolation as violation:
        context = _month_context(request, first, key) | {"violation": violation}
        return render(request, "apportionment/month.html", context, status=422)
    messages.success(request, "計算しました。按分額の合計は人件費と一致しています。")
    return redirect("apportionment:month", key=key)


@require_http_methods(["GET", "POST"])
@permission(Permission.MONTH_LOCK)
def lock(request: ActorRequest, key: str) -> HttpResponse:
    """Ask for what is still open, by name; then lock exactly the computation that was shown."""
    first = parse_key(key)
    context = _month_context(request, first, key)
    if context["is_locked"]:
        messages.info(request, "この月は締められています。")
        return redirect("apportionment:month", key=key)
    context["short"] = short_workers(request.actor, first)
    if request.method == "POST":
        try:
            lock_month(
                month=first,
                actor=request.actor,
                at=timezone.now(),
                expected_hash=request.POST.get("digest", ""),
            )
        except NotAllowed:
            raise
        except RuleViolation as violation:
            return render(request, "apportionment/lock.html", context | {"violation": violation}, status=422)
        messages.success(request, "月を締めました。これより後の訂正は、日付のある調整として行います。")
        return redirect("apportionment:month", key=key)
    return render(request, "apportionment/lock.html", context)


@require_safe
@permission(Permission.APPORTION_VIEW)
def entries(request: ActorRequest, key: str, staff_pk: int, stream: str) -> HttpResponse:
    """The entries behind one cell: minutes, category, reason, pseudonymous case number. Never case text.

    The worker's own remark on a manual entry is not shown either, since it may name somebody.
    """
    first = parse_key(key)
    staff = scoped_get(Staff.objects.visible_to(request.actor), request, log=None, pk=staff_pk)
    kind, stream_row = CategoryKind.SHARED, None
    if stream != "shared":
        kind = CategoryKind.DIRECT
        if not stream.isdigit():
            raise Http404
        stream_row = scoped_get(FundingStream.objects.visible_to(request.actor), request, log=None, pk=stream)
    rows = entries_behind(
        request.actor, first, staff_id=staff.pk, stream_id=stream_row.pk if stream_row else None, kind=kind
    )
    context = {
        "page": paginate(rows, request_get=request.GET, sorts=ENTRY_SORTS, default="day"), "month": first, "key": key,
        "staff": staff, "stream": stream_row, "total": rows.aggregate(n=Sum("minutes"))["n"] or 0,
    }  # fmt: skip
    return render(request, "apportionment/entries.html", context)


def _download(request: ActorRequest, key: str) -> exports.Statement:
    first = parse_key(key)
    state = standing(request.actor, first)
    if state.run is None:
        raise Http404
    log_reads(request, AccessKind.EXPORT, "budgets.apportionmentrun", str(state.run.pk))
    return exports.statement(request.actor, state, matrix(request.actor, state.run), timezone.now())


def _file(content: bytes, content_type: str, name: str) -> HttpResponse:
    return HttpResponse(
        content, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@require_safe
@permission(Permission.APPORTION_VIEW)
def xlsx(request: ActorRequest, key: str) -> HttpResponse:
    content = exports.to_xlsx(_download(request, key))
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return _file(content, kind, f"anbun-{key}.xlsx")


@require_safe
@permission(Permission.APPORTION_VIEW)
def csv(request: ActorRequest, key: str) -> HttpResponse:
    cp932 = request.GET.get("encoding") == "cp932"
    content = exports.to_csv(_download(request, key), cp932=cp932)
    return _file(content, f"text/csv; charset={'shift_jis' if cp932 else 'utf-8'}", f"anbun-{key}.csv")


@require_safe
@permission(Permission.APPORTION_VIEW)
def pdf(request: ActorRequest, key: str) -> HttpResponse:
    statement = _download(request, key)
    content = render_pdf(
        "apportionment/pdf.html", exports.pdf_context(statement) | {"actor": request.actor}, request=request
    )
    return _file(content, "application/pdf", f"anbun-{key}.pdf")
