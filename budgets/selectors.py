"""What budgets offers to the home page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from accounts.actor import Actor
from budgets.selectors_review import review_home_rows
from budgets.selectors_work import work_home_rows
from common.queue import QueueRow


def home_rows(actor: Actor, at: datetime) -> Sequence[QueueRow]:
    """Duty without a work entry, and findings that wait for a word. Three queries at most."""
    return [*work_home_rows(actor, at), *review_home_rows(actor)]
