"""The states of a work month and of a time study."""

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


class StudyState(TextChoices):
    DRAFT = "draft", "調査中"
    APPROVED = "approved", "承認"


class StudyEvent(StrEnum):
    APPROVE = "approve"


STUDY_TRANSITIONS: dict[tuple[StudyState, StudyEvent], StudyState] = {
    (StudyState.DRAFT, StudyEvent.APPROVE): StudyState.APPROVED,
}
