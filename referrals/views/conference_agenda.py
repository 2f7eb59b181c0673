"""会議の議題 and the papers made of them: items, the hand-out, and the tab of the case page."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.access import log_reads, permission, scoped_get
from accounts.http import ActorRequest
from accounts.roles import Permission
from audit.models import AccessKind
from cases.models import Case
from common.errors import NotAllowed, RuleViolation
from common.pdf import render_pdf
from households.templatetags.contact import shield_of
from referrals.actions.action_items import finish_action_item
from referrals.actions.agenda import (
    add_item,
    check_case_allowed,
    default_ground,
    edit_item,
    remove_item,
)
from referrals.forms.conference import DoneForm, ItemForm
from referrals.models import ActionItem, AgendaItem, Conference, ConferenceMember, Referral
from referrals.permissions_conferences import can_convene, can_finish, can_manage, papers_open
from referrals.selectors_conferences import action_items, items_of_case, seat_of
from referrals.selectors_papers import Handout, handout
from referrals.views.conferences import get_conference, get_managed

CANDIDATES = 30


def _agenda_url(pk: int) -> str:
    return reverse("conferences:detail", args=[pk]) + "#agenda"


def _open_managed(request: ActorRequest, pk: int) -> Conference:
    conference = get_managed(request, pk)
    if not papers_open(request.actor, conference, seat_of(conference, request.actor), timezone.now()):
        raise NotAllowed("守秘の確認をした出席者だけが、この会議の議題を扱えます。")
    return conference


def get_item(request: ActorRequest, pk: int) -> AgendaItem:
    items = AgendaItem.objects.visible_to(request.actor).select_related(
        "conference__convener", "case__household", "referral", "plan"
    )
    return scoped_get(items, request, log=None, pk=pk)


# ── Items ───────────────────────────────────────────────────────────────────────────────────────────────────


@permission(Permission.CONFERENCE_CONVENE)
def item_add(request: ActorRequest, pk: int) -> HttpResponse:
    """One case onto the agenda: first which (``?case=``), then what about it."""
    conference = _open_managed(request, pk)
    if not request.GET.get("case"):
        return _pick_case(request, conference)
    cases = Case.objects.visible_to(request.actor).select_related("household", "lead_agency")
    case = scoped_get(cases, request, number=request.GET["case"].strip().upper())
    form = ItemForm(
        request.POST or None, actor=request.actor, conference=conference, case=case,
        initial=_item_values(request, conference, case),
    )  # fmt: skip
    context: dict[str, Any] = {"conference": conference, "case": case, "form": form, "item": None}
    if request.method != "POST":
        context["refusal"] = _refusal(conference, case)
        return render(request, "conferences/item.html", context)
    if form.is_valid():
        try:
            add_item(
                conference=conference, case=case, actor=request.actor, at=timezone.now(), **form.cleaned_data
            )
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, f"{case.household.name}を議題にしました。")
            return redirect(_agenda_url(pk))
    return render(request, "conferences/item.html", context, status=422)


def _refusal(conference: Conference, case: Case) -> str:
    """Why this kind of conference does not take the case, said before anything is typed."""
    try:
        check_case_allowed(conference, case, default_ground(conference, case))
    except RuleViolation as violation:
        return violation.message
    return ""


def _item_values(request: ActorRequest, conference: Conference, case: Case) -> dict[str, Any]:
    """The referral that the address names or that waits, and the draft plan, are taken along."""
    waiting = Referral.objects.visible_to(request.actor).waiting().filter(case=case).order_by("sent_at")
    wanted = request.GET.get("referral", "")
    referral = waiting.filter(pk=wanted).first() if wanted.isdigit() else waiting.first()
    plan = case.plans.filter(state="draft").first()
    topic = "プランの決定" if plan is not None else ""
    return {
        "referral": referral, "plan": plan, "topic": referral.purpose if referral else topic, "minutes": 20,
        "ground": default_ground(conference, case),
    }  # fmt: skip


def _pick_case(request: ActorRequest, conference: Conference) -> HttpResponse:
    query = request.GET.get("q", "").strip()
    cases = Case.objects.visible_to(request.actor).open().select_related("household", "lead_agency")
    cases = cases.exclude(pk__in=conference.agenda.values("case_id"))
    if query:
        cases = cases.filter(Q(number__icontains=query) | Q(household__name__icontains=query))
    found = list(cases.order_by("-last_contact_at", "-pk")[:CANDIDATES])
    context = {"conference": conference, "cases": found, "query": query, "limit": CANDIDATES}
    return render(request, "conferences/pick_case.html", context)


@permission(Permission.CONFERENCE_CONVENE)
def item_edit(request: ActorRequest, pk: int) -> HttpResponse:
    """What is discussed, on which ground, for how long."""
    item = get_item(request, pk)
    conference = _open_managed(request, item.conference_id)
    shield_of(request).check_readable(
        item.case.household_id, item.topic, item.situation, item.request_text, item.no_consent_reason
    )
    names = (
        "topic",
        "minutes",
        "urgency",
        "situation",
        "request_text",
        "ground",
        "referral",
        "plan",
        "no_consent_reason",
    )
    form = ItemForm(
        request.POST or None, actor=request.actor, conference=conference, case=item.case, item=item,
        initial={name: getattr(item, name) for name in names}
        | {"attendees": list(item.chosen.values_list("member_id", flat=True))},
    )  # fmt: skip
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                edit_item(item=item, actor=request.actor, at=timezone.now(), **form.cleaned_data)
            except NotAllowed:
                raise
            except RuleViolation as violation:
                form.add_violation(violation)
            else:
                messages.success(request, "議題を保存しました。")
                return redirect(_agenda_url(item.conference_id))
    context = {"conference": conference, "case": item.case, "form": form, "item": item}
    return render(request, "conferences/item.html", context, status=status)


@require_POST
@permission(Permission.CONFERENCE_CONVENE)
def item_remove(request: ActorRequest, pk: int) -> HttpResponse:
    """Take a case off the agenda."""
    item = get_item(request, pk)
    remove_item(item=item, actor=request.actor, at=timezone.now())
    messages.success(request, f"{item.case.household.name}を議題から外しました。")
    return redirect(_agenda_url(item.conference_id))


# ── Papers ──────────────────────────────────────────────────────────────────────────────────────────────────


@permission(Permission.CONFERENCE_VIEW)
def handout_pdf(request: ActorRequest, pk: int) -> HttpResponse:
    """The hand-out of one conference for one recipient; the convening agency also prints the others' copies."""
    conference = get_conference(request, pk)
    own = seat_of(conference, request.actor)
    if not papers_open(request.actor, conference, own, timezone.now()):
        raise NotAllowed("守秘の確認をした出席者だけが、この会議の資料を開けます。")
    recipient = _recipient(request, conference, own)
    made = handout(conference, request.actor, recipient)
    context = {
        "handout": made, "conference": conference, "printed_at": timezone.now(), "shield": made.shield,
    }  # fmt: skip
    pdf = render_pdf("conferences/handout_pdf.html", context)
    _check_still_open(request, made)
    log_reads(request, AccessKind.PRINT, "referrals.conference", str(pk))
    for paper in made.papers:
        log_reads(request, AccessKind.PRINT, "cases.case", str(paper.item.case_id))
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="conference-{pk}-{made.number}.pdf"'
    return response


