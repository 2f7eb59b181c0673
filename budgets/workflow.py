"""The states of a work month, of an adjustment, of a time study and of a trial of 区分の表."""

from __future__ import annotations

from enum import StrEnum

from django.db.models import TextChoices


class MonthState(TextChoices):
    OPEN = "open", "開いている"
    APPROVED = "approved", "承認済み"
    LOCKED = "locked", "締め"
    REPORTED = "reported", "報告済み"


class MonthEvent(StrEnum):
    APPROVE = "approve"  # the last agency with minutes has approved
    REOPEN = "reopen"  # a record changed, or a manager took the approval back
    LOCK = "lock"
    REPORT = "report"


MONTH_TRANSITIONS: dict[tuple[MonthState, MonthEvent], MonthState] = {
    (MonthState.OPEN, MonthEvent.APPROVE): MonthState.APPROVED,
    (MonthState.APPROVED, MonthEvent.REOPEN): MonthState.OPEN,
    (MonthState.APPROVED, MonthEvent.LOCK): MonthState.LOCKED,
    (MonthState.LOCKED, MonthEvent.REPORT): MonthState.REPORTED,
}
CLOSED_MONTHS = (MonthState.LOCKED, MonthState.REPORTED)  # nothing moves in them


class AdjustmentState(TextChoices):
    PROPOSED = "proposed", "承認待ち"
    APPROVED = "approved", "承認"
    REFUSED = "refused", "差し戻し"


class AdjustmentEvent(StrEnum):
    APPROVE = "approve"
    REFUSE = "refuse"


ADJUSTMENT_TRANSITIONS: dict[tuple[AdjustmentState, AdjustmentEvent], AdjustmentState] = {
    (AdjustmentState.PROPOSED, AdjustmentEvent.APPROVE): AdjustmentState.APPROVED,
    (AdjustmentState.PROPOSED, AdjustmentEvent.REFUSE): AdjustmentState.REFUSED,
}


class StudyState(TextChoices):
    DRAFT = "draft", "調査中"
    APPROVED = "approved", "承認"


class StudyEvent(StrEnum):
    APPROVE = "approve"


STUDY_TRANSITIONS: dict[tuple[StudyState, StudyEvent], StudyState] = {
    (StudyState.DRAFT, StudyEvent.APPROVE): StudyState.APPROVED,
}


class TrialState(TextChoices):
    WEIGHING = "weighing", "確かめています"
    WEIGHED = "weighed", "確かめました"
    SAVING = "saving", "保存しています"
    SAVED = "saved", "保存しました"
    FAILED = "failed", "できませんでした"
    CANCELLED = "cancelled", "取消し"


class TrialEvent(StrEnum):
    FOUND = "found"  # what would move is known
    SAVE = "save"
    FINISH = "finish"
    FAIL = "fail"
    CANCEL = "cancel"


TRIAL_TRANSITIONS: dict[tuple[TrialState, TrialEvent], TrialState] = {
    (TrialState.WEIGHING, TrialEvent.FOUND): TrialState.WEIGHED,
    (TrialState.WEIGHING, TrialEvent.FAIL): TrialState.FAILED,
    (TrialState.WEIGHING, TrialEvent.CANCEL): TrialState.CANCELLED,
    (TrialState.WEIGHED, TrialEvent.SAVE): TrialState.SAVING,
    (TrialState.WEIGHED, TrialEvent.CANCEL): TrialState.CANCELLED,
    (TrialState.SAVING, TrialEvent.FINISH): TrialState.SAVED,
    (TrialState.SAVING, TrialEvent.FAIL): TrialState.FAILED,
    (TrialState.SAVING, TrialEvent.CANCEL): TrialState.CANCELLED,
}
AT_WORK = (TrialState.WEIGHING, TrialState.SAVING)  # something is left for a worker
