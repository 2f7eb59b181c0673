"""つなぎ: inbox and outbox, history, the director's sector, one referral and its answer."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect, reswap, retarget

from accounts.access import permission, scoped_get
from accounts.enums import AgencyKind
from accounts.http import ActorRequest
from accounts.roles import Permission
from cases.models import Case
from common.errors import InvalidTransition, NotAllowed, RuleViolation
from common.keyset import Sort, paginate
from households.templatetags.contact import shield_of
from referrals.actions.answer_referral import answer_referral
from referrals.actions.follow_referral import see_referral
from referrals.actions.withdraw_referral import withdraw_referral
from referrals.disclosure_rules import coverage, ground_stands
from referrals.enums import SharedPart
from referrals.forms.referral import AnswerForm, ReferralFilterForm, WithdrawForm, former_until
from referrals.models import Referral, ReferralChase
from referrals.models.referral import STAGE_Q
from referrals.permissions import ANSWERS, can_send, can_tell_outcome, check_can_answer
from referrals.selectors import (
    LIST_LIMIT,
    as_row,
    as_rows,
    case_referrals,
    coordination_directory,
    for_reading,
    for_rows,
    inbox,
    outbox,
    owing_outcome,
    send_drafts,
    sent_together,
)
from referrals.selectors_capacity import case_questions
from referrals.selectors_disclosure import referral_disclosure
from referrals.selectors_outside import case_outside
from referrals.views.sector import sector_tab
from referrals.views.tabs import referral_tabs
from referrals.workflow import REFERRAL_MEANING, STAGE_MEANING, ReferralEvent, ReferralState, Stage

HISTORY_SORTS = {
    "sent": Sort("送付", ["sent_at"]),
    "deadline": Sort("期限", ["deadline_at"]),
    "answered": Sort("返事", ["answered_at"], nulls_last=True),
}
WAITING_ORDERS = {"deadline": ("deadline_at", "pk"), "sent": ("sent_at", "pk")}

ANSWER_WORDS = {
    ReferralEvent.TAKE_LEAD: ("主担当で受ける", "主担当になり、自機関の職務としてケースのすべての記録が見えるようになります。前の主担当は協働機関として残ります。"),
    ReferralEvent.JOIN: ("一緒に支える", "協働機関として加わります。主担当は変わりません。ケースの記録が見えるかどうかは、共有の根拠によります。"),
    ReferralEvent.TO_CONFERENCE: ("会議に出す", "エリアディレクターに会議を開いてもらいます。決まるまで、あとから受けることもできます。"),
}  # fmt: skip
ANSWERED_WORDS = {
    ReferralState.LEAD: "主担当で受けました。",
    ReferralState.PARTNER: "協働機関として加わりました。",
    ReferralState.CONFERENCE: "会議に出しました。エリアディレクターが会議を開きます。",
}


# ── List ────────────────────────────────────────────────────────────────────────────────────────────────────


@permission(Permission.REFERRAL_VIEW)
def referral_list(request: ActorRequest) -> HttpResponse:
    """Three tabs: what waits, what is done, and for directors the sector."""
    is_director = request.actor.has(Permission.SECTOR_VIEW)
    pages = {
        "waiting": _waiting,
        "results": _results,
        "history": _history,
        **({"sector": sector_tab} if is_director else {}),
    }
    tab = request.GET.get("tab", "")
    if tab not in pages:
        tab = "sector" if is_director else "waiting"
    context = pages[tab](request)
    url = reverse("referrals:list")
    context |= {
        "tab": tab,
        "tabs": referral_tabs(request.actor, tab),
        "reset_url": f"{url}?tab={tab}",
        "answer_words": ANSWER_WORDS,
    }
    template = (
        f"referrals/_{tab}.html" if request.htmx and not request.htmx.boosted else "referrals/list.html"
    )
    return render(request, template, context)


def _filters(request: ActorRequest, *unused: str) -> tuple[ReferralFilterForm, Q]:
    """The filter form and what it asks for; a filter that cannot be read filters nothing and says so."""
    form = ReferralFilterForm(request.GET, actor=request.actor)
    for name in unused:
        del form.fields[name]
    form.is_valid()
    data, wanted, me = form.cleaned_data, Q(), request.actor.agency_id
    if data.get("state"):
        wanted &= STAGE_Q[Stage(data["state"])]
    if agency := data.get("agency"):
        wanted &= Q(from_agency=agency) | Q(to_agency=agency)
        if (
            agency.kind == AgencyKind.DESK and agency.pk != me
        ):  # the filter must not tell a desk that the rows hide
            wanted &= ~Q(case__household__in=shield_of(request).households)
    if data.get("direction"):
        wanted &= Q(to_agency=me) if data["direction"] == "in" else Q(from_agency=me)
    if since := data.get("since"):
        wanted &= Q(sent_at__gte=timezone.make_aware(datetime.combine(since, time.min)))
    if until := data.get("until"):
        wanted &= Q(sent_at__lt=timezone.make_aware(datetime.combine(until + timedelta(days=1), time.min)))
    return form, wanted


def _waiting(request: ActorRequest) -> dict[str, Any]:
    actor, at = request.actor, timezone.now()
    form, wanted = _filters(request, "direction", "state", "since", "until")
    order = request.GET.get("sort", "deadline")
    order = order if order in WAITING_ORDERS else "deadline"
    received = list(inbox(actor).filter(wanted).order_by(*WAITING_ORDERS[order])[: LIST_LIMIT + 1])
    sent = list(outbox(actor).filter(wanted).order_by(*WAITING_ORDERS[order])[: LIST_LIMIT + 1])
    shown = as_rows(
        [*received[:LIST_LIMIT], *sent[:LIST_LIMIT]], actor, at
    )  # agencies are read once for both
    rows = shown[: len(received[:LIST_LIMIT])]
    return {
        "filter": form,
        "order": order,
        "orders": [("deadline", "期限の近い順"), ("sent", "古い順")],
        "to_answer": [row for row in rows if row.referral.state == ReferralState.SENT],
        "put_to_conference": [row for row in rows if row.referral.state == ReferralState.CONFERENCE],
        "sent": shown[len(rows) :],
        "drafts": send_drafts(actor),
        "draft_meaning": STAGE_MEANING[Stage.DRAFT],
        "has_more": max(len(received), len(sent)) > LIST_LIMIT,
        "is_filtered": bool(wanted),
    }


def _results(request: ActorRequest) -> dict[str, Any]:
    """Taken on and not heard of since: what we owe, and what is owed to us."""
    actor = request.actor
    form, wanted = _filters(request, "direction", "state", "since", "until")
    owing = list(owing_outcome(actor).filter(wanted).order_by("answered_at", "pk")[: 2 * LIST_LIMIT + 1])
    rows = as_rows(owing[: 2 * LIST_LIMIT], actor, timezone.now())
    return {
        "filter": form,
        "to_tell": [row for row in rows if row.referral.to_agency_id == actor.agency_id],
        "owed": [row for row in rows if row.referral.to_agency_id != actor.agency_id],
        "has_more": len(owing) > 2 * LIST_LIMIT,
        "is_filtered": bool(wanted),
    }


def _history(request: ActorRequest) -> dict[str, Any]:
    actor = request.actor
    form, wanted = _filters(request)
    me = actor.agency_id
    ours = Referral.objects.visible_to(actor).filter(Q(from_agency=me) | Q(to_agency=me) | Q(escalated_to=me))
    page = paginate(
        for_rows(ours.filter(wanted), actor), request_get=request.GET, sorts=HISTORY_SORTS, default="-sent"
    )
    return {
        "filter": form,
        "page": page,
        "rows": as_rows(page.rows, actor, timezone.now()),
        "is_filtered": bool(wanted),
    }


# ── One referral ────────────────────────────────────────────────────────────────────────────────────────────


def _referral(request: ActorRequest, pk: int) -> Referral:
    return scoped_get(for_reading(Referral.objects.visible_to(request.actor), request.actor), request, pk=pk)


def _detail_context(request: ActorRequest, referral: Referral) -> dict[str, Any]:
    actor, at = request.actor, timezone.now()
    row = as_row(referral, actor, at, coordination_directory())
    is_receiver = referral.to_agency_id == actor.agency_id
    is_sender = referral.from_agency_id == actor.agency_id
    # a sender that sees the case no longer keeps its own words, and reads nothing of what is written since
    shows = referral.shows_record if is_receiver else row.sees_case
    stands = referral.state != ReferralState.WITHDRAWN and ground_stands(referral, timezone.localdate(at))
    return {
        "row": row,
        "referral": referral,
        "together": sent_together(referral, actor),
        "chases": ReferralChase.objects.visible_to(actor).filter(referral=referral).order_by("working_days"),
        "is_receiver": is_receiver,
        "shows_parts": shows,
        "shows_message": row.sees_case or is_sender or stands,
        "shows_answer": row.sees_case or is_receiver,
        "disclosure": referral_disclosure(referral, timezone.localdate(at)) if shows else None,
        "answer_words": ANSWER_WORDS,
        "may_convene": actor.has(Permission.CONFERENCE_CONVENE) and row.sees_case and referral.is_waiting,
        "may_tell": can_tell_outcome(actor, referral),
        "shows_need": row.sees_case
        or (shows and SharedPart.PROBLEMS in coverage(referral, timezone.localdate(at)).covered),
    }


@permission(Permission.REFERRAL_VIEW)
def detail(request: ActorRequest, pk: int) -> HttpResponse:
    """What is asked, what the receiver can read and what was held back, and the answer."""
    referral = _referral(request, pk)
    see_referral(referral=referral, actor=request.actor, at=timezone.now())
    return render(request, "referrals/detail.html", _detail_context(request, referral))


@permission(Permission.REFERRAL_VIEW)
def answer(request: ActorRequest, pk: int, event: str) -> HttpResponse:
    """The form of one answer (a fragment in the list, a page on its own) and the answer itself."""
    if event not in ANSWERS:
        raise Http404
    referral, at, chosen = _referral(request, pk), timezone.now(), ReferralEvent(event)
    if request.method != "POST":
        check_can_answer(request.actor, referral, chosen)
        see_referral(referral=referral, actor=request.actor, at=at)
        form = AnswerForm(event=chosen, actor=request.actor, at=at)
        return _answer_form(request, referral, chosen, form)
    form = AnswerForm(request.POST, event=chosen, actor=request.actor, at=at)
    if form.is_valid():
        data = form.cleaned_data
        try:
            answered = answer_referral(
                referral=referral, event=chosen, actor=request.actor, at=at, staff=data.get("staff"),
                note=data["note"], former_until=former_until(form, at),
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
            if isinstance(violation, InvalidTransition):
                referral = _referral(request, pk)
        else:
            return _answered(request, answered)
    return _answer_form(request, referral, chosen, form, status=422)


def _answer_form(
    request: ActorRequest, referral: Referral, event: ReferralEvent, form: AnswerForm, status: int = 200
) -> HttpResponse:
    row = as_row(referral, request.actor, timezone.now(), coordination_directory())
    label, explained = ANSWER_WORDS[event]
    context = {
        "row": row, "referral": referral, "event": event, "form": form, "label": label, "explained": explained,
        "is_open": event in row.answers, "meaning": REFERRAL_MEANING[ReferralState(referral.state)],
    }  # fmt: skip
    context["cancel_url"] = _back(request, referral)
    if not request.htmx:
        return render(request, "referrals/answer.html", context, status=status)
    # the form asks for its whole row to be replaced; a form that is not right replaces only itself
    response = render(request, "referrals/_answer_form.html", context, status=status)
    return reswap(retarget(response, f"#answer-{referral.pk}"), "outerHTML")


def _in_list(request: ActorRequest) -> bool:
    """Whether the answer is given in a row of the list (and not on the referral's own page)."""
    path = request.htmx.current_url_abs_path if request.htmx else None
    return bool(path) and str(path).split("?")[0] == reverse("referrals:list")


def _back(request: ActorRequest, referral: Referral) -> str:
    if _in_list(request):
        return f"{reverse('referrals:list')}?tab=waiting"
    return reverse("referrals:detail", args=[referral.pk])


def _answered(request: ActorRequest, referral: Referral) -> HttpResponse:
    words = ANSWERED_WORDS[ReferralState(referral.state)]
    if not _in_list(request):
        messages.success(request, words)
        url = reverse("referrals:detail", args=[referral.pk])
        return HttpResponseClientRedirect(url) if request.htmx else redirect(url)
    fresh = for_reading(Referral.objects.visible_to(request.actor), request.actor).get(pk=referral.pk)
    context = {"row": as_row(fresh, request.actor, timezone.now(), coordination_directory()), "words": words}
    return render(request, "referrals/_answered.html", context)


@permission(Permission.REFERRAL_SEND)
def withdraw(request: ActorRequest, pk: int) -> HttpResponse:
    """Taking one's own request back, with the reason if one likes."""
    referral = _referral(request, pk)
    form = WithdrawForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            withdraw_referral(
                referral=referral, actor=request.actor, at=timezone.now(), note=form.cleaned_data["note"]
            )
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
            status = 422
        else:
            messages.success(request, "つなぎを取り下げました。相手には記録が見えなくなりました。")
            return redirect("referrals:detail", pk=pk)
    context = {
        "row": as_row(referral, request.actor, timezone.now(), coordination_directory()),
        "referral": referral,
        "form": form,
    }
    return render(request, "referrals/withdraw.html", context, status=status)


@permission(Permission.REFERRAL_VIEW)
def case_fragment(request: ActorRequest, number: str) -> HttpResponse:
    """All referrals of one case: the tab つなぎ of the case page, or a page of its own."""
    cases = Case.objects.visible_to(request.actor).select_related("household")
    case = scoped_get(cases, request, log=None, number=number)
    rows = as_rows(list(case_referrals(case, request.actor)), request.actor, timezone.now())
    context = {
        "case": case,
        "rows": rows,
        "outside": case_outside(case, request.actor, timezone.now()),
        "questions": case_questions(case, request.actor, timezone.now()),
        "may_send": can_send(request.actor, case) and case.is_open,
        "may_convene": request.actor.has(Permission.CONFERENCE_CONVENE),
    }
    template = "referrals/_case.html" if request.htmx else "referrals/case.html"
    return render(request, template, context)
