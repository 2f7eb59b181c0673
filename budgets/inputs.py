"""Reads the frozen inputs of a month's apportionment: one grouped query over the entries, and who goes by which method."""

from __future__ import annotations

from datetime import date

from django.db.models import OuterRef, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from budgets.apportionment import CostInput, Inputs, MinutesInput, StreamInput
from budgets.enums import RemainderRule
from budgets.method_plans import plans_of
from budgets.models import FundingStream, PersonnelCost, StreamYear, WorkEntry
from common.japan.fiscal import fiscal_year


def month_inputs(month: date, rule: RemainderRule) -> Inputs:
    """Costs, minutes by worker × kind × stream, and streams of a month (its first day). Four queries, and four more where
    a method other than the own minutes is in force."""
    minutes = (
        WorkEntry.objects.of_month(month)
        .values_list("staff_id", "category__kind", "category__stream_id")
        .annotate(total=Sum("minutes"))
        .order_by()
    )
    costs = PersonnelCost.objects.filter(month=month).values_list("staff_id", "agency_id", "yen")
    paid = tuple(CostInput(*row) for row in costs)
    plans, studies = plans_of(month, paid)
    return Inputs(
        month=month,
        rule=rule,
        costs=paid,
        minutes=tuple(MinutesInput(*row) for row in minutes),
        streams=streams_of(month),
        plans=plans,
        studies=studies,
    )


def streams_of(month: date) -> tuple[StreamInput, ...]:
    """All streams with the rule for yen below one that they have in the year of ``month``. One query."""
    own_rule = StreamYear.objects.filter(stream=OuterRef("pk"), fiscal_year=fiscal_year(month))
    streams = FundingStream.objects.values_list(
        "pk", "position", "code", "is_general",
        Coalesce(Subquery(own_rule.values("remainder_rule")[:1]), Value("")),
    )  # fmt: skip
    return tuple(StreamInput(*row) for row in streams)
