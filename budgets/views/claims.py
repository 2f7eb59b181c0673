"""精算: the table of a year, one stream's claim, filing, correcting, and the printed forms."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import log_reads, permission, scoped_get
from accounts.http import ActorRequest
from accounts.roles import Permission
from audit.models import AccessKind
from budgets.actions.claims import UNSAVED, change_shares, correct_claim, file_claim, save_claim
from budgets.enums import Payer
from budgets.forms.claims import ClaimForm, CorrectForm, ShareChangeForm
from budgets.models import FundingStream, GrantClaim
from budgets.settlement import exports
from budgets.settlement.actuals import standing_runs, year_months
from budgets.settlement.inputs import share_changes
from budgets.settlement.other_costs import other_costs
from budgets.settlement.selectors import claim_line, claims_of, year_table
from budgets.views.claim_years import asked_year, check_year, get_stream, year_choices
from budgets.workflow_claims import ClaimState
from common.errors import NotAllowed, RuleViolation
from common.japan.fiscal import fiscal_months, fiscal_year_label
from common.pdf import render_pdf

AMOUNTS = ("other_yen", "ineligible_yen", "income_yen", "granted_yen", "note", "version")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
@permission(Permission.APPORTION_VIEW)
def claim_list(request: ActorRequest) -> HttpResponse:
    """Every stream's settlement of a year, with the shares that add up."""
    year = asked_year(request)
    table = year_table(request.actor, year)
    context = {
        "table": table, "year": year, "label": fiscal_year_label(year), "years": year_choices(), "payers": exports.payers(table),
        "sums": exports.part_sums(table),
    }  # fmt: skip
    return render(request, "claims/list.html", context)


def _context(
    request: ActorRequest, year: int, stream: FundingStream, claim: GrantClaim | None
) -> dict[str, Any]:
    actor = request.actor
    runs = standing_runs(actor, year)
    line = claim_line(actor, year, stream, claim, runs=runs)
    is_typed = (claim is None or claim.is_draft) and actor.has(Permission.COST_EDIT)
    return {
        "other": other_costs(actor, year, stream) if is_typed else None,
        "line": line, "claim": claim, "stream": stream, "year": year, "label": fiscal_year_label(year),
        "parts": exports.part_rows(line), "periods": exports.period_rows(line), "months": year_months(actor, year, runs=runs),
        "monthly": exports.monthly_rows(line), "digest": line.inputs.digest(), "history": claims_of(actor, year, stream),
        "is_draft": claim is None or claim.is_draft, "may_edit": actor.has(Permission.COST_EDIT),
        "may_file": actor.has(Permission.MONTH_LOCK) and claim is not None and claim.is_draft and line.table is not None,
        "may_correct": actor.has(Permission.COST_EDIT) and claim is not None and claim.state == ClaimState.FILED,
        "correct_form": CorrectForm(),
    }  # fmt: skip


def _current(request: ActorRequest, year: int, stream: FundingStream) -> GrantClaim | None:
    rows = GrantClaim.objects.visible_to(request.actor).filter(stream=stream, fiscal_year=year)
    rows = rows.exclude(state=ClaimState.CORRECTED).select_related("stream", "filed_by", "corrects")
    return rows.order_by("-revision").first()


@require_http_methods(["GET", "POST"])
@permission(Permission.APPORTION_VIEW)
def claim(request: ActorRequest, year: int, code: str) -> HttpResponse:
    """One stream's table; its amounts while it is a draft."""
    stream = get_stream(request, code)
    current = _current(request, check_year(year), stream)
    if request.method == "POST":
        if not request.actor.has(Permission.COST_EDIT):
            raise PermissionDenied
        form = ClaimForm(request.POST)
        if form.is_valid() and _save(request, form, stream, year):
            messages.success(request, "精算の金額を保存しました。")
            return redirect("claims:claim", year=year, code=code)
        context = _context(request, year, stream, current) | {"form": form}
        return render(request, "claims/claim.html", context, status=422)
    zero = {"other_yen": 0, "ineligible_yen": 0, "income_yen": 0, "version": 0}
    initial = {n: getattr(current, n) for n in AMOUNTS} if current is not None else zero
    context = _context(request, year, stream, current) | {"form": ClaimForm(initial=initial)}
    return render(request, "claims/claim.html", context)


def _save(request: ActorRequest, form: ClaimForm, stream: FundingStream, year: int) -> bool:
    try:
        save_claim(
            stream=stream, fiscal_year=year, data=form.data_of(), version=form.cleaned_data["version"], actor=request.actor,
            at=timezone.now(),
        )  # fmt: skip
    except NotAllowed:
        raise
    except RuleViolation as violation:
        form.add_error(violation.field if violation.field in form.fields else None, violation.message)
        return False
    return True


@require_safe
@permission(Permission.APPORTION_VIEW)
def revision(request: ActorRequest, pk: int) -> HttpResponse:
    """A claim as it was filed, also after another took its place."""
    rows = GrantClaim.objects.visible_to(request.actor).select_related("stream", "filed_by", "corrects")
    row = scoped_get(rows, request, log=None, pk=pk)
    context = _context(request, row.fiscal_year, row.stream, row) | {"only_read": True}
    return render(request, "claims/claim.html", context)


