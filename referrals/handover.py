"""What somebody has open in an agency: led cases, partner roles, outreach, follow-ups, decisions, seats to come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.actor import Actor
from accounts.models import Agency, Appointment, Staff
from cases.models import Case, CasePartner, FollowUp, Outreach
from cases.models.case import not_denied, sees_case
from common.japan.wareki import format_wareki_short
from households.contact import hidden_home
from households.models import denied_households
from referrals.models import ActionItem, Conference, ConferenceMember
from referrals.models.conference import named_before
from referrals.workflow import ActionItemState, ConferenceState


class Kind(StrEnum):
    CASE = "case"
    PARTNER = "partner"
    FOLLOW_UP = "follow_up"
    OUTREACH = "outreach"
    COMPANION = "companion"
    ACTION_ITEM = "action_item"
    SEAT = "seat"


KIND_WORDS = {
    Kind.CASE: "主担当",
    Kind.PARTNER: "協働の担当",
    Kind.FOLLOW_UP: "終結後の見守り",
    Kind.OUTREACH: "アウトリーチ",
    Kind.COMPANION: "アウトリーチの伴走",
    Kind.ACTION_ITEM: "決定事項",
    Kind.SEAT: "会議の出席",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing that needs a person. ``key`` names it in a form."""

    kind: Kind
    pk: int
    title: str
    detail: str
    household_id: int | None

    @property
    def key(self) -> str:
        return f"{self.kind}-{self.pk}"

    @property
    def word(self) -> str:
        return KIND_WORDS[self.kind]


def _reached_out(agency: Agency) -> QuerySet[Outreach]:
    return Outreach.objects.running().filter(agency=agency).select_related("person", "household")


def _seats(agency: Agency, actor: Actor) -> QuerySet[ConferenceMember]:
    """Seats of sittings still to end, without those about nothing but households that the deny list hides."""
    seats = ConferenceMember.objects.filter(agency=agency, staff__isnull=False)
    there = Conference.objects.visible_to(actor)
    return seats.exclude(conference__state=ConferenceState.CLOSED).filter(conference__in=there)


def _rows(staff: Staff, agency: Agency, actor: Actor) -> dict[Kind, QuerySet[Any]]:
    return {
        Kind.CASE: Case.objects.open()
        .filter(lead_agency=agency, lead_staff=staff)
        .select_related("household"),
        Kind.PARTNER: CasePartner.objects.filter(
            agency=agency, staff=staff, ended_at__isnull=True, case__state="open"
        ).select_related("case__household"),
        Kind.FOLLOW_UP: FollowUp.objects.waiting()
        .filter(agency=agency, staff=staff)
        .select_related("case__household", "cycle"),
        Kind.OUTREACH: _reached_out(agency).filter(staff=staff),
        Kind.COMPANION: _reached_out(agency).filter(companion=staff),
        Kind.ACTION_ITEM: ActionItem.objects.filter(
            agency=agency, staff=staff, state=ActionItemState.OPEN
        ).select_related("case__household", "issue_item__issue"),
        Kind.SEAT: _seats(agency, actor)
        .filter(staff=staff)
        .select_related("conference")
        .annotate(hides=Exists(named_before(actor.staff_id).filter(conference=OuterRef("conference_id")))),
    }


def open_work(staff: Staff, agency: Agency, actor: Actor, *, lock: bool = False) -> list[Piece]:
    """All of it, in the order of the kinds; eight queries. For the manager of ``agency``: a household is named where the
    agency sees its case, else by the number alone; those on whose deny list the manager stands are left out (another
    manager or the deputy hands them over). What was typed freely is left to the page where it may tell a hidden place.
    """
    denied = set(denied_households(actor))
    found: list[Piece] = []
    for kind, rows in _rows(staff, agency, actor).items():
        ordered = rows.order_by("pk")
        if kind in (Kind.OUTREACH, Kind.COMPANION):
            ordered = ordered.annotate(hides=hidden_home(actor, "household_id"))
        elif kind is not Kind.SEAT:
            case = "pk" if kind is Kind.CASE else "case_id"
            home = "household_id" if kind is Kind.CASE else "case__household_id"
            ordered = ordered.annotate(names=sees_case(actor, case), hides=hidden_home(actor, home))
        for row in ordered.select_for_update(of=("self",)) if lock else ordered:
            found.append(_piece(kind, row))
    return [piece for piece in found if piece.household_id not in denied]


