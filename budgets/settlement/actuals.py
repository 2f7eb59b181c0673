"""What a stream has actually cost, month by month: the one place where claims, forecasts and packs read it.

Figures come from the run of each locked month that counts: the locking one, or the latest that an adjustment made
after the lock. A locked month has no trial runs, so the latest of its runs is the one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Sum

from accounts.actor import Actor
from budgets.models import ApportionmentRow, ApportionmentRun, PersonnelCost, WorkEntry, WorkMonth
from common.japan.fiscal import fiscal_months


@dataclass(frozen=True, slots=True)
class MonthActual:
    """Yen and minutes of one stream in one locked month."""

    month: date
    stream_id: int
    yen: int
    minutes: int


@dataclass(frozen=True, slots=True)
class YearMonths:
    """The months of a year: those that count, those that are still open, those of which kyosei knows nothing."""

    closed: tuple[date, ...]
    opened: tuple[date, ...]
    unknown: tuple[date, ...]


def standing_runs(actor: Actor, fiscal_year: int, *, with_inputs: bool = False) -> list[ApportionmentRun]:
    """The run of each locked month that counts: the latest. One query.

    ``with_inputs``: with the frozen inputs, which are megabytes a month where there are thousands of workers.
    """
    runs = (
        ApportionmentRun.objects.visible_to(actor)
        .filter(month__locked_at__isnull=False, month__month__in=fiscal_months(fiscal_year))
        .select_related("month", "ran_by")
        .order_by("month__month", "-ran_at", "-pk")
        .distinct("month__month")
    )
    return list(runs if with_inputs else runs.defer("inputs"))


def month_actuals(
    actor: Actor, fiscal_year: int, *, runs: Sequence[ApportionmentRun] | None = None
) -> list[MonthActual]:
    """Yen and minutes by month and stream, of all locked months of the year. Two queries."""
    standing = standing_runs(actor, fiscal_year) if runs is None else list(runs)
    rows = (
        ApportionmentRow.objects.visible_to(actor)
        .filter(run__in=[run.pk for run in standing])
        .values_list("run__month__month", "stream_id")
        .annotate(yen=Sum("yen"), minutes=Sum("minutes"))
        .order_by("run__month__month", "stream_id")
    )
    return [MonthActual(*row) for row in rows]


def year_months(
    actor: Actor, fiscal_year: int, *, runs: Sequence[ApportionmentRun] | None = None
) -> YearMonths:
    """Which months of the year are locked. A month before everything that kyosei holds is unknown, not open.

    Two queries, one with the ``runs`` at hand.
    """
    months = fiscal_months(fiscal_year)
    closed = {run.month.month for run in (standing_runs(actor, fiscal_year) if runs is None else runs)}
    first_months = WorkMonth.objects.visible_to(actor).order_by("month").values_list("month")[:1]
    first_costs = PersonnelCost.objects.visible_to(actor).order_by("month").values_list("month")[:1]
    first_entries = WorkEntry.objects.visible_to(actor).order_by("worked_on").values_list("worked_on")[:1]
    firsts = first_months.union(first_costs, first_entries, all=True)
    begun = min((day.replace(day=1) for (day,) in firsts), default=None)
    rest = [m for m in months if m not in closed]
    unknown = tuple(m for m in rest if begun is not None and m < begun)
    return YearMonths(
        closed=tuple(m for m in months if m in closed),
        opened=tuple(m for m in rest if m not in unknown),
        unknown=unknown,
    )
