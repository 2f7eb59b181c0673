"""人件費: the grid of a month, and importing it from a file with a preview."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.contrib import messages
from django.core import signing
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import permission, scoped_get
from accounts.http import ActorRequest
from accounts.models import Agency, Staff
from accounts.roles import Permission
from budgets.actions.cost_columns import drop_upload, keep_upload, remember_columns
from budgets.actions.personnel_costs import CostLine, set_costs
from budgets.cost_file import (
    TARGETS,
    agencies_of,
    headings_of,
    known_columns,
    proposed,
    read_cost_file,
    signature,
)
from budgets.enums import CostItem
from budgets.forms.costs import ColumnsForm, CostFileForm, CostItemsForm, CostsForm
from budgets.models import CostColumnMap, CostUpload, PersonnelCost, WorkEntry, WorkMonth
from budgets.views.months import parse_key
from common.errors import NotAllowed, RuleViolation
from common.tabular import write_csv

SALT = "kyosei.cost-import"
PAGE_WORKERS = 100  # of the grid


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


def _rows(
    request: ActorRequest, month: date, form: CostsForm | CostItemsForm
) -> list[tuple[Staff, str, Any]]:
    """Worker, agency in the month, field (or the fields of the items)."""
    of = agencies_of([staff.pk for staff in form.workers], month)
    agencies = Agency.objects.visible_to(request.actor).in_bulk(set(of.values()))
    return [
        (staff, agencies[of[staff.pk]].short_name if of.get(staff.pk) in agencies else "", field)
        for staff, field in form.rows()
    ]


Given = tuple[Staff, int, Mapping[str, int]]


def _lines(request: ActorRequest, month: date, given: Sequence[Given]) -> list[CostLine]:
    of = agencies_of([staff.pk for staff, *_ in given], month)
    agencies = Agency.objects.visible_to(request.actor).in_bulk(set(of.values()))
    missing = [staff.name for staff, *_ in given if staff.pk not in of]
    if missing:
        raise RuleViolation(f"この月に辞令のない職員です: {'、'.join(missing)}。所属を確かめてください。")
    return [CostLine(staff, agencies[of[staff.pk]], yen, items) for staff, yen, items in given]


@require_http_methods(["GET", "POST"])
@permission(Permission.COST_EDIT)
def costs(request: ActorRequest, key: str) -> HttpResponse:
    """The month's grid, by the sum or by 費目 (``?by=items``), a page of workers at a time; all of it is saved or nothing."""
    month = parse_key(key)
    workers, asked = _workers(request, month), request.GET.get("page", "")
    pages = max(1, -(-len(workers) // PAGE_WORKERS))
    page = min(max(int(asked), 1), pages) if asked.isdecimal() and len(asked) < 9 else 1
    by_items = request.GET.get("by") == "items"
    shown = workers[(page - 1) * PAGE_WORKERS : page * PAGE_WORKERS]
    stored = {
        row.staff_id: row for row in PersonnelCost.objects.visible_to(request.actor).filter(month=month)
    }
    row = WorkMonth.objects.visible_to(request.actor).filter(month=month).first()
    form = _cost_form(request, shown, stored, by_items=by_items)
    if request.method == "POST" and form.is_valid():
        try:
            changed = set_costs(
                month=month,
                lines=_lines(request, month, _given(form)),
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
        "form": form, "month": month, "key": key, "rows": _rows(request, month, form), "total": sum(cost.yen for cost in stored.values()),
        "by_items": by_items, "items": list(CostItem), "page": page, "numbers": range(1, pages + 1), "pages": pages,
        "is_locked": bool(row and row.is_locked), "file_form": CostFileForm(),
    }  # fmt: skip
    return render(request, "apportionment/costs.html", context, status=422 if form.is_bound else 200)


def _cost_form(
    request: ActorRequest, workers: Sequence[Staff], stored: Mapping[int, PersonnelCost], *, by_items: bool
) -> CostsForm | CostItemsForm:
    data = request.POST or None
    if by_items:
        initial = {f"{item}_{pk}": yen for pk, cost in stored.items() for item, yen in cost.items.items()}
        return CostItemsForm(data, workers=workers, initial=initial)
    initial = {f"yen_{pk}": cost.yen for pk, cost in stored.items()}
    return CostsForm(data, workers=workers, initial=initial)


def _given(form: CostsForm | CostItemsForm) -> list[Given]:
    if isinstance(form, CostItemsForm):
        return [(staff, sum(items.values()), items) for staff, items in form.given()]
    return [(staff, yen, {}) for staff, yen in form.given()]


@require_safe
@permission(Permission.COST_EDIT)
def template(request: ActorRequest, key: str) -> HttpResponse:
    """An empty file with the month's workers, to be filled and imported."""
    month = parse_key(key)
    heads = ["職員番号", "氏名", *(item.label for item in CostItem)]
    rows = [heads, *([s.username, s.name, *[""] * len(CostItem)] for s in _workers(request, month))]
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
    data = file.read()
    try:
        headings = headings_of(file.name, data)
        columns = known_columns(headings)
        if columns is None:
            saved = (
                CostColumnMap.objects.visible_to(request.actor).filter(signature=signature(headings)).first()
            )
            columns = saved.columns if saved else None
    except RuleViolation as violation:
        return render(request, "apportionment/import.html", context | {"broken": violation}, status=422)
    if columns is None:
        row = keep_upload(month=month, name=file.name, data=data, actor=request.actor, at=timezone.now())
        return redirect("apportionment:cost_columns", key=key, pk=row.pk)
    return _preview(request, key, file.name, data, columns)


@require_http_methods(["GET", "POST"])
@permission(Permission.COST_EDIT)
def cost_columns(request: ActorRequest, key: str, pk: int) -> HttpResponse:
    """What the columns of a file are: asked once for each kind of file, and remembered."""
    month = parse_key(key)
    upload = scoped_get(
        CostUpload.objects.visible_to(request.actor).filter(month=month), request, log=None, pk=pk
    )
    data = bytes(upload.data)
    headings = headings_of(upload.name, data)
    guess = proposed([h for h in headings if h])
    form = ColumnsForm(
        request.POST or None, headings=headings,
        initial={f"column_{n}": guess[h] for n, h in enumerate(h for h in headings if h)},
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        columns = {h: target for h, target in form.columns().items() if target}
        try:
            remember_columns(headings=headings, columns=columns, actor=request.actor, at=timezone.now())
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            drop_upload(upload=upload, actor=request.actor, at=timezone.now())
            return _preview(request, key, upload.name, data, columns)
    context = {"month": month, "key": key, "form": form, "upload": upload}
    return render(request, "apportionment/columns.html", context, status=422 if form.is_bound else 200)


def _preview(
    request: ActorRequest, key: str, name: str, data: bytes, columns: Mapping[str, str]
) -> HttpResponse:
    """What the file would change, or every bad row of it."""
    month = parse_key(key)
    context: dict[str, Any] = {"month": month, "key": key, "file_form": CostFileForm(), "columns": columns}
    try:
        rows = read_cost_file(name, data, actor=request.actor, columns=columns)
    except RuleViolation as broken:
        return render(request, "apportionment/import.html", context | {"broken": broken}, status=422)
    stored = dict(
        PersonnelCost.objects.visible_to(request.actor).filter(month=month).values_list("staff_id", "yen")
    )
    payload = {
        "key": key, "rows": [[r.staff.pk, r.yen, r.items] for r in rows], "stored": sorted(stored.items()),
    }  # fmt: skip
    preview: list[dict[str, Any]] = [
        {
            "row": r, "before": stored.get(r.staff.pk), "changed": stored.get(r.staff.pk) != r.yen,
            "items": [(item.label, r.items[item.value]) for item in CostItem if item.value in r.items],
        }
        for r in rows
    ]  # fmt: skip
    context |= {
        "preview": preview, "payload": signing.dumps(payload, salt=SALT, compress=True),
        "changes": sum(p["changed"] for p in preview), "total": sum(r.yen for r in rows),
        "mapping": [(heading, TARGETS[target]) for heading, target in columns.items()],
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
    people = Staff.objects.visible_to(request.actor).in_bulk([pk for pk, *_ in payload["rows"]])
    try:
        given = [(people[pk], yen, items) for pk, yen, items in payload["rows"]]
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
