"""What is asked around each saving of a work entry: statements that the server prepares."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone
from psycopg.types.numeric import Int8

from budgets.workflow import CLOSED_MONTHS, MonthState
from common.japan.fiscal import month_first
from common.prepared import PreparingConnection

_CLOSED: Final = ", ".join(f"'{state.value}'" for state in CLOSED_MONTHS)
_LOCKED: Final = f"SELECT m.month FROM budgets_workmonth m WHERE m.month = ANY(%s) AND m.state IN ({_CLOSED})"  # noqa: S608
# the days around are enough: no entry is longer than a day
_BEFORE: Final = f"""
    SELECT EXISTS (SELECT 1 FROM budgets_workentry e WHERE e.request_key = %(key)s AND e.staff_id = %(staff)s),
           EXISTS (SELECT 1 FROM accounts_appointment a WHERE a.staff_id = %(staff)s AND a.during @> %(day)s),
           EXISTS (SELECT 1 FROM budgets_workmonth m WHERE m.month = %(month)s AND m.state IN ({_CLOSED})),
           NOT EXISTS (SELECT 1 FROM budgets_workentry e
                        WHERE e.staff_id = %(staff)s AND e.worked_on >= %(first)s AND e.worked_on <= %(last)s
                          AND e.during && tstzrange(%(low)s, %(high)s))"""  # noqa: S608
_APPROVED: Final = f"""
    SELECT EXISTS (SELECT 1 FROM budgets_monthapproval a
                    WHERE a.month = %(month)s AND a.agency_id = %(agency)s AND a.withdrawn_at IS NULL)
        OR EXISTS (SELECT 1 FROM budgets_workmonth m WHERE m.month = %(month)s AND m.state = '{MonthState.APPROVED.value}')"""  # noqa: S608


def _rows(sql: str, params: Any) -> list[tuple[Any, ...]]:
    with PreparingConnection(connection).cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def locked_months(days: Iterable[date]) -> set[date]:
    """The first days of those months of ``days`` that are locked. One query."""
    return {month for (month,) in _rows(_LOCKED, [sorted({month_first(day) for day in days})])}


@dataclass(frozen=True, slots=True)
class Before:
    """How things stand for a stretch that somebody wants to enter."""

    is_sent: bool  # this very form has made its entry already
    is_appointed: bool
    is_locked: bool
    is_free: bool


def look_before(*, staff_id: int, during: DateTimeTZRange, request_key: UUID | None) -> Before:
    """One query, in the transaction that writes; what another one does meanwhile, the database refuses then."""
    day, last = timezone.localtime(during.lower).date(), timezone.localtime(during.upper).date()
    ((is_sent, is_appointed, is_locked, is_free),) = _rows(
        _BEFORE,
        {
            "key": request_key, "staff": Int8(staff_id), "day": day, "month": month_first(day),
            "first": day - timedelta(days=1), "last": last, "low": during.lower, "high": during.upper,
        },
    )  # fmt: skip
    return Before(is_sent, is_appointed, is_locked, is_free)


def is_approved(month: date, agency_id: int) -> bool:
    """Whether the agency's approval of a month stands, or the month is approved as a whole. One query."""
    ((found,),) = _rows(_APPROVED, {"month": month, "agency": Int8(agency_id)})
    return bool(found)
