"""What is read of conferences: lists, agenda, who may be asked, proposals, the home page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Agency, Appointment, Staff
from accounts.roles import Permission
from cases.models import Case
from cases.models.case import not_denied, sees_case
from common.kept_sql import kept, moment_of
from common.queue import QueueGroup, QueueRow
from households.contact import hidden_home, shield_for
from households.models import without_search
from referrals.decision_lines import Named
from referrals.models import (
    ActionItem,
    AgendaItem,
    Conference,
    ConferenceMember,
    IssueItem,
    PrepSheet,
    Referral,
)
from referrals.models.conference import SECRET_KINDS, named_before
from referrals.models.issue import AgendaRow
from referrals.selectors import multi_sector_cases, risen
from referrals.workflow import ConferenceState, PrepState

HOME_DAYS = 7
ACTION_ITEM_DAYS = 14
PROPOSALS = 20
LIST_LIMIT = 30


# ── Conferences ─────────────────────────────────────────────────────────────────────────────────────────────


def for_list(queryset: QuerySet[Conference], actor: Actor) -> QuerySet[Conference]:
    """With the convener and how many items stand on the agenda, households and issues (``items``): nothing counts that a
    deny list hides.
    """
    cases = AgendaItem.objects.filter(not_denied(actor, "case_id"), conference=OuterRef("pk"))
    issues = IssueItem.objects.filter(conference=OuterRef("pk"))
    return queryset.select_related("convener").annotate(items=_counted(cases) + _counted(issues))


def _counted(rows: QuerySet[Any]) -> Coalesce:
    """How many of a conference's rows there are."""
    found = rows.order_by().values("conference").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(found), 0)


def with_members(queryset: QuerySet[Conference]) -> QuerySet[Conference]:
    """With ``seats``: the members, the convening agency first; ``first_issue``: the id of the first community issue on
    the agenda, if there is one; ``prep_asked``, ``prep_waiting``: how many 準備シート were asked, and are not handed in.
    """
    issues = IssueItem.objects.filter(conference=OuterRef("pk")).order_by("pk")
    sheets = PrepSheet.objects.filter(agenda_item__conference=OuterRef("pk")).order_by()
    counted = sheets.values("agenda_item__conference").annotate(
        n=Count("pk"), waiting=Count("pk", filter=Q(state__in=[PrepState.ASKED, PrepState.DRAFT]))
    )
    queryset = queryset.annotate(
        first_issue=Subquery(issues.values("pk")[:1]),
        prep_asked=Subquery(counted.values("n")), prep_waiting=Subquery(counted.values("waiting")),
    )  # fmt: skip
    seats = ConferenceMember.objects.select_related("agency", "staff").order_by("pk")
    return queryset.select_related("convener", "convened_by").prefetch_related(
        Prefetch("members", queryset=seats, to_attr="seats")
    )


def seat_of(conference: Conference, actor: Actor) -> ConferenceMember | None:
    """The actor's agency's seat; ``conference`` comes from ``with_members``."""
    seats: list[ConferenceMember] = conference.seats  # type: ignore[attr-defined]
    return next((seat for seat in seats if seat.agency_id == actor.agency_id), None)


def agenda_of(conference: Conference, actor: Actor) -> QuerySet[AgendaItem]:
    """The items that the actor may read, in order, with all that a page shows of them."""
    decided = ActionItem.objects.select_related("agency", "staff", "done_by").order_by("pk")
    return (
        AgendaItem.objects.visible_to(actor)
        .filter(conference=conference)
        .select_related(
            "conference", "case__household", "case__person", "case__lead_agency", "case__lead_staff",
            "referral__to_agency", "referral__from_agency", "plan",
        )
        .defer(*without_search("case__person"))
        .prefetch_related(Prefetch("action_items", queryset=decided, to_attr="decisions"))
        .annotate(sees_case=sees_case(actor, "case_id"))
        .order_by("position", "pk")
    )  # fmt: skip


def readable_summary(conference: Conference, items: Sequence[AgendaItem], actor: Actor) -> str | None:
    """The minutes of a sitting go through all of its items: None for a reader to whom one of them is not open, nothing
    for one to whom all are open but those of households that deny them.
    """
    if not conference.summary:
        return ""
    read = {item.pk for item in items}
    if read != set(conference.agenda.values_list("pk", flat=True)):
        told = conference.agenda.filter(not_denied(actor, "case_id")).values_list("pk", flat=True)
        # of a household that may never be known of, not even that something is left out
        return "" if read == set(told) else None
    shield, text = shield_for(actor), conference.summary
    for household in {item.case.household_id for item in items}:
        text = shield.text(text, household)
    return text