def _get_claim(request: ActorRequest, pk: int) -> GrantClaim:
    return scoped_get(
        GrantClaim.objects.visible_to(request.actor).select_related("stream"), request, log=None, pk=pk
    )


@require_POST
@permission(Permission.MONTH_LOCK)
def file(request: ActorRequest, pk: int) -> HttpResponse:
    """File exactly the table that was shown, with the amounts that stand beside it."""
    row = _get_claim(request, pk)
    form = ClaimForm(request.POST) if "other_yen" in request.POST else None
    try:
        if form is not None and not form.is_valid():
            raise RuleViolation(UNSAVED)  # what cannot be read cannot be what is saved
        file_claim(
            claim=row,
            typed=form.data_of() if form is not None else None,
            expected_hash=request.POST.get("digest", ""),
            actor=request.actor,
            at=timezone.now(),
        )
    except NotAllowed:
        raise
    except RuleViolation as violation:
        shown = form or ClaimForm(initial={n: getattr(row, n) for n in AMOUNTS})
        context = _context(request, row.fiscal_year, row.stream, row) | {
            "form": shown,
            "violation": violation,
        }
        return render(request, "claims/claim.html", context, status=422)
    messages.success(request, "精算を提出済みにしました。これより後は、訂正の精算として直します。")
    return redirect("claims:claim", year=row.fiscal_year, code=row.stream.code)


@require_POST
@permission(Permission.COST_EDIT)
def correct(request: ActorRequest, pk: int) -> HttpResponse:
    """Begin the claim that will take the place of this one."""
    row, form = _get_claim(request, pk), CorrectForm(request.POST)
    if form.is_valid():
        correct_claim(claim=row, reason=form.cleaned_data["reason"], actor=request.actor, at=timezone.now())
        messages.success(request, "訂正の精算を作りました。提出するまで、前の精算がそのまま有効です。")
        return redirect("claims:claim", year=row.fiscal_year, code=row.stream.code)
    context = _context(request, row.fiscal_year, row.stream, row) | {"correct_form": form}
    return render(request, "claims/claim.html", context, status=422)


@require_http_methods(["GET", "POST"])
@permission(Permission.COST_EDIT)
def shares(request: ActorRequest, year: int, code: str) -> HttpResponse:
    """Shares that are others from a month of the year on."""
    stream, months = get_stream(request, code), fiscal_months(check_year(year))[1:]
    status = 200
    if request.method == "POST":
        form = ShareChangeForm(request.POST, months=months)
        if form.is_valid() and _change(request, form, stream):
            messages.success(request, "年度途中の負担割合を保存しました。")
            return redirect("claims:claim", year=year, code=code)
        status = 422
    else:
        form = ShareChangeForm(months=months)
    context = {
        "form": form, "stream": stream, "year": year, "label": fiscal_year_label(year),
        "rows": exports.change_rows(share_changes(request.actor, year).get(stream.pk, ())),
    }  # fmt: skip
    return render(request, "claims/shares.html", context, status=status)


def _change(request: ActorRequest, form: ShareChangeForm, stream: FundingStream) -> bool:
    try:
        change_shares(
            stream=stream, first=date.fromisoformat(form.cleaned_data["first"]), shares=form.shares(),
            source=form.cleaned_data["source"], actor=request.actor, at=timezone.now(),
        )  # fmt: skip
    except NotAllowed:
        raise
    except RuleViolation as violation:
        field = f"share_{Payer.STATE}" if violation.field == "shares" else violation.field
        form.add_error(field if field in form.fields else None, violation.message)
        return False
    return True


def _table(request: ActorRequest, year: int) -> exports.Statement:
    table = year_table(request.actor, check_year(year))
    log_reads(request, AccessKind.EXPORT, "budgets.grantclaim", str(year))
    return exports.statement(table, year, request.actor, timezone.now())


def _file(content: bytes, content_type: str, name: str) -> HttpResponse:
    return HttpResponse(
        content, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@require_safe
@permission(Permission.APPORTION_VIEW)
def xlsx(request: ActorRequest, year: int) -> HttpResponse:
    """The table with live formulas: whoever changes an amount sees the new 所要額."""
    return _file(exports.to_xlsx(_table(request, year)), XLSX, f"seisan-{year}.xlsx")


@require_safe
@permission(Permission.APPORTION_VIEW)
def csv(request: ActorRequest, year: int) -> HttpResponse:
    cp932 = request.GET.get("encoding") == "cp932"
    content = exports.to_csv(_table(request, year), cp932=cp932)
    return _file(content, f"text/csv; charset={'shift_jis' if cp932 else 'utf-8'}", f"seisan-{year}.csv")


@require_safe
@permission(Permission.APPORTION_VIEW)
def pdf(request: ActorRequest, year: int) -> HttpResponse:
    data = _table(request, year)
    context = exports.pdf_context(data) | {"actor": request.actor}
    return _file(
        render_pdf("claims/settlement_pdf.html", context, request=request),
        "application/pdf",
        f"seisan-{year}.pdf",
    )
