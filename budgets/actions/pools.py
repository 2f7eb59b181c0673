"""Entering a pool of common cost with the figures that split it and the papers behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from hashlib import sha256

from django.db import transaction

from accounts.actor import Actor
from audit.actions import record
from budgets.actions.review import review_months
from budgets.allocation import AllocationError
from budgets.enums import RemainderRule
from budgets.methods.pools import Driver, split
from budgets.models import CostPool, FundingStream, PoolShare
from budgets.permissions import check_can_edit_costs
from budgets.pool_inputs import stream_inputs
from common.errors import RuleViolation
from common.japan.fiscal import add_months


@dataclass(frozen=True, slots=True)
class ShareData:
    """``file``: a copy of the paper, may be empty; ``evidence`` names it in any case."""

    stream: FundingStream
    amount: Fraction
    evidence: str
    file_name: str = ""
    file: bytes = b""


@dataclass(frozen=True, slots=True)
class PoolData:
    name: str
    month_from: date
    month_to: date
    total_yen: int
    driver: str
    driver_name: str
    remainder_rule: RemainderRule
    decided_on: date
    decided_by: str
    worker_ids: Sequence[int] = ()


@transaction.atomic
def enter_pool(*, data: PoolData, shares: Sequence[ShareData], actor: Actor, at: datetime) -> CostPool:
    """The pool whole, or nothing: what cannot be split is refused in the allocator's words."""
    check_can_edit_costs(actor)
    if data.month_to < data.month_from:
        raise RuleViolation("最後の月が最初の月より前です。", field="month_to")
    if data.driver == "own" and not data.driver_name.strip():
        raise RuleViolation("市町村が定める基準には、名称を入れてください。", field="driver_name")
    if any(not s.evidence.strip() for s in shares):
        raise RuleViolation("基準の数値には、根拠の資料を入れてください。")
    try:
        split(
            total=data.total_yen, drivers=[Driver(s.stream.pk, s.amount) for s in shares],
            streams=stream_inputs(data.month_from), rule=data.remainder_rule,
        )  # fmt: skip
    except AllocationError as error:
        raise RuleViolation(str(error)) from None
    pool = CostPool.objects.create(
        name=data.name.strip(), month_from=data.month_from, month_to=data.month_to, total_yen=data.total_yen,
        driver=data.driver, driver_name=data.driver_name.strip(), remainder_rule=data.remainder_rule,
        decided_on=data.decided_on, decided_by=data.decided_by.strip(), worker_ids=sorted(set(data.worker_ids)),
        entered_at=at, entered_by=actor.office()[1],
    )  # fmt: skip
    for s in shares:
        PoolShare.objects.create(
            pool=pool, stream=s.stream, amount=_decimal(s.amount), evidence=s.evidence.strip(), file=s.file or None,
            file_name=s.file_name[:120] if s.file else "", sha256=sha256(s.file).hexdigest() if s.file else "",
        )  # fmt: skip
    record(
        actor=actor, action="cost_pool.enter", target=pool, at=at, total=pool.total_yen, shares=len(shares)
    )
    review_months(data.month_from, add_months(data.month_to, 1), at)
    return pool


def _decimal(amount: Fraction) -> str:
    """Four places at most, exact: the form takes no more."""
    scaled = amount * 10_000
    if scaled.denominator != 1:
        raise RuleViolation("基準の数値は、小数4桁までで入力してください。")
    whole, rest = divmod(scaled.numerator, 10_000)
    return f"{whole}.{rest:04}"
