"""One month by three methods side by side: the yen that would move, and how sure the study's figure is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

from django.db.models import Sum

from accounts.actor import Actor
from accounts.models import Staff
from budgets.apportionment import CostInput, Inputs, apportion
from budgets.enums import RemainderRule
from budgets.inputs import month_inputs
from budgets.methods.dedicated import Assignment, DayMinutes, assign
from budgets.methods.statistics import Interval, StudyError
from budgets.methods.time_study import StudyResult, apply, evaluate, yen_bounds
from budgets.models import ApportionmentRun, DutyAssignment, FundingStream, StudyMember, TimeStudy, WorkEntry
from budgets.study_inputs import study_inputs, thaw_result
from common.japan.fiscal import month_last


@dataclass(frozen=True, slots=True)
class Column:
    """One method: yen by stream, what it cannot decide and whose, or why there is nothing at all."""

    title: str
    yen: dict[int, int] = field(default_factory=dict)
    undecided: int = 0
    people: list[Staff] = field(default_factory=list)
    missing: str = ""

    @property
    def total(self) -> int:
        return sum(self.yen.values()) + self.undecided


@dataclass(frozen=True, slots=True)
class CompareLine:
    """One stream: yen by the three methods, and what moves against the actual minutes (None: no such method)."""

    stream: FundingStream
    actual: int
    study: int | None
    study_moves: int | None
    bounds: tuple[int, int] | None
    interval: Interval | None
    dedicated: int | None
    dedicated_moves: int | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """``total``: the month's costs; every column adds up to it, what it cannot decide included."""

    lines: list[CompareLine]
    actual: Column
    study: Column
    dedicated: Column
    total: int
    studies: list[TimeStudy]
    chosen: TimeStudy | None
    result: StudyResult | None
    outside_minutes: int

    @property
    def study_moved(self) -> int:
        """Yen that lie in another stream: half of all differences when both decide everything."""
        return sum(line.study_moves for line in self.lines if line.study_moves and line.study_moves > 0)

    @property
    def dedicated_moved(self) -> int:
        return sum(
            line.dedicated_moves for line in self.lines if line.dedicated_moves and line.dedicated_moves > 0
        )


def percent(ratio: Fraction) -> str:
    """「23.9%」, for reading only."""
    tenths = (ratio * 1000 + Fraction(1, 2)).__floor__()
    return f"{tenths // 10}.{tenths % 10}%"


def compare(actor: Actor, month: date, study_id: int | None = None) -> Comparison:
    """A dozen queries at most, whatever the number of workers. Nothing is written."""
    run = ApportionmentRun.objects.visible_to(actor).filter(month__month=month, is_final=True).first()
    inputs = Inputs.thaw(run.inputs) if run else month_inputs(month, RemainderRule.LARGEST_REMAINDER)
    studies = list(
        TimeStudy.objects.visible_to(actor)
        .filter(covers_from__lte=month, covers_to__gte=month)
        .order_by("-state", "-pk")
    )
    approved = [s for s in studies if s.is_approved]
    chosen = next((s for s in studies if s.pk == study_id), approved[0] if approved else None)
    actual = _actual(actor, inputs)
    study, result = _study(actor, inputs, chosen)
    dedicated, outside = _dedicated(actor, inputs, month)
    used = {*actual.yen, *study.yen, *dedicated.yen}
    streams = FundingStream.objects.visible_to(actor).filter(pk__in=used).order_by("position", "code")
    return Comparison(
        lines=[_line(stream, actual, study, dedicated, result) for stream in streams], actual=actual, study=study,
        dedicated=dedicated, total=sum(c.yen for c in inputs.costs), studies=studies, chosen=chosen, result=result,
        outside_minutes=outside,
    )  # fmt: skip


