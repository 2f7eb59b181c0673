"""The minutes of a month by agency, as a manager approves them and as the lock finds them again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date

from django.db.models import Q, Sum

from accounts.models import Agency
from budgets.models import MonthApproval, PersonnelCost, WorkEntry


@dataclass(frozen=True, slots=True)
class AgencyMinutes:
    """All minutes of one agency in a month, and a digest over worker × day × category: any change shows."""

    minutes: int
    digest: str


EMPTY = AgencyMinutes(0, hashlib.sha256(b"[]").hexdigest())


def minutes_by_agency(month: date, agency_id: int | None = None) -> dict[int, AgencyMinutes]:
    """One grouped query; of one agency or of all that have entries."""
    rows = WorkEntry.objects.of_month(month)
    if agency_id is not None:
        rows = rows.filter(agency=agency_id)
    grouped = (
        rows.values_list("agency_id", "staff_id", "worked_on", "category_id")
        .annotate(n=Sum("minutes"))
        .order_by("agency_id", "staff_id", "worked_on", "category_id")
    )
    lines: dict[int, list[tuple[int, str, int, int]]] = {}
    for agency, staff, day, category, n in grouped:
        lines.setdefault(agency, []).append((staff, day.isoformat(), category, n))
    return {
        agency: AgencyMinutes(
            sum(row[3] for row in own), hashlib.sha256(json.dumps(own).encode()).hexdigest()
        )
        for agency, own in lines.items()
    }


@dataclass(frozen=True, slots=True)
class ApprovalLine:
    """One agency of a month: its standing approval (None: none), and whether the minutes are still those."""

    agency: Agency
    minutes: int
    digest: str
    approval: MonthApproval | None
    is_current: bool

    @property
    def is_done(self) -> bool:
        return self.approval is not None and self.is_current


def approval_lines(month: date) -> list[ApprovalLine]:
    """Every agency with minutes or costs in the month, in the order of the agencies. Four queries."""
    found = minutes_by_agency(month)
    paid = set(PersonnelCost.objects.filter(month=month).values_list("agency_id", flat=True))
    approvals = {
        a.agency_id: a
        for a in MonthApproval.objects.standing().filter(month=month).select_related("approved_by")
    }
    agencies = Agency.objects.filter(Q(pk__in={*found, *paid})).order_by("code")
    lines = []
    for agency in agencies:
        now = found.get(agency.pk, EMPTY)
        approval = approvals.get(agency.pk)
        is_current = approval is not None and approval.digest == now.digest
        lines.append(ApprovalLine(agency, now.minutes, now.digest, approval, is_current))
    return lines


def lacks_approval(month: date) -> bool:
    """Whether some agency of the month has no standing approval at all: two queries that stop at the first."""
    done = MonthApproval.objects.standing().filter(month=month).values("agency")
    return any(
        rows.exclude(agency__in=done).exists()
        for rows in (WorkEntry.objects.of_month(month), PersonnelCost.objects.filter(month=month))
    )
