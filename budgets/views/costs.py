"""人件費: the grid of a month, and importing it from a file with a preview."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.core import signing
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import permission
from accounts.http import ActorRequest
from accounts.models import Agency, Staff
from accounts.roles import Permission
from budgets.actions.personnel_costs import CostLine, set_costs
from budgets.cost_file import agencies_of, read_cost_file
from budgets.forms.costs import CostFileForm, CostsForm
from budgets.models import PersonnelCost, WorkEntry, WorkMonth
from budgets.views.months import parse_key
from common.errors import NotAllowed, RuleViolation
from common.tabular import BrokenTable, write_csv

SALT = "kyosei.cost-import"


def _workers(request: ActorRequest, month: date) -> list[Staff]:
    """Everybody with minutes or a cost in the month."""
    actor = request.actor
    return list(
        Staff.objects.visible_to(actor)
        .filter(
            pk__in=WorkEntry.objects.visible_to(actor)
            .of_month(month)
            .values("staff_id")
            .union(PersonnelCost.objects.visible_to(actor).filter(month=month).values("staff_id"))
        )
        .order_by("kana", "pk")
    )


def _rows(request: ActorRequest, month: date, form: CostsForm) -> list[tuple[Staff, str, Any]]:
    """Worker, agency in the month, field."""
    of = agencies_of([staff.pk for staff in form.workers], month)
    agencies = Agency.objects.visible_to(request.actor).in_bulk(set(of.values()))
    return [
        (staff, agencies[of[staff.pk]].short_name if of.get(staff.pk) in agencies else "", field)
        for staff, field in form.rows()
    ]


def _lines(request: ActorRequest, month: date, given: list[tuple[Staff, int]]) -> list[CostLine]:
    of = agencies_of([staff.pk for staff, _ in given], month)
    agencies = Agency.objects.visible_to(request.actor).in_bulk(set(of.values()))
    missing = [staff.name for staff, _ in given if staff.pk not in of]
    if missing:
        raise RuleViolation(f"この月に辞令のない職員です: {'、'.join(missing)}。所属を確かめてください。")
    return [CostLine(staff, agencies[of[staff.pk]], yen) for staff, yen in given]


@require_http_methods(["GET", "POST"])
@permission(Permission.COST_EDIT)
def costs(request: ActorRequest, key: str) -> HttpResponse:
    """The month's grid; all is saved or nothing."""
    month = parse_key(key)
    workers = _workers(request, month)
    stored = dict(
        PersonnelCost.objects.visible_to(request.actor).filter(month=month).values_list("staff_id", "yen")
    )
    row = WorkMonth.objects.visible_to(request.actor).filter(month=month).first()
    form = CostsForm(
        request.POST or None, workers=workers, initial={f"yen_{pk}": f"{yen:,}" for pk, yen in stored.items()}
    )
    if request.method == "POST" and form.is_valid():
        try:
            changed = set_costs(
                month=month,
                lines=_lines(request, month, form.given()),
                actor=request.actor,
                at=timezone.now(),
            )
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, f"人件費を保存しました（{changed}件の変更）。")
            return redirect("apportionment:month", key=key)
    context = {
        "form": form, "month": month, "key": key, "rows": _rows(request, month, form), "total": sum(stored.values()),
        "is_locked": bool(row and row.is_locked), "file_form": CostFileForm(),
    }  # fmt: skip
    return render(request, "apportionment/costs.html", context, status=422 if form.is_bound else 200)


@require_safe
@permission(Permission.COST_EDIT)
def template(request: ActorRequest, key: str) -> HttpResponse:
    """An empty file with the month's workers, to be filled and imported."""
    month = parse_key(key)
    rows = [["職員番号", "氏名", "人件費"], *([s.username, s.name, ""] for s in _workers(request, month))]
    return HttpResponse(
        write_csv(rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="jinkenhi-{key}.csv"'},
    )


@require_POST
@permission(Permission.COST_EDIT)
def cost_import(request: ActorRequest, key: str) -> HttpResponse:
    """Read a file and show what would change; every bad row is listed and nothing is written."""
    month = parse_key(key)
    form = CostFileForm(request.POST, request.FILES)
    context: dict[str, Any] = {"month": month, "key": key, "file_form": form}
    if not form.is_valid():
        return render(request, "apportionment/import.html", context, status=422)
    file = form.cleaned_data["file"]
    try:
        rows = read_cost_file(file.name, file.read(), actor=request.actor)
    except BrokenTable as broken:
        return render(request, "apportionment/import.html", context | {"broken": broken}, status=422)
    except RuleViolation as violation:
        form.add_error("file", violation.message)
        return render(request, "apportionment/import.html", context, status=422)
    stored = dict(
        PersonnelCost.objects.visible_to(request.actor).filter(month=month).values_list("staff_id", "yen")
    )
    payload = {"key": key, "rows": [[r.staff.pk, r.yen] for r in rows], "stored": sorted(stored.items())}
    preview: list[dict[str, Any]] = [
        {"row": r, "before": stored.get(r.staff.pk), "changed": stored.get(r.staff.pk) != r.yen} for r in rows
    ]
    context |= {
        "preview": preview, "payload": signing.dumps(payload, salt=SALT, compress=True),
        "changes": sum(p["changed"] for p in preview), "total": sum(r.yen for r in rows),
    }  # fmt: skip
    return render(request, "apportionment/import.html", context)


@require_POST
@permission(Permission.COST_EDIT)
def cost_confirm(request: ActorRequest, key: str) -> HttpResponse:
    """Write what the preview showed, exactly; a change in between sends back to the file."""
    month = parse_key(key)
    try:
        payload = signing.loads(request.POST.get("payload", ""), salt=SALT, max_age=3600)
    except signing.BadSignature:
        payload = None
    stored = sorted(
        PersonnelCost.objects.visible_to(request.actor).filter(month=month).values_list("staff_id", "yen")
    )
    if payload is None or payload["key"] != key or [tuple(p) for p in payload["stored"]] != stored:
        messages.error(
            request, "確認のあとに人件費が変わったか、時間がたちました。もう一度ファイルを選んでください。"
        )
        return redirect("apportionment:costs", key=key)
    people = Staff.objects.visible_to(request.actor).in_bulk([pk for pk, _ in payload["rows"]])
    try:
        given = [(people[pk], yen) for pk, yen in payload["rows"]]
        changed = set_costs(
            month=month, lines=_lines(request, month, given), actor=request.actor, at=timezone.now()
        )
    except NotAllowed:
        raise
    except RuleViolation as violation:
        messages.error(request, violation.message)
        return redirect("apportionment:costs", key=key)
    messages.success(request, f"人件費を取り込みました（{changed}件の変更）。")
    return redirect("apportionment:month", key=key)