def _check_still_open(request: ActorRequest, made: Handout) -> None:
    """A print that took longer than the right to it is not given out."""
    wanted = {paper.item.pk for paper in made.papers}
    visible = AgendaItem.objects.visible_to(request.actor).filter(pk__in=wanted)
    if set(visible.values_list("pk", flat=True)) != wanted:
        raise NotAllowed("印刷している間に、この資料を見る権限が終わりました。")


def _recipient(
    request: ActorRequest, conference: Conference, own: ConferenceMember | None
) -> ConferenceMember | None:
    """One's own seat, or for the convening agency the seat that ``?for=`` names."""
    wanted = request.GET.get("for", "")
    if not wanted or not can_manage(request.actor, conference):
        return own
    seats: list[ConferenceMember] = conference.seats  # type: ignore[attr-defined]
    seat = next((s for s in seats if str(s.pk) == wanted), None)
    if seat is None:
        raise Http404
    if conference.is_secret and seat.secrecy_accepted_at is None:
        raise NotAllowed(
            f"{seat.agency.short_name}はまだ守秘の確認をしていません。資料は確認の後に渡せます。"
        )
    return seat


@permission(Permission.CONFERENCE_VIEW)
def case_fragment(request: ActorRequest, number: str) -> HttpResponse:
    """The conferences of one case and what they decided: the tab 会議 of the case page, or a page of its own."""
    cases = Case.objects.visible_to(request.actor).select_related("household")
    case = scoped_get(cases, request, log=None, number=number)
    decided = list(action_items(request.actor).filter(case=case).order_by("-state", "due_on", "pk"))
    context = {
        "case": case,
        "items": list(items_of_case(case, request.actor)),
        "decided": [(d, can_finish(request.actor, d) and d.state == "open") for d in decided],
        "may_convene": can_convene(request.actor) and case.is_open,
        "today": timezone.localdate(),
    }
    template = "conferences/_case.html" if request.htmx else "conferences/case.html"
    return render(request, template, context)


@permission(Permission.ACTION_ITEM_DO)
def action_done(request: ActorRequest, pk: int) -> HttpResponse:
    """One action item, and reporting it done with its outcome."""
    item = scoped_get(action_items(request.actor), request, pk=pk)
    form = DoneForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            finish_action_item(
                item=ActionItem.objects.visible_to(request.actor).get(pk=pk), actor=request.actor,
                at=timezone.now(), outcome=form.cleaned_data["outcome"],
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
            status = 422
        else:
            messages.success(request, "実施済にしました。")
            return redirect("conferences:action_done", pk=pk)
    sits_in = Conference.objects.visible_to(request.actor).filter(pk=item.conference.pk).exists()
    context = {
        "item": item,
        "form": form,
        "may_finish": can_finish(request.actor, item) and item.state == "open",
        "sits_in": sits_in,
        "days": (item.due_on - timezone.localdate()).days,
    }
    return render(request, "conferences/action.html", context, status=status)
