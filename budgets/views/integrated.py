"""重層的支援体制整備事業交付金: base amounts per field, the added programmes, and the report by field."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import log_reads, permission, scoped_get
from accounts.http import ActorRequest
from accounts.roles import Permission
from audit.models import AccessKind
from budgets.actions.integrated import LineData, open_year, set_line
from budgets.forms.settings import FractionField
from budgets.models import IntegratedGrantLine
from budgets.selectors_integrated import (
    HEAD,
    conditions,
    field_rows,
    grant_report,
    report_rows,
    to_xlsx,
)
from common.errors import NotAllowed, RuleViolation
from common.forms import KyoseiForm, VersionField, YenField
from common.japan.fiscal import fiscal_year, fiscal_year_label
from common.pdf import render_pdf


class LineForm(KyoseiForm):
    version = VersionField()
    standard_yen = YenField(label="基準額（円）", required=False, help_text="基準額の定めがなければ空欄")
    total_yen = YenField(label="総事業費（円）", required=False)
    income_yen = YenField(label="寄附金その他の収入額（円）", required=False, help_text="なければ0と入れます")
    eligible_yen = YenField(label="対象経費の実支出額（円）", required=False)
    rate = FractionField(label="国の補助率", help_text="例：3/4、38.5%")
    granted_yen = YenField(label="交付決定額（円）", required=False)
    source = forms.CharField(label="出典", max_length=200, required=False)
    needs_check = forms.BooleanField(label="要確認", required=False)


def _year(request: ActorRequest) -> int:
    asked = request.GET.get("year", "") or request.POST.get("year", "")
    return (
        int(asked) if asked.isdecimal() and 2000 <= int(asked) <= 2100 else fiscal_year(timezone.localdate())
    )


@require_safe
@permission(Permission.APPORTION_VIEW)
def report(request: ActorRequest) -> HttpResponse:
    """Programme by programme, then field by field."""
    year, this_year = _year(request), fiscal_year(timezone.localdate())
    context = {
        "report": grant_report(request.actor, year), "year": year, "label": fiscal_year_label(year),
        "years": [(y, fiscal_year_label(y)) for y in range(this_year + 1, this_year - 4, -1)],
        "may_edit": request.actor.has(Permission.COST_EDIT),
    }  # fmt: skip
    return render(request, "apportionment/integrated.html", context)


@require_POST
@permission(Permission.COST_EDIT)
def open_lines(request: ActorRequest) -> HttpResponse:
    """The shipped programmes of a year."""
    year = _year(request)
    try:
        made = open_year(year=year, actor=request.actor, at=timezone.now())
    except NotAllowed:
        raise
    except RuleViolation as violation:
        messages.error(request, violation.message)
    else:
        messages.success(
            request, f"{fiscal_year_label(year)}の事業を{made}件用意しました。金額はまだ入っていません。"
        )
    return redirect(f"{reverse('apportionment:integrated')}?year={year}")


@require_http_methods(["GET", "POST"])
@permission(Permission.COST_EDIT)
def edit(request: ActorRequest, pk: int) -> HttpResponse:
    """Amounts of one programme."""
    row = scoped_get(IntegratedGrantLine.objects.visible_to(request.actor), request, log=None, pk=pk)
    is_post = request.method == "POST"
    names = (
        "version",
        "standard_yen",
        "total_yen",
        "income_yen",
        "eligible_yen",
        "granted_yen",
        "source",
        "needs_check",
    )
    form = LineForm(
        request.POST if is_post else None,
        initial={name: getattr(row, name) for name in names}
        | {"rate": f"{row.rate_numerator}/{row.rate_denominator}"},
    )
    if is_post and form.is_valid():
        data = form.cleaned_data
        try:
            set_line(line=row, data=LineData(**data), actor=request.actor, at=timezone.now())
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, f"{row.name}を保存しました。")
            return redirect(f"{reverse('apportionment:integrated')}?year={row.fiscal_year}")
    context = {"form": form, "row": row, "label": fiscal_year_label(row.fiscal_year)}
    return render(request, "apportionment/integrated_edit.html", context, status=422 if is_post else 200)


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    return HttpResponse(
        content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@require_safe
@permission(Permission.APPORTION_VIEW)
def xlsx(request: ActorRequest) -> HttpResponse:
    year = _year(request)
    log_reads(request, AccessKind.EXPORT, "budgets.integratedgrantline", str(year))
    content = to_xlsx(request.actor, grant_report(request.actor, year), timezone.now())
    return _file(
        content, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", f"juso-{year}.xlsx"
    )


@require_safe
@permission(Permission.APPORTION_VIEW)
def pdf(request: ActorRequest) -> HttpResponse:
    year = _year(request)
    log_reads(request, AccessKind.EXPORT, "budgets.integratedgrantline", str(year))
    found = grant_report(request.actor, year)
    context = {
        "title": f"重層的支援体制整備事業交付金　{fiscal_year_label(year)}", "head": HEAD, "rows": report_rows(found),
        "fields": field_rows(found), "conditions": conditions(request.actor, found, timezone.now()), "actor": request.actor,
    }  # fmt: skip
    content = render_pdf("apportionment/integrated_pdf.html", context, request=request)
    return _file(content, "application/pdf", f"juso-{year}.pdf")
