"""The month's apportionment by actual minutes (A町's way): a pure function from frozen inputs to rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from budgets.allocation import allocate
from budgets.enums import CategoryKind, RemainderRule

CODE_VERSION = "actual-minutes/1"


@dataclass(frozen=True, slots=True)
class CostInput:
    """Whole yen of one worker in the month."""

    staff_id: int
    agency_id: int
    yen: int


@dataclass(frozen=True, slots=True)
class MinutesInput:
    """Minutes of one worker in one kind of work; ``stream_id`` is None unless the kind is DIRECT."""

    staff_id: int
    kind: str
    stream_id: int | None
    minutes: int


@dataclass(frozen=True, slots=True)
class StreamInput:
    """A stream, its printed order (the tie rule), whether it is the 一般財源, and its own rule for yen below one
    ("": the month's)."""

    stream_id: int
    position: int
    code: str
    is_general: bool
    rule: str = ""

    def frozen(self) -> dict[str, Any]:
        """As plain data; a rule of its own stands there only where there is one, so that older digests hold."""
        data = asdict(self)
        return data if self.rule else {key: value for key, value in data.items() if key != "rule"}


@dataclass(frozen=True, slots=True)
class Row:
    """One worker × one stream. The exact ratio is ``minutes / direct_minutes``."""

    staff_id: int
    agency_id: int
    stream_id: int
    minutes: int
    direct_minutes: int
    shared_minutes: int
    yen: int


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything that the result depends on."""

    month: date
    rule: RemainderRule
    costs: tuple[CostInput, ...]
    minutes: tuple[MinutesInput, ...]
    streams: tuple[StreamInput, ...]

    def frozen(self) -> dict[str, Any]:
        """The inputs as plain data in a fixed order, kept with a run: whatever is edited later, it can be recomputed."""
        return {
            "month": self.month.isoformat(),
            "rule": str(self.rule),
            "version": CODE_VERSION,
            "costs": [asdict(c) for c in sorted(self.costs, key=lambda c: c.staff_id)],
            "minutes": [
                asdict(m)
                for m in sorted(self.minutes, key=lambda m: (m.staff_id, m.kind, m.stream_id or 0, m.minutes))
            ],
            "streams": [s.frozen() for s in sorted(self.streams, key=lambda s: s.stream_id)],
        }

    @classmethod
    def thaw(cls, data: dict[str, Any]) -> Inputs:
        """The inputs that ``frozen`` wrote down."""
        return cls(
            month=date.fromisoformat(data["month"]),
            rule=RemainderRule(data["rule"]),
            costs=tuple(CostInput(**c) for c in data["costs"]),
            minutes=tuple(MinutesInput(**m) for m in data["minutes"]),
            streams=tuple(StreamInput(**s) for s in data["streams"]),
        )

    def digest(self) -> str:
        """SHA-256 over the frozen inputs: equal inputs give equal results and equal digests."""
        return hashlib.sha256(json.dumps(self.frozen(), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Findings:
    """What stands in the way, by worker: never a silent zero."""

    cost_without_minutes: tuple[int, ...]
    minutes_without_cost: tuple[int, ...]

    def __bool__(self) -> bool:
        return bool(self.cost_without_minutes or self.minutes_without_cost)


def _direct(inputs: Inputs) -> dict[int, dict[int, int]]:
    table: dict[int, dict[int, int]] = {}
    for m in inputs.minutes:
        if m.kind == CategoryKind.DIRECT and m.stream_id is not None:
            per_stream = table.setdefault(m.staff_id, {})
            per_stream[m.stream_id] = per_stream.get(m.stream_id, 0) + m.minutes
    return table


def find(inputs: Inputs) -> Findings:
    """Workers with a cost but no direct minute, and workers with minutes but no cost."""
    direct = _direct(inputs)
    costed = {c.staff_id for c in inputs.costs}
    worked = {m.staff_id for m in inputs.minutes if m.kind != CategoryKind.LEAVE}
    return Findings(
        cost_without_minutes=tuple(
            sorted(
                c.staff_id for c in inputs.costs if c.yen > 0 and not sum(direct.get(c.staff_id, {}).values())
            )
        ),
        minutes_without_cost=tuple(sorted(worked - costed)),
    )


def apportion(inputs: Inputs) -> list[Row]:
    """Each worker's cost over the streams by direct minutes; shared minutes follow the direct ratio by themselves.

    Since 共通 (meetings, training, travel) is spread in the same ratio as the direct minutes, the ratio of a stream
    is its direct minutes over all direct minutes, and one rounding to yen at the end is enough (vector A of
    domain.md 4.8). Leave is outside. The yen of a worker's rows add up to the worker's cost exactly.
    Workers without direct minutes are left to ``find``. Rows come ordered by worker, then stream order.
    """
    direct, shared = _direct(inputs), _shared(inputs.minutes)
    key_of = {s.stream_id: (s.position, s.code, s.stream_id) for s in inputs.streams}
    general = next((key_of[s.stream_id] for s in inputs.streams if s.is_general), None)
    if general is None:
        raise ValueError("一般財源が定められていません。")
    rules = {key_of[s.stream_id]: RemainderRule(s.rule) for s in inputs.streams if s.rule}
    rows: list[Row] = []
    for cost in sorted(inputs.costs, key=lambda c: c.staff_id):
        per_stream = {s: m for s, m in direct.get(cost.staff_id, {}).items() if m}
        if not per_stream:
            continue
        weights = {key_of[stream_id]: minutes for stream_id, minutes in per_stream.items()}
        yen = allocate(cost.yen, weights, rule=inputs.rule, remainder_key=general, rules=rules)
        rows.extend(_rows(cost, per_stream, yen, shared.get(cost.staff_id, 0)))
    return rows


def _shared(minutes: Iterable[MinutesInput]) -> dict[int, int]:
    table: dict[int, int] = {}
    for m in minutes:
        if m.kind == CategoryKind.SHARED:
            table[m.staff_id] = table.get(m.staff_id, 0) + m.minutes
    return table


def _rows(
    cost: CostInput, per_stream: dict[int, int], yen: dict[tuple[int, str, int], int], shared: int
) -> list[Row]:
    total = sum(per_stream.values())
    return [
        Row(
            staff_id=cost.staff_id, agency_id=cost.agency_id, stream_id=key[2], minutes=per_stream.get(key[2], 0),
            direct_minutes=total, shared_minutes=shared, yen=part,
        )
        for key, part in sorted(yen.items())
        if part or per_stream.get(key[2])
    ]  # fmt: skip
