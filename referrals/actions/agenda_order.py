"""The order of an agenda: households and community issues stand in one row, from 1 on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from accounts.actor import Actor
from audit.actions import record
from referrals.actions.lock_conference import check_papers_open, lock_managed
from referrals.enums import URGENCY_ORDER, Urgency
from referrals.models import AgendaItem, Conference, IssueItem
from referrals.models.issue import AgendaRow, agenda_in_order
from referrals.workflow import ConferenceState


def rows_of(conference: Conference) -> list[AgendaRow]:
    return agenda_in_order([*conference.agenda.order_by("pk"), *conference.issue_items.order_by("pk")])


def next_place(conference: Conference) -> int:
    return conference.agenda.count() + conference.issue_items.count() + 1


def close_ranks(rows: Sequence[AgendaRow]) -> None:
    """Number them as they stand; only those that moved are written."""
    for place, row in enumerate(rows, start=1):
        if row.position != place:
            row.position = place
            row.save(update_fields=["position"])


@transaction.atomic
def move_item(*, item: AgendaRow, to: int, actor: Actor, at: datetime) -> None:
    """Put an item at place ``to`` (from 1; beyond the ends means the end); the others close up."""
    conference = lock_managed(item.conference, actor, ConferenceState.PLANNED)
    rows = IssueItem.objects if isinstance(item, IssueItem) else AgendaItem.objects
    seen = rows.visible_to(actor).get(pk=item.pk, conference=conference)
    order = rows_of(conference)
    moved = next(row for row in order if row.pk == seen.pk and row.is_issue == seen.is_issue)
    order.remove(moved)
    order.insert(max(0, min(to, len(order) + 1) - 1), moved)
    close_ranks(order)
    name = "issue_item" if seen.is_issue else "item"
    record(actor=actor, action="conference.move_item", target=conference, at=at, **{name: item.pk})


@transaction.atomic
def sort_by_urgency(*, conference: Conference, actor: Actor, at: datetime) -> None:
    """The urgent items first; of the same urgency in the order in which they stood. A community issue is never urgent."""
    conference = lock_managed(conference, actor, ConferenceState.PLANNED)
    check_papers_open(conference, actor)
    order = rows_of(conference)
    close_ranks(sorted(order, key=lambda row: URGENCY_ORDER.index(_urgency(row))))
    record(actor=actor, action="conference.sort_by_urgency", target=conference, at=at)


def _urgency(row: AgendaRow) -> Urgency:
    return Urgency.USUAL if isinstance(row, IssueItem) else Urgency(row.urgency)
