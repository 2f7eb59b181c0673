"""Open for review: from a claimed figure down to its entries and back up; corrections; 按分計算書 of any span."""

from __future__ import annotations

from django.db.models import Sum
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import log_reads, permission, scoped_get
from accounts.http import ActorRequest
from accounts.models import Staff
from accounts.roles import Permission
from audit.models import AccessKind
from budgets.readers import shown_name
from budgets.settlement import statement as book
from budgets.settlement.trail import (
    claim_of,
    corrections,
    entries_of,
    rule_on,
    rules_of,
    run_of,
    worker_parts,
)
from budgets.views.apportionment import ENTRY_SORTS
from budgets.views.claim_years import asked_year, check_year, get_stream, year_choices
from budgets.views.months import parse_key
from common.japan.fiscal import fiscal_year, fiscal_year_label
from common.keyset import paginate
from common.pdf import render_pdf

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
@permission(Permission.APPORTION_VIEW)
def workers(request: ActorRequest, year: int, code: str, key: str) -> HttpResponse:
    """Whose work makes up the yen of a stream in a locked month."""
    month, stream = parse_key(key), get_stream(request, code)
    run = run_of(request.actor, month)
    if run is None or fiscal_year(month) != year:
        raise Http404
    parts = worker_parts(request.actor, run, stream)
    context = {
        "parts": parts, "run": run, "month": month, "key": key, "stream": stream, "year": year,
        "total": sum(p.yen for p in parts), "claim": claim_of(request.actor, month, stream),
    }  # fmt: skip
    return render(request, "claims/workers.html", context)


@require_safe
@permission(Permission.APPORTION_VIEW)
def entries(request: ActorRequest, year: int, code: str, key: str, staff_pk: int) -> HttpResponse:
    """The entries of one worker in the stream, each with the rule that decided its category."""
    month, stream = parse_key(key), get_stream(request, code)
    staff = scoped_get(Staff.objects.visible_to(request.actor), request, log=None, pk=staff_pk)
    run = run_of(request.actor, month)
    if run is None or fiscal_year(month) != year:
        raise Http404
    found = entries_of(request.actor, month, staff=staff, stream=stream)
    log_reads(request, AccessKind.VIEW, "budgets.workentry", f"{key}:{staff.pk}:{stream.code}")
    rules = rules_of(request.actor, month)
    page = paginate(found, request_get=request.GET, sorts=ENTRY_SORTS, default="day")
    part = next((p for p in worker_parts(request.actor, run, stream) if p.staff.pk == staff.pk), None)
    context = {
        "page": page, "rows": [(e, rule_on(rules, e.worked_on)) for e in page.rows], "month": month, "key": key,
        "stream": stream, "year": year, "staff": staff, "who": shown_name(request.actor, staff), "part": part,
        "total": found.aggregate(n=Sum("minutes"))["n"] or 0, "claim": claim_of(request.actor, month, stream),
    }  # fmt: skip
    return render(request, "claims/entries.html", context)


@require_safe
@permission(Permission.APPORTION_VIEW)
def correction_list(request: ActorRequest) -> HttpResponse:
    """Everything that was corrected after it was locked or filed."""
    year = asked_year(request)
    rows = corrections(request.actor, year)
    context = {
        "rows": rows,
        "has_held": any(row.reason.is_held for row in rows),
        "year": year,
        "label": fiscal_year_label(year),
        "years": year_choices(),
    }
    return render(request, "claims/corrections.html", context)


def _statement(request: ActorRequest) -> tuple[int, book.By, str, book.Statement]:
    year = asked_year(request)
    by = request.GET.get("by", "")
    chosen = book.By(by) if by in set(book.By) else book.By.STREAM
    span = request.GET.get("span", "")
    span = span if span in dict(book.spans(year)) else "year"
    return year, chosen, span, book.statement(request.actor, year, by=chosen, span=span)


@require_safe
@permission(Permission.APPORTION_VIEW)
def statement(request: ActorRequest) -> HttpResponse:
    """按分計算書 by worker, agency or stream, of a month, a quarter or the year."""
    year, by, span, data = _statement(request)
    context = {
        "data": data, "year": year, "by": by, "span": span, "spans": book.spans(year), "years": year_choices(),
        "bys": list(book.BY_LABEL.items()), "query": f"?year={year}&by={by}&span={span}",
    }  # fmt: skip
    return render(request, "claims/statement.html", context)


@require_safe
@permission(Permission.APPORTION_VIEW)
def statement_file(request: ActorRequest, kind: str) -> HttpResponse:
    """The same as XLSX, CSV or PDF."""
    year, by, span, data = _statement(request)
    check_year(year)
    log_reads(request, AccessKind.EXPORT, "budgets.apportionmentrow", f"{year}:{by}:{span}")
    if kind == "xlsx":
        content, content_type = book.to_xlsx(data), XLSX
    elif kind == "csv":
        content, content_type = book.to_csv(data), "text/csv; charset=utf-8"
    elif kind == "pdf":
        context = {"data": data, "actor": request.actor, "printed_at": timezone.now()}
        content, content_type = (
            render_pdf("claims/statement_pdf.html", context, request=request),
            "application/pdf",
        )
    else:
        raise Http404
    name = f"anbun-{year}-{by}-{span}.{kind}"
    return HttpResponse(
        content,
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
