"""A record that changes takes back the manager's approval of its month."""

from __future__ import annotations

from datetime import date, datetime

from budgets.entry_queries import is_approved
from budgets.models import MonthApproval, WorkMonth
from budgets.workflow import MonthState
from common.japan.fiscal import month_first


def void_approval(*, day: date, agency_id: int, reason: str, at: datetime) -> bool:
    """Withdraw the standing approval of the agency for the month of ``day``; the month is open again.

    One statement where nothing is approved, as on most days of a month, else three.
    """
    month = month_first(day)
    if not is_approved(month, agency_id):
        return False
    found = MonthApproval.objects.standing().filter(month=month, agency=agency_id)
    withdrawn = found.update(withdrawn_at=at, withdrawn_reason=reason[:200])
    WorkMonth.objects.filter(month=month, state=MonthState.APPROVED).update(state=MonthState.OPEN)
    return bool(withdrawn)
