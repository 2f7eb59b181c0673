"""Who helps whom: requests between agencies over some months, with how many opening hours pass until the answer.

One statement over the requests from and to the agencies of a sector; households whose deny list names the reader count nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import connection
from django.utils import timezone

from accounts.actor import Actor
from common.japan.business_days import is_working_day
from households.models import HouseholdDenial

OPENS, CLOSES = time(8, 30), time(17, 15)
DAY_MINUTES = (CLOSES.hour - OPENS.hour) * 60 + CLOSES.minute - OPENS.minute
QUICK_DAYS, SLOW_DAYS = 1, 3  # colours of the picture: within a day, within the usual three, longer

# the opening minutes before a local moment: those of the whole days before it, and what of its own day has passed
_MINUTES = """
    ((%(base)s::int[])[{at}::date - %(first)s::date + 1]
     + (%(open)s::int[])[{at}::date - %(first)s::date + 1]
     * least(greatest(date_part('hour', {at}) * 60 + date_part('minute', {at}) - %(opens)s, 0), %(day)s))
"""
_ONE_WAY = """
    SELECT r.from_agency_id, r.to_agency_id, r.state = 'sent' AS waits, r.escalated_at IS NOT NULL AS rose,
           r.sent_at AT TIME ZONE %(zone)s AS sent, r.answered_at AT TIME ZONE %(zone)s AS answered
      FROM referrals_referral r
     WHERE r.{end} = ANY(%(agencies)s) AND r.sent_at >= %(since)s AND r.sent_at < %(until)s AND r.state <> 'withdrawn'
       {but}
"""
_NOT_DENIED = "AND r.case_id NOT IN (SELECT id FROM cases_case WHERE household_id = ANY(%(denied)s))"
_FLOWS = """
    WITH r AS MATERIALIZED (SELECT from_agency_id, to_agency_id, waits, rose, {answered} - {sent} AS took FROM ({rows}) x)
    SELECT from_agency_id, to_agency_id, count(*), count(*) FILTER (WHERE waits), count(*) FILTER (WHERE rose),
           percentile_cont(0.5) WITHIN GROUP (ORDER BY took) FILTER (WHERE took IS NOT NULL)
      FROM r
     GROUP BY GROUPING SETS ((from_agency_id, to_agency_id), (to_agency_id), ())
"""


@dataclass(frozen=True, slots=True)
class Flow:
    """Requests from one agency to another (``source`` None: from all; both None: all there are). ``minutes``: opening minutes
    until the answer, the median of those answered; None where nothing is answered yet.
    """

    source: int | None
    target: int | None
    sent: int
    waiting: int
    risen: int
    minutes: float | None

    @property
    def pace(self) -> str:
        """The colour: quick, usual, slow, or none (nothing answered yet)."""
        if self.minutes is None:
            return "none"
        days = self.minutes / DAY_MINUTES
        return "quick" if days <= QUICK_DAYS else "usual" if days <= SLOW_DAYS else "slow"

    @property
    def in_words(self) -> str:
        """「5時間」 within an opening day, then 「2.5開庁日」."""
        if self.minutes is None:
            return "返事はまだ"
        if self.minutes < 60:
            return "1時間未満"
        if self.minutes < DAY_MINUTES:
            return f"{self.minutes / 60:.0f}時間"
        return f"{self.minutes / DAY_MINUTES:.1f}開庁日"


@dataclass(frozen=True, slots=True)
class Flows:
    """``pairs``: the most requests first. ``answers``: by the agency that was asked, the slowest first."""

    pairs: Sequence[Flow]
    answers: Sequence[Flow]
    all: Flow | None


def _calendar(first: date, last: date) -> tuple[list[int], list[int]]:
    """For each day from ``first``: the opening minutes of all days before it, and whether the office is open (1 or 0)."""
    base, opened, total = [], [], 0
    for n in range((last - first).days + 1):
        is_open = is_working_day(first + timedelta(days=n))
        base.append(total)
        opened.append(int(is_open))
        total += DAY_MINUTES * is_open
    return base, opened


def flows(*, agencies: Sequence[int], since: date, until: date, actor: Actor, at: datetime) -> Flows:
    """Requests sent from ``since`` to before ``until`` to or from one of ``agencies``; one statement, and one for the deny list."""
    denied = list(
        HouseholdDenial.objects.in_force().filter(staff=actor.staff_id).values_list("household", flat=True)
    )
    base, opened = _calendar(since, max(timezone.localdate(at), until))
    but = _NOT_DENIED if denied else ""
    rows = " UNION ALL ".join(
        (
            _ONE_WAY.format(end="to_agency_id", but=but),
            _ONE_WAY.format(end="from_agency_id", but=f"{but} AND r.to_agency_id <> ALL(%(agencies)s)"),
        )
    )
    sql = _FLOWS.format(rows=rows, sent=_MINUTES.format(at="sent"), answered=_MINUTES.format(at="answered"))
    moments = {
        name: timezone.make_aware(datetime.combine(day, time.min))
        for name, day in (("since", since), ("until", until))
    }
    with connection.cursor() as cursor:
        cursor.execute(
            sql,
            {
                "agencies": list(agencies), "denied": denied, "base": base, "open": opened, "first": since,
                "zone": timezone.get_current_timezone_name(), "day": DAY_MINUTES,
                "opens": OPENS.hour * 60 + OPENS.minute, **moments,
            },
        )  # fmt: skip
        found = [Flow(*row) for row in cursor.fetchall()]
    pairs = [f for f in found if f.source is not None]
    answers = [f for f in found if f.source is None and f.target is not None]
    return Flows(
        sorted(pairs, key=lambda f: (-f.sent, f.source or 0, f.target or 0)),
        sorted(answers, key=lambda f: (-(f.minutes or 0), f.target or 0)),
        next((f for f in found if f.target is None and f.sent), None),
    )
