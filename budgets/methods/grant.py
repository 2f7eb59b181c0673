"""The arithmetic of an 実績報告 (domain.md 4.3): what may be claimed of what was spent."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from budgets.allocation import cut_below

CODE_VERSION = "grant/1"


@dataclass(frozen=True, slots=True)
class Claim:
    """総事業費, 寄附金その他の収入額, 対象経費の実支出額, 基準額 (None: there is none) of one programme, in yen."""

    total: int
    income: int
    eligible: int
    standard: int | None


@dataclass(frozen=True, slots=True)
class Settlement:
    """差引額 C, 選定額 F and 所要額 G of a 精算書."""

    net: int
    selected: int
    required: int


def settlement(claim: Claim, *, rate: Fraction, unit: int = 1000) -> Settlement:
    """A = min(基準額, 対象経費); B = min(A, 総事業費 − 収入); 所要額 = B × rate, cut below ``unit`` yen.

    Income above the total leaves nothing to claim, not a negative claim.
    """
    if min(claim.total, claim.income, claim.eligible) < 0:
        raise ValueError("精算の額は0円以上で入力してください。")
    if not 0 <= rate <= 1:
        raise ValueError("補助率は0以上1以下です。")
    net = max(claim.total - claim.income, 0)
    eligible = claim.eligible if claim.standard is None else min(claim.standard, claim.eligible)
    selected = min(eligible, net)
    return Settlement(net=net, selected=selected, required=cut_below(selected * rate, unit))
