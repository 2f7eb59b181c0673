"""The frozen inputs of a settlement, read from the masters, the locked runs and what the clerk entered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from accounts.actor import Actor
from budgets.models import FundingShare, FundingStream, GrantClaim, ShareChange, StreamYear
from budgets.settlement.actuals import MonthActual
from budgets.settlement.table import TableInputs
from common.japan.fiscal import fiscal_months, fiscal_year_first, fiscal_year_last

Changes = tuple[tuple[str, Mapping[str, Fraction]], ...]


def share_changes(actor: Actor, fiscal_year: int) -> dict[int, Changes]:
    """Stream → the shares of the year and of each month in it from which they are others. Two queries."""
    base: dict[int, dict[str, Fraction]] = defaultdict(dict)
    for row in FundingShare.objects.filter(fiscal_year=fiscal_year):
        base[row.stream_id][row.payer] = Fraction(row.numerator, row.denominator)
    first, last = fiscal_year_first(fiscal_year), fiscal_year_last(fiscal_year)
    later: dict[int, dict[str, dict[str, Fraction]]] = defaultdict(lambda: defaultdict(dict))
    for change in ShareChange.objects.visible_to(actor).filter(first__gt=first, first__lte=last):
        later[change.stream_id][change.first.isoformat()][change.payer] = Fraction(
            change.numerator, change.denominator
        )
    return {
        stream: (
            (first.isoformat(), base.get(stream, {})),
            *sorted(later[stream].items(), key=lambda c: c[0]),
        )
        for stream in {*base, *later}
    }


def monthly_of(actuals: Iterable[MonthActual], stream_id: int) -> dict[str, int]:
    """Month → yen of one stream."""
    return {a.month.isoformat(): a.yen for a in actuals if a.stream_id == stream_id}


def table_inputs(
    claim: GrantClaim | None, fiscal_year: int, monthly: Mapping[str, int], year: StreamYear | None, changes: Changes
) -> TableInputs:  # fmt: skip
    """The inputs of one stream; without a claim nothing but the apportioned cost."""
    return TableInputs(
        fiscal_year=fiscal_year, monthly=dict(monthly), other=claim.other_yen if claim else 0,
        ineligible=claim.ineligible_yen if claim else 0, income=claim.income_yen if claim else 0,
        standard=year.standard_yen if year else None, granted=claim.granted_yen if claim else None,
        unit=claim.unit_yen if claim else 1000,
        changes=changes or ((fiscal_months(fiscal_year)[0].isoformat(), {}),),
    )  # fmt: skip


def claim_inputs(
    actor: Actor, claim: GrantClaim, actuals: Sequence[MonthActual], changes: Mapping[int, Changes]
) -> TableInputs:
    """What a draft would be filed with now; what a filed claim was filed with. One query."""
    if not claim.is_draft:
        return TableInputs.thaw(claim.inputs)
    year = (
        StreamYear.objects.visible_to(actor)
        .filter(stream=claim.stream_id, fiscal_year=claim.fiscal_year)
        .first()
    )
    monthly = monthly_of(actuals, claim.stream_id)
    return table_inputs(claim, claim.fiscal_year, monthly, year, changes.get(claim.stream_id, ()))


def streams(actor: Actor) -> list[FundingStream]:
    """All streams in their printed order. One query."""
    return list(FundingStream.objects.visible_to(actor).order_by("position", "code"))
