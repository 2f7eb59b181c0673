"""The week of one worker as the page shows it: entries, gaps, what is unfilled, and what waits to be looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import jpholiday
from django.contrib.postgres.fields import DateTimeRangeField
from django.db.models import F, Func, QuerySet, Value
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Staff
from accounts.roles import Permission
from budgets.actions.work_entries import week_start
from budgets.duty import DutyHours, Stretch, at, clip, duty_hours, minutes_of, without
from budgets.entry_queries import locked_months
from budgets.enums import CategoryKind, SourceType
from budgets.models import ComplianceFinding, WorkCategory, WorkEntry, WorkFinding, WorkMonth
from budgets.quick_entry import Choice
from budgets.selectors_review import waiting_of_week
from budgets.workflow import CLOSED_MONTHS
from cases.models import Consultation, ProgressNote, WatchAttempt
from common.japan.business_days import is_working_day
from common.japan.fiscal import month_first, month_last
from common.kept_sql import day_of, filled_up, kept, kept_of_day
from common.queue import QueueGroup, QueueRow

BAR_FROM, BAR_TO = 7, 21  # hours that the bar of a day shows


@dataclass(frozen=True, slots=True)
class Line:
    """A stretch of a day: an entry, or a gap in the duty (``entry`` None)."""

    start: str
    end: str
    minutes: int
    entry: WorkEntry | None = None
    url: str = ""  # of the record that a derived entry follows

    @property
    def as_typed(self) -> str:
        """What would be typed for it."""
        if self.entry is None:
            return f"{self.start}-{self.end} "
        words = self.entry.category.key or self.entry.category.name
        when = f"{self.start} {self.minutes}" if self.end.startswith("翌") else f"{self.start}-{self.end}"
        return f"{when} {words} {self.entry.note}".strip()


@dataclass(frozen=True, slots=True)
class Block:
    """A part of the day's bar: ``x`` and ``width`` in minutes of the bar."""

    x: int
    width: int
    kind: str


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    holiday: str
    is_working: bool
    is_today: bool
    is_locked: bool
    is_open: bool  # may be written in: not locked, not after this week
    lines: list[Line]
    findings: list[WorkFinding]
    blocks: list[Block]
    recorded: int
    unfilled: int
    review: list[ComplianceFinding] = field(default_factory=list)

    @property
    def key(self) -> str:
        return self.day.isoformat()


@dataclass(frozen=True, slots=True)
class Total:
    name: str
    kind: str
    stream: str
    minutes: int


@dataclass(frozen=True, slots=True)
class Week:
    staff: Staff
    monday: date
    sunday: date
    days: list[Day]
    totals: list[Total]
    recorded: int
    derived: int
    unfilled: int
    duty: int  # minutes of duty that are over
    is_current: bool = field(default=False)
    review: list[ComplianceFinding] = field(default_factory=list)  # of its months as a whole

    @property
    def filled(self) -> int:
        """Minutes of duty that are over and filled."""
        return self.duty - self.unfilled

    def of_day(self, day: date) -> Day:
        return next(row for row in self.days if row.day == day)


def categories() -> list[WorkCategory]:
    """All of them with their streams, in the order in which they can be typed. One query."""
    return kept_of_day(_categories, on=timezone.localdate())


def choices(known: Iterable[WorkCategory] | None = None) -> list[Choice]:
    """The categories that can be typed, in their order. One query, none where they are ``known``."""
    return [Choice(row.code, row.name, row.key) for row in (categories() if known is None else known)]


def _entries(actor: Actor, staff: int, first: int, last: int) -> QuerySet[WorkEntry]:
    rows = WorkEntry.objects.visible_to(actor).with_shown_number(actor)
    days = {"worked_on__gte": day_of(first), "worked_on__lte": day_of(last)}
    return rows.filter(staff=staff, **days).order_by("during", "pk")


def _findings(actor: Actor, staff: int, first: int, last: int) -> QuerySet[WorkFinding]:
    rows = WorkFinding.objects.visible_to(actor).waiting().filter(staff=staff)
    return rows.filter(worked_on__gte=day_of(first), worked_on__lte=day_of(last)).order_by("worked_on", "pk")