def involved_agencies(item: AgendaRow) -> QuerySet[Agency]:
    """Who can be given something to do: the invited, the case's lead and partners, both ends of the referral; of a
    community issue the invited and who raised it.
    """
    invited = ConferenceMember.objects.filter(conference=item.conference_id)
    if isinstance(item, IssueItem):
        return Agency.objects.filter(Q(pk=item.issue.agency_id) | Q(pk__in=invited.values("agency_id")))
    ends = Q()
    if item.referral is not None:
        ends = Q(pk__in=[item.referral.from_agency_id, item.referral.to_agency_id])
    partners = item.case.partners.filter(ended_at__isnull=True)
    return Agency.objects.filter(
        ends
        | Q(pk=item.case.lead_agency_id)
        | Q(pk__in=partners.values("agency_id"))
        | Q(pk__in=invited.values("agency_id"))
    )


def people_for(item: AgendaRow, on: date) -> tuple[list[Agency], dict[int, list[Staff]]]:
    """The involved agencies that have people on a day, by code, and those people; one query."""
    agencies: dict[int, Agency] = {}
    people: dict[int, list[Staff]] = defaultdict(list)
    current = (
        Appointment.objects.current(on)
        .filter(agency__in=involved_agencies(item), staff__is_active=True)
        .select_related("agency", "staff")
        .order_by("agency__code", "staff__kana", "staff_id")
    )
    for appointment in current:
        agencies[appointment.agency_id] = appointment.agency
        people[appointment.agency_id].append(appointment.staff)
    return list(agencies.values()), dict(people)


def staff_by_agency(agencies: Iterable[int], on: date) -> dict[int, list[Staff]]:
    """Who works where on a day, by reading of the name; one query."""
    found: dict[int, list[Staff]] = defaultdict(list)
    current = (
        Appointment.objects.current(on)
        .filter(agency__in=list(agencies), staff__is_active=True)
        .select_related("staff")
        .order_by("agency_id", "staff__kana", "staff_id")
    )
    for appointment in current:
        found[appointment.agency_id].append(appointment.staff)
    return dict(found)


def names_for_lines(
    agencies: Sequence[Agency], staff: dict[int, list[Staff]]
) -> tuple[list[Named], list[Named]]:
    """What a decision line may name: agencies by both names, staff by name and kana."""
    return (
        [Named(a.pk, (a.short_name, a.name)) for a in agencies],
        [Named(s.pk, (s.name, s.kana), agency) for agency, people in staff.items() for s in people],
    )


# ── Proposals ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Proposal:
    """A case that asks to be put on an agenda, with the reason in words."""

    case: Case
    why: str
    referral: Referral | None = None


def proposals(actor: Actor) -> list[Proposal]:
    """For a director: what rose or was put to a conference, then cases of several sectors.

    Cases that already stand on the agenda of a conference still to come are left out.
    """
    if not actor.has(Permission.SECTOR_VIEW):
        return []
    waiting = AgendaItem.objects.filter(case=OuterRef("case_id")).exclude(
        conference__state=ConferenceState.CLOSED
    )
    risen_now = (
        risen(actor)
        .select_related("to_agency")
        .filter(~Exists(waiting))
        .order_by("deadline_at", "pk")[:PROPOSALS]
    )
    found = {
        referral.case_id: Proposal(
            referral.case, f"つなぎ：{referral.purpose}（{referral.to_agency.short_name}）", referral
        )
        for referral in reversed(risen_now)
        if getattr(referral, "sees_case", False)
    }
    rows = dict(reversed(found.items()))
    of_case = AgendaItem.objects.filter(case=OuterRef("pk")).exclude(conference__state=ConferenceState.CLOSED)
    broad = multi_sector_cases(actor).filter(~Exists(of_case)).select_related("household", "lead_agency")
    for case in broad.order_by("-opened_at", "-pk")[:PROPOSALS]:
        rows.setdefault(case.pk, Proposal(case, "複数の分野にまたがる"))
    return list(rows.values())[:PROPOSALS]


# ── Action items ────────────────────────────────────────────────────────────────────────────────────────────


def action_items(actor: Actor) -> QuerySet[ActionItem]:
    """With all that a row shows; ``sees_case`` says whether the household may be named."""
    return (
        ActionItem.objects.visible_to(actor)
        .select_related(
            "agency",
            "staff",
            "case__household",
            "agenda_item__conference",
            "issue_item__conference",
            "issue_item__issue",
            "done_by",
        )
        .annotate(sees_case=sees_case(actor, "case_id"))
    )


def open_by_agency(actor: Actor) -> list[tuple[Agency, list[ActionItem]]]:
    """Open action items that the actor sees, by agency (the actor's own first), each by due date."""
    found = list(action_items(actor).open().order_by("due_on", "pk")[:LIST_LIMIT])  # type: ignore[attr-defined]
    found.sort(key=lambda i: (i.agency_id != actor.agency_id, i.agency.code))
    return [
        (items[0].agency, items) for items in (list(g) for _, g in groupby(found, key=lambda i: i.agency_id))
    ]


