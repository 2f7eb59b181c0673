"""Reads of the claim pages: the table of a year, one claim, the estimate, and what-if."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.db.models import Sum

from accounts.actor import Actor
from accounts.models import Staff
from budgets.models import (
    ApportionmentRow,
    ApportionmentRun,
    FundingStream,
    GrantClaim,
    StreamBudget,
    StreamYear,
)
from budgets.settlement.actuals import MonthActual, YearMonths, month_actuals, standing_runs, year_months
from budgets.settlement.forecast import Forecast, Move, forecast, move_worker
from budgets.settlement.inputs import Changes, monthly_of, share_changes, streams, table_inputs
from budgets.settlement.table import SettlementError, Table, TableInputs, settle
from budgets.workflow_claims import ClaimState
from common.japan.fiscal import fiscal_months


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """A stream in the table of a year: ``claim`` None: not begun; ``table`` None with ``problem`` in words."""

    stream: FundingStream
    claim: GrantClaim | None
    inputs: TableInputs
    table: Table | None
    problem: str
    needs_check: bool
    has_moved: bool = False  # the cost is another than when the claim was filed (a locked month was adjusted)


@dataclass(frozen=True, slots=True)
class YearTable:
    lines: list[ClaimLine]
    months: YearMonths
    parts: dict[str, int]
    total: int
    required: int


def _settled(inputs: TableInputs) -> tuple[Table | None, str]:
    try:
        return settle(inputs), ""
    except SettlementError as error:
        return None, str(error)


def standing_claims(actor: Actor, fiscal_year: int) -> dict[int, GrantClaim]:
    """Stream → the claim to show: the draft, else the filed one. One query."""
    rows = (
        GrantClaim.objects.visible_to(actor)
        .filter(fiscal_year=fiscal_year)
        .exclude(state=ClaimState.CORRECTED)
        .select_related("stream", "filed_by", "drafted_by")
        .order_by("revision")
    )
    return {row.stream_id: row for row in rows}  # a draft comes after the filed claim that it corrects


def year_table(actor: Actor, fiscal_year: int) -> YearTable:
    """The settlement of every stream that has a share, a cost or a claim. Eight queries."""
    runs = standing_runs(actor, fiscal_year)
    actuals, changes = month_actuals(actor, fiscal_year, runs=runs), share_changes(actor, fiscal_year)
    claims = standing_claims(actor, fiscal_year)
    years = {y.stream_id: y for y in StreamYear.objects.visible_to(actor).filter(fiscal_year=fiscal_year)}
    costed = {a.stream_id for a in actuals}
    lines = []
    for stream in streams(actor):
        if stream.pk not in {*claims, *costed, *changes}:
            continue
        claim, year = claims.get(stream.pk), years.get(stream.pk)
        inputs = (
            TableInputs.thaw(claim.inputs)
            if claim is not None and not claim.is_draft
            else table_inputs(
                claim, fiscal_year, monthly_of(actuals, stream.pk), year, changes.get(stream.pk, ())
            )
        )
        table, problem = _settled(inputs)
        moved = dict(inputs.monthly) != monthly_of(actuals, stream.pk)
        lines.append(ClaimLine(stream, claim, inputs, table, problem, bool(year and year.needs_check), moved))
    parts: dict[str, int] = defaultdict(int)
    for line in lines:
        for payer, yen in line.table.parts.items() if line.table else ():
            parts[payer] += yen
    tables = [line.table for line in lines if line.table]
    return YearTable(
        lines=lines, months=year_months(actor, fiscal_year, runs=runs), parts=dict(parts), total=sum(t.total for t in tables),
        required=sum(t.required for t in tables),
    )  # fmt: skip


def claim_line(
    actor: Actor,
    fiscal_year: int,
    stream: FundingStream,
    claim: GrantClaim | None,
    *,
    runs: Sequence[ApportionmentRun] | None = None,
) -> ClaimLine:
    """One stream's settlement; a filed or corrected claim as it was filed. Six queries."""
    changes = share_changes(actor, fiscal_year)
    year = StreamYear.objects.visible_to(actor).filter(stream=stream, fiscal_year=fiscal_year).first()
    monthly = monthly_of(month_actuals(actor, fiscal_year, runs=runs), stream.pk)
    if claim is not None and not claim.is_draft:
        inputs = TableInputs.thaw(claim.inputs)
    else:
        inputs = table_inputs(claim, fiscal_year, monthly, year, changes.get(stream.pk, ()))
    table, problem = _settled(inputs)
    moved = dict(inputs.monthly) != monthly
    return ClaimLine(stream, claim, inputs, table, problem, bool(year and year.needs_check), moved)


def claims_of(actor: Actor, fiscal_year: int, stream: FundingStream) -> list[GrantClaim]:
    """Every claim of a stream and year, newest first."""
    rows = GrantClaim.objects.visible_to(actor).filter(fiscal_year=fiscal_year, stream=stream)
    return list(rows.select_related("stream", "filed_by", "drafted_by", "corrected_by").order_by("-revision"))


# ── Estimates ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class StreamForecast:
    """``municipal``: the municipality's part of the expected year, None where it cannot be settled."""

    stream: FundingStream
    budget: StreamBudget | None
    forecast: Forecast
    municipal: int | None


