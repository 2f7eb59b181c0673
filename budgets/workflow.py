"""The states of a work month."""

from __future__ import annotations

from enum import StrEnum

from django.db.models import TextChoices


class MonthState(TextChoices):
    OPEN = "open", "開いている"
    LOCKED = "locked", "締め"


class MonthEvent(StrEnum):
    LOCK = "lock"


MONTH_TRANSITIONS: dict[tuple[MonthState, MonthEvent], MonthState] = {
    (MonthState.OPEN, MonthEvent.LOCK): MonthState.LOCKED,
}
