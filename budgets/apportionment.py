"""The month's apportionment: a pure function from frozen inputs to rows.

Each worker's cost goes by the own minutes (A町's way) unless a plan says otherwise: by the weights of a time study that
covers the month (B市), or whole to the one stream that the worker is dedicated to (C市).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from budgets.allocation import allocate
from budgets.enums import CategoryKind, Method, RemainderRule

CODE_VERSION = "actual-minutes/1"
PLANNED_VERSION = "month-by-plan/1"  # where some workers go by a study or by their assignment


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
class Plan:
    """How one worker's cost is split where it is not by the own minutes: ``stream_id`` of who is dedicated, ``study_id``
    of the time study. None: the method is in force, but nobody decided it for this worker (``find`` names it)."""

    staff_id: int
    method: str
    stream_id: int | None = None
    study_id: int | None = None


@dataclass(frozen=True, slots=True)
class StudyWeights:
    """The frozen result of an approved study: (stream, weight), by stream."""

    study_id: int
    weights: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One worker × one stream. The exact ratio is ``minutes / direct_minutes``; by a study these are its weights."""

    staff_id: int
    agency_id: int
    stream_id: int
    minutes: int
    direct_minutes: int
    shared_minutes: int
    yen: int
    method: str = Method.ACTUAL_MINUTES


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything that the result depends on."""

    month: date
    rule: RemainderRule
    costs: tuple[CostInput, ...]
    minutes: tuple[MinutesInput, ...]
    streams: tuple[StreamInput, ...]
    plans: tuple[Plan, ...] = ()
    studies: tuple[StudyWeights, ...] = ()

    @property
    def version(self) -> str:
        """The version of the program that these inputs are computed by."""
        return PLANNED_VERSION if self.plans else CODE_VERSION

    @property
    def method(self) -> Method:
        """What is printed: the one method of all workers, or that they differ."""
        planned = {p.staff_id: Method(p.method) for p in self.plans}
        used = {planned.get(c.staff_id, Method.ACTUAL_MINUTES) for c in self.costs}
        return used.pop() if len(used) == 1 else Method.MIXED if used else Method.ACTUAL_MINUTES

    def frozen(self) -> dict[str, Any]:
        """The inputs as plain data in a fixed order, kept with a run: whatever is edited later, it can be recomputed."""
        data: dict[str, Any] = {
            "month": self.month.isoformat(),
            "rule": str(self.rule),
            "version": self.version,
            "costs": [asdict(c) for c in sorted(self.costs, key=lambda c: c.staff_id)],
            "minutes": [
                asdict(m)
                for m in sorted(self.minutes, key=lambda m: (m.staff_id, m.kind, m.stream_id or 0, m.minutes))
            ],
            "streams": [s.frozen() for s in sorted(self.streams, key=lambda s: s.stream_id)],
        }
        if self.plans:  # only then, so that older digests hold
            data["plans"] = [asdict(p) for p in sorted(self.plans, key=lambda p: p.staff_id)]
            data["studies"] = [
                {"study_id": s.study_id, "weights": [list(pair) for pair in sorted(s.weights)]}
                for s in sorted(self.studies, key=lambda s: s.study_id)
            ]
        return data

    @classmethod
    def thaw(cls, data: dict[str, Any]) -> Inputs:
        """The inputs that ``frozen`` wrote down."""
        return cls(
            month=date.fromisoformat(data["month"]),
            rule=RemainderRule(data["rule"]),
            costs=tuple(CostInput(**c) for c in data["costs"]),
            minutes=tuple(MinutesInput(**m) for m in data["minutes"]),
            streams=tuple(StreamInput(**s) for s in data["streams"]),
            plans=tuple(Plan(**p) for p in data.get("plans", ())),
            studies=tuple(
                StudyWeights(s["study_id"], tuple((stream, n) for stream, n in s["weights"]))
                for s in data.get("studies", ())
            ),
        )

    def digest(self) -> str:
        """SHA-256 over the frozen inputs: equal inputs give equal results and equal digests."""
        return hashlib.sha256(json.dumps(self.frozen(), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Findings:
    """What stands in the way, by worker: never a silent zero."""

    cost_without_minutes: tuple[int, ...]
    minutes_without_cost: tuple[int, ...]
    without_study: tuple[int, ...] = ()
    without_assignment: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(
            self.cost_without_minutes
            or self.minutes_without_cost
            or self.without_study
            or self.without_assignment
        )

    @property
    def people(self) -> set[int]:
        return {
            *self.cost_without_minutes,
            *self.minutes_without_cost,
            *self.without_study,
            *self.without_assignment,
        }


def _direct(inputs: Inputs) -> dict[int, dict[int, int]]:
    table: dict[int, dict[int, int]] = {}
    for m in inputs.minutes:
        if m.kind == CategoryKind.DIRECT and m.stream_id is not None:
            per_stream = table.setdefault(m.staff_id, {})
            per_stream[m.stream_id] = per_stream.get(m.stream_id, 0) + m.minutes
    return table


def find(inputs: Inputs) -> Findings:
    """Workers with a cost but no direct minute, with minutes but no cost, and whom the method in force leaves out."""
    direct = _direct(inputs)
    plans = {p.staff_id: p for p in inputs.plans}
    costed = {c.staff_id for c in inputs.costs}
    worked = {m.staff_id for m in inputs.minutes if m.kind != CategoryKind.LEAVE}
    return Findings(
        cost_without_minutes=tuple(
            sorted(
                c.staff_id
                for c in inputs.costs
                if c.yen > 0 and c.staff_id not in plans and not sum(direct.get(c.staff_id, {}).values())
            )
        ),
        minutes_without_cost=tuple(sorted(worked - costed)),
        without_study=tuple(
            sorted(p.staff_id for p in inputs.plans if p.method == Method.TIME_STUDY and p.study_id is None)
        ),
        without_assignment=tuple(
            sorted(p.staff_id for p in inputs.plans if p.method == Method.DEDICATED and p.stream_id is None)
        ),
    )


def apportion(inputs: Inputs) -> list[Row]:
    """Each worker's cost over the streams by direct minutes; shared minutes follow the direct ratio by themselves.

    Since 共通 (meetings, training, travel) is spread in the same ratio as the direct minutes, the ratio of a stream
    is its direct minutes over all direct minutes, and one rounding to yen at the end is enough (vector A of
    domain.md 4.8). Leave is outside. The yen of a worker's rows add up to the worker's cost exactly.
    Workers without direct minutes are left to ``find``. Rows come ordered by worker, then stream order.
    """
    direct, shared = _direct(inputs), _shared(inputs.minutes)
    plans = {p.staff_id: p for p in inputs.plans}
    studies = {s.study_id: dict(s.weights) for s in inputs.studies}
    key_of = {s.stream_id: (s.position, s.code, s.stream_id) for s in inputs.streams}
    general = next((key_of[s.stream_id] for s in inputs.streams if s.is_general), None)
    if general is None:
        raise ValueError("一般財源が定められていません。")
    rules = {key_of[s.stream_id]: RemainderRule(s.rule) for s in inputs.streams if s.rule}
    rows: list[Row] = []
    for cost in sorted(inputs.costs, key=lambda c: c.staff_id):
        own = {s: m for s, m in direct.get(cost.staff_id, {}).items() if m}
        plan = plans.get(cost.staff_id)
        if plan is not None and plan.method == Method.DEDICATED:
            if plan.stream_id is not None:
                done = sum(own.values())
                rows.append(
                    Row(cost.staff_id, cost.agency_id, plan.stream_id, done, done, shared.get(cost.staff_id, 0),
                        cost.yen, plan.method)
                )  # fmt: skip
            continue
        per_stream = own if plan is None else _weights(studies, plan)
        if not per_stream:
            continue
        weights = {key_of[stream_id]: minutes for stream_id, minutes in per_stream.items()}
        yen = allocate(cost.yen, weights, rule=inputs.rule, remainder_key=general, rules=rules)
        method = Method.ACTUAL_MINUTES if plan is None else plan.method
        rows.extend(_rows(cost, per_stream, yen, shared.get(cost.staff_id, 0), method))
    return rows


def _weights(studies: dict[int, dict[int, int]], plan: Plan) -> dict[int, int]:
    found = studies.get(plan.study_id, {}) if plan.study_id is not None else {}
    return {stream: weight for stream, weight in found.items() if weight}


def _shared(minutes: Iterable[MinutesInput]) -> dict[int, int]:
    table: dict[int, int] = {}
    for m in minutes:
        if m.kind == CategoryKind.SHARED:
            table[m.staff_id] = table.get(m.staff_id, 0) + m.minutes
    return table


def _rows(
    cost: CostInput,
    per_stream: dict[int, int],
    yen: dict[tuple[int, str, int], int],
    shared: int,
    method: str,
) -> list[Row]:
    total = sum(per_stream.values())
    return [
        Row(
            staff_id=cost.staff_id, agency_id=cost.agency_id, stream_id=key[2], minutes=per_stream.get(key[2], 0),
            direct_minutes=total, shared_minutes=shared, yen=part, method=method,
        )
        for key, part in sorted(yen.items())
        if part or per_stream.get(key[2])
    ]  # fmt: skip
