"""The drawing of a 家族図: symbols, lines and the 「同居」 outline as coordinates; templates/households/_genogram.html writes them.

Japanese genogram notation: □ man, ○ woman, double border 本人, × deceased, a dashed outline around who lives together; a
line between a couple (dashed: not married, two strokes: divorced), children below it, the eldest left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

from households.genogram.figures import COUPLES, PARENTS, Bond, Figure, Tie, coparents, generations
from households.genogram.outline import Rect, outline
from households.genogram.places import CELL, Places

ROW: Final = 212  # from one generation to the next
TOP: Final = 62  # above the first row's middle
HALF: Final = 24  # half of a symbol
WORDS: Final = 9  # full-width characters that fit below a symbol
LABELS: Final = 84  # from a symbol's middle to the end of its words
LINE: Final = 17
BESIDE: Final = 6  # from the edge of a cell to a line that goes down past it
GAP: Final = 5  # between the two borders of 本人
BUS: Final = 26  # from a bus down to the middle of the row of children: above the symbols

LEGEND: Final = {
    Tie.SPOUSE: "夫婦", Tie.PARTNER: "婚姻届のないパートナー", Tie.FORMER_SPOUSE: "離婚", Tie.COPARENTS: "父母（二人の間柄は未記録）",
    Tie.PARENT: "実の親子", Tie.ADOPTIVE_PARENT: "養親子", Tie.STEP_PARENT: "継親子", Tie.FOSTER_PARENT: "里親子",
    Tie.SIBLING: "きょうだい", Tie.GRANDPARENT: "祖父母と孫", Tie.OTHER: "その他の親族",
}  # fmt: skip


@dataclass(frozen=True)
class Symbol:
    figure: Figure
    x: int
    y: int
    words: list[tuple[int, str, bool]]  # y, words, whether it is the name

    half: ClassVar[int] = HALF
    size: ClassVar[int] = 2 * HALF
    inner_half: ClassVar[int] = HALF - GAP
    inner_size: ClassVar[int] = 2 * (HALF - GAP)

    @property
    def left(self) -> int:
        return self.x - HALF

    @property
    def top(self) -> int:
        return self.y - HALF

    @property
    def inner_left(self) -> int:
        return self.left + GAP

    @property
    def inner_top(self) -> int:
        return self.top + GAP

    @property
    def age_y(self) -> int:
        """The foot of the age; a triangle is wide only below its middle."""
        return self.y + (14 if self.figure.shape == "unknown" else 5)

    @property
    def points(self) -> str:
        return self._polygon(HALF)

    @property
    def inner_points(self) -> str:
        return self._polygon(HALF - GAP - 3)

    def _polygon(self, half: int) -> str:
        """Diamond or triangle."""
        if self.figure.shape == "other":
            corners = [(0, -half - 3), (half + 3, 0), (0, half + 3), (-half - 3, 0)]
        else:
            corners = [(0, -half - 2), (half + 4, half - 1), (-half - 4, half - 1)]
        return " ".join(f"{self.x + x},{self.y + y}" for x, y in corners)

    @property
    def cross(self) -> str:
        left, right, top, bottom = self.x - HALF, self.x + HALF, self.y - HALF, self.y + HALF
        return f"M{left} {top}L{right} {bottom}M{right} {top}L{left} {bottom}"


@dataclass(frozen=True, slots=True)
class Line:
    kind: Tie
    path: str


@dataclass(slots=True)
class Drawing:
    """``home`` is the outline of who lives together, as rectangles that touch."""

    width: int = 0
    height: int = 0
    symbols: list[Symbol] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    home: list[Rect] = field(default_factory=list)

    @property
    def legend(self) -> list[tuple[Tie, str]]:
        used = {line.kind for line in self.lines}
        return [(kind, words) for kind, words in LEGEND.items() if kind in used]


def _cut(text: str, length: int = WORDS) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def draw(figures: Sequence[Figure], bonds: Sequence[Bond]) -> Drawing:
    """The whole picture; nothing for nobody."""
    if not figures:
        return Drawing()
    bonds = [*bonds, *coparents(bonds)]
    rows = generations(figures, bonds)
    xs = Places(figures, bonds, rows).work_out()
    at = {key: (round(xs[key]), TOP + rows[key] * ROW) for key in xs}
    drawing = Drawing(
        width=round(max(xs.values()) + CELL / 2) + 2 * BESIDE,
        height=TOP + max(rows.values()) * ROW + LABELS + 20,
    )
    drawing.home = outline([at[f.key] for f in figures if f.lives_here], list(at.values()))
    drawing.lines = [*_couples(bonds, at), *_descents(bonds, at, rows), *_others(bonds, at, rows)]
    drawing.symbols = [_symbol(figure, *at[figure.key]) for figure in figures]
    return drawing


def _symbol(figure: Figure, x: int, y: int) -> Symbol:
    texts = [(figure.name, True), *((line, False) for line in figure.lines)]
    words = [
        (y + HALF + 19 + n * LINE, _cut(text, WORDS if is_name else WORDS + 1), is_name)
        for n, (text, is_name) in enumerate(texts)
    ]
    return Symbol(figure, x, y, words)


At = Mapping[int, tuple[int, int]]


def _couples(bonds: Sequence[Bond], at: At) -> list[Line]:
    """A line between symbols that stand side by side, else over the heads of who stands between."""
    lines = []
    for bond in bonds:
        if bond.kind not in COUPLES:
            continue
        (x1, y1), (x2, y2) = sorted((at[bond.one], at[bond.other]))
        if y1 == y2 and x2 - x1 <= CELL + 1:
            path = f"M{x1 + HALF} {y1}H{x2 - HALF}"
            slash = (x1 + x2) // 2, y1
        else:
            over = min(y1, y2) - HALF - 16
            path = f"M{x1} {y1 - HALF}V{over}H{x2}V{y2 - HALF}"
            slash = (x1 + x2) // 2, over
        if bond.kind == Tie.FORMER_SPOUSE:
            path += "".join(f"M{slash[0] + n - 4} {slash[1] + 9}l8 -18" for n in (-4, 4))
        lines.append(Line(bond.kind, path))
    return lines


def _descents(bonds: Sequence[Bond], at: At, rows: Mapping[int, int]) -> list[Line]:
    """From the middle of a couple, or from the side of one parent, down to a bar above the children, and to each.

    Every family of a row has its bar at a height of its own.
    """
    families: dict[tuple[int, ...], list[Bond]] = {}
    for child in dict.fromkeys(b.other for b in bonds if b.kind in PARENTS):
        own = [b for b in bonds if b.other == child and b.kind in PARENTS and rows[b.one] < rows[child]]
        for parents, kind in _together(own, bonds, at):
            families.setdefault(parents, []).append(Bond(kind, parents[0], child))
    lines, bars = [], dict.fromkeys(rows.values(), 0)
    for parents, children in sorted(families.items(), key=lambda f: min(at[p] for p in f[0])):
        start, row = _start(parents, at), min(rows[c.other] for c in children)
        bar = TOP + row * ROW - HALF - BUS - 9 * (bars[row] % 4)
        bars[row] += 1
        for kind in dict.fromkeys(c.kind for c in children):
            ends = [at[c.other] for c in children if c.kind == kind]
            lines.append(Line(kind, start + _drop(start, bar, ends)))
    return lines


def _together(own: Sequence[Bond], bonds: Sequence[Bond], at: At) -> list[tuple[tuple[int, ...], Tie]]:
    """Two parents of a kind who stand side by side have one line to their child; others have each their own."""
    found: list[tuple[tuple[int, ...], Tie]] = []
    left = list(own)
    for one in own:
        for other in own:
            near = at[one.one][1] == at[other.one][1] and 0 < at[other.one][0] - at[one.one][0] <= CELL + 1
            couple = any({b.one, b.other} == {one.one, other.one} and b.kind in COUPLES for b in bonds)
            if near and couple and one.kind == other.kind and one in left and other in left:
                found.append(((one.one, other.one), one.kind))
                left = [b for b in left if b not in (one, other)]
    return found + [((b.one,), b.kind) for b in left]


def _start(parents: tuple[int, ...], at: At) -> str:
    """Where the way down begins: never through the words below a symbol."""
    (x, y) = at[parents[0]]
    return f"M{x + CELL // 2} {y}" if len(parents) == 2 else f"M{x + HALF} {y}H{x + CELL // 2 + BESIDE}"


def _drop(start: str, bar: int, ends: Sequence[tuple[int, int]]) -> str:
    x = int(start.split("H")[-1]) if "H" in start else int(start[1:].split(" ")[0])
    ways = "".join(f"M{end} {bar}V{y - HALF}" for end, y in ends)
    left, right = min([x, *(e for e, _ in ends)]), max([x, *(e for e, _ in ends)])
    return f"V{bar}M{left} {bar}H{right}{ways}"


def _others(bonds: Sequence[Bond], at: At, rows: Mapping[int, int]) -> list[Line]:
    """Brothers and sisters whose parents are not drawn, grandparents, other kin, and parents who stand beside their child."""
    parents: dict[int, set[int]] = {}
    for bond in bonds:
        if bond.kind in PARENTS:
            parents.setdefault(bond.other, set()).add(bond.one)
    lines = []
    for bond in bonds:
        (x1, y1), (x2, y2) = sorted((at[bond.one], at[bond.other]))
        if bond.kind in COUPLES or (bond.kind in PARENTS and rows[bond.one] < rows[bond.other]):
            continue
        if bond.kind == Tie.SIBLING and parents.get(bond.one, set()) & parents.get(bond.other, set()):
            continue
        if y1 == y2:
            over = y1 - HALF - 12
            lines.append(Line(bond.kind, f"M{x1} {y1 - HALF}V{over}H{x2}V{y2 - HALF}"))
        else:
            (xa, ya), (xb, yb) = sorted((at[bond.one], at[bond.other]), key=lambda p: p[1])
            bar = yb - HALF - 14
            lines.append(Line(bond.kind, f"M{xa + HALF} {ya}H{xa + CELL // 2 - 8}V{bar}H{xb}V{yb - HALF}"))
    return lines
