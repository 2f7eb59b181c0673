"""The states of a claim (精算) and of a long report."""

from __future__ import annotations

from enum import StrEnum

from django.db.models import TextChoices


class ClaimState(TextChoices):
    DRAFT = "draft", "作成中"
    FILED = "filed", "提出済み"
    CORRECTED = "corrected", "訂正済み"


class ClaimEvent(StrEnum):
    FILE = "file"
    CORRECT = "correct"  # a later claim for the same year was filed in its place


CLAIM_TRANSITIONS: dict[tuple[ClaimState, ClaimEvent], ClaimState] = {
    (ClaimState.DRAFT, ClaimEvent.FILE): ClaimState.FILED,
    (ClaimState.FILED, ClaimEvent.CORRECT): ClaimState.CORRECTED,
}


class JobState(TextChoices):
    RUNNING = "running", "作成中"
    DONE = "done", "作成済み"
    FAILED = "failed", "作れなかった"
    CANCELLED = "cancelled", "取消し"


class JobEvent(StrEnum):
    FINISH = "finish"
    FAIL = "fail"
    CANCEL = "cancel"


JOB_TRANSITIONS: dict[tuple[JobState, JobEvent], JobState] = {
    (JobState.RUNNING, JobEvent.FINISH): JobState.DONE,
    (JobState.RUNNING, JobEvent.FAIL): JobState.FAILED,
    (JobState.RUNNING, JobEvent.CANCEL): JobState.CANCELLED,
}


class ReportKind(TextChoices):
    PACK = "pack", "監査資料一式"
    SHEETS = "sheets", "業務従事実績"
    ENTRIES = "entries", "業務実績の一覧"


class LayoutKind(TextChoices):
    """What one line of a saved layout is about."""

    ACTUALS = "actuals", "財源と月の実績"
    WORKERS = "workers", "職員と財源の按分"
    JOURNAL = "journal", "仕訳"