def _piece(kind: Kind, row: Any) -> Piece:
    if kind is Kind.SEAT:
        word = row.conference.get_kind_display()
        return Piece(kind, row.pk, word if row.hides else row.conference.title, word, None)
    if kind in (Kind.OUTREACH, Kind.COMPANION):
        who = row.person.display_name if row.person else "名前のわからない人" if row.hides else row.described
        detail = "" if row.hides else f"次は{format_wareki_short(row.next_on)} {row.next_text}"
        return Piece(kind, row.pk, who, detail, row.household_id)
    case = row if kind is Kind.CASE else row.case
    if case is None:  # what was decided of a community issue
        return Piece(
            kind,
            row.pk,
            row.issue_item.issue.title,
            f"{row.text}（{format_wareki_short(row.due_on)}まで）",
            None,
        )
    detail = ""
    if kind is Kind.CASE and row.next_on:
        detail = f"次は {format_wareki_short(row.next_on)} {row.next_text}"
    elif kind is Kind.PARTNER:
        detail = row.role_note
    elif kind is Kind.FOLLOW_UP:
        detail = f"{row.cycle.rhythm}・次は{format_wareki_short(row.look_on)} {row.get_way_display()}"
    elif kind is Kind.ACTION_ITEM:
        detail = f"{row.text}（{format_wareki_short(row.due_on)}まで）"
    title = f"{case.household.name}（{case.number}）" if row.names else case.number
    return Piece(kind, row.pk, title, "" if row.hides else detail, case.household_id)


def staff_with_work(agency: Agency, on: date, actor: Actor) -> list[Staff]:
    """Everybody who has open work in ``agency``, those first who are no longer (or soon not) appointed there.

    Each comes with ``cases`` (how many they lead), ``is_here`` and ``leaves`` (the appointment has an end). Nothing
    counts that the deny list hides from the manager. One query.
    """
    here = Appointment.objects.current(on).filter(agency=agency, staff=OuterRef("pk"))
    denied = denied_households(actor)
    led = Case.objects.open().filter(~Q(household_id__in=denied), lead_agency=agency)
    open_outreach = Outreach.objects.running().filter(~Q(household_id__in=denied), agency=agency)
    theirs = not_denied(actor, "case_id")
    # each is read once, whatever the number of the city's staff
    work = (
        led.values("lead_staff"),
        CasePartner.objects.filter(theirs, agency=agency, ended_at__isnull=True, case__state="open").values(
            "staff"
        ),
        FollowUp.objects.waiting().filter(theirs, agency=agency).values("staff"),
        open_outreach.values("staff"),
        open_outreach.filter(companion__isnull=False).values("companion"),
        ActionItem.objects.filter(theirs, agency=agency, state=ActionItemState.OPEN).values("staff"),
        _seats(agency, actor).values("staff"),
    )
    has_work = Q()
    for rows in work:
        has_work |= Q(pk__in=rows.order_by())
    leads = led.filter(lead_staff=OuterRef("pk")).order_by().values("lead_staff")
    return list(
        Staff.objects.filter(has_work)
        .annotate(
            cases=Coalesce(Subquery(leads.annotate(n=Count("pk")).values("n")), 0),
            is_here=Exists(here),
            leaves=Exists(here.filter(during__endswith__isnull=False)),
        )
        .order_by("is_here", "-leaves", "kana", "pk")
    )
