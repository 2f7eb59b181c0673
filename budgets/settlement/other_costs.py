"""人件費のほかの事業費, as far as the spread of overheads and common costs says it: shown beside the field, never filled in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from accounts.actor import Actor
from budgets.enums import RemainderRule
from budgets.inputs import streams_of
from budgets.methods.pools import Driver, split
from budgets.models import CostPool, FundingStream, OverheadPlan, PoolShare
from common.japan.fiscal import fiscal_months, fiscal_year_first, fiscal_year_last


@dataclass(frozen=True, slots=True)
class OtherPart:
    """The part of a stream. ``left_out``: why it is not in the sum, in words; such a part may have no yen."""

    name: str
    yen: int | None
    pool: CostPool | None = None
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class OtherCosts:
    """What is known of a stream's cost in a year beside 人件費."""

    parts: list[OtherPart]

    @property
    def counted(self) -> list[OtherPart]:
        return [part for part in self.parts if not part.left_out]

    @property
    def total(self) -> int | None:
        """None: nothing is known, which is not 0円."""
        counted = self.counted
        return sum(part.yen or 0 for part in counted) if counted else None


def other_costs(actor: Actor, fiscal_year: int, stream: FundingStream) -> OtherCosts:
    """Overheads by the last plan of each month, and the common costs of the year. Three queries at most."""
    return OtherCosts([*_overheads(actor, fiscal_year, stream), *_pools(actor, fiscal_year, stream)])


def _overheads(actor: Actor, fiscal_year: int, stream: FundingStream) -> Iterator[OtherPart]:
    plans = (
        OverheadPlan.objects.visible_to(actor)
        .filter(month__in=fiscal_months(fiscal_year))
        .order_by("month", "-version")
        .distinct("month")
    )
    yen = [int(plan.result.get(str(stream.pk), {}).get("yen", 0)) for plan in plans.only("result")]
    if yen:
        yield OtherPart(f"間接費の配賦（{len(yen)}か月分）", sum(yen))


def _pools(actor: Actor, fiscal_year: int, stream: FundingStream) -> Iterator[OtherPart]:
    """A pool that reaches into another year has no yen of this one; one with 人件費 in it would be claimed twice."""
    first, last = fiscal_year_first(fiscal_year), fiscal_year_last(fiscal_year)
    visible = PoolShare.objects.visible_to(actor)
    rows = visible.filter(
        pool__in=visible.filter(stream=stream).values("pool"), pool__month_from__lte=last, pool__month_to__gte=first
    )  # fmt: skip
    shares = list(
        rows.select_related("pool").defer("file").order_by("pool__month_from", "pool_id", "stream_id")
    )
    if not shares:
        return
    pools = {share.pool_id: share.pool for share in shares}
    drivers: dict[int, list[Driver]] = defaultdict(list)
    for share in shares:
        drivers[share.pool_id].append(Driver(share.stream_id, Fraction(share.amount)))
    streams = streams_of(first)
    for pool in pools.values():
        if pool.month_from < first or pool.month_to > last:
            yield OtherPart(pool.name, None, pool, "ほかの年度にまたがる")
            continue
        done = split(
            total=pool.total_yen, drivers=drivers[pool.pk], streams=streams, rule=RemainderRule(pool.remainder_rule)
        )  # fmt: skip
        yen = sum(row.yen for row in done if row.stream_id == stream.pk)
        why = "総費用に、按分した職員の人件費を含む" if pool.worker_ids else ""
        yield OtherPart(pool.name, yen, pool, why)
