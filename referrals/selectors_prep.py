"""What is read of 準備シート: whom to ask, the sheets of a conference, and the family's chronology made of what each holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet
from django.utils import timezone

from accounts.actor import Actor
from cases.models import CaseGrant
from cases.stream.read import Wanted, read
from cases.stream.registry import reader_for
from common.japan.wareki import format_wareki, format_wareki_month
from households.contact import Shield
from households.models import Household, HouseholdMember
from referrals.models import (
    AgendaItem,
    ChronologyEntry,
    Conference,
    ConferenceMember,
    ItemAttendee,
    PrepSheet,
)
from referrals.selectors_blind import blind_seats

MOST_ROWS = 300


def seats_to_ask(conference: Conference, at: datetime) -> Iterator[tuple[AgendaItem, ConferenceMember]]:
    """Each item with the invited agencies that may read it; in a secret conference those whose chosen attendee has
    accepted secrecy and that have the case anyway, for the papers are closed before it sits.
    """
    items = list(conference.agenda.select_related("case", "conference").order_by("position", "pk"))
    seats = list(
        conference.members.exclude(agency=conference.convener_id)
        .select_related("agency", "staff")
        .order_by("pk")
    )
    if conference.is_secret:
        yield from _secret(items, seats, at)
        return
    blind = blind_seats(items, seats, at)
    for item in items:
        names = blind.get(item.pk, [])
        for seat in seats:
            if seat.agency.short_name not in names:
                yield item, seat


def _secret(
    items: list[AgendaItem], seats: list[ConferenceMember], at: datetime
) -> Iterator[tuple[AgendaItem, ConferenceMember]]:
    ready = [seat for seat in seats if seat.secrecy_accepted_at is not None]
    granted = set(
        CaseGrant.objects.in_force(at)
        .filter(
            content_object__in=[item.case_id for item in items], group__in=[s.agency.group_id for s in ready]
        )
        .values_list("content_object_id", "group_id")
    )
    chosen = set(
        ItemAttendee.objects.filter(agenda_item__in=items, member__in=ready).values_list(
            "agenda_item_id", "member_id"
        )
    )
    for item in items:
        for seat in ready:
            if (item.case_id, seat.agency.group_id) in granted and (item.pk, seat.pk) in chosen:
                yield item, seat


def sheets_of(conference: Conference, actor: Actor) -> QuerySet[PrepSheet]:
    """The sheets of a conference that the actor may read, by item."""
    return (
        PrepSheet.objects.visible_to(actor)
        .filter(agenda_item__conference=conference)
        .select_related(
            "agenda_item__case__household", "member__agency", "member__staff", "sent_by", "seen_by"
        )
        .order_by("agenda_item__position", "agenda_item_id", "member_id")
    )


# ── 家族年表 ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Row:
    """One dated row: when in words, who holds it, what it says."""

    on: date
    when: str
    agency: str
    text: str
    detail: str = ""
    is_written: bool = False


def entry_when(entry: ChronologyEntry) -> str:
    """The date as finely as its writer knows it."""
    if entry.precision == "day":
        return format_wareki(entry.on, weekday=False)
    month = format_wareki_month(entry.on).removesuffix("分")
    return month if entry.precision == "month" else month[: month.index("年") + 1]


def chronology(item: AgendaItem, actor: Actor, shield: Shield) -> list[Row]:
    """The family's chronology for one item, the oldest first: what the sheets say, and the births, moves and milestones
    of the household's own stream, as far as this reader may open each.
    """
    home = item.case.household_id
    entries = (
        ChronologyEntry.objects.visible_to(actor)
        .filter(sheet__agenda_item=item)
        .select_related("sheet__member__agency")
        .order_by("on", "pk")
    )
    rows = [
        Row(
            entry.on, entry_when(entry), shield.desk(entry.sheet.member.agency, home), shield.text(entry.text, home),
            is_written=True,
        )
        for entry in entries
    ]  # fmt: skip
    if Household.objects.visible_to(actor).filter(pk=home).exists():
        rows += [*_births(home, shield), *_milestones(home, actor, shield)]
    return sorted(rows, key=lambda row: (row.on, row.text))[:MOST_ROWS]


def _births(home: int, shield: Shield) -> Iterator[Row]:
    members = (
        HouseholdMember.objects.filter(
            household=home, during__endswith__isnull=True, by_identity=False, person__birth_on__isnull=False
        )
        .exclude(person__in=shield.people)
        .select_related("person")
        .order_by("person__birth_on", "pk")
    )
    for member in members:
        born = member.person.birth_on
        assert born is not None
        yield Row(
            born, format_wareki(born, weekday=False), "", f"{member.person.display_name}　生まれる",
            member.get_relation_display(),
        )  # fmt: skip


def _milestones(home: int, actor: Actor, shield: Shield) -> Iterator[Row]:
    lines, _ = read(reader_for(actor, shield, home), Wanted(is_marks_only=True), size=MOST_ROWS)
    for line in lines:
        day = timezone.localdate(line.at)
        about = f"{line.about}　" if line.about else ""
        yield Row(day, format_wareki(day, weekday=False), line.who, f"{about}{line.title}", line.first_words)
