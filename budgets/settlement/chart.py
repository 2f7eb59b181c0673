"""The year of a stream as a drawing: cumulative plan, actual and expected. Coordinates only; the template draws."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from budgets.settlement.forecast import Forecast

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 640, 220, 96, 12, 28


@dataclass(frozen=True, slots=True)
class Tick:
    """A label at a place of an axis."""

    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """``plan``, ``actual`` and ``expected`` are points of a polyline, "" where there is nothing to draw."""

    plan: str
    actual: str
    expected: str
    limit: int | None
    months: list[Tick]
    yen: list[Tick]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT


def _step(top: int) -> int:
    """A round step that makes three to six lines below ``top``."""
    size = 1
    while size * 10 <= top:
        size *= 10
    return next(s for s in (size // 2 or 1, size, size * 2, size * 5) if top <= 6 * s or s == size * 5)


def _short(yen: int) -> str:
    return f"{yen // 10_000:,}万円" if yen and yen % 10_000 == 0 else f"{yen:,}円"


def chart(year: Forecast) -> Chart:
    """Cumulative yen by month."""
    plans, running = [], 0
    for line in year.lines:
        running += line.planned or 0
        plans.append(running)
    top = max([line.cumulative for line in year.lines] + plans + [1])
    n = max(len(year.lines) - 1, 1)

    def x(index: int) -> int:
        return LEFT + (WIDTH - LEFT - 12) * index // n

    def y(yen: int) -> int:
        return TOP + (HEIGHT - TOP - BOTTOM) * (top - max(yen, 0)) // top

    last = max((i for i, line in enumerate(year.lines) if line.actual is not None), default=-1)
    done = [f"{x(i)},{y(line.cumulative)}" for i, line in enumerate(year.lines) if i <= last]
    coming = [f"{x(i)},{y(line.cumulative)}" for i, line in enumerate(year.lines) if i >= max(last, 0)]
    step = _step(top)
    return Chart(
        plan=" ".join(f"{x(i)},{y(yen)}" for i, yen in enumerate(plans)) if year.budget is not None else "",
        actual=" ".join(done), expected=" ".join(coming) if last < len(year.lines) - 1 else "",
        limit=y(year.budget) if year.budget else None,
        months=[Tick(x(i), f"{line.month.month}月") for i, line in enumerate(year.lines)],
        yen=[Tick(y(step * i), _short(step * i)) for i in range(top // step + 1)],
    )  # fmt: skip


def month_of(text: str, months: list[date]) -> date | None:
    """The month that a form names, if it is one of ``months``."""
    return next((m for m in months if m.isoformat() == text), None)