def _line(
    stream: FundingStream, actual: Column, study: Column, dedicated: Column, result: StudyResult | None
) -> CompareLine:
    own = actual.yen.get(stream.pk, 0)
    by_study = None if study.missing else study.yen.get(stream.pk, 0)
    by_dedicated = None if dedicated.missing else dedicated.yen.get(stream.pk, 0)
    interval = result.intervals.get(stream.pk) if result else None
    decided = study.total - study.undecided
    return CompareLine(
        stream=stream, actual=own, study=by_study, study_moves=None if by_study is None else by_study - own,
        bounds=yen_bounds(decided, interval) if interval and by_study is not None else None, interval=interval,
        dedicated=by_dedicated, dedicated_moves=None if by_dedicated is None else by_dedicated - own,
    )  # fmt: skip


def _people(actor: Actor, keys: set[int]) -> list[Staff]:
    return list(Staff.objects.visible_to(actor).filter(pk__in=keys).order_by("kana", "pk"))


def _column(actor: Actor, title: str, inputs: Inputs, parts: list[tuple[int, int, int]]) -> Column:
    """``parts``: worker, stream, yen. Workers with a cost and no part are named with what remains undecided."""
    yen: dict[int, int] = {}
    for _, stream, part in parts:
        yen[stream] = yen.get(stream, 0) + part
    decided = {staff for staff, *_ in parts}
    left = [c for c in inputs.costs if c.staff_id not in decided and c.yen]
    people = _people(actor, {c.staff_id for c in left}) if left else []
    return Column(title, yen, sum(c.yen for c in left), people)


def _actual(actor: Actor, inputs: Inputs) -> Column:
    """By the own minutes of everybody, whatever method is in force."""
    rows = apportion(replace(inputs, plans=(), studies=()))
    return _column(
        actor, "A町方式（毎月の業務実績）", inputs, [(r.staff_id, r.stream_id, r.yen) for r in rows]
    )  # fmt: skip


def _study(actor: Actor, inputs: Inputs, study: TimeStudy | None) -> tuple[Column, StudyResult | None]:
    title = "B市方式（タイムスタディ）"
    if study is None:
        return Column(title, missing="この月に使う、承認されたタイムスタディがありません。"), None
    try:
        result = thaw_result(study.result) if study.is_approved else evaluate(study_inputs(study))
    except StudyError as error:
        return Column(title, missing=str(error)), None
    members = set(
        StudyMember.objects.visible_to(actor).filter(study=study).values_list("staff_id", flat=True)
    )
    costs: list[CostInput] = [c for c in inputs.costs if c.staff_id in members]
    rows = apply(costs=costs, weights=result.weights, streams=inputs.streams, rule=inputs.rule)
    return _column(actor, title, inputs, [(r.staff_id, r.stream_id, r.yen) for r in rows]), result


def _dedicated(actor: Actor, inputs: Inputs, month: date) -> tuple[Column, int]:
    """Only who was dedicated to one stream through the whole month; a part of a month decides nothing."""
    title = "専従（C市方式）"
    last = month_last(month)
    rows = DutyAssignment.objects.visible_to(actor).filter(
        stream__isnull=False, during__contains=month
    ).filter(during__contains=last)  # fmt: skip
    given = [Assignment(staff, stream) for staff, stream in rows.values_list("staff_id", "stream_id")]
    if not given:
        return Column(title, missing="この月を通して専従の割当がある職員がいません。"), 0
    minutes = (
        WorkEntry.objects.visible_to(actor)
        .of_month(month)
        .filter(staff__in=[a.staff_id for a in given])
        .values_list("staff_id", "worked_on", "category__kind", "category__stream_id")
        .annotate(total=Sum("minutes"))
        .order_by()
    )
    done = assign(
        costs=inputs.costs, assignments=given,
        minutes=[DayMinutes(s, day.isoformat(), kind, stream, n) for s, day, kind, stream, n in minutes],
    )  # fmt: skip
    parts = [(r.staff_id, r.stream_id, r.yen) for r in done.rows]
    return _column(actor, title, inputs, parts), sum(o.minutes for o in done.outside)
