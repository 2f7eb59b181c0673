"""The picture of who helps whom: agencies on a ring, an arrow for each pair. Numbers in, places of an SVG out; the page draws it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import cos, hypot, pi, sin

from referrals.flows import Flow

WIDTH, HEIGHT = 760, 520
MOST_AGENCIES, MOST_PAIRS = 16, 40
_RING = (250.0, 190.0)
_THIN, _THICK = 1.5, 10.0
_GAP = 12.0  # between an arrow and the dot of its agency


@dataclass(frozen=True, slots=True)
class Node:
    """An agency: its dot, and where its name stands (``anchor`` as SVG has it)."""

    pk: int
    name: str
    x: float
    y: float
    label_x: float
    label_y: float
    anchor: str


@dataclass(frozen=True, slots=True)
class Arrow:
    """``d`` is the path; ``width`` grows with the requests, the class ``pace`` with the time to answer."""

    flow: Flow
    source: str
    target: str
    d: str
    head: str
    width: float


@dataclass(frozen=True, slots=True)
class Network:
    nodes: Sequence[Node]
    arrows: Sequence[Arrow]
    left_out: int
    width: int = WIDTH
    height: int = HEIGHT


def network(pairs: Sequence[Flow], names: Mapping[int, str]) -> Network:
    """The agencies with the most requests and the arrows between them; ``left_out`` counts the pairs that are not drawn."""
    weight: Counter[int] = Counter()
    for flow in pairs:
        weight.update({flow.source or 0: flow.sent, flow.target or 0: flow.sent})
    shown = sorted(pk for pk, _ in weight.most_common(MOST_AGENCIES))
    drawn = [f for f in pairs if f.source in shown and f.target in shown][:MOST_PAIRS]
    used = {pk for f in drawn for pk in (f.source, f.target)}
    nodes = {pk: _node(pk, names, n, len(used)) for n, pk in enumerate(pk for pk in shown if pk in used)}
    most = max((f.sent for f in drawn), default=1)
    arrows = [_arrow(f, nodes[f.source or 0], nodes[f.target or 0], most) for f in drawn]
    return Network(list(nodes.values()), arrows, len(pairs) - len(drawn))


def _node(pk: int, names: Mapping[int, str], n: int, count: int) -> Node:
    angle = 2 * pi * n / max(count, 1) - pi / 2
    across, down = cos(angle), sin(angle)
    x, y = WIDTH / 2 + _RING[0] * across, HEIGHT / 2 + _RING[1] * down
    anchor = "middle" if abs(across) < 0.2 else "start" if across > 0 else "end"
    label_x = x + (0 if anchor == "middle" else 14 * across / abs(across))
    label_y = y + (26 * down / abs(down) if anchor == "middle" else 0) + 5
    return Node(pk, names.get(pk, ""), round(x, 1), round(y, 1), round(label_x, 1), round(label_y, 1), anchor)


def _arrow(flow: Flow, a: Node, b: Node, most: int) -> Arrow:
    """A curve that bends to its right, so that the way there and the way back do not lie on each other."""
    dx, dy = b.x - a.x, b.y - a.y
    length = hypot(dx, dy) or 1.0
    bend = 0.16
    mid_x, mid_y = (a.x + b.x) / 2 - dy * bend, (a.y + b.y) / 2 + dx * bend
    ux, uy = _towards(mid_x, mid_y, b.x, b.y)
    sx, sy = _towards(a.x, a.y, mid_x, mid_y)
    width = _THIN + (_THICK - _THIN) * flow.sent / most
    tip_x, tip_y = b.x - ux * _GAP, b.y - uy * _GAP
    size = 7 + width * 0.6
    end_x, end_y = tip_x - ux * size, tip_y - uy * size
    left = f"{end_x - uy * size * 0.6:.1f},{end_y + ux * size * 0.6:.1f}"
    right = f"{end_x + uy * size * 0.6:.1f},{end_y - ux * size * 0.6:.1f}"
    d = (
        f"M{a.x + sx * min(_GAP, length / 3):.1f} {a.y + sy * min(_GAP, length / 3):.1f} "
        f"Q{mid_x:.1f} {mid_y:.1f} {end_x:.1f} {end_y:.1f}"
    )
    return Arrow(flow, a.name, b.name, d, f"{tip_x:.1f},{tip_y:.1f} {left} {right}", round(width, 1))


def _towards(ax: float, ay: float, bx: float, by: float) -> tuple[float, float]:
    length = hypot(bx - ax, by - ay) or 1.0
    return (bx - ax) / length, (by - ay) / length
