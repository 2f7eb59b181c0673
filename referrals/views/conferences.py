"""会議: lists, one conference before and after, its members and agenda."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.access import permission, scoped_get
from accounts.actor import Actor
from accounts.enums import ConsentState
from accounts.http import ActorRequest
from accounts.models import Agency
from accounts.roles import Permission
from cases.models import Case
from common.errors import NotAllowed, RuleViolation
from common.field_merge import Saved, save_merging
from common.japan.business_days import add_working_days
from common.japan.wareki import format_wareki_short
from common.keyset import Sort, paginate
from referrals.actions.convene_conference import (
    accept_secrecy,
    convene_conference,
    edit_conference,
    invite_agency,
    remove_member,
    seat_all,
    set_seat,
)
from referrals.enums import Attendance, ConferenceKind, Decides
from referrals.forms.conference import (
    ConferenceFilterForm,
    ConveneForm,
    EditForm,
    InviteForm,
    SeatForm,
    in_order,
)
from referrals.models import AgendaItem, Conference, ConferenceMember, PacketJob, Referral
from referrals.models.issue import AgendaRow, agenda_in_order
from referrals.permissions_conferences import (
    can_answer,
    can_convene,
    can_manage,
    can_seat,
    can_speak_for,
    check_can_manage,
    check_can_speak_for,
    papers_open,
)
from referrals.selectors_blind import blind_seats
from referrals.selectors_carry import left
from referrals.selectors_conferences import (
    agenda_of,
    for_list,
    open_by_agency,
    proposals,
    readable_summary,
    seat_of,
    staff_by_agency,
    with_members,
)
from referrals.selectors_issues import issue_items_of
from referrals.selectors_kinds import kind_on
from referrals.selectors_prep import sheets_of
from referrals.workflow import ConferenceState

SORTS = {"starts": Sort("日時", ["starts_at"]), "title": Sort("名称", ["shown_title"])}
TABS = {"upcoming": "これから", "past": "終わった会議", "actions": "決定事項"}


# ── List ────────────────────────────────────────────────────────────────────────────────────────────────────


@permission(Permission.CONFERENCE_VIEW)
def conference_list(request: ActorRequest) -> HttpResponse:
    """Conferences still to come, those that are over, and what they decided."""
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else "upcoming"
    url = reverse("conferences:list")
    context: dict[str, Any] = {
        "tab": tab,
        "tabs": [
            {"label": label, "url": f"{url}?tab={key}", "current": key == tab, "count": None}
            for key, label in TABS.items()
        ]
        + (
            [{"label": "地域課題", "url": reverse("issues:list"), "current": False, "count": None}]
            if request.actor.has(Permission.ISSUE_VIEW)
            else []
        ),
        "reset_url": f"{url}?tab={tab}",
        "may_convene": can_convene(request.actor),
        "today": timezone.localdate(),
    }
    if tab == "actions":
        context["groups"] = open_by_agency(request.actor)
    else:
        context |= _conferences(request, tab)
    return render(request, "conferences/list.html", context)


def _conferences(request: ActorRequest, tab: str) -> dict[str, Any]:
    form = ConferenceFilterForm(request.GET)
    form.is_valid()
    data, over = form.cleaned_data, Q(state=ConferenceState.CLOSED)
    wanted = Q()
    for name in ("kind", "sector"):
        if data.get(name):
            wanted &= Q(**{name: data[name]})
    if data.get("mine"):
        wanted &= Q(convener=request.actor.agency_id)
    found = Conference.objects.visible_to(request.actor).filter(over if tab == "past" else ~over, wanted)
    default = "-starts" if tab == "past" else "starts"
    page = paginate(for_list(found, request.actor), request_get=request.GET, sorts=SORTS, default=default)
    return {"filter": form, "page": page, "is_filtered": bool(wanted)}


# ── Convening ───────────────────────────────────────────────────────────────────────────────────────────────


def _wished(request: ActorRequest) -> tuple[Case | None, Referral | None]:
    """The case and the referral that the address names, if the actor sees them."""
    case = referral = None
    if number := request.GET.get("case", ""):
        cases = Case.objects.visible_to(request.actor).select_related("household", "lead_agency")
        case = scoped_get(cases, request, number=number)
    wanted = request.GET.get("referral", "")
    if case is not None and wanted.isdigit():
        referral = Referral.objects.visible_to(request.actor).filter(pk=wanted, case=case).first()
    return case, referral


@permission(Permission.CONFERENCE_CONVENE)
def new(request: ActorRequest) -> HttpResponse:
    """Calling a conference, from a case (``?case=``, ``?referral=``) or with the director's proposals."""
    case, referral = _wished(request)
    at = timezone.now()
    if request.method != "POST":
        form = ConveneForm(actor=request.actor, at=at, initial=_first_values(request, case, referral, at))
        return render(request, "conferences/new.html", _new_context(request, form, case))
    form = ConveneForm(request.POST, actor=request.actor, at=at)
    if form.is_valid():
        data = form.cleaned_data
        try:
            conference = convene_conference(
                kind=data["kind"], title=data["title"] or title_of(data["kind"], data["starts_at"]),
                starts_at=data["starts_at"], minutes=data["minutes"], place=data["place"],
                sector=data["sector"], actor=request.actor, request_key=UUID(str(data["request_key"])), at=at,
                invite=data["invite"], cases=data["cases"], referral=referral, topic=data["topic"],
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            _add(form, violation)
        else:
            messages.success(request, "会議を招集しました。議題と出席者を確かめてください。")
            return redirect("conferences:detail", pk=conference.pk)
    return render(request, "conferences/new.html", _new_context(request, form, case), status=422)


def _add(form: ConveneForm, violation: RuleViolation) -> None:
    """An item that the kind does not take is a matter of the cases chosen."""
    if violation.field in ("case", "ground", "referral"):
        violation.field = "cases"
    form.add_violation(violation)


def title_of(kind: str, starts_at: datetime) -> str:
    day = timezone.localdate(starts_at)
    found = kind_on(kind, day)
    return f"{found.name if found else ''}（{format_wareki_short(day)}）"


def _first_values(
    request: ActorRequest, case: Case | None, referral: Referral | None, at: datetime
) -> dict[str, Any]:
    actor = request.actor
    day = add_working_days(timezone.localdate(at), 5)
    starts_at = timezone.make_aware(datetime.combine(day, datetime.min.time())) + timedelta(hours=14)
    kind = ConferenceKind.INDIVIDUAL
    values: dict[str, Any] = {"starts_at": starts_at, "sector": actor.sector}
    if case is not None:
        if actor.has(Permission.SECTOR_VIEW):
            has_consent = case.consent == ConsentState.YES
            kind = ConferenceKind.MULTILAYERED if has_consent else ConferenceKind.SUPPORT
        team = {case.lead_agency_id, *case.partners.filter(ended_at=None).values_list("agency_id", flat=True)}
        if referral is not None:
            team |= {referral.from_agency_id, referral.to_agency_id}
        values |= {"cases": [case.pk], "invite": sorted(team), "topic": referral.purpose if referral else ""}
    return {**values, "kind": kind}


def _new_context(request: ActorRequest, form: ConveneForm, case: Case | None) -> dict[str, Any]:
    invited = {str(pk) for pk in form["invite"].value() or []}
    chosen = {str(pk) for pk in form["cases"].value() or []}
    candidates = [(case, "この会議を開くもとのケース")] if case else []
    candidates += [(p.case, p.why) for p in proposals(request.actor) if case is None or p.case.pk != case.pk]
    team = {int(pk) for pk in invited if pk.isdigit()}
    agencies = in_order(form.fields["invite"].queryset, team)  # type: ignore[attr-defined]
    return {
        "form": form,
        "case": case,
        "candidates": [(row, why, str(row.pk) in chosen) for row, why in candidates],
        "agencies": [(agency, str(agency.pk) in invited) for agency in agencies],
    }


# ── One conference ──────────────────────────────────────────────────────────────────────────────────────────


def get_conference(request: ActorRequest, pk: int) -> Conference:
    return scoped_get(with_members(Conference.objects.visible_to(request.actor)), request, pk=pk)


def get_managed(request: ActorRequest, pk: int) -> Conference:
    conference = get_conference(request, pk)
    check_can_manage(request.actor, conference)
    return conference


@permission(Permission.CONFERENCE_VIEW)
def detail(request: ActorRequest, pk: int) -> HttpResponse:
    """Before: agenda, members, who can read what. After: minutes and decisions."""
    return render(request, "conferences/detail.html", detail_context(request, get_conference(request, pk)))


def detail_context(request: ActorRequest, conference: Conference) -> dict[str, Any]:
    actor, at = request.actor, timezone.now()
    own = seat_of(conference, actor)
    is_open = papers_open(actor, conference, own, at)
    manages = can_manage(actor, conference)
    is_over = conference.state == ConferenceState.CLOSED
    items = list(agenda_of(conference, actor)) if is_open else []
    seats: list[ConferenceMember] = conference.seats  # type: ignore[attr-defined]
    for seat in seats:
        seat.conference = conference
    if manages and not is_over and not conference.is_secret and items:
        blind = blind_seats(items, seats, at)
        for item in items:
            item.blind = blind.get(item.pk, [])  # type: ignore[attr-defined]
    people = staff_by_agency([s.agency_id for s in seats], timezone.localdate(at)) if not is_over else {}
    around = _around(actor, conference, own, items)
    rows = agenda_in_order([*items, *around["issue_items"]])
    _times(conference, rows)
    return {
        "conference": conference,
        "own": own,
        "is_open": is_open,
        "manages": manages,
        "speaks_for": can_speak_for(actor, conference),
        "edits_agenda": manages and is_open and not is_over,
        "is_planned": conference.state == ConferenceState.PLANNED,
        "is_over": is_over,
        "items": items,
        "rows": rows,
        "summary": readable_summary(conference, items, actor) if is_over and is_open else None,
        "agenda_minutes": sum(row.minutes for row in rows),
        "seat_rows": [
            (seat, can_seat(actor, seat) and not is_over, people.get(seat.agency_id, [])) for seat in seats
        ],
        "may_seat_all": manages
        and not is_over
        and sum(s.staff_id is not None and s.attendance == Attendance.INVITED for s in seats) > 1,
        "may_accept": own is not None
        and own.secrecy_accepted_at is None
        and not is_over
        and own.staff_id in (None, actor.staff_id),
        "proposals": proposals(actor) if manages and is_open and not is_over else [],
        "invite": InviteForm(
            actor=actor, at=at, seated={s.agency_id for s in seats}, team=_team_of(actor, items)
        )
        if manages and not is_over
        else None,
        "today": timezone.localdate(at),
    } | around


def _around(
    actor: Actor, conference: Conference, own: ConferenceMember | None, items: list[AgendaItem]
) -> dict[str, Any]:
    """What stands around the agenda: community issues, 準備シート, what was left over, copies, the questionnaire."""
    manages, is_planned = can_manage(actor, conference), conference.state == ConferenceState.PLANNED
    asked: int = conference.prep_asked or 0  # type: ignore[attr-defined]
    edits = manages and conference.state != ConferenceState.CLOSED
    reads = papers_open(actor, conference, own, timezone.now())
    packets = PacketJob.objects.visible_to(actor).filter(conference=conference).order_by("-asked_at")
    issues = issue_items_of(conference, actor) if conference.first_issue else []  # type: ignore[attr-defined]
    return {
        "takes_cases": conference.rule.takes_cases,
        "issue_items": list(issues),
        "edits_issues": edits and Decides.ISSUE in conference.rule.decides,
        "sheets": list(sheets_of(conference, actor)) if asked else [],
        "prep_asked": asked,
        "prep_waiting": conference.prep_waiting,  # type: ignore[attr-defined]
        "packets": list(packets[:3]) if manages and reads and items else [],
        "may_answer": own is not None and can_answer(actor, own),
        "is_running": conference.state == ConferenceState.RUNNING,
        "left": left(conference, actor)
        if manages and reads and is_planned and conference.rule.takes_cases
        else [],
    }


def _times(conference: Conference, rows: list[AgendaRow]) -> None:
    """When each item begins, counted from the planned start (``row.begins_at``)."""
    at = conference.starts_at
    for row in rows:
        row.begins_at = at  # type: ignore[union-attr]
        at += timedelta(minutes=row.minutes)


def _team_of(actor: Actor, items: list[AgendaItem]) -> set[int]:
    """The agencies that lead or support the cases on the agenda."""
    if not items:
        return set()
    cases = Case.objects.visible_to(actor).filter(pk__in=[i.case_id for i in items], partners__ended_at=None)
    partners = cases.values_list("partners__agency", flat=True)
    return {i.case.lead_agency_id for i in items} | {pk for pk in partners if pk is not None}


@permission(Permission.CONFERENCE_CONVENE)
def edit(request: ActorRequest, pk: int) -> HttpResponse:
    """Time, place and title while the conference is planned."""
    conference, at = get_managed(request, pk), timezone.now()
    check_can_speak_for(request.actor, conference)
    initial = {
        name: getattr(conference, name)
        for name in ("title", "starts_at", "minutes", "place", "sector", "version")
    }
    form = EditForm(request.POST or None, initial=initial)
    context: dict[str, Any] = {"conference": conference, "form": form}
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            data = form.cleaned_data
            data["title"] = data["title"] or title_of(
                conference.kind_code or conference.kind, data["starts_at"]
            )
            try:
                done = save_merging(
                    form, lambda: edit_conference(conference=conference, actor=request.actor, at=at, **data)
                )
            except NotAllowed:
                raise
            except RuleViolation as violation:
                form.add_violation(violation)
            else:
                if isinstance(done, Saved):
                    messages.success(request, done.words("会議の日時・場所を保存しました。"))
                    return redirect("conferences:detail", pk=pk)
                context |= {
                    "compare": done.rows,
                    "form": EditForm(done.data),
                    "who": done.current.convener.short_name,
                }
    return render(request, "conferences/edit.html", context, status=status)


# ── Members ─────────────────────────────────────────────────────────────────────────────────────────────────


def get_member(request: ActorRequest, pk: int) -> ConferenceMember:
    members = ConferenceMember.objects.visible_to(request.actor)
    return scoped_get(
        members.select_related("conference__convener", "agency", "staff"), request, log=None, pk=pk
    )


@require_POST
@permission(Permission.CONFERENCE_CONVENE)
def member_add(request: ActorRequest, pk: int) -> HttpResponse:
    """Invite one more agency."""
    conference, at = get_managed(request, pk), timezone.now()
    seats: list[ConferenceMember] = conference.seats  # type: ignore[attr-defined]
    form = InviteForm(request.POST, actor=request.actor, at=at, seated=set())
    if form.is_valid():
        agency: Agency = form.cleaned_data["agency"]
        invite_agency(conference=conference, agency=agency, staff=None, actor=request.actor, at=at)
        messages.success(request, f"{agency.short_name}を招きました。")
        return redirect(reverse("conferences:detail", args=[pk]) + "#members")
    form.fields["agency"].queryset = form.fields["agency"].queryset.exclude(  # type: ignore[attr-defined]
        pk__in=[s.agency_id for s in seats]
    )
    context = {**detail_context(request, conference), "invite": form}
    return render(request, "conferences/detail.html", context, status=422)


@require_POST
@permission(Permission.CONFERENCE_VIEW)
def member_edit(request: ActorRequest, pk: int) -> HttpResponse:
    """Who comes and whether: by the agency itself or the convening agency."""
    member, at = get_member(request, pk), timezone.now()
    form = SeatForm(request.POST, actor=request.actor, agency=member.agency, at=at)
    if not form.is_valid():
        raise RuleViolation(" ".join(str(e[0]) for e in form.errors.values()))
    data = form.cleaned_data
    set_seat(member=member, staff=data["staff"], attendance=data["attendance"], actor=request.actor, at=at)
    messages.success(request, f"{member.agency.short_name}の出席者と出欠を保存しました。")
    return redirect(reverse("conferences:detail", args=[member.conference_id]) + "#members")


@require_POST
@permission(Permission.CONFERENCE_CONVENE)
def members_attend(request: ActorRequest, pk: int) -> HttpResponse:
    """All who are named and not yet marked are present."""
    conference = get_managed(request, pk)
    marked = seat_all(conference=conference, actor=request.actor, at=timezone.now())
    messages.success(request, f"{marked}人を出席にしました。")
    unnamed = ConferenceMember.objects.visible_to(request.actor).filter(
        conference=conference, staff__isnull=True, attendance=Attendance.INVITED
    )
    names = unnamed.order_by("pk").values_list("agency__short_name", flat=True)
    if names:
        messages.warning(request, f"出席者が決まっていない機関は、案内済のままです：{'、'.join(names)}。")
    return redirect(reverse("conferences:detail", args=[pk]) + "#members")


@require_POST
@permission(Permission.CONFERENCE_CONVENE)
def member_remove(request: ActorRequest, pk: int) -> HttpResponse:
    """Take an invitation back."""
    member = get_member(request, pk)
    remove_member(member=member, actor=request.actor, at=timezone.now())
    messages.success(request, f"{member.agency.short_name}への案内を取り消しました。")
    return redirect(reverse("conferences:detail", args=[member.conference_id]) + "#members")


@require_POST
@permission(Permission.CONFERENCE_VIEW)
def secrecy(request: ActorRequest, pk: int) -> HttpResponse:
    """The attendee accepts the duty of secrecy; then the papers open."""
    member = get_member(request, pk)
    if request.POST.get("accept") != "yes":
        raise RuleViolation("守秘義務を確かめて、チェックを入れてください。", field="accept")
    accept_secrecy(member=member, actor=request.actor, at=timezone.now())
    messages.success(request, "守秘の確認を記録しました。開会している間、議題と資料を読めます。")
    return redirect("conferences:detail", pk=member.conference_id)