def _categories(on: date) -> QuerySet[WorkCategory]:
    return WorkCategory.objects.select_related("stream").order_by("position", "code")


def _with_categories(entries: list[WorkEntry], found: Iterable[WorkCategory]) -> list[WorkEntry]:
    """There are some twenty categories, and a hundred entries in a week: none is joined to each."""
    known = {category.pk: category for category in found}
    for entry in entries:
        entry.category = known[entry.category_id]
        entry.derived_category = known.get(entry.derived_category_id or 0)
    return entries


def week_of(
    *, staff: Staff, day: date, actor: Actor, now: datetime, only: bool = False, known: Iterable[WorkCategory] | None = None
) -> Week:  # fmt: skip
    """Eight queries at most, whatever the number of entries.

    ``only``: ``days`` is ``day`` alone, while the sums are of the week. ``known``: the categories, where they are read.
    """
    monday, on = week_start(day), timezone.localdate()
    days = [monday + timedelta(days=n) for n in range(7)]
    shown = [day] if only else days
    span = {"staff": staff.pk, "first": monday.toordinal(), "last": days[-1].toordinal()}
    entries = _with_categories(kept(_entries, actor, on=on, **span), categories() if known is None else known)
    findings = kept(_findings, actor, on=on, **span)
    review = waiting_of_week(actor, staff.pk, monday, days[-1])
    maker = _DayMaker(
        now=now,
        hours=duty_hours(),
        locked=locked_months(days),
        urls=_record_urls([e for e in entries if e.worked_on in shown], actor, on),
        review=review,
    )
    rows = [maker.day(d, entries, [f for f in findings if f.worked_on == d]) for d in shown]
    return Week(
        staff=staff, monday=monday, sunday=days[-1], days=rows, totals=_totals(entries),
        recorded=sum(e.minutes for e in entries), derived=sum(e.minutes for e in entries if e.is_derived),
        unfilled=sum(minutes_of(maker.gaps(d, entries)) for d in days) if only else sum(row.unfilled for row in rows),
        duty=sum(minutes_of(clip(maker.hours.stretches(d), now)) for d in days),
        is_current=monday == week_start(timezone.localtime(now).date()),
        review=[row for row in review if row.worked_on is None],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _DayMaker:
    now: datetime
    hours: DutyHours
    locked: set[date]
    urls: dict[tuple[str, int], str]
    review: list[ComplianceFinding]

    def gaps(self, day: date, entries: Sequence[WorkEntry]) -> list[Stretch]:
        """Duty of the day that is over and not filled; an entry of the day before may reach into it."""
        duty = clip(self.hours.stretches(day), self.now)
        around = (day - timedelta(days=1), day)
        return without(duty, [_stretch(e) for e in entries if e.worked_on in around]) if duty else []

    def day(self, day: date, entries: Sequence[WorkEntry], findings: list[WorkFinding]) -> Day:
        own = [e for e in entries if e.worked_on == day]
        gaps = self.gaps(day, entries)
        today = timezone.localtime(self.now).date()
        is_locked = month_first(day) in self.locked
        lines = [self._entry_line(e) for e in own] + [_line(*gap) for gap in gaps]
        return Day(
            day=day,
            holiday=jpholiday.is_holiday_name(day) or "",
            is_working=is_working_day(day),
            is_today=day == today,
            is_locked=is_locked,
            is_open=not is_locked and day < week_start(today) + timedelta(days=7),
            lines=sorted(lines, key=lambda line: (int(line.start.split(":")[0]), line.start)),
            findings=findings,
            blocks=_blocks(day, own, gaps),
            recorded=sum(e.minutes for e in own),
            unfilled=minutes_of(gaps),
            review=[row for row in self.review if row.worked_on == day],
        )

    def _entry_line(self, entry: WorkEntry) -> Line:
        url = self.urls.get((entry.source_type, entry.source_id or 0), "")
        return _line(*_stretch(entry), entry=entry, url=url)


def line_of(entry: WorkEntry) -> Line:
    return _line(*_stretch(entry), entry=entry)


def first_gap(staff: Staff, day: date) -> datetime | None:
    """When the first stretch of duty without an entry begins on a day; None when there is none."""
    rows = WorkEntry.objects.filter(staff=staff, worked_on=day).values_list("during", flat=True)
    gaps = without(duty_hours().stretches(day), [(during.lower, during.upper) for during in rows])
    return gaps[0][0] if gaps else None


def _stretch(entry: WorkEntry) -> Stretch:
    return entry.during.lower, entry.during.upper


def _line(low: datetime, high: datetime, *, entry: WorkEntry | None = None, url: str = "") -> Line:
    start, end = timezone.localtime(low), timezone.localtime(high)
    until = f"{end.hour}:{end.minute:02}"
    if end.date() != start.date():
        until = "24:00" if until == "0:00" else f"翌{until}"
    return Line(f"{start.hour}:{start.minute:02}", until, minutes_of([(low, high)]), entry, url)


def _blocks(day: date, entries: Iterable[WorkEntry], gaps: Iterable[Stretch]) -> list[Block]:
    """The bar of a day: entries by kind, and gaps; clipped to the hours that it shows."""
    first, last = at(day, time(BAR_FROM)), at(day, time(BAR_TO))
    parts = [(_stretch(e), "derived" if e.is_derived else e.category.kind) for e in entries]
    parts += [(gap, "gap") for gap in gaps]
    blocks = []
    for (low, high), kind in sorted(parts):
        low, high = max(low, first), min(high, last)
        if low < high:
            blocks.append(Block(minutes_of([(first, low)]), minutes_of([(low, high)]), kind))
    return blocks


def _totals(entries: Iterable[WorkEntry]) -> list[Total]:
    """Minutes by category, in the order of the categories."""
    minutes: dict[int, int] = {}
    categories: dict[int, WorkCategory] = {}
    for entry in entries:
        categories[entry.category_id] = entry.category
        minutes[entry.category_id] = minutes.get(entry.category_id, 0) + entry.minutes
    ordered = sorted(categories.values(), key=lambda c: (c.position, c.pk))
    return [
        Total(c.name, CategoryKind(c.kind).label, c.stream.short_name if c.stream else "", minutes[c.pk])
        for c in ordered
    ]


# ── Where a derived entry is corrected ──────────────────────────────────────────────────────────────────────


def _consultations(actor: Actor, ids: Sequence[int]) -> QuerySet[Consultation, Any]:
    return Consultation.objects.visible_to(actor).filter(pk__in=ids).values_list("pk", "receipt_no")


def _notes(actor: Actor, ids: Sequence[int]) -> QuerySet[ProgressNote, Any]:
    return ProgressNote.objects.visible_to(actor).filter(pk__in=ids).values_list("pk", "case__number")


def _watches(actor: Actor, ids: Sequence[int]) -> QuerySet[WatchAttempt, Any]:
    return WatchAttempt.objects.visible_to(actor).filter(pk__in=ids).values_list("pk", "follow_up_id")


def _record_urls(entries: Iterable[WorkEntry], actor: Actor, on: date) -> dict[tuple[str, int], str]:
    """The page of each record that the actor may see. One query for each kind of record among the entries."""
    ids: dict[str, list[int]] = {}
    for entry in entries:
        if entry.source_id is not None:
            ids.setdefault(entry.source_type, []).append(entry.source_id)

    def found(kind: SourceType, build: Callable[..., QuerySet[Any, Any]]) -> list[tuple[int, Any]]:
        return kept(build, actor, on=on, ids=filled_up(ids.get(kind, [])))

    urls = {
        (SourceType.CONSULTATION.value, pk): _url("consultations:detail", no)
        for pk, no in found(SourceType.CONSULTATION, _consultations)
    }
    urls |= {
        (SourceType.NOTE.value, pk): _url("cases:detail", number, f"#note-{pk}")
        for pk, number in found(SourceType.NOTE, _notes)
    }
    urls |= {
        (SourceType.WATCH.value, pk): _url("cases:follow_up", turn)
        for pk, turn in found(SourceType.WATCH, _watches)
    }
    if actor.has(Permission.CONFERENCE_VIEW):
        for pk in ids.get(SourceType.CONFERENCE, []):
            urls[SourceType.CONFERENCE.value, pk] = _url("conferences:detail", pk)
    return urls


def _url(name: str, key: object, anchor: str = "") -> str:
    try:
        return reverse(name, args=[key]) + anchor
    except NoReverseMatch:
        return ""


# ── Home ────────────────────────────────────────────────────────────────────────────────────────────────────

MONTH_END_DAYS = 5


_WHOLE_MONTH = Func(
    F("month"),
    template="tstzrange(%(expressions)s::timestamp AT TIME ZONE 'Asia/Tokyo',"
    " (%(expressions)s + interval '1 month') AT TIME ZONE 'Asia/Tokyo')",
    output_field=DateTimeRangeField(),
)


def _home_days(now: datetime) -> list[date]:
    """Last week and this one, up to yesterday."""
    today = timezone.localtime(now).date()
    first = week_start(today) - timedelta(days=7)
    return [first + timedelta(days=n) for n in range((today - first).days)]


def taken_minutes(actor: Actor, now: datetime) -> list[QuerySet[Any, Any]]:
    """What of last week and this one is filled, as ("", 0, 0, stretch), to be asked together with other counts."""
    if not actor.has(Permission.WORK_RECORD) or actor.staff_id is None or actor.appointment is None:
        return []
    days = _home_days(now)
    entries = WorkEntry.objects.filter(
        staff=actor.staff_id, worked_on__gte=days[0], worked_on__lte=timezone.localtime(now).date()
    )
    # of a locked month nothing is left to fill in: it counts as one long entry
    locked = WorkMonth.objects.filter(state__in=CLOSED_MONTHS, month__in={month_first(d) for d in days})
    blank = (Value(""), Value(0), Value(0))
    return [
        entries.order_by().values_list(*blank, "during"),
        locked.order_by().values_list(*blank, _WHOLE_MONTH),
    ]


def work_home_rows(actor: Actor, now: datetime, taken: Iterable[Any]) -> list[QueueRow]:
    """Last week and this one, as far as duty is over and not ``taken``; near the month's end they belong to 月の締め.

    One query (the hours of duty).
    """
    if not actor.has(Permission.WORK_RECORD) or actor.staff_id is None or actor.appointment is None:
        return []
    today, days = timezone.localtime(now).date(), _home_days(now)
    monday = week_start(today)
    first = monday - timedelta(days=7)
    busy = [(each.lower, each.upper) for each in taken]
    since = actor.appointment.during.lower
    hours, rows = duty_hours(), []
    for start, label in ((first, "先週"), (monday, "今週")):
        own = [
            d for d in days
            if start <= d < start + timedelta(days=7) and (not since or d >= since)
        ]  # fmt: skip
        lacking = {d: m for d in own if (m := minutes_of(without(hours.stretches(d), busy)))}
        if lacking:
            rows.append(_home_row(label, lacking, today))
    return rows


def _home_row(label: str, lacking: dict[date, int], today: date) -> QueueRow:
    hours, minutes = divmod(sum(lacking.values()), 60)
    amount = (f"{hours}時間" if hours else "") + (f"{minutes}分" if minutes else "")
    first = min(lacking)
    ends = month_last(first)
    near = (ends - today).days < MONTH_END_DAYS
    listed = "・".join(f"{d.month}/{d.day}" for d in sorted(lacking))
    return QueueRow(
        group=QueueGroup.MONTH if near else QueueGroup.TODAY,
        kind="業務記録",
        title=f"{label}の業務記録に未記入が {amount} あります",
        detail=listed,
        due_on=ends if near else first + timedelta(days=6 - first.weekday()),
        url=f"{reverse('work:week')}?day={first.isoformat()}",
    )
