"""Where everybody of a 家族図 stands: couples side by side, brothers and sisters by birth, children below their parents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from households.genogram.figures import COUPLES, PARENTS, Bond, Figure

CELL: Final = 136  # width that one person takes
APART: Final = 16  # more between people who are no couple
ROUNDS: Final = 8


@dataclass(slots=True)
class Cluster:
    """People of one row who stand beside each other because couples join them; ``x`` is the middle of the first."""

    people: list[int]
    x: float = 0.0

    @property
    def width(self) -> float:
        return len(self.people) * CELL


class Places:
    """Works out ``x`` of everybody by going down and up the rows a few times."""

    def __init__(self, figures: Sequence[Figure], bonds: Sequence[Bond], rows: Mapping[int, int]) -> None:
        self.figures = {figure.key: figure for figure in figures}
        self.parents: dict[int, list[int]] = {key: [] for key in self.figures}
        self.children: dict[int, list[int]] = {key: [] for key in self.figures}
        self.couples: dict[int, list[int]] = {key: [] for key in self.figures}
        for bond in bonds:
            if bond.kind in PARENTS and rows[bond.other] > rows[bond.one]:
                self.parents[bond.other].append(bond.one)
                self.children[bond.one].append(bond.other)
            elif bond.kind in COUPLES and rows[bond.one] == rows[bond.other]:
                self.couples[bond.one].append(bond.other)
                self.couples[bond.other].append(bond.one)
        self.rows: list[list[Cluster]] = [[] for _ in range(max(rows.values(), default=-1) + 1)]
        seen: set[int] = set()
        for figure in sorted(figures, key=self._age):
            if figure.key not in seen:
                people = self._cluster(figure.key)
                seen.update(people)
                self.rows[rows[figure.key]].append(Cluster(people))

    def _age(self, figure: Figure) -> tuple[object, ...]:
        """The eldest first; who is tied to nobody comes last."""
        alone = not (self.parents[figure.key] or self.children[figure.key] or self.couples[figure.key])
        return alone, figure.birth_on or date.max, figure.key

    def _cluster(self, key: int) -> list[int]:
        """A chain of couples from one end to the other; of one couple the man stands left."""
        met, waiting = {key}, [key]
        for one in waiting:
            waiting += [o for o in self.couples[one] if o not in met and not met.add(o)]  # type: ignore[func-returns-value]
        if len(met) == 1:
            return [key]
        ends = sorted(met, key=lambda k: (len(self.couples[k]), self.figures[k].shape != "male", k))
        chain: list[int] = []
        stack = [ends[0]]
        while stack:
            one = stack.pop()
            if one not in chain:
                chain.append(one)
                stack += sorted(
                    (o for o in self.couples[one] if o not in chain), key=lambda k: -len(self.couples[k])
                )
        return chain

    def work_out(self) -> dict[int, float]:
        """The middle of everybody, the leftmost at half a cell."""
        for row in self.rows:
            self._settle(row, [0.0] * len(row))
        for _ in range(ROUNDS):
            for row in self.rows:
                self._order(row)
                self._settle(row, [self._wish(cluster, self.parents) for cluster in row])
            for row in reversed(self.rows):
                self._settle(row, [self._wish(cluster, self.children) for cluster in row])
        places = self._places()
        left = min(places.values(), default=0.0)
        return {key: round(x - left + CELL / 2) for key, x in places.items()}

    def _places(self) -> dict[int, float]:
        return {
            key: cluster.x + n * CELL
            for row in self.rows
            for cluster in row
            for n, key in enumerate(cluster.people)
        }

    def _order(self, row: list[Cluster]) -> None:
        """By where the parents stand; children of the same parents by birth."""
        places = self._places()

        def key(cluster: Cluster) -> tuple[float, date, int]:
            tied = [k for k in cluster.people if self.parents[k]]
            where = [sum(places[p] for p in self.parents[k]) / len(self.parents[k]) for k in tied]
            births = [self.figures[k].birth_on or date.max for k in tied or cluster.people]
            middle = sum(where) / len(where) if where else cluster.x
            return round(middle), min(births), cluster.people[0]

        row.sort(key=key)

    def _wish(self, cluster: Cluster, towards: Mapping[int, list[int]]) -> float:
        """Where the cluster would stand if it were alone: its tied people below (above) the middle of theirs."""
        places = self._places()
        wishes = []
        for n, key in enumerate(cluster.people):
            if others := towards[key]:
                xs = [places[o] for o in others]
                wishes.append((min(xs) + max(xs)) / 2 - n * CELL)
        if towards is self.children and wishes:  # children hang from the middle of a couple
            pairs = [
                (self._middle(places, one, other), n)
                for n, (one, other) in enumerate(zip(cluster.people, cluster.people[1:], strict=False))
            ]
            both = [middle - (n + 0.5) * CELL for middle, n in pairs if middle is not None]
            wishes = both or wishes
        return sum(wishes) / len(wishes) if wishes else cluster.x

    def _middle(self, places: Mapping[int, float], one: int, other: int) -> float | None:
        shared = [places[c] for c in self.children[one] if c in self.children[other]]
        return (min(shared) + max(shared)) / 2 if shared else None

    def _settle(self, row: list[Cluster], wishes: list[float]) -> None:
        """As near to the wishes as can be without standing on each other (isotonic regression)."""
        offsets, reached = [], 0.0
        for cluster in row:
            offsets.append(reached)
            reached += cluster.width + APART
        blocks: list[tuple[float, int]] = []
        for wish, offset in zip(wishes, offsets, strict=True):
            mean, count = wish - offset, 1
            while blocks and blocks[-1][0] > mean:
                before, many = blocks.pop()
                mean = (before * many + mean * count) / (many + count)
                count += many
            blocks.append((mean, count))
        settled = [mean for mean, count in blocks for _ in range(count)]
        for cluster, base, offset in zip(row, settled, offsets, strict=True):
            cluster.x = base + offset
