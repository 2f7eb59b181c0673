"""The part of the week that no record fills: entered, corrected, deleted and copied by the worker."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from audit.actions import record
from budgets.actions.entry_guard import (
    check_appointed,
    check_minutes,
    check_month_open,
    clock_range,
    name_of,
    not_appointed,
    stretch,
    write_entry,
)
from budgets.actions.review import mend_entry, review_worker
from budgets.actions.void_approval import void_approval
from budgets.entry_queries import look_before
from budgets.enums import SourceType
from budgets.models import WorkCategory, WorkEntry
from budgets.permissions import check_can_record_work, check_own_entry
from common.errors import RuleViolation
from common.japan.fiscal import month_first

NOTE_LIMIT = 100


def week_start(day: date) -> date:
    """The Monday of the week of ``day``."""
    return day - timedelta(days=day.weekday())


def check_not_later(starts_at: datetime, at: datetime) -> None:
    """What is planned may be entered until the end of this week; nothing beyond."""
    following = week_start(timezone.localtime(at).date()) + timedelta(days=7)
    if timezone.localtime(starts_at).date() >= following:
        raise RuleViolation("入力できるのは今週の終わりまでです。", field="day")


def check_step(starts_at: datetime, minutes: int, step: int, actor: Actor, *, but: int | None = None) -> None:
    """What is typed begins and ends on whole ``step`` minutes, or where another entry of that worker begins or ends."""
    if step <= 1:
        return
    ends = (starts_at, starts_at + timedelta(minutes=minutes))
    loose = [end for end in ends if timezone.localtime(end).minute % step]
    if not loose:
        return
    during = WorkEntry.objects.filter(
        staff=actor.staff_id, during__overlap=(ends[0] - timedelta(minutes=1), ends[1] + timedelta(minutes=1))
    )
    if but is not None:
        during = during.exclude(pk=but)
    edges = {edge for row in during.values_list("during", flat=True) for edge in (row.lower, row.upper)}
    if any(end not in edges for end in loose):
        raise RuleViolation(
            f"{step}分きざみで入力してください（ほかの業務の始まりや終わりに続くときは、その時刻でかまいません）。",
            field="minutes",
        )


def _category(code: str, known: Iterable[WorkCategory] = ()) -> WorkCategory:
    """``known``: those that the caller has read already."""
    found = next((category for category in known if category.code == code), None)
    if found is None:
        found = WorkCategory.objects.filter(code=code).first()
    if found is None:
        raise RuleViolation(f"「{code[:30]}」という業務区分はありません。", field="category")
    return found


def _audit(action: str, entry: WorkEntry, actor: Actor, at: datetime, **detail: object) -> None:
    record(
        actor=actor, action=action, target=entry, at=at, minutes=entry.minutes, category=entry.category.code,
        **detail,
    )  # fmt: skip


def _sent_before(request_key: UUID | None, actor: Actor) -> WorkEntry | None:
    if request_key is None:
        return None
    return WorkEntry.objects.filter(request_key=request_key, staff=actor.staff_id).first()


@transaction.atomic
def add_entry(
    *, starts_at: datetime, minutes: int, category_code: str, actor: Actor, at: datetime, note: str = "",
    request_key: UUID | None = None, step: int = 1, known: Iterable[WorkCategory] = (),
) -> WorkEntry:  # fmt: skip
    """One's own stretch. Sent twice with one ``request_key``, it is one entry.

    ``known``: the categories, where the caller has read them.
    """
    check_can_record_work(actor)
    agency, staff = actor.office()
    try:
        check_minutes(minutes)
        check_not_later(starts_at, at)
    except RuleViolation:
        if (sent := _sent_before(request_key, actor)) is not None:
            return sent
        raise
    during = stretch(starts_at, minutes)
    before = look_before(staff_id=staff.pk, during=during, request_key=request_key)
    if before.is_sent and (sent := _sent_before(request_key, actor)) is not None:
        return sent
    if not before.is_appointed:
        raise not_appointed(starts_at)
    check_step(starts_at, minutes, step, actor)
    entry = WorkEntry(
        request_key=request_key or uuid4(), staff=staff, agency=agency, category=_category(category_code, known),
        during=during, note=note[:NOTE_LIMIT],
    )  # fmt: skip
    write_entry(entry, actor, at, before=before)
    _audit("work_entry.add", entry, actor, at)
    return entry


def _own_manual(entry: WorkEntry, actor: Actor) -> WorkEntry:
    """The entry, locked; derived ones are corrected at their record."""
    check_can_record_work(actor)
    rows = WorkEntry.objects.visible_to(actor).select_related("category")
    row = rows.select_for_update(of=("self",)).get(pk=entry.pk)
    check_own_entry(actor, row.staff_id)
    if row.is_derived:
        raise RuleViolation(
            "記録から入った業務は、元の記録（相談・支援経過・会議）で直してください。", field="line"
        )
    return row


@transaction.atomic
def edit_entry(
    *, entry: WorkEntry, starts_at: datetime, minutes: int, category_code: str, actor: Actor, at: datetime,
    note: str = "", step: int = 1,
) -> WorkEntry:  # fmt: skip
    """Correct one's own manual entry; the former values stay in the history."""
    row = _own_manual(entry, actor)
    check_minutes(minutes)
    check_not_later(starts_at, at)
    check_appointed(row.staff_id, starts_at)
    check_step(starts_at, minutes, step, actor, but=row.pk)
    check_month_open(row.during.lower)
    before = {"from": row.during.lower.isoformat(), "minutes": row.minutes, "category": row.category.code}
    row.during, row.category, row.note = (
        stretch(starts_at, minutes),
        _category(category_code),
        note[:NOTE_LIMIT],
    )
    write_entry(row, actor, at)
    _audit("work_entry.edit", row, actor, at, before=before)
    return row


