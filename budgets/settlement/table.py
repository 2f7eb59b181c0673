"""The settlement table of one stream and year (精算書・所要額調書): a pure function from frozen inputs.

    A 総事業費   B 寄付金その他の収入額   C 差引額 = A − B   D 対象経費の支出額   E 基準額
    F 選定額 = min(C, D, E)   補助率   G 所要額 = F × 補助率 (千円未満切捨て)   H 交付決定額   過不足 = H − G

Some grants take the lower of D and E first and then the lower of that and C; that is the same number.

The payers' parts are exact fractions of F, each cut once below its own unit. What no payer bears (the yen that were
cut, what lies above the standard amount, what is not eligible) is the municipality's, so that the parts and B add up
to A, always. Where the shares change in mid-year, F is split over the periods by their eligible cost (largest
remainder, whole yen) and every period has its own shares; the cut still happens once, on the sum.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any, Final

from budgets.allocation import cut_below, largest_remainder
from budgets.enums import Payer
from common.japan.fiscal import fiscal_months

CODE_VERSION = "settlement/1"
GRANTED: Final = (
    Payer.STATE,
    Payer.PREFECTURE,
    Payer.PREMIUM_2,
)  # asked for with a form of their own, in 千円
OUTSIDE: Final = (Payer.STATE, Payer.PREFECTURE, Payer.PREMIUM_1, Payer.PREMIUM_2)


class SettlementError(ValueError):
    """The inputs cannot be settled; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Period:
    """The shares from one month on (its first day); ``eligible`` is the eligible cost of its months, in yen."""

    first: date
    eligible: int
    shares: Mapping[str, Fraction]

    def frozen(self) -> dict[str, Any]:
        shares = {p: [s.numerator, s.denominator] for p, s in sorted(self.shares.items())}
        return {"first": self.first.isoformat(), "eligible": self.eligible, "shares": shares}

    @classmethod
    def thaw(cls, data: Mapping[str, Any]) -> Period:
        shares = {p: Fraction(*s) for p, s in data["shares"].items()}
        return cls(date.fromisoformat(data["first"]), data["eligible"], shares)


