"""The home page: the day's work in one queue, sorted by deadline, gathered from every app."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.utils import timezone

from accounts.actor import Actor
from accounts.selectors import home_rows as notice_rows
from budgets.selectors import home_rows as work_rows
from budgets.selectors_alerts import alert_home_rows
from budgets.selectors_apportionment import finance_home_rows
from cases.selectors import home_rows as case_rows
from cases.selectors.break_glass import home_rows as break_glass_rows
from common.queue import QueueGroup, QueueRow
from households.selectors_protection import home_rows as protection_rows
from referrals.selectors_conferences import home_rows as conference_rows
from referrals.selectors_handover import home_rows as handover_rows
from referrals.selectors_home import home_rows as referral_rows

Source = Callable[[Actor, datetime], Sequence[QueueRow]]
SOURCES: tuple[Source, ...] = (
    notice_rows, referral_rows, conference_rows, case_rows, break_glass_rows, protection_rows, handover_rows, work_rows,
    finance_home_rows, alert_home_rows,
)  # fmt: skip

TITLES = {
    QueueGroup.NOTICE: "知らせ",
    QueueGroup.ANSWER: "返事を待たれている",
    QueueGroup.TODAY: "今日・今週",
    QueueGroup.WORRY: "気がかり",
    QueueGroup.DRAFT: "書きかけ",
    QueueGroup.MONTH: "月の締め",
}
# what is only to be read does not push the day's work off the screen: the newest stand open, the rest is folded
OPEN_NOTICES = 3
_IN_THEIR_ORDER = (QueueGroup.WORRY, QueueGroup.NOTICE)


@dataclass(frozen=True, slots=True)
class HomeRow:
    """A queue row with what is left of its time, in whole hours or days (negative: past)."""

    row: QueueRow
    hours: int | None
    days: int | None


@dataclass(frozen=True, slots=True)
class HomeGroup:
    key: str
    title: str
    rows: list[HomeRow]

    @property
    def first(self) -> list[HomeRow]:
        return self.rows[:OPEN_NOTICES] if self.key == QueueGroup.NOTICE else self.rows

    @property
    def folded(self) -> list[HomeRow]:
        return self.rows[len(self.first) :]


def _due(row: QueueRow) -> datetime:
    """When a row is due; a day is due at its end; without a date it stands last."""
    if row.due_at is not None:
        return row.due_at
    if row.due_on is not None:
        return timezone.make_aware(datetime.combine(row.due_on, time(23, 59)))
    return datetime.max.replace(tzinfo=timezone.get_current_timezone()) - timedelta(days=2)


def _with_left(row: QueueRow, at: datetime) -> HomeRow:
    if row.due_at is not None:
        left = row.due_at - at
        if abs(left) < timedelta(days=3):
            return HomeRow(row, hours=int(left.total_seconds() // 3600), days=None)
        return HomeRow(row, hours=None, days=(timezone.localdate(row.due_at) - timezone.localdate(at)).days)
    if row.due_on is not None:
        return HomeRow(row, hours=None, days=(row.due_on - timezone.localdate(at)).days)
    return HomeRow(row, hours=None, days=None)


def home_groups(actor: Actor, at: datetime) -> list[HomeGroup]:
    """All groups that have rows, each sorted by deadline."""
    rows = [row for source in SOURCES for row in source(actor, at)]
    groups = []
    for key, title in TITLES.items():
        # worries come in their own order, the way to the rest last; notices newest first
        own = [row for row in rows if row.group == key]
        own.sort(key=lambda row: (_due(row), "" if row.group in _IN_THEIR_ORDER else row.title))
        if own:
            groups.append(HomeGroup(key=key, title=title, rows=[_with_left(row, at) for row in own]))
    return groups


def sentence(groups: list[HomeGroup], at: datetime) -> str:
    """「今日は 3 件の返事と 2 件の予定があります。」, with what is overdue."""
    today = timezone.localdate(at)
    rows = {group.key: group.rows for group in groups}
    answers = len(rows.get(QueueGroup.ANSWER, []))
    due = [_due(r.row) for r in rows.get(QueueGroup.TODAY, [])]
    this_day = sum(timezone.localdate(d) == today for d in due)
    late = sum(_due(r.row) < at for group in groups for r in group.rows if r.row.group != QueueGroup.DRAFT)
    parts = [f"{answers} 件の返事"] if answers else []
    parts += [f"{this_day} 件の予定"] if this_day else []
    if not parts and not late:
        return "今日が期限の仕事はありません。"
    words = f"今日は {'と '.join(parts)}があります。" if parts else "今日の予定はありません。"
    return f"{words}期限を過ぎたものが {late} 件あります。" if late else words
