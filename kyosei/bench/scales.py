"""How much of everything each scale has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """Numbers of rows. ``desks`` are まちの保健室, ``offices`` how many of each section; ``workers`` record their time."""

    name: str
    persons: int
    households: int
    cases: int
    consultations: int
    notes: int
    referrals: int
    conferences: int
    desks: int
    offices: int
    workers: int
    months: int
    entries_a_day: int
    chunks: int  # the load is cut into so many independent parts
    has_bars: bool = True  # whether the figures in seconds have to keep a bar
    only_finding: bool = False  # measures the search alone
    only_money: bool = False  # measures minutes and money alone


SCALES = {
    scale.name: scale
    for scale in (
        Scale("demo", persons=600, households=160, cases=120, consultations=400, notes=1_600, referrals=60,
              conferences=12, desks=3, offices=1, workers=12, months=2, entries_a_day=8, chunks=2),
        Scale("city", persons=78_000, households=20_000, cases=12_000, consultations=60_000, notes=200_000,
              referrals=5_000, conferences=500, desks=15, offices=1, workers=120, months=12, entries_a_day=8, chunks=16),
        # a whole town's register and two million notes: what the search has to stand
        Scale("register", persons=3_770_000, households=400_000, cases=200_000, consultations=400_000, notes=2_000_000,
              referrals=2_000, conferences=200, desks=60, offices=6, workers=600, months=0, entries_a_day=0, chunks=80,
              only_finding=True),
        # 3,000 workers with 720,000 entries a month for a year, and a tenth of it
        Scale("money", persons=60_000, households=20_000, cases=20_000, consultations=40_000, notes=900_000,
              referrals=200, conferences=50, desks=60, offices=6, workers=3_000, months=12, entries_a_day=12, chunks=60,
              has_bars=False, only_money=True),
        Scale("money-tenth", persons=6_000, households=2_000, cases=2_000, consultations=4_000, notes=90_000,
              referrals=50, conferences=20, desks=15, offices=2, workers=300, months=12, entries_a_day=12, chunks=12,
              has_bars=False, only_money=True),
        Scale("metropolis", persons=3_770_000, households=1_750_000, cases=2_000_000, consultations=4_000_000,
              notes=6_000_000, referrals=400_000, conferences=20_000, desks=140, offices=18, workers=3_000, months=2,
              entries_a_day=8, chunks=240, has_bars=False),
    )
}  # fmt: skip


def share(total: int, parts: int, n: int) -> range:
    """The ids (from 1) that the n-th of ``parts`` chunks makes."""
    return range(total * n // parts + 1, total * (n + 1) // parts + 1)