@transaction.atomic
def delete_entry(*, entry: WorkEntry, actor: Actor, at: datetime) -> None:
    """Take one's own manual entry out of an open month; the history keeps it."""
    row = _own_manual(entry, actor)
    check_month_open(row.during.lower)
    _audit("work_entry.delete", row, actor, at, started=row.during.lower.isoformat())
    key = row.pk
    row.delete()
    void_approval(day=row.worked_on, agency_id=row.agency_id, reason="業務実績が変わったため", at=at)
    mend_entry(key, at)
    review_worker(staff_id=row.staff_id, month=month_first(row.worked_on), at=at)


# ── The same as last week ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Copied:
    """What was taken over, and, in words, what was not."""

    entries: list[WorkEntry] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


@transaction.atomic
def copy_week(*, to_week: date, actor: Actor, at: datetime) -> Copied:
    """Take over the manual entries of the week before, same day of the week and time.

    Derived entries are not copied: their minutes come from records. What collides, or falls into a locked month, is
    skipped and told.
    """
    check_can_record_work(actor)
    monday = week_start(to_week)
    check_not_later(timezone.make_aware(datetime.combine(monday, datetime.min.time())), at)
    copied = Copied()
    for source in _manual_of_week(monday - timedelta(days=7), actor):
        lower = timezone.localtime(source.during.lower)
        moved = timezone.make_aware(lower.replace(tzinfo=None) + timedelta(days=7))
        entry = WorkEntry(
            staff=actor.staff, agency=actor.agency, category=source.category,
            during=stretch(moved, source.minutes), note=source.note,
        )  # fmt: skip
        label = f"{moved.month}/{moved.day} {clock_range(entry.during)} {name_of(entry, tell_case=False)}"
        try:
            check_appointed(entry.staff_id, moved)
            write_entry(entry, actor, at, is_last=False)
        except RuleViolation as violation:
            copied.skipped.append(f"{label}（{violation.message}）")
            continue
        copied.entries.append(entry)
        _audit("work_entry.copy", entry, actor, at, of=source.pk)
    for month in sorted({month_first(entry.worked_on) for entry in copied.entries}):
        review_worker(staff_id=copied.entries[0].staff_id, month=month, at=at)
    return copied


def _manual_of_week(monday: date, actor: Actor) -> list[WorkEntry]:
    return list(
        WorkEntry.objects.filter(
            staff=actor.staff_id, source_type=SourceType.MANUAL, worked_on__gte=monday,
            worked_on__lt=monday + timedelta(days=7),
        )
        .select_related("category")
        .order_by("during", "pk")
    )  # fmt: skip
