"""The papers of a conference: the record behind an item, the hand-out, and the draft of the minutes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from accounts.actor import Actor
from cases.models import PlanItem
from common.japan.wareki import format_wareki_short
from households.contact import Shield, shield_for_agency, shield_for_everybody
from referrals.enums import SharedPart
from referrals.models import AgendaItem, Conference, ConferenceMember, IssueItem
from referrals.models.issue import AgendaRow
from referrals.selectors_blind import blind_seats
from referrals.selectors_conferences import agenda_of
from referrals.selectors_disclosure import disclosure

# strengths and wishes before problems; address and telephone stay out of papers that are handed round
PAPER_PARTS = (
    SharedPart.BASIC,
    SharedPart.FAMILY,
    SharedPart.STRENGTHS,
    SharedPart.CONCERNS,
    SharedPart.PROBLEMS,
    SharedPart.NOTES,
    SharedPart.PLAN,
)
# on screen the item's own words say why it is there
SCREEN_PARTS = tuple(part for part in PAPER_PARTS if part is not SharedPart.CONCERNS)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the record, as lines of text; no lines means that nothing is recorded."""

    key: str
    label: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Paper:
    """One item with the record behind it."""

    item: AgendaItem
    parts: tuple[Part, ...]
    plan_items: tuple[PlanItem, ...]


def paper_of(item: AgendaItem, shield: Shield, parts_wanted: Iterable[SharedPart] = PAPER_PARTS) -> Paper:
    """The record behind one item. A plan on the agenda stands with its role table instead of the part プラン."""
    wanted = [part for part in parts_wanted if part is not SharedPart.PLAN or item.plan is None]
    parts = {
        key: Part(key, label, lines) for key, label, lines in disclosure(item.case, wanted, shield).shown
    }
    rows: tuple[PlanItem, ...] = ()
    if item.plan is not None:
        rows = tuple(item.plan.items.select_related("agency", "staff").order_by("position", "pk"))
    ordered = tuple(parts[part.value] for part in wanted if part.value in parts)
    return Paper(item=item, parts=ordered, plan_items=rows)


@dataclass(frozen=True, slots=True)
class Handout:
    """The print of one conference for one recipient; ``title`` and ``place`` as they may be read by its recipient."""

    conference: Conference
    title: str
    place: str
    papers: tuple[Paper, ...]
    recipient: ConferenceMember | None
    number: int
    seats: tuple[ConferenceMember, ...]
    shield: Shield


def handout(conference: Conference, actor: Actor, recipient: ConferenceMember | None) -> Handout:
    """``conference`` comes from ``with_members``; the number of a copy is the place of its seat.

    Of a secret conference a copy holds the items for which its recipient was chosen, and no others; of any other,
    those that are open to its recipient: a print opens no more than the screen.
    """
    seats: list[ConferenceMember] = conference.seats  # type: ignore[attr-defined]
    number = next((n for n, seat in enumerate(seats, 1) if recipient and seat.pk == recipient.pk), 0)
    items = agenda_of(conference, actor)
    if conference.is_secret and recipient is not None:
        items = items.filter(pk__in=recipient.chosen_for.values("agenda_item_id"))
    elif recipient is not None and recipient.agency_id != actor.agency_id:
        items = items.exclude(pk__in=blind_seats(items, [recipient], timezone.now(), found_only=True))
    shield = shield_for_agency(recipient.agency) if recipient else shield_for_everybody()
    title, place = conference.named_for(actor.staff_id, recipient.staff_id if recipient else None)
    return Handout(
        conference=conference,
        title=title,
        place=place,
        shield=shield,
        papers=tuple(paper_of(item, shield) for item in items),
        recipient=recipient,
        number=number,
        seats=tuple(seats),
    )


def draft_minutes(rows: Iterable[AgendaRow], shield: Shield) -> str:
    """議事の要旨 from the lines: per item its conclusion and who does what by when. ``shield`` is the writer's."""
    return "\n\n".join(_draft_of(n, row, shield) for n, row in enumerate(rows, 1))


def _draft_of(n: int, row: AgendaRow, shield: Shield) -> str:
    if isinstance(row, IssueItem):
        lines = [f"{n}. 地域課題：{row.topic}"]
    else:
        lines = [f"{n}. {row.topic}（{row.case.number}）"]
    if row.conclusion:
        lines.append(f"　結論：{row.conclusion}")
    if isinstance(row, AgendaItem) and row.plan_approved and row.plan is not None:
        lines.append(f"　プラン{row.plan.ordinal}を決定した。")
    decisions: list[Any] = getattr(row, "decisions", [])
    lines += [
        f"　・{d.text}（{d.agency.short_name}　{d.staff.name}、{format_wareki_short(d.due_on)}まで）"
        for d in decisions
    ]
    return shield.text("\n".join(lines), row.household_id)
