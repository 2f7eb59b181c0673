"""A row of the home page's work queue, made by each app's selectors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class QueueGroup(StrEnum):
    """The lists of the home page, in their order."""

    NOTICE = "notice"  # 知らせ
    ANSWER = "answer"  # 返事を待たれている
    TODAY = "today"  # 今日・今週
    WORRY = "worry"  # 気がかり
    DRAFT = "draft"  # 書きかけ
    MONTH = "month"  # 月の締め


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One thing that waits: what kind, by when, in words, and where to do it."""

    group: QueueGroup
    kind: str  # 「つなぎ」「フォロー」「訪問予定」「決定事項」「会議」…
    title: str
    url: str
    detail: str = ""
    due_at: datetime | None = None
    due_on: date | None = None
    badge: str = ""
    drop_url: str = ""  # where it is thrown away, if it can be