def items_of_case(case: Case, actor: Actor) -> QuerySet[AgendaItem]:
    """The sittings at which a visible case was discussed, the newest first."""
    decided = ActionItem.objects.select_related("agency", "staff").order_by("due_on", "pk")
    return (
        AgendaItem.objects.visible_to(actor)
        .filter(case=case)
        .select_related("conference__convener")
        .prefetch_related(Prefetch("action_items", queryset=decided, to_attr="decisions"))
        .order_by("-conference__starts_at", "-pk")
    )


# ── Home ────────────────────────────────────────────────────────────────────────────────────────────────────


def home_rows(actor: Actor, at: datetime) -> list[QueueRow]:
    """My agency's open action items, the conferences of the next days, and secrecy still to accept. Two queries."""
    if actor.agency is None or not actor.has(Permission.CONFERENCE_VIEW):
        return []
    until = timezone.localdate(at) + timedelta(days=ACTION_ITEM_DAYS)
    due: list[Any] = kept(_due, actor, until, on=timezone.localdate())
    mine = sorted(due, key=lambda item: item.staff_id != actor.staff_id)
    before = at + timedelta(days=HOME_DAYS)
    seats: list[Any] = kept(_seats, actor, on=timezone.localdate(), before=int(before.timestamp()))
    rows = [_action_row(item, actor) for item in mine]
    for seat in seats:
        rows += _seat_rows(seat, actor, at)
    return rows


def _due(actor: Actor, until: date) -> QuerySet[Any]:
    """The first arm of the scope: what one's own agency has to do."""
    return (
        ActionItem.objects.filter(
            not_denied(actor, "case_id"), agency=actor.agency_id, state="open", due_on__lte=until
        )
        .select_related("staff", "case__household", "issue_item__issue")
        .annotate(sees_case=sees_case(actor, "case_id"), hides=hidden_home(actor, "case__household_id"))
        .order_by("due_on", "pk")[:LIST_LIMIT]
    )


def _seats(actor: Actor, before: int) -> QuerySet[Any]:
    return (
        ConferenceMember.objects.visible_to(actor)
        .filter(agency=actor.agency_id)
        .exclude(conference__state=ConferenceState.CLOSED)
        .filter(
            Q(conference__starts_at__lt=moment_of(before))
            | Q(conference__kind__in=SECRET_KINDS, secrecy_accepted_at__isnull=True)
        )
        .select_related("conference", "staff")
        .annotate(hides=Exists(named_before(actor.staff_id).filter(conference=OuterRef("conference_id"))))
        .order_by("conference__starts_at", "pk")[:LIST_LIMIT]
    )


def _action_row(item: ActionItem, actor: Actor) -> QueueRow:
    sees = bool(getattr(item, "sees_case", False))
    if item.case is None:
        whose = f"地域課題「{item.issue_item.issue.title}」" if item.issue_item else ""
    else:
        whose = f"{item.case.household.name}（{item.case.number}）" if sees else item.case.number
    return QueueRow(
        group=QueueGroup.TODAY,
        kind="決定事項",
        title="決定事項（内容はページで読めます）" if getattr(item, "hides", False) else item.text,
        detail=f"{whose}　担当 {item.staff.name}",
        url=reverse("conferences:action_done", args=[item.pk]),
        due_on=item.due_on,
        badge="あなたの担当" if item.staff_id == actor.staff_id else "",
    )


def _seat_rows(seat: ConferenceMember, actor: Actor, at: datetime) -> list[QueueRow]:
    conference, rows = seat.conference, []
    url = reverse("conferences:detail", args=[conference.pk])
    hides = bool(getattr(seat, "hides", False))
    name = conference.get_kind_display() if hides else conference.title
    place = "" if hides else conference.place
    if conference.is_secret and seat.secrecy_accepted_at is None and seat.staff_id in (None, actor.staff_id):
        rows.append(
            QueueRow(
                group=QueueGroup.ANSWER,
                kind="会議",
                title=f"{name}：守秘の確認",
                detail="確認すると、議題と資料が読めるようになります。",
                url=url,
                due_at=conference.starts_at,
            )
        )
    if conference.starts_at < at + timedelta(days=HOME_DAYS):
        running = conference.state == ConferenceState.RUNNING
        who = f"出席 {seat.staff.name}" if seat.staff else "出席者が決まっていません"
        rows.append(
            QueueRow(
                group=QueueGroup.TODAY,
                kind="会議",
                title=name,
                detail=f"{conference.get_kind_display()}　{place}　{who}".replace("　　", "　"),
                url=url,
                due_at=conference.starts_at,
                badge="開催中" if running else "",
            )
        )
    return rows
