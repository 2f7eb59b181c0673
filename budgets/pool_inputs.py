"""The frozen inputs of a pool."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from budgets.apportionment import StreamInput
from budgets.enums import RemainderRule
from budgets.inputs import streams_of
from budgets.methods.pools import Driver, PoolRow, split
from budgets.models import CostPool, PoolShare


def stream_inputs(month: date) -> tuple[StreamInput, ...]:
    return streams_of(month)


def pool_rows(pool: CostPool) -> list[PoolRow]:
    """The split of a pool, computed from what was entered. Two queries."""
    shares = PoolShare.objects.filter(pool=pool).values_list("stream_id", "amount").order_by("stream_id")
    return split(
        total=pool.total_yen, drivers=[Driver(stream, Fraction(amount)) for stream, amount in shares],
        streams=stream_inputs(pool.month_from), rule=RemainderRule(pool.remainder_rule),
    )  # fmt: skip