@dataclass(frozen=True, slots=True)
class Outlook:
    """The year of every stream, and what it was read from, for whoever asks further."""

    lines: list[StreamForecast]
    months: list[date]
    streams: list[FundingStream]
    runs: list[ApportionmentRun]
    changes: Mapping[int, Changes]
    years: Mapping[int, StreamYear]
    _inputs: Mapping[int, TableInputs]

    def municipal_with(self, extra: Mapping[int, int]) -> int:
        """The municipality's part of all streams, with so many yen more or less in some of them."""
        total = 0
        for line in self.lines:
            inputs = self._inputs[line.stream.pk]
            more = extra.get(line.stream.pk, 0)
            if more:
                last = self.months[-1].isoformat()
                monthly = dict(inputs.monthly)
                monthly[last] = monthly.get(last, 0) + more
                inputs = replace(inputs, monthly=monthly)
            table, _ = _settled(inputs)
            total += table.municipal if table else 0
        return total


def _by_stream(actuals: Sequence[MonthActual]) -> dict[int, dict[date, int]]:
    found: dict[int, dict[date, int]] = defaultdict(dict)
    for a in actuals:
        found[a.stream_id][a.month] = a.yen
    return found


def outlook(actor: Actor, fiscal_year: int) -> Outlook:
    """The year of every stream with a plan or a cost. Eight queries."""
    months = fiscal_months(fiscal_year)
    runs = standing_runs(actor, fiscal_year)
    locked = [run.month.month for run in runs]
    actual = _by_stream(month_actuals(actor, fiscal_year, runs=runs))
    budgets = {b.stream_id: b for b in StreamBudget.objects.visible_to(actor).filter(fiscal_year=fiscal_year)}
    claims, changes = standing_claims(actor, fiscal_year), share_changes(actor, fiscal_year)
    years = {y.stream_id: y for y in StreamYear.objects.visible_to(actor).filter(fiscal_year=fiscal_year)}
    lines, inputs, every = [], {}, streams(actor)
    for stream in every:
        budget = budgets.get(stream.pk)
        if budget is None and stream.pk not in actual:
            continue
        own = {m: actual[stream.pk].get(m, 0) for m in locked} if stream.pk in actual or locked else {}
        year = forecast(months, budget.months if budget else None, own)
        inputs[stream.pk] = table_inputs(
            claims.get(stream.pk), fiscal_year, {line.month.isoformat(): line.shown for line in year.lines},
            years.get(stream.pk), _of(changes, stream.pk),
        )  # fmt: skip
        table, _ = _settled(inputs[stream.pk])
        lines.append(StreamForecast(stream, budget, year, table.municipal if table else None))
    return Outlook(lines, months, every, runs, changes, years, inputs)


def _of(changes: Mapping[int, Changes], stream_id: int) -> Changes:
    return changes.get(stream_id, ())


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A worker's coming months in one stream alone: yen by stream before and after, and the municipality's own part."""

    staff: Staff
    to: FundingStream
    move: Move
    rows: list[tuple[FundingStream, int, int]]
    municipal_before: int
    municipal_after: int

    @property
    def difference(self) -> int:
        """More (above zero) or less for the municipality."""
        return self.municipal_after - self.municipal_before

    @property
    def size(self) -> int:
        return abs(self.difference)


def workers_of(actor: Actor, year: Outlook) -> list[Staff]:
    """Workers with apportioned cost in the year."""
    rows = ApportionmentRow.objects.visible_to(actor).filter(run__in=[run.pk for run in year.runs])
    return list(Staff.objects.visible_to(actor).filter(pk__in=rows.values("staff_id")).order_by("kana", "pk"))


def what_if(
    actor: Actor, fiscal_year: int, year: Outlook, *, staff: Staff, to: FundingStream, since: date
) -> WhatIf:
    """What moves when ``staff`` works for ``to`` alone from ``since`` on. One query."""
    runs = year.runs
    rows = (
        ApportionmentRow.objects.visible_to(actor)
        .filter(run__in=[r.pk for r in runs], staff=staff)
        .values_list("stream_id", "run__month__month")
        .annotate(yen=Sum("yen"))
        .order_by("stream_id", "run__month__month")
    )
    by_stream: dict[int, dict[date, int]] = defaultdict(dict)
    for stream_id, month, yen in rows:
        by_stream[stream_id][month] = yen
    move = move_worker(year.months, [r.month.month for r in runs], by_stream, to=to.pk, since=since)
    touched = {*move.before, *move.after}
    known = {line.stream.pk for line in year.lines}
    full = year if to.pk in known else _with(fiscal_year, year, to)
    extra = {pk: move.after.get(pk, 0) - move.before.get(pk, 0) for pk in touched}
    return WhatIf(
        staff=staff, to=to, move=move,
        rows=[(s, move.before.get(s.pk, 0), move.after.get(s.pk, 0)) for s in year.streams if s.pk in touched],
        municipal_before=full.municipal_with({}), municipal_after=full.municipal_with(extra),
    )  # fmt: skip


def _with(fiscal_year: int, year: Outlook, stream: FundingStream) -> Outlook:
    """The outlook with a stream that has neither plan nor cost yet."""
    own = table_inputs(None, fiscal_year, {}, year.years.get(stream.pk), _of(year.changes, stream.pk))
    lines = [*year.lines, StreamForecast(stream, None, forecast(year.months, None, {}), 0)]
    return replace(year, lines=lines, _inputs={**year._inputs, stream.pk: own})
