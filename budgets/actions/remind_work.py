"""Unfilled hours of last week: the worker hears of them, and, where nothing happens, the manager. Each step once."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.actions.notices import notify
from accounts.actor import Actor
from accounts.enums import Role
from accounts.models import Appointment
from accounts.notice_kinds import NoticeKind
from audit.actions import record
from budgets.actions.work_entries import week_start
from budgets.duty import Stretch, duty_hours, minutes_of, without
from budgets.models import WorkEntry, WorkMonth, WorkReminder
from budgets.selectors_people import RECORDING_ROLES
from budgets.workflow import CLOSED_MONTHS
from common.japan.business_days import is_working_day
from common.japan.fiscal import month_first

LEAST_MINUTES = 30  # less than half an hour in a week is not written about
MANAGER_AFTER = 3  # working days after the worker


def unfilled_minutes(week: date) -> dict[int, tuple[int, int]]:
    """Worker → (agency, minutes of duty without an entry) in the week that begins on ``week``, where there are any.

    Days outside the appointment and of locked months ask for nothing. Three queries.
    """
    days = [week + timedelta(days=n) for n in range(7)]
    closed = set(
        WorkMonth.objects.filter(
            month__in={month_first(d) for d in days}, state__in=CLOSED_MONTHS
        ).values_list("month", flat=True)
    )
    hours = duty_hours()
    duty = {d: hours.stretches(d) for d in days if month_first(d) not in closed}
    busy: dict[int, list[Stretch]] = defaultdict(list)
    rows = WorkEntry.objects.filter(worked_on__gte=days[0], worked_on__lte=days[-1]).values_list(
        "staff_id", "during"
    )
    for staff, during in rows.iterator(chunk_size=10_000):
        busy[staff].append((during.lower, during.upper))
    found: dict[int, tuple[int, int]] = {}
    appointed = Appointment.objects.filter(
        role__in=RECORDING_ROLES,
        staff__is_active=True,
        during__overlap=(days[0], days[-1] + timedelta(days=1)),
    ).order_by("staff_id", "pk")
    owed: dict[int, set[date]] = defaultdict(set)
    agency_of: dict[int, int] = {}
    for staff, agency, during in appointed.values_list("staff_id", "agency_id", "during"):
        owed[staff] |= {d for d in duty if d in during}
        agency_of.setdefault(staff, agency)
    for staff, own in owed.items():
        lacking = minutes_of(without([s for d in own for s in duty[d]], busy[staff]))
        if lacking >= LEAST_MINUTES:
            found[staff] = (agency_of[staff], lacking)
    return found


def _working_days_since(week: date, today: date) -> int:
    """Working days from the Monday after ``week`` to today, today included."""
    first = week + timedelta(days=7)
    return sum(is_working_day(first + timedelta(days=n)) for n in range((today - first).days + 1))


@transaction.atomic
def remind_work(*, actor: Actor, at: datetime) -> int:
    """Every working morning: from the first working day of the week on the worker, from the fourth on the manager.

    Safe to run twice. Returns how many heard of it.
    """
    today = timezone.localtime(at).date()
    if not is_working_day(today):
        return 0
    week = week_start(today) - timedelta(days=7)
    lacking = unfilled_minutes(week)
    told = _tell_workers(week, lacking, at)
    if _working_days_since(week, today) > MANAGER_AFTER:
        told += _tell_managers(week, lacking, at)
    if told:
        target = WorkReminder.objects.filter(week=week).order_by("-pk")[0]
        record(
            actor=actor, action="work_record.remind", target=target, at=at, week=week.isoformat(), told=told
        )
    return told


def _mark(week: date, lacking: dict[int, tuple[int, int]], step: int, at: datetime) -> list[int]:
    """Keep that a step was made, and return for whom it is new."""
    known = set(WorkReminder.objects.filter(week=week, step=step).values_list("staff_id", flat=True))
    fresh = sorted(set(lacking) - known)
    WorkReminder.objects.bulk_create(
        [WorkReminder(staff_id=pk, week=week, step=step, minutes=lacking[pk][1], sent_at=at) for pk in fresh],
        batch_size=1000,
    )
    return fresh


def _hours(minutes: int) -> str:
    whole, rest = divmod(minutes, 60)
    return (f"{whole}時間" if whole else "") + (f"{rest}分" if rest or not whole else "")


def _tell_workers(week: date, lacking: dict[int, tuple[int, int]], at: datetime) -> int:
    fresh = _mark(week, lacking, WorkReminder.TO_WORKER, at)
    for pk in fresh:
        notify(
            staff_ids=[pk], kind=NoticeKind.OTHER, text=f"先週（{week.month}/{week.day}〜）の業務記録に未記入が{_hours(lacking[pk][1])}あります。",
            url=f"{reverse('work:week')}?day={week.isoformat()}", at=at,
        )  # fmt: skip
    return len(fresh)


def _tell_managers(week: date, lacking: dict[int, tuple[int, int]], at: datetime) -> int:
    """One notice for each manager with the number of workers; only who heard of it before and still lacks hours."""
    heard = set(
        WorkReminder.objects.filter(week=week, step=WorkReminder.TO_WORKER, sent_at__lt=at).values_list(
            "staff_id", flat=True
        )
    )
    fresh = _mark(week, {pk: own for pk, own in lacking.items() if pk in heard}, WorkReminder.TO_MANAGER, at)
    by_agency: dict[int, int] = defaultdict(int)
    for pk in fresh:
        by_agency[lacking[pk][0]] += 1
    managers = Appointment.objects.current(timezone.localtime(at).date()).filter(
        role=Role.AGENCY_MANAGER, agency__in=by_agency
    )
    heads = list(managers.order_by("staff_id").values_list("staff_id", "agency_id"))
    for staff, agency in heads:
        notify(
            staff_ids=[staff], kind=NoticeKind.OTHER, agency_id=agency, at=at, url=reverse("work:month", args=[f"{week:%Y%m}"]),
            text=f"先週（{week.month}/{week.day}〜）の業務記録が未記入の職員が{by_agency[agency]}人います。本人には知らせました。",
        )  # fmt: skip
    return len(heads)
