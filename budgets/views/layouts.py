"""Files for other systems: layouts saved by name, and the files they make."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import log_reads, permission, scoped_get
from accounts.http import ActorRequest
from accounts.roles import Permission
from audit.models import AccessKind
from budgets.actions.export_layouts import remove_layout, save_layout
from budgets.forms.layouts import LayoutForm, to_text
from budgets.models import ExportLayout
from budgets.settlement.layouts import default_columns, to_csv
from budgets.views.claim_years import asked_year, check_year, year_choices
from budgets.workflow_claims import LayoutKind
from common.errors import NotAllowed, RuleViolation
from common.japan.fiscal import fiscal_year_label


@require_safe
@permission(Permission.APPORTION_VIEW)
def layouts(request: ActorRequest) -> HttpResponse:
    """The saved layouts, each with its file of the chosen year."""
    year = asked_year(request)
    rows = ExportLayout.objects.visible_to(request.actor).select_related("changed_by").order_by("name")
    context = {
        "rows": list(rows), "year": year, "label": fiscal_year_label(year), "years": year_choices(),
        "may_edit": request.actor.has(Permission.COST_EDIT),
    }  # fmt: skip
    return render(request, "claims/layouts.html", context)


def _get(request: ActorRequest, pk: int) -> ExportLayout:
    return scoped_get(ExportLayout.objects.visible_to(request.actor), request, log=None, pk=pk)


@require_http_methods(["GET", "POST"])
@permission(Permission.COST_EDIT)
def layout_new(request: ActorRequest) -> HttpResponse:
    kind = request.GET.get("kind", "")
    chosen = LayoutKind(kind) if kind in LayoutKind.values else LayoutKind.ACTUALS
    initial = {"version": 0, "kind": chosen, "has_header": True, "columns": to_text(default_columns(chosen))}
    return _edit(request, None, initial)


@require_http_methods(["GET", "POST"])
@permission(Permission.COST_EDIT)
def layout_edit(request: ActorRequest, pk: int) -> HttpResponse:
    row = _get(request, pk)
    initial = {name: getattr(row, name) for name in ("version", "name", "kind", "encoding", "has_header")}
    return _edit(request, row, initial | {"columns": to_text(row.columns)})


def _edit(request: ActorRequest, row: ExportLayout | None, initial: dict[str, object]) -> HttpResponse:
    status = 200
    if request.method == "POST":
        form = LayoutForm(request.POST)
        if form.is_valid():
            try:
                save_layout(
                    layout=row, data=form.data_of(), version=form.cleaned_data["version"], actor=request.actor, at=timezone.now()
                )  # fmt: skip
            except NotAllowed:
                raise
            except RuleViolation as violation:
                form.add_error(violation.field if violation.field in form.fields else None, violation.message)
            else:
                messages.success(request, "列の型を保存しました。")
                return redirect("claims:layouts")
        status = 422
    else:
        form = LayoutForm(initial=initial)
    return render(request, "claims/layout_edit.html", {"form": form, "row": row}, status=status)


@require_POST
@permission(Permission.COST_EDIT)
def layout_remove(request: ActorRequest, pk: int) -> HttpResponse:
    remove_layout(layout=_get(request, pk), actor=request.actor, at=timezone.now())
    messages.success(request, "列の型を消しました。")
    return redirect("claims:layouts")


@require_safe
@permission(Permission.APPORTION_VIEW)
def layout_file(request: ActorRequest, pk: int, year: int) -> HttpResponse:
    """The file of a year in the columns of the layout."""
    row = _get(request, pk)
    content = to_csv(request.actor, row, check_year(year))
    log_reads(request, AccessKind.EXPORT, "budgets.exportlayout", f"{row.pk}:{year}")
    charset = "shift_jis" if row.encoding == "cp932" else "utf-8"
    return HttpResponse(
        content,
        content_type=f"text/csv; charset={charset}",
        headers={"Content-Disposition": f'attachment; filename="{row.kind}-{year}.csv"'},
    )
