"""タイムスタディ (B市): the ratio of some weeks, found once, splits the costs of the months that it covers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from budgets.allocation import allocate
from budgets.apportionment import CostInput, StreamInput
from budgets.enums import CategoryKind, RemainderRule, StudySampling
from budgets.methods.statistics import Interval, StudyError, cluster_ratio, wilson

CODE_VERSION = "time-study/1"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one worker did on one day: ``amount`` minutes (連続記録) or answered moments (無作為時点) of one kind.

    ``stream_id`` is None unless ``kind`` is DIRECT.
    """

    staff_id: int
    day: str
    kind: str
    stream_id: int | None
    amount: int


@dataclass(frozen=True, slots=True)
class StudyInputs:
    """``asked``: worker-days (連続記録) or moments (無作為時点) asked for; ``covered_days``: worker-days of the months
    that the result stands for (連続記録)."""

    sampling: StudySampling
    asked: int
    answered: int
    answers: tuple[Answer, ...]
    covered_days: int | None = None
    level: int = 95


@dataclass(frozen=True, slots=True)
class StudyResult:
    """Exact weights by stream, the interval of each, and the response rate."""

    weights: dict[int, int]
    intervals: dict[int, Interval]
    shared: int
    response_rate: Fraction

    @property
    def total(self) -> int:
        return sum(self.weights.values())


def evaluate(inputs: StudyInputs) -> StudyResult:
    """Ratios of the direct streams. Shared time follows them; leave is outside. StudyError says what is missing."""
    if inputs.asked < 1:
        raise StudyError("調査の対象がありません。期間と職員を決めてください。")
    if not 0 <= inputs.answered <= inputs.asked:
        raise StudyError("回答の数は、0以上で尋ねた数以下です。")
    direct = [a for a in inputs.answers if a.kind == CategoryKind.DIRECT and a.stream_id is not None]
    if not sum(a.amount for a in direct):
        raise StudyError("直接の業務の回答が1件もないため、割合を求められません。")
    weights: dict[int, int] = {}
    for answer in direct:
        weights[answer.stream_id or 0] = weights.get(answer.stream_id or 0, 0) + answer.amount
    if inputs.sampling == StudySampling.MOMENTS:
        total = sum(weights.values())
        intervals = {s: wilson(w, total, level=inputs.level) for s, w in weights.items()}
    else:
        intervals = _by_days(direct, weights, inputs)
    return StudyResult(
        weights=weights, intervals=intervals, response_rate=Fraction(inputs.answered, inputs.asked),
        shared=sum(a.amount for a in inputs.answers if a.kind == CategoryKind.SHARED),
    )  # fmt: skip


def _by_days(
    direct: Iterable[Answer], weights: Mapping[int, int], inputs: StudyInputs
) -> dict[int, Interval]:
    per_day: dict[tuple[int, str], dict[int, int]] = {}
    for answer in direct:
        row = per_day.setdefault((answer.staff_id, answer.day), {})
        row[answer.stream_id or 0] = row.get(answer.stream_id or 0, 0) + answer.amount
    days = [per_day[key] for key in sorted(per_day)]
    population = None if inputs.covered_days is None else max(inputs.covered_days, len(days))
    return {
        stream: cluster_ratio(
            [(day.get(stream, 0), sum(day.values())) for day in days], population=population, level=inputs.level
        )
        for stream in weights
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class StudyRow:
    """One worker × one stream; the exact ratio is ``weight / whole``."""

    staff_id: int
    stream_id: int
    weight: int
    whole: int
    yen: int


def apply(
    *, costs: Iterable[CostInput], weights: Mapping[int, int], streams: Iterable[StreamInput], rule: RemainderRule
) -> list[StudyRow]:  # fmt: skip
    """Each worker's cost by the ratio of the study, to whole yen once. Ordered by worker, then stream order."""
    key_of = {s.stream_id: (s.position, s.code, s.stream_id) for s in streams}
    general = next((key_of[s.stream_id] for s in streams if s.is_general), None)
    if general is None:
        raise StudyError("一般財源が定められていません。")
    rules = {key_of[s.stream_id]: RemainderRule(s.rule) for s in streams if s.rule}
    keyed = {key_of[stream]: weight for stream, weight in weights.items()}
    whole = sum(weights.values())
    rows: list[StudyRow] = []
    for cost in sorted(costs, key=lambda c: c.staff_id):
        yen = allocate(cost.yen, keyed, rule=rule, remainder_key=general, rules=rules)
        rows.extend(
            StudyRow(cost.staff_id, key[2], weights.get(key[2], 0), whole, part)
            for key, part in sorted(yen.items())
            if part or weights.get(key[2])
        )
    return rows


def yen_bounds(total: int, interval: Interval) -> tuple[int, int]:
    """The yen of one stream at the two ends of its interval: how sure the figure is. For reading only."""
    low, high = total * interval.low, total * interval.high
    return low.numerator // low.denominator, -(-high.numerator // high.denominator)
