"""The figures of a run: a table on the screen and lines in var/bench.json."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings

from kyosei.bench.meter import look_at_machine


@dataclass(frozen=True, slots=True)
class Line:
    """One figure. ``bar`` is what it has to keep ("" where nothing is asked), ``holds`` whether it does."""

    name: str
    value: float
    unit: str
    bar: str = ""
    holds: bool = True


def line(
    name: str, value: float, unit: str, *, at_most: float | None = None, below: float | None = None,
    at_least: float | None = None,
) -> Line:  # fmt: skip
    """A figure with its bar: ``at_most`` or ``at_least`` (themselves included) or ``below``."""
    value = round(value, 3)
    if at_least is not None:
        return Line(name, value, unit, f">= {at_least:g}", value >= at_least)
    if at_most is not None:
        return Line(name, value, unit, f"<= {at_most:g}", value <= at_most)
    if below is not None:
        return Line(name, value, unit, f"< {below:g}", value < below)
    return Line(name, value, unit)


def machine_lines(scale: str, group: str) -> list[Line]:
    """The machine beside a group of figures (``meter.Machine``); nothing is asked of it."""
    seen = look_at_machine()
    return [
        line(f"{scale}: load at {group}", seen.load, "load"),
        line(f"{scale}: reference query at {group}", seen.query_ms, "ms"),
        line(f"{scale}: reference loop at {group}", seen.python_ms, "ms"),
    ]


def missing(name: str, why: str) -> Line:
    """A page that was to be measured and could not be; it counts as a bar that does not hold."""
    return Line(name, -1, why, "answers", False)


def show(lines: Sequence[Line], say: Callable[[str], object]) -> None:
    """The table, and the bars that do not hold by name."""
    width = max((len(row.name) for row in lines), default=10)
    for row in lines:
        mark = "" if not row.bar else "ok" if row.holds else "NOT HELD"
        say(f"{row.name:<{width}}  {row.value:>10,.3f} {row.unit:<8} {row.bar:<8} {mark}")
    barred = [row for row in lines if row.bar]
    failed = [row.name for row in barred if not row.holds]
    say(
        f"{len(barred) - len(failed)} of {len(barred)} bars hold"
        + (f"; not: {', '.join(failed)}" if failed else "")
    )


def report_path() -> Path:
    return Path(settings.VAR_DIR) / "bench.json"


def write(lines: Sequence[Line], path: Path | None = None) -> None:
    """Replace the lines of the same scale (the word before the colon); those of others stay."""
    path = path or report_path()
    scales = {row.name.split(":")[0] for row in lines}
    try:
        former = json.loads(path.read_text())
    except (OSError, ValueError):
        former = []
    kept = [row for row in former if row["name"].split(":")[0] not in scales]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([*kept, *map(asdict, lines)], ensure_ascii=False, indent=1) + "\n")
