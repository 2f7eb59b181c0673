"""Who helps whom: requests between agencies over some months, with how many opening hours pass until the answer.

One statement over the requests from and to the agencies of a sector; households whose deny list names the reader count nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import chain
from statistics import median

from django.db import connection
from django.utils import timezone

from accounts.actor import Actor
from common.japan.business_days import is_working_day
from common.kept_sql import kept
from households.models import denied_households

OPENS, CLOSES = time(8, 30), time(17, 15)
DAY_MINUTES = (CLOSES.hour - OPENS.hour) * 60 + CLOSES.minute - OPENS.minute
QUICK_DAYS, SLOW_DAYS = 1, 3  # colours of the picture: within a day, within the usual three, longer

# the opening minutes before a moment, given as the local minute since the midnight from which is counted: those of the whole days
# before it, and what of its own day has passed
_MINUTES = """
    ((%(base)s::int[])[{at} / 1440 + 1]
     + (%(open)s::int[])[{at} / 1440 + 1] * least(greatest({at} %% 1440 - %(opens)s, 0), %(day)s))
"""
# Japan's clock is never put forward or back: a local minute is a minute since the midnight ``since``. Of what waits nothing is reckoned
_MINUTE = """
    CASE WHEN r.answered_at IS NOT NULL THEN floor((date_part('epoch', r.{at}) - %(midnight)s::float8) / 60)::int END
"""
_ONE_WAY = """
    SELECT r.from_agency_id, r.to_agency_id, r.state = 'sent' AS waits, r.escalated_at IS NOT NULL AS rose,
           {sent} AS sent, {answered} AS answered
      FROM referrals_referral r
     WHERE r.{end} = ANY(%(agencies)s) AND r.sent_at >= %(since)s AND r.sent_at < %(until)s AND r.state <> 'withdrawn'
       {but}
"""
_NOT_DENIED = "AND r.case_id NOT IN (SELECT id FROM cases_case WHERE household_id = ANY(%(denied)s))"
# OFFSET 0: the minutes of a row are reckoned once, not wherever they are used. A median cannot be had of medians: the waits
# come whole, and those of pairs, of receivers and of all are taken below, where they are sorted once
_FLOWS = """
    SELECT from_agency_id, to_agency_id, count(*), count(*) FILTER (WHERE waits), count(*) FILTER (WHERE rose),
           array_agg({answered} - {sent}) FILTER (WHERE answered IS NOT NULL)
      FROM ({rows} OFFSET 0) x
     GROUP BY from_agency_id, to_agency_id
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
    denied = kept(denied_households, actor, on=timezone.localdate())
    base, opened = _calendar(since, max(timezone.localdate(at), until))
    but = _NOT_DENIED if denied else ""
    ends = ("to_agency_id", but), ("from_agency_id", f"{but} AND r.to_agency_id <> ALL(%(agencies)s)")
    sent, answered = _MINUTE.format(at="sent_at"), _MINUTE.format(at="answered_at")
    rows = " UNION ALL ".join(
        _ONE_WAY.format(end=end, but=also, sent=sent, answered=answered) for end, also in ends
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
                "agencies": list(agencies), "denied": denied, "base": base, "open": opened, "day": DAY_MINUTES,
                "opens": OPENS.hour * 60 + OPENS.minute, "midnight": moments["since"].timestamp(), **moments,
            },
        )  # fmt: skip
        found = cursor.fetchall()
    return _summed(
        [
            _Pair(source, target, n, waiting, up, sorted(m for m in took or () if m is not None))
            for source, target, n, waiting, up, took in found
        ]
    )


@dataclass(frozen=True, slots=True)
class _Pair:
    """Requests of the same ends; ``took``: the opening minutes of each that is answered, the shortest first."""

    source: int | None
    target: int | None
    sent: int
    waiting: int
    risen: int
    took: list[int]

    def as_flow(self) -> Flow:
        minutes = float(median(self.took)) if self.took else None
        return Flow(self.source, self.target, self.sent, self.waiting, self.risen, minutes)


def _together(target: int | None, rows: Sequence[_Pair]) -> _Pair:
    """``took`` of all: joined pieces that are in order each, which sort at once."""
    return _Pair(
        None, target, sum(row.sent for row in rows), sum(row.waiting for row in rows), sum(row.risen for row in rows),
        sorted(chain.from_iterable(row.took for row in rows)),
    )  # fmt: skip


def _summed(rows: Sequence[_Pair]) -> Flows:
    by_target: dict[int | None, list[_Pair]] = {}
    for row in rows:
        by_target.setdefault(row.target, []).append(row)
    asked = [_together(target, of_one) for target, of_one in by_target.items()]
    return Flows(
        sorted((row.as_flow() for row in rows), key=lambda f: (-f.sent, f.source or 0, f.target or 0)),
        sorted((row.as_flow() for row in asked), key=lambda f: (-(f.minutes or 0), f.target or 0)),
        _together(None, asked).as_flow() if rows else None,
    )
