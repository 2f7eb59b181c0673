"""What budgets offers to the home page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from accounts.actor import Actor
from budgets.selectors_work import work_home_rows
from common.queue import QueueRow


def home_rows(actor: Actor, at: datetime) -> Sequence[QueueRow]:
    """Duty without a work entry, for those who record their work. Two queries at most."""
    return work_home_rows(actor, at)
