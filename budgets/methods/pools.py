"""地域づくりの共通経費 (notice of 2017-03-31): the total cost of one jointly run activity split by a reasonable driver."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from budgets.allocation import AllocationError, allocate
from budgets.apportionment import StreamInput
from budgets.enums import RemainderRule

CODE_VERSION = "pool/1"


@dataclass(frozen=True, slots=True)
class Driver:
    """The figure of one programme: users, days, hours, m² or the municipality's own."""

    stream_id: int
    amount: Fraction


@dataclass(frozen=True, slots=True)
class PoolRow:
    """One stream: its figure, the whole of the figures, and its yen."""

    stream_id: int
    amount: Fraction
    whole: Fraction
    yen: int


def split(
    *, total: int, drivers: Iterable[Driver], streams: Iterable[StreamInput], rule: RemainderRule
) -> list[PoolRow]:
    """``total`` yen over the programmes by their figures. A zero figure keeps its row with 0円, so that it is seen."""
    given = list(drivers)
    if not given:
        raise AllocationError("按分の基準が1つも入力されていません。")
    if len({d.stream_id for d in given}) != len(given):
        raise AllocationError("同じ財源の基準が2つあります。")
    if not any(d.amount for d in given):
        raise AllocationError("基準の数値がすべて0のため按分できません。")
    key_of = {s.stream_id: (s.position, s.code, s.stream_id) for s in streams}
    general = next((key_of[s.stream_id] for s in streams if s.is_general), None)
    if general is None:
        raise AllocationError("一般財源が定められていません。")
    rules = {key_of[s.stream_id]: RemainderRule(s.rule) for s in streams if s.rule}
    figures = {key_of[d.stream_id]: d.amount for d in given}
    yen = allocate(total, figures, rule=rule, remainder_key=general, rules=rules)
    whole = sum((d.amount for d in given), Fraction(0))
    return [
        PoolRow(key[2], figures.get(key, Fraction(0)), whole, part)
        for key, part in sorted(yen.items())
        if part or key in figures
    ]
