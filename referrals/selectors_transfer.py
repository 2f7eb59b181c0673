"""年度替わりの引き継ぎ on its page: the rows with their names, and how far it is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from accounts.actor import Actor
from cases.models.case import sees_case
from households.contact import hidden_home
from referrals.models import Transfer, TransferRow
from referrals.workflow_transfer import RowState, TransferState

WORKING = (TransferState.PLANNED, TransferState.RUNNING, TransferState.UNDOING)


def rows_of(transfer: Transfer, actor: Actor) -> QuerySet[TransferRow]:
    """``names``: whether the household may be named, ``hides``: whether its area is kept back."""
    rows = TransferRow.objects.visible_to(actor).filter(transfer=transfer)
    return rows.annotate(
        names=sees_case(actor, "case_id"), hides=hidden_home(actor, "case__household_id")
    ).select_related("case__household__area", "from_staff", "to_staff")


@dataclass(frozen=True, slots=True)
class Progress:
    """How many rows in which state; ``blocked`` of those that wait."""

    total: int
    states: Counter[str]
    blocked: int

    @property
    def done(self) -> int:
        return self.states[RowState.MOVED] + self.states[RowState.BLOCKED]

    @property
    def back(self) -> int:
        return self.states[RowState.BACK] + self.states[RowState.KEPT]

    @property
    def moved(self) -> int:
        return self.states[RowState.MOVED]

    @property
    def not_moved(self) -> int:
        return self.states[RowState.BLOCKED]

    @property
    def kept(self) -> int:
        return self.states[RowState.KEPT]

    @property
    def free(self) -> int:
        return self.states[RowState.WAITING] - self.blocked

    @property
    def taken_back(self) -> int:
        return self.states[RowState.BACK]


def progress_of(transfer: Transfer, actor: Actor) -> Progress:
    """One query."""
    rows = TransferRow.objects.visible_to(actor).filter(transfer=transfer)
    counts = rows.order_by().values("state").annotate(n=Count("pk"), b=Count("pk", filter=~Q(blocked="")))
    states: Counter[str] = Counter()
    blocked = 0
    for row in counts:
        states[row["state"]] = row["n"]
        blocked += row["b"] if row["state"] == RowState.WAITING else 0
    return Progress(total=sum(states.values()), states=states, blocked=blocked)


def per_worker(transfer: Transfer, actor: Actor) -> list[dict[str, Any]]:
    """How many cases each new worker gets that nothing blocks so far; by number."""
    rows: Any = TransferRow.objects.visible_to(actor).filter(transfer=transfer, to_staff__isnull=False)
    rows = rows.filter(Q(state=RowState.WAITING, blocked="") | Q(state=RowState.MOVED))
    return list(
        rows.order_by().values("to_staff__name").annotate(n=Count("pk")).order_by("-n", "to_staff__name")
    )
