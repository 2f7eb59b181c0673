"""What every writing of a work entry checks, and the database's refusals in words."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.contrib.postgres.fields import DateTimeRangeField
from django.db import DatabaseError, IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Func, QuerySet
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Appointment
from budgets.actions.review import review_entry, review_worker
from budgets.actions.void_approval import void_approval
from budgets.entry_queries import Before, locked_months
from budgets.models import WorkEntry
from common.errors import Overlap, RuleViolation
from common.japan.clock import DAY_MINUTES
from common.japan.fiscal import month_first
from common.japan.wareki import format_wareki, format_wareki_month
from common.kept_sql import day_of, kept_of_day, moment_of

_LOCKED = "KY001"  # what the month's trigger raises
_NO_OVERLAP = "work_entry_no_overlap"


def stretch(starts_at: datetime, minutes: int) -> DateTimeTZRange:
    """Half-open, so that one may begin when the other ends; by whole minutes, so that no second is in the way."""
    starts_at = starts_at.replace(second=0, microsecond=0)
    return DateTimeTZRange(starts_at, starts_at + timedelta(minutes=minutes), "[)")


def month_is_locked(moment: datetime) -> RuleViolation:
    month = format_wareki_month(timezone.localtime(moment).date())
    return RuleViolation(
        f"この月は締められています（{month}）。時間・職員・日付は変えられません。経理担当に相談してください。",
        field="minutes",
    )


def check_minutes(minutes: int) -> None:
    if not 1 <= minutes <= DAY_MINUTES:
        raise RuleViolation("時間は1分以上、24時間（1440分）以下で入力してください。", field="minutes")


def is_of_locked_month(error: DatabaseError) -> bool:
    """The database's own refusal: a trigger lets nothing move in a locked month."""
    return getattr(error.__cause__, "sqlstate", "") == _LOCKED


def check_month_open(*moments: datetime) -> None:
    """Refuse a stretch that begins in a locked month."""
    for moment in moments:
        if locked_months({timezone.localtime(moment).date()}):
            raise month_is_locked(moment)


def not_appointed(moment: datetime) -> RuleViolation:
    day = format_wareki(timezone.localtime(moment).date())
    return RuleViolation(
        f"{day}は辞令の期間の外です。日付を確かめてください。正しいときは、システム管理者に辞令を直してもらってください。",
        field="day",
    )


def check_appointed(staff_id: int, moment: datetime) -> None:
    """Refuse what is typed into a day on which the worker had no appointment: nobody could be paid for it."""
    day = timezone.localtime(moment).date()
    if not Appointment.objects.current(day).filter(staff=staff_id).exists():
        raise not_appointed(moment)


def _sharing(on: date, staff: int, first: int, last: int, low: int, high: int) -> QuerySet[WorkEntry]:
    during = Func(moment_of(low), moment_of(high), function="tstzrange", output_field=DateTimeRangeField())
    rows = WorkEntry.objects.filter(staff=staff, worked_on__gte=day_of(first), worked_on__lte=day_of(last))
    return rows.filter(during__overlap=during).select_related("category").order_by("during", "pk")[:2]


def colliding(entry: WorkEntry) -> WorkEntry | None:
    """The first entry of the same worker that shares a minute with ``entry``. None is longer than a day, so only those of
    the days around are looked at.
    """
    low, high = entry.during.lower, entry.during.upper
    first = timezone.localtime(low).date() - timedelta(days=1)
    found = kept_of_day(
        _sharing, on=timezone.localdate(), staff=entry.staff_id, first=first.toordinal(),
        last=timezone.localtime(high).date().toordinal(), low=int(low.timestamp()), high=int(high.timestamp()),
    )  # fmt: skip
    return next((other for other in found if other.pk != entry.pk), None)


def clock_range(during: DateTimeTZRange) -> str:
    """「10:00〜10:45」, the end with its day when it is another one."""
    low, high = timezone.localtime(during.lower), timezone.localtime(during.upper)
    end = f"{high.hour}:{high.minute:02}"
    if high.date() != low.date():
        end = f"翌日{end}" if high.date() == low.date() + timedelta(days=1) else f"{high:%m/%d} {end}"
    return f"{low.hour}:{low.minute:02}〜{end}"


def name_of(entry: WorkEntry, *, tell_case: bool) -> str:
    """「訪問（K08-00012）」: what the entry was, with its pseudonym where that may be told."""
    words = entry.note or entry.category.name
    return f"{words}（{entry.case_number}）" if tell_case and entry.case_number else words


def overlap_with(other: WorkEntry, actor: Actor) -> Overlap:
    """Names the stretch and from when on the worker is free; the case only to the worker whose entry it is."""
    name = name_of(other, tell_case=other.staff_id == actor.staff_id)
    free = timezone.localtime(other.during.upper)
    return Overlap(
        f"{clock_range(other.during)} の「{name}」と重なっています。始まりを{free.hour}:{free.minute:02}からにするか、時間（分）を直してください。",
        field="minutes", entry=other,
    )  # fmt: skip


def _check_free(entry: WorkEntry, actor: Actor, before: Before | None) -> None:
    """Refuse what lies in a locked month or shares a minute with another entry."""
    if before is None:
        check_month_open(entry.during.lower)
    elif before.is_locked:
        raise month_is_locked(entry.during.lower)
    found = colliding(entry) if before is None or not before.is_free else None
    if found is not None:
        raise overlap_with(found, actor)


def write_entry(
    entry: WorkEntry, actor: Actor, at: datetime, *, is_last: bool = True, before: Before | None = None
) -> WorkEntry:
    """Save in an open month where nothing collides; what another transaction did meanwhile is refused in words too.

    What an auditor would ask about is raised at once (budgets.actions.review), never refused: the work was done.
    ``is_last`` False: more entries of this worker follow, and the caller has the month looked at after the last.
    ``before``: how things stood in this transaction, where the caller has looked already.
    """
    _check_free(entry, actor, before)
    former = entry.worked_on if entry.pk else None
    try:
        with transaction.atomic():
            entry.save()
    except IntegrityError as error:
        if _NO_OVERLAP not in str(error):
            raise
        found = colliding(entry)
        if found is not None:
            raise overlap_with(found, actor) from None
        raise Overlap("同じ時間帯に別の業務実績があります。", field="minutes") from None
    except DatabaseError as error:
        if not is_of_locked_month(error):
            raise
        raise month_is_locked(entry.during.lower) from None
    if former is not None:  # a new one has its minutes and its day from the INSERT itself
        entry.refresh_from_db(fields=["minutes", "worked_on"])
    review_entry(entry, at, is_new=former is None)
    for month in sorted({month_first(day) for day in (former, entry.worked_on) if day}):
        void_approval(day=month, agency_id=entry.agency_id, reason="業務実績が変わったため", at=at)
        if is_last:
            review_worker(staff_id=entry.staff_id, month=month, at=at)
    return entry
