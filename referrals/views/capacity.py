"""受け入れの問い合わせ: the list of both ends, asking, answering, and the page of what is missing."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.access import log_reads, permission, scoped_get
from accounts.http import ActorRequest
from accounts.roles import Permission
from audit.models import AccessKind
from cases.models import Case
from common.errors import InvalidTransition, NotAllowed, RuleViolation
from common.japan.fiscal import fiscal_year, fiscal_year_label
from common.keyset import paginate
from common.tabular import write_csv
from referrals.actions.capacity import answer_capacity, ask_capacity, withdraw_capacity
from referrals.enums_outside import POSITIVE
from referrals.forms.capacity import CapacityForm, CapacityReplyForm
from referrals.models import CapacityAnswer, CapacityQuestion
from referrals.selectors_capacity import SORTS, for_list, gap_table, gaps, sees_exact, state_word
from referrals.views.tabs import referral_tabs

YEARS = 3


def _question(request: ActorRequest, pk: int) -> CapacityQuestion:
    return scoped_get(for_list(request.actor), request, log=None, pk=pk)


@permission(Permission.REFERRAL_VIEW)
def questions(request: ActorRequest) -> HttpResponse:
    """What we asked and what we were asked, the newest first."""
    actor, at = request.actor, timezone.now()
    page = paginate(for_list(actor), request_get=request.GET, sorts=SORTS, default="-asked", page_size=30)
    context = {
        "page": page,
        "rows": [_row(question, request, at) for question in page.rows],
        "tabs": referral_tabs(actor, "capacity"),
        "may_ask": actor.has(Permission.REFERRAL_SEND),
        "may_count": actor.has(Permission.COUNT_VIEW),
    }
    return render(request, "capacity/list.html", context)


def _row(question: CapacityQuestion, request: ActorRequest, at: datetime) -> dict[str, Any]:
    known: list[CapacityAnswer] = question.known  # type: ignore[attr-defined]
    is_ours = question.from_agency_id == request.actor.agency_id
    mine = next((a for a in known if a.agency_id == request.actor.agency_id), None)
    if is_ours:
        state = state_word(question, known, at)
    elif question.withdrawn_at is not None:
        state = "取り下げ"
    else:
        state = (mine.get_reply_display() if mine and mine.reply else "") or "返事が必要"
    return {
        "question": question, "is_ours": is_ours, "mine": mine, "state": state,
        "answered": sum(bool(a.reply) for a in known), "sent": len(known),
        "is_open": question.withdrawn_at is None and any(not a.reply for a in known),
    }  # fmt: skip


def _case(request: ActorRequest) -> Case | None:
    number = request.GET.get("case", "")
    if not number:
        return None
    cases = Case.objects.visible_to(request.actor).select_related("household__area", "lead_agency")
    return scoped_get(cases, request, log=None, number=number)


@permission(Permission.REFERRAL_SEND)
def new(request: ActorRequest) -> HttpResponse:
    """Asking, from a case (``?case=``, which nobody else learns of) or from nothing."""
    case, at = _case(request), timezone.now()
    if request.method != "POST":
        initial = {"area": case.household.area_id} if case and case.household.area_id else {}
        form = CapacityForm(actor=request.actor, at=at, initial=initial)
        return render(request, "capacity/new.html", {"case": case, "form": form})
    form = CapacityForm(request.POST, actor=request.actor, at=at)
    if form.is_valid():
        data = form.cleaned_data
        try:
            question = ask_capacity(
                agencies=list(data["agencies"]), theme=data["theme"], area=data["area"], text=data["text"],
                period=data["period"], deadline_at=form.deadline_at(), actor=request.actor, at=at,
                request_key=UUID(str(data["request_key"])), case=case, is_checked=data["is_checked"],
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, "問い合わせました。返事を待っています。")
            return redirect("capacity:detail", pk=question.pk)
    return render(request, "capacity/new.html", {"case": case, "form": form}, status=422)


@permission(Permission.REFERRAL_VIEW)
def detail(request: ActorRequest, pk: int) -> HttpResponse:
    """One question with the answers that the reader may know; who was asked answers here."""
    question, at, status = _question(request, pk), timezone.now(), 200
    row = _row(question, request, at)
    mine: CapacityAnswer | None = row["mine"]
    may_answer = (
        mine is not None
        and mine.referral_id is None
        and question.withdrawn_at is None
        and request.actor.has(Permission.REFERRAL_ANSWER)
    )
    initial = {"reply": mine.reply, "note": mine.note} if mine and mine.reply else {}
    form = CapacityReplyForm(request.POST or None, initial=initial)
    if request.method == "POST" and mine is not None:
        status = 422
        if form.is_valid():
            data = form.cleaned_data
            try:
                answer_capacity(
                    answer=mine, reply=data["reply"], note=data["note"], actor=request.actor, at=at
                )
            except NotAllowed:
                raise
            except RuleViolation as violation:
                form.add_violation(violation)
            else:
                messages.success(request, "返事をしました。")
                return redirect("capacity:detail", pk=pk)
    context = {
        **row,
        "form": form if may_answer else None,
        "positive": [reply.value for reply in POSITIVE],
        "may_withdraw": row["is_ours"]
        and question.withdrawn_at is None
        and request.actor.has(Permission.REFERRAL_SEND),
        "may_send": row["is_ours"] and request.actor.has(Permission.REFERRAL_SEND),
    }
    return render(request, "capacity/detail.html", context, status=status)


@require_POST
@permission(Permission.REFERRAL_SEND)
def withdraw(request: ActorRequest, pk: int) -> HttpResponse:
    try:
        withdraw_capacity(question=_question(request, pk), actor=request.actor, at=timezone.now())
    except InvalidTransition as violation:
        messages.warning(request, str(violation))
    else:
        messages.success(request, "問い合わせを取り下げました。")
    return redirect("capacity:detail", pk=pk)


def _year(request: ActorRequest, at: datetime) -> int:
    this, asked = fiscal_year(timezone.localdate(at)), request.GET.get("year", "")
    return int(asked) if asked.isascii() and asked.isdigit() and this - YEARS < int(asked) <= this else this


@permission(Permission.COUNT_VIEW)
def gap_page(request: ActorRequest) -> HttpResponse:
    """不足: by theme and area, of a fiscal year."""
    at = timezone.now()
    year, this = _year(request, at), fiscal_year(timezone.localdate(at))
    url = reverse("capacity:gaps")
    context = {
        "rows": gaps(request.actor, year, at),
        "exact": sees_exact(request.actor),
        "year": year,
        "year_label": fiscal_year_label(year),
        "years": [
            {"label": fiscal_year_label(y), "url": f"{url}?year={y}", "current": y == year, "count": None}
            for y in range(this, this - YEARS, -1)
        ],
    }
    return render(request, "capacity/gaps.html", context)


@permission(Permission.COUNT_VIEW)
def gap_csv(request: ActorRequest) -> HttpResponse:
    """The same rows as the page, for Excel (``?code=cp932`` for old ones)."""
    at = timezone.now()
    year = _year(request, at)
    old = request.GET.get("code") == "cp932"
    log_reads(request, AccessKind.EXPORT, "capacity.gaps", str(year))
    table = gap_table(gaps(request.actor, year, at), exact=sees_exact(request.actor))
    return HttpResponse(
        write_csv(table, "cp932" if old else "utf-8-sig"),
        content_type=f"text/csv; charset={'shift_jis' if old else 'utf-8'}",
        headers={"Content-Disposition": f'attachment; filename="fusoku-{year}.csv"'},
    )
