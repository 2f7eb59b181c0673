"""What a conference left over, for the next one: items that were not decided, and decisions that nobody has carried out."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from accounts.actor import Actor
from cases.workflow import CaseState
from households.models import without_search
from referrals.models import ActionItem, AgendaItem, Conference
from referrals.workflow import ActionItemState, ConferenceState

MOST = 30


@dataclass(frozen=True, slots=True)
class Left:
    """An item of a closed conference with what is left of it."""

    item: AgendaItem
    why: str


def left_over(conference: Conference, actor: Actor) -> QuerySet[AgendaItem]:
    """Items of the convener's earlier conferences of the same kind that the actor may read, whose case is still open and
    stands on no later agenda: undecided, or with decisions not yet carried out.
    """
    undone = ActionItem.objects.filter(agenda_item=OuterRef("pk"), state=ActionItemState.OPEN)
    later = AgendaItem.objects.filter(
        case=OuterRef("case_id"), conference__convener=conference.convener_id,
        conference__starts_at__gt=OuterRef("conference__starts_at"),
    ).filter(Q(carried_from=OuterRef("pk")) | ~Q(conference__state=ConferenceState.CLOSED))  # fmt: skip
    decided = ActionItem.objects.filter(state=ActionItemState.OPEN).select_related("agency", "staff")
    return (
        AgendaItem.objects.visible_to(actor)
        .filter(
            Q(is_undecided=True) | Exists(undone), ~Exists(later),
            conference__convener=conference.convener_id, conference__kind=conference.kind,
            conference__kind_code__in={conference.kind_code, ""} if conference.kind_code == conference.kind else {conference.kind_code},
            conference__state=ConferenceState.CLOSED, case__state=CaseState.OPEN,
        )
        .select_related("conference", "case__household")
        .defer(*without_search("case__person"))
        .prefetch_related(Prefetch("action_items", queryset=decided.order_by("due_on", "pk"), to_attr="undone"))
        .order_by("-conference__starts_at", "position", "pk")
    )  # fmt: skip


def left(conference: Conference, actor: Actor) -> list[Left]:
    """With the reason in words; two queries."""
    found = []
    for item in left_over(conference, actor)[:MOST]:
        undone: list[ActionItem] = item.undone  # type: ignore[attr-defined]
        why = ["決まらなかった"] if item.is_undecided else []
        why += [f"未実施 {len(undone)}件"] if undone else []
        found.append(Left(item, "・".join(why)))
    return found


def decided_before(item: AgendaItem, actor: Actor) -> list[ActionItem]:
    """What was decided of the case before and is not done yet, for the screen of the sitting."""
    return list(
        ActionItem.objects.visible_to(actor)
        .filter(case=item.case_id, state=ActionItemState.OPEN)
        .exclude(agenda_item=item.pk)
        .select_related("agency", "staff")
        .order_by("due_on", "pk")[:MOST]
    )
