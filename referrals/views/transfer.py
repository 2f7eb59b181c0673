"""年度替わりの引き継ぎ: the rule, the preview with a person for each case, the progress, and undoing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import permission, scoped_get
from accounts.http import ActorRequest
from accounts.models import Staff
from accounts.roles import Permission
from cases.models import Case
from common.errors import NotAllowed, RuleViolation
from common.keyset import Sort, paginate
from referrals.actions import transfer_cases as actions
from referrals.forms.transfer import RowsForm, RuleForm
from referrals.models import Transfer, TransferRow
from referrals.selectors_transfer import WORKING, per_worker, progress_of, rows_of
from referrals.transfer_rules import areas_of, colleagues
from referrals.workflow_transfer import RowState, TransferState

SORTS = {"id": Sort("順", ["pk"])}
SHOWS = {"": "すべて", "blocked": "移せないもの", "moved": "移したもの"}
PAGE = 50


def _get(request: ActorRequest, pk: int) -> Transfer:
    rows = Transfer.objects.visible_to(request.actor).select_related("agency", "made_by", "planned_by")
    return scoped_get(rows, request, log=None, pk=pk)


@require_safe
@permission(Permission.HAND_OVER)
def transfers(request: ActorRequest) -> HttpResponse:
    agency, _ = request.actor.office()
    rows = Transfer.objects.visible_to(request.actor).select_related("made_by").order_by("-made_at", "-pk")
    return render(request, "referrals/transfer_list.html", {"rows": rows[:50], "agency": agency})


def _april(today: date) -> date:
    """The next 1 April, from today on."""
    this = date(today.year, 4, 1)
    return this if today <= this else date(today.year + 1, 4, 1)


@require_http_methods(["GET", "POST"])
@permission(Permission.HAND_OVER)
def new(request: ActorRequest) -> HttpResponse:
    """The rule; it makes a draft that moves nothing."""
    agency, _ = request.actor.office()
    today = timezone.localdate()
    day = _april(today)
    led = Case.objects.visible_to(request.actor).open().filter(lead_agency=agency).values("lead_staff_id")
    holders = list(Staff.objects.visible_to(request.actor).filter(pk__in=led).order_by("kana", "pk"))
    now = {s.pk: s for s in colleagues(agency, today, request.actor)}
    people = list((now | {s.pk: s for s in colleagues(agency, day, request.actor)}).values())
    form = RuleForm(
        request.POST or None, holders=holders, colleagues=people, areas=areas_of(agency, request.actor),
        initial={"effective_on": day, "request_key": uuid4()},
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.draft_transfer(
                rule=form.rule(), effective_on=form.cleaned_data["effective_on"], note=form.cleaned_data["note"],
                actor=request.actor, at=timezone.now(), request_key=form.cleaned_data["request_key"],
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            return redirect("handover:transfer", pk=made.pk)
    context = {"form": form, "agency": agency}
    return render(request, "referrals/transfer_new.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@permission(Permission.HAND_OVER)
def detail(request: ActorRequest, pk: int) -> HttpResponse:
    """The preview while it is a draft (POST keeps what was chosen on this page), afterwards what became of each case."""
    transfer = _get(request, pk)
    show = request.GET.get("show", "") if request.GET.get("show", "") in SHOWS else ""
    rows = rows_of(transfer, request.actor)
    if show == "blocked":
        rows = rows.exclude(blocked="")
    elif show == "moved":
        rows = rows.filter(state=RowState.MOVED)
    page = paginate(rows, request_get=request.GET, sorts=SORTS, default="id", page_size=PAGE)
    people = colleagues(transfer.agency, transfer.effective_on, request.actor)
    form = RowsForm(
        request.POST if request.method == "POST" else None, rows=list(page.rows), colleagues=people,
        day=transfer.effective_on,
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        try:
            actions.choose_rows(
                transfer=transfer, chosen=form.chosen(), actor=request.actor, at=timezone.now()
            )
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, "このページの引き継ぐ人と申し送りを保存しました。")
            return redirect(request.get_full_path())
    context = _context(transfer, request) | {"form": form, "page": page, "show": show, "shows": SHOWS}
    return render(request, "referrals/transfer.html", context, status=422 if form.is_bound else 200)


def _context(transfer: Transfer, request: ActorRequest) -> dict[str, Any]:
    return {
        "transfer": transfer, "progress": progress_of(transfer, request.actor), "is_working": transfer.state in WORKING,
        "is_draft": transfer.state == TransferState.DRAFT, "today": timezone.localdate(),
        "workers": per_worker(transfer, request.actor),
    }  # fmt: skip


@require_safe
@permission(Permission.HAND_OVER)
def progress(request: ActorRequest, pk: int) -> HttpResponse:
    """How far the job is; asked every two seconds by the page that waits."""
    return render(request, "referrals/_transfer_progress.html", _context(_get(request, pk), request))


def _do(request: ActorRequest, pk: int, action: Callable[..., object], done: str) -> HttpResponse:
    transfer = _get(request, pk)
    try:
        action(transfer=transfer, actor=request.actor, at=timezone.now())
    except NotAllowed:
        raise
    except RuleViolation as violation:
        messages.error(request, violation.message)
    else:
        messages.success(request, done)
    return redirect("handover:transfer", pk=pk)


@require_POST
@permission(Permission.HAND_OVER)
def plan(request: ActorRequest, pk: int) -> HttpResponse:
    return _do(
        request,
        pk,
        actions.plan_transfer,
        "引き継ぎを決めました。その日になると移します（今日なら、すぐに始まります）。",
    )


@require_POST
@permission(Permission.HAND_OVER)
def drop(request: ActorRequest, pk: int) -> HttpResponse:
    return _do(request, pk, actions.drop_transfer, "引き継ぎを取りやめました。何も移していません。")


@require_POST
@permission(Permission.HAND_OVER)
def undo(request: ActorRequest, pk: int) -> HttpResponse:
    return _do(
        request,
        pk,
        actions.undo_transfer,
        "元に戻しています。そのあと担当者が変わったケースは、そのままにします。",
    )


@require_POST
@permission(Permission.HAND_OVER)
def row_undo(request: ActorRequest, pk: int, row_pk: int) -> HttpResponse:
    """One case goes back."""
    rows = TransferRow.objects.visible_to(request.actor).select_related("transfer", "case")
    row = scoped_get(rows, request, log=None, pk=row_pk, transfer=pk)
    try:
        actions.undo_row(row=row, actor=request.actor, at=timezone.now())
    except NotAllowed:
        raise
    except RuleViolation as violation:
        messages.error(request, f"{row.case.number}：{violation.message}")
    else:
        messages.success(request, f"{row.case.number}を前の担当者に戻しました。")
    return redirect("handover:transfer", pk=pk)
