"""How unevenly cases lie on people: share of the busiest, Herfindahl–Hirschman index, Gini, and one sentence. No names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Concentration:
    """``like``: the number of equally loaded people that would be as concentrated (1 / HHI)."""

    total: int
    people: int
    busiest: int
    share: float
    hhi: float
    gini: float

    @property
    def like(self) -> float:
        return 1 / self.hhi if self.hhi else 0

    @property
    def sentence(self) -> str:
        """In words that need no knowledge of an index."""
        if not self.total:
            return "複数の分野のケースはありません。"
        if self.people == 1:
            return f"{self.total}件のすべてを、一人が担当しています。"
        words = (
            f"{self.total}件を{self.people}人で担当し、いちばん多い人が{self.busiest}件（{self.share:.0%}）です。"
            f"{self.like:.1f}人で等しく分けたのと同じ集まり方です。"
        )
        if self.like < self.people / 2:
            return f"{words}一部の人に集まっています。"
        return f"{words}おおむね分かれています。"


def concentration(counts: Iterable[int]) -> Concentration:
    """Of the cases that each person has (those with none are not counted as people)."""
    rows = sorted(n for n in counts if n > 0)
    total, people = sum(rows), len(rows)
    if not total:
        return Concentration(0, 0, 0, 0.0, 0.0, 0.0)
    hhi = sum((n / total) ** 2 for n in rows)
    weighed = sum((2 * place - people - 1) * n for place, n in enumerate(rows, start=1))
    return Concentration(total, people, rows[-1], rows[-1] / total, hhi, weighed / (people * total))
