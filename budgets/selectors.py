"""What budgets offers to the home page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from accounts.actor import Actor
from budgets.selectors_month import APPROVE, approval_home_rows, unapproved
from budgets.selectors_review import review_counts, review_home_rows
from budgets.selectors_work import taken_minutes, work_home_rows
from common.queue import QueueRow


def home_rows(actor: Actor, at: datetime) -> Sequence[QueueRow]:
    """Duty without a work entry, findings that wait for a word, and a month that waits for approval. Two queries at most."""
    asked = [*taken_minutes(actor, at), *review_counts(actor), *unapproved(actor, at)]
    if not asked:
        return []
    rows = list(asked[0].union(*asked[1:], all=True))
    busy = [during for *_, during in rows if during is not None]
    counted = [(kind, n, people) for kind, n, people, during in rows if during is None and kind != APPROVE]
    waiting = sum(people for kind, _, people, _ in rows if kind == APPROVE)
    return [
        *work_home_rows(actor, at, busy), *review_home_rows(actor, counted), *approval_home_rows(waiting, at)
    ]  # fmt: skip
