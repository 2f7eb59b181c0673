"""Every working morning the open months are looked at whole; once a week each manager hears what waits for a word."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Count
from django.urls import reverse
from django.utils import timezone

from accounts.actions.notices import notify
from accounts.actor import Actor
from accounts.enums import Role
from accounts.models import Appointment, Notice
from accounts.notice_kinds import NoticeKind
from audit.actions import record
from budgets.actions.review import review_month
from budgets.actions.work_entries import week_start
from budgets.entry_queries import locked_months
from budgets.models import ComplianceFinding, WorkEntry
from common.japan.business_days import is_working_day
from common.japan.fiscal import add_months, month_first

MONTHS_BACK = 12  # what was left open longer is looked at when it is computed


def open_months(today: date) -> list[date]:
    """The months with entries that are not closed, from a year ago to the week that may be planned.

    One query, and for each open month one that stops at its first entry: to tell the months of all entries apart would
    read them all.
    """
    first = add_months(month_first(today), -MONTHS_BACK)
    last = month_first(week_start(today) + timedelta(days=6))
    months = [first]
    while months[-1] < last:
        months.append(add_months(months[-1], 1))
    closed = locked_months(set(months))
    return [
        month
        for month in months
        if month not in closed and WorkEntry.objects.of_month(month).exists()
    ]  # fmt: skip


def review_open_months(*, actor: Actor, at: datetime) -> int:
    """Look at every open month, each in a transaction of its own, then tell the managers. Safe to run twice.

    Returns how many managers heard of something. An answer to a month that still runs stands while it grows.
    """
    today = timezone.localtime(at).date()
    if not is_working_day(today):
        return 0
    for month in open_months(today):
        review_month(month, at, ask_again=add_months(month, 1) <= today)
    return tell_managers(actor=actor, at=at)


@transaction.atomic
def tell_managers(*, actor: Actor, at: datetime) -> int:
    """One notice a week for each manager of an agency where findings wait, with their number."""
    today = timezone.localtime(at).date()
    counted = ComplianceFinding.objects.waiting().values("agency").order_by("agency")
    waiting = {
        agency: (n, people)
        for agency, n, people in counted.annotate(
            n=Count("pk"), people=Count("staff", distinct=True)
        ).values_list("agency", "n", "people")
    }
    monday = timezone.make_aware(datetime.combine(week_start(today), datetime.min.time()))
    url = reverse("work:review")
    told = set(
        Notice.objects.filter(url=url, created_at__gte=monday).values_list("staff_id", "agency_id").distinct()
    )
    managers = Appointment.objects.current(today).filter(role=Role.AGENCY_MANAGER, agency__in=waiting)
    heads = [
        pair for pair in managers.order_by("staff_id").values_list("staff_id", "agency_id") if pair not in told
    ]  # fmt: skip
    for staff, agency in heads:
        found, people = waiting[agency]
        notify(
            staff_ids=[staff], agency_id=agency, at=at, url=url, kind=NoticeKind.OTHER,
            text=f"財源の確認事項が{found}件（{people}人）残っています。直すか理由を書くまで、月を締められません。",
        )  # fmt: skip
    if heads:
        first = ComplianceFinding.objects.waiting().order_by("pk")[0]
        record(actor=actor, action="compliance_finding.tell", target=first, at=at, told=len(heads))
    return len(heads)
