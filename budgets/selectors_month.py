"""The month of one agency as its manager looks at it before approving."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.contrib.postgres.fields import DateTimeRangeField
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Count, Exists, Q, QuerySet, Sum, Value
from django.urls import reverse
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Agency, Appointment, Staff
from accounts.roles import Permission
from budgets.duty import duty_hours, minutes_of
from budgets.enums import CategoryKind
from budgets.models import ComplianceFinding, MonthApproval, WorkEntry, WorkMonth
from budgets.month_minutes import EMPTY, minutes_by_agency
from budgets.selectors_people import RECORDING_ROLES
from budgets.workflow import CLOSED_MONTHS
from common.japan.fiscal import add_months, month_first, month_last
from common.japan.wareki import format_wareki_month
from common.queue import QueueGroup, QueueRow

APPROVE: Final = "approve"


@dataclass(frozen=True, slots=True)
class WorkerMonth:
    """One worker: what is recorded, by kind, and what the duty of the appointment's days would be."""

    staff: Staff
    direct: int
    shared: int
    leave: int
    duty: int
    findings: int

    @property
    def recorded(self) -> int:
        return self.direct + self.shared + self.leave

    @property
    def lacking(self) -> int:
        return max(self.duty - self.recorded, 0)


@dataclass(frozen=True, slots=True)
class AgencyMonth:
    agency: Agency
    month: date
    lines: list[WorkerMonth]
    minutes: int
    digest: str
    approval: MonthApproval | None
    is_current: bool
    former: list[MonthApproval]
    is_locked: bool

    @property
    def is_approved(self) -> bool:
        return self.approval is not None and self.is_current


def agency_month(actor: Actor, agency: Agency, month: date) -> AgencyMonth:
    """Everybody who recorded minutes or had a recording appointment at the agency in the month. Nine queries."""
    now = minutes_by_agency(month, agency.pk).get(agency.pk, EMPTY)
    approvals = list(
        MonthApproval.objects.visible_to(actor)
        .filter(month=month, agency=agency)
        .select_related("approved_by")
        .order_by("-approved_at", "-pk")
    )
    standing = next((a for a in approvals if a.withdrawn_at is None), None)
    row = WorkMonth.objects.filter(month=month).first()
    return AgencyMonth(
        agency=agency, month=month, lines=_workers(actor, agency, month), minutes=now.minutes, digest=now.digest,
        approval=standing, is_current=standing is not None and standing.digest == now.digest,
        former=[a for a in approvals if a.withdrawn_at is not None], is_locked=bool(row and row.is_locked),
    )  # fmt: skip


def _workers(actor: Actor, agency: Agency, month: date) -> list[WorkerMonth]:
    last, hours = month_last(month), duty_hours()
    days = [month + timedelta(days=n) for n in range((last - month).days + 1)]
    duty = {day: minutes for day in days if (minutes := minutes_of(hours.stretches(day)))}
    kinds = {
        kind: Sum("minutes", filter=Q(category__kind=kind), default=0)
        for kind in (CategoryKind.DIRECT.value, CategoryKind.SHARED.value, CategoryKind.LEAVE.value)
    }
    entries = WorkEntry.objects.visible_to(actor).of_month(month).filter(agency=agency)
    sums: dict[int, Any] = {
        row["staff_id"]: row for row in entries.values("staff_id").annotate(**kinds).order_by()
    }
    owed: dict[int, int] = {}
    appointed = Appointment.objects.filter(
        agency=agency, role__in=RECORDING_ROLES, during__overlap=DateRange(month, last, "[]")
    ).values_list("staff_id", "during")
    for staff_id, span in appointed:
        owed[staff_id] = owed.get(staff_id, 0) + sum(m for day, m in duty.items() if day in span)
    waiting: dict[int, int] = {}
    found = ComplianceFinding.objects.visible_to(actor).waiting().filter(month=month, agency=agency)
    for staff_id in found.values_list("staff_id", flat=True):
        waiting[staff_id] = waiting.get(staff_id, 0) + 1
    people = Staff.objects.visible_to(actor).filter(pk__in={*sums, *owed}).order_by("kana", "pk")
    nothing: dict[str, int] = {}
    lines = []
    for person in people:
        own = sums.get(person.pk, nothing)
        direct, shared, leave = (own.get(kind, 0) for kind in ("direct", "shared", "leave"))
        lines.append(
            WorkerMonth(person, direct, shared, leave, owed.get(person.pk, 0), waiting.get(person.pk, 0))
        )
    return lines


def _last_month(at: datetime) -> date:
    return add_months(month_first(timezone.localtime(at).date()), -1)


def unapproved(actor: Actor, at: datetime) -> list[QuerySet[Any, Any]]:
    """The workers of a manager's agency whose last full month waits for approval, as (APPROVE, 0, workers, None)."""
    if not actor.has(Permission.WORK_VIEW_AGENCY) or actor.agency_id is None:
        return []
    month = _last_month(at)
    approved = MonthApproval.objects.standing().filter(month=month, agency=actor.agency_id)
    closed = WorkMonth.objects.filter(month=month, state__in=CLOSED_MONTHS)
    rows = (
        WorkEntry.objects.visible_to(actor)
        .of_month(month)
        .filter(~Exists(approved), ~Exists(closed), agency=actor.agency_id)
        .values("agency_id")
        .annotate(n=Value(0), people=Count("staff", distinct=True))
        .order_by()
    )
    blank = Value(None, output_field=DateTimeRangeField())
    return [rows.values_list(Value(APPROVE), "n", "people", blank)]


def approval_home_rows(workers: int, at: datetime) -> list[QueueRow]:
    """One row where a month waits."""
    if not workers:
        return []
    month = _last_month(at)
    return [
        QueueRow(
            group=QueueGroup.MONTH, kind="月の承認", title=f"{format_wareki_month(month)}の承認を待っています（{workers}人）",
            detail="確かめて承認すると、経理担当が締められます", url=reverse("work:month", args=[f"{month:%Y%m}"]),
            due_on=add_months(month, 1) + timedelta(days=9),
        )
    ]  # fmt: skip
