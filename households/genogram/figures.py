"""What goes into a 家族図: people, and what ties them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final


class Tie(StrEnum):
    """How two people belong together, as it is drawn. A parent tie goes from the parent to the child."""

    SPOUSE = "spouse"
    PARTNER = "partner"
    FORMER_SPOUSE = "former_spouse"
    COPARENTS = "coparents"
    """Parents of the same child of whom nobody has recorded what they are to each other."""
    PARENT = "parent"
    ADOPTIVE_PARENT = "adoptive_parent"
    STEP_PARENT = "step_parent"
    FOSTER_PARENT = "foster_parent"
    SIBLING = "sibling"
    GRANDPARENT = "grandparent"
    OTHER = "other"


COUPLES: Final = (Tie.SPOUSE, Tie.PARTNER, Tie.FORMER_SPOUSE, Tie.COPARENTS)
PARENTS: Final = (Tie.PARENT, Tie.ADOPTIVE_PARENT, Tie.STEP_PARENT, Tie.FOSTER_PARENT)


@dataclass(frozen=True, slots=True)
class Figure:
    """One person. ``shape``: male (square), female (circle), other (diamond), unknown (triangle)."""

    key: int
    name: str
    shape: str = "unknown"
    age: int | None = None
    birth_on: date | None = None
    is_dead: bool = False
    is_center: bool = False
    lives_here: bool = False
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bond:
    """``one`` is the … of ``other``; couples, siblings and the rest have no direction."""

    kind: Tie
    one: int
    other: int


_STEP: Final = {**dict.fromkeys(PARENTS, 1), Tie.GRANDPARENT: 2, **dict.fromkeys(COUPLES, 0), Tie.SIBLING: 0}
YEARS_OF_A_GENERATION: Final = 28


def generations(figures: Sequence[Figure], bonds: Sequence[Bond]) -> dict[int, int]:
    """The row of everybody, from 本人 outwards along the bonds; who is tied to nobody stands by age."""
    known = {figure.key: figure for figure in figures}
    steps: dict[int, list[tuple[int, int]]] = {key: [] for key in known}
    for bond in sorted(bonds, key=lambda b: list(Tie).index(b.kind)):
        if bond.kind in _STEP:
            steps[bond.one].append((bond.other, _STEP[bond.kind]))
            steps[bond.other].append((bond.one, -_STEP[bond.kind]))
    center = next((f for f in figures if f.is_center), None)
    rows: dict[int, int] = {}
    for start in sorted(figures, key=lambda f: (f is not center, not f.lives_here, f.birth_on or date.max)):
        if start.key in rows:
            continue
        rows[start.key] = _by_age(start, center)
        waiting = [start.key]
        for key in waiting:
            for other, step in steps[key]:
                if other not in rows:
                    rows[other] = rows[key] + step
                    waiting.append(other)
    top = min(rows.values(), default=0)
    return {key: row - top for key, row in rows.items()}


def _by_age(figure: Figure, center: Figure | None) -> int:
    if center is None or center.birth_on is None or figure.birth_on is None:
        return 0
    return round((figure.birth_on.year - center.birth_on.year) / YEARS_OF_A_GENERATION)


def coparents(bonds: Sequence[Bond]) -> list[Bond]:
    """Two parents of one child who are no recorded couple."""
    couples = {frozenset((b.one, b.other)) for b in bonds if b.kind in COUPLES}
    found: dict[frozenset[int], Bond] = {}
    for child in dict.fromkeys(b.other for b in bonds if b.kind == Tie.PARENT):
        parents = [b.one for b in bonds if b.kind == Tie.PARENT and b.other == child]
        pair = frozenset(parents)
        if len(pair) == 2 and pair not in couples:
            found.setdefault(pair, Bond(Tie.COPARENTS, *sorted(pair)))
    return list(found.values())