@dataclass(frozen=True, slots=True)
class TableInputs:
    """Everything that a settlement depends on. ``monthly``: yen of the stream by month, as apportioned.

    ``other`` is cost beside the apportioned personnel cost (supplies, entrustment; None: there is none), of which
    ``ineligible`` (with any ineligible personnel cost) is not 対象経費. ``standard`` None: the grant has no standard
    amount. ``granted`` is H, None while nothing was granted yet. ``unit`` of the granted payers, in yen.
    """

    fiscal_year: int
    monthly: Mapping[str, int]
    other: int
    ineligible: int
    income: int
    standard: int | None
    granted: int | None
    changes: tuple[tuple[str, Mapping[str, Fraction]], ...]
    unit: int = 1000

    def frozen(self) -> dict[str, Any]:
        """As plain data in a fixed order."""
        return {
            "version": CODE_VERSION, "fiscal_year": self.fiscal_year, "monthly": dict(sorted(self.monthly.items())),
            "other": self.other, "ineligible": self.ineligible, "income": self.income, "standard": self.standard,
            "granted": self.granted, "unit": self.unit,
            "changes": [
                [first, {p: [s.numerator, s.denominator] for p, s in sorted(shares.items())}]
                for first, shares in sorted(self.changes)
            ],
        }  # fmt: skip

    @classmethod
    def thaw(cls, data: Mapping[str, Any]) -> TableInputs:
        return cls(
            fiscal_year=data["fiscal_year"], monthly=data["monthly"], other=data["other"], ineligible=data["ineligible"],
            income=data["income"], standard=data["standard"], granted=data["granted"], unit=data["unit"],
            changes=tuple((first, {p: Fraction(*s) for p, s in shares.items()}) for first, shares in data["changes"]),
        )  # fmt: skip

    def digest(self) -> str:
        """SHA-256 over the frozen inputs."""
        return hashlib.sha256(json.dumps(self.frozen(), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Table:
    """One line of the form. ``parts``: payer → yen; with ``income`` used they add up to ``total``."""

    total: int
    income: int
    net: int
    eligible: int
    standard: int | None
    selected: int
    required: int
    granted: int | None
    parts: Mapping[str, int]
    periods: tuple[tuple[Period, int], ...] = field(default=())

    @property
    def income_used(self) -> int:
        """Income that pays for the cost; what is above it stays with the municipality outside the claim."""
        return min(self.income, self.total)

    @property
    def surplus(self) -> int:
        """Income above cost: nothing can be claimed, and so much is left over."""
        return max(self.income - self.total, 0)

    @property
    def difference(self) -> int | None:
        """H − G: to be paid back when above zero, short when below."""
        return None if self.granted is None else self.granted - self.required

    @property
    def rates(self) -> list[Fraction]:
        """The state's share of each period."""
        return [period.shares.get(Payer.STATE, Fraction(0)) for period, _ in self.periods]

    @property
    def municipal(self) -> int:
        return self.parts[Payer.MUNICIPALITY]

    def rows(self) -> dict[str, Any]:
        """As plain data, to be kept with a filed claim."""
        return {
            "total": self.total, "income": self.income, "net": self.net, "eligible": self.eligible,
            "standard": self.standard, "selected": self.selected, "required": self.required, "granted": self.granted,
            "parts": dict(sorted(self.parts.items())),
        }  # fmt: skip


def check(inputs: TableInputs) -> None:
    """SettlementError with the sentence for whoever entered it."""
    if min(inputs.other, inputs.ineligible, inputs.income, inputs.standard or 0, inputs.granted or 0) < 0:
        raise SettlementError("精算の額は0円以上で入力してください。")
    total = sum(inputs.monthly.values()) + inputs.other
    if inputs.ineligible > max(total, 0):
        raise SettlementError("対象外の経費が総事業費を超えています。")
    for _, shares in inputs.changes:
        if any(not 0 <= s <= 1 for s in shares.values()):
            raise SettlementError("負担割合は0以上1以下です。")
        if shares and sum(shares.values(), Fraction(0)) != 1:
            raise SettlementError("負担割合の合計が1になりません。")


def _periods(inputs: TableInputs, eligible: int) -> list[Period]:
    """The periods of the year with their eligible cost; ``other`` and ``ineligible`` follow the personnel cost."""
    months = [m.isoformat() for m in fiscal_months(inputs.fiscal_year)]
    changes = sorted(inputs.changes) or [(months[0], {})]
    starts = [max(first, months[0]) for first, _ in changes]
    spent = [
        sum(yen for month, yen in inputs.monthly.items() if low <= month and (high is None or month < high))
        for low, high in zip(starts, [*starts[1:], None], strict=True)
    ]
    weights = {n: max(yen, 0) for n, yen in enumerate(spent)}
    if not any(weights.values()):  # nothing was apportioned: by the length of the periods
        weights = {
            n: sum(1 for m in months if low <= m and (high is None or m < high))
            for n, (low, high) in enumerate(zip(starts, [*starts[1:], None], strict=True))
        }
    share = largest_remainder(eligible, weights)
    return [
        Period(date.fromisoformat(first), share[n], shares)
        for n, (first, (_, shares)) in enumerate(zip(starts, changes, strict=True))
    ]


def settle(inputs: TableInputs) -> Table:
    """The table of one stream. Income above cost leaves nothing to claim, not a negative claim."""
    check(inputs)
    total = sum(inputs.monthly.values()) + inputs.other
    if total < 0:
        raise SettlementError("総事業費が0円を下回っています。調整を確かめてください。")
    net = max(total - inputs.income, 0)
    eligible = total - inputs.ineligible
    selected = min(net, eligible) if inputs.standard is None else min(net, eligible, inputs.standard)
    periods = _periods(inputs, eligible)
    chosen = largest_remainder(selected, {n: p.eligible for n, p in enumerate(periods)}) if eligible else {}
    cut = [(p, chosen.get(n, 0)) for n, p in enumerate(periods)]
    parts = {}
    for payer in OUTSIDE:
        exact = sum((p.shares.get(payer, Fraction(0)) * yen for p, yen in cut), Fraction(0))
        parts[payer.value] = cut_below(exact, inputs.unit if payer in GRANTED else 1)
    parts[Payer.MUNICIPALITY.value] = net - sum(parts.values())
    return Table(
        total=total, income=inputs.income, net=net, eligible=eligible, standard=inputs.standard, selected=selected,
        required=parts[Payer.STATE], granted=inputs.granted, parts=parts, periods=tuple(cut),
    )  # fmt: skip
