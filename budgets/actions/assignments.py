"""Setting for which money a worker is paid, from a day on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Agency, Staff
from audit.actions import record
from budgets.actions.review import review_month
from budgets.actions.rules import follow_assignment
from budgets.entry_queries import locked_months
from budgets.models import DutyAssignment, FundingStream
from budgets.permissions import check_can_edit_costs
from common.errors import RuleViolation
from common.japan.fiscal import add_months, month_first


@dataclass(frozen=True, slots=True)
class AssignmentData:
    """``stream`` None: 兼務. ``last_on`` None: until further notice."""

    staff: Staff
    agency: Agency
    stream: FundingStream | None
    first_on: date
    last_on: date | None = None
    qualification: str = ""
    fte: Fraction = Fraction(1)


@transaction.atomic
def set_assignment(*, data: AssignmentData, actor: Actor, at: datetime) -> DutyAssignment:
    """The assignment from ``first_on``; the one that was running ends the day before. Entries since then follow where 区分の表
    asks for the assignment, and the months are reviewed."""
    check_can_edit_costs(actor)
    if data.last_on is not None and data.last_on < data.first_on:
        raise RuleViolation("終わりの日が始まりの日より前です。", field="last_on")
    if not 0 < data.fte <= 1:
        raise RuleViolation("常勤換算は0より大きく1以下で入力してください。", field="fte")
    if locked_months({data.first_on}):
        raise RuleViolation("締められた月にさかのぼる割当はできません。", field="first_on")
    rows = DutyAssignment.objects.filter(staff=data.staff).select_for_update(of=("self",)).order_by("during")
    for row in rows:
        if row.during.lower < data.first_on and (
            row.during.upper is None or row.during.upper > data.first_on
        ):
            row.during = DateRange(row.during.lower, data.first_on)
            row.save(update_fields=["during"])
        elif (row.during.upper is None or row.during.upper > data.first_on) and (
            data.last_on is None or row.during.lower <= data.last_on
        ):
            raise RuleViolation("この職員には、その日より後から始まる割当があります。", field="first_on")
    upper = None if data.last_on is None else data.last_on + timedelta(days=1)
    made = DutyAssignment.objects.create(
        staff=data.staff, agency=data.agency, stream=data.stream, during=DateRange(data.first_on, upper),
        qualification=data.qualification.strip(), fte_numerator=data.fte.numerator,
        fte_denominator=data.fte.denominator, set_at=at, set_by=actor.office()[1],
    )  # fmt: skip
    record(
        actor=actor, action="duty_assignment.set", target=made, at=at, staff=data.staff.pk,
        stream=data.stream.code if data.stream else None, first_on=data.first_on.isoformat(),
    )  # fmt: skip
    follow_assignment(staff=data.staff, since=data.first_on, actor=actor, at=at)
    month, last = month_first(data.first_on), month_first(timezone.localtime(at).date())
    while month <= last:
        review_month(month, at)
        month = add_months(month, 1)
    return made
