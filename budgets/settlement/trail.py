"""From a claimed figure down to the entries behind it, with the rule that decided each, and what was corrected later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet, Sum

from accounts.actor import Actor
from accounts.models import Agency, Staff
from accounts.roles import Permission
from budgets.enums import CategoryKind
from budgets.models import (
    ApportionmentRow,
    ApportionmentRun,
    AttributionTable,
    FundingStream,
    GrantClaim,
    MonthAdjustment,
    WorkEntry,
)
from budgets.settlement.actuals import standing_runs
from budgets.workflow import AdjustmentState
from common.japan.fiscal import fiscal_months, fiscal_year, month_last
from common.japan.wareki import format_wareki_month


@dataclass(frozen=True, slots=True)
class WorkerPart:
    """One worker's part of a stream in a month: minutes over direct minutes, and the yen that follow."""

    staff: Staff
    agency: Agency
    who: str
    minutes: int
    direct_minutes: int
    cost: int
    yen: int

    @property
    def percent(self) -> str:
        """For reading only: yen never come from it."""
        return f"{self.minutes / self.direct_minutes * 100:.1f}%" if self.direct_minutes else "―"


def shown_name(actor: Actor, staff: Staff) -> str:
    """The name for whoever enters the costs; a number for everybody else who reads money."""
    return staff.name if actor.has(Permission.COST_EDIT) else f"職員 {staff.username}"


def run_of(actor: Actor, month: date) -> ApportionmentRun | None:
    """The run of a locked month that counts."""
    runs = standing_runs(actor, fiscal_year(month))
    return next((run for run in runs if run.month.month == month), None)


def worker_parts(actor: Actor, run: ApportionmentRun, stream: FundingStream) -> list[WorkerPart]:
    """Who makes up the yen of a stream in a month. Two queries."""
    mine = ApportionmentRow.objects.visible_to(actor).filter(run=run)
    costs = dict(mine.values_list("staff_id").annotate(yen=Sum("yen")).order_by())
    rows = (
        mine.filter(stream=stream)
        .select_related("staff", "agency")
        .order_by("agency__code", "staff__kana", "pk")
    )
    return [
        WorkerPart(
            r.staff,
            r.agency,
            shown_name(actor, r.staff),
            r.minutes,
            r.direct_minutes,
            costs[r.staff_id],
            r.yen,
        )
        for r in rows
    ]


def entries_of(actor: Actor, month: date, *, staff: Staff, stream: FundingStream) -> QuerySet[WorkEntry]:
    """The direct entries behind a worker's part: pseudonymous case number, category and reason; no case text."""
    return (
        WorkEntry.objects.visible_to(actor)
        .with_shown_number(actor)
        .of_month(month)
        .filter(staff=staff, category__kind=CategoryKind.DIRECT, category__stream=stream)
        .select_related("category")
    )


@dataclass(frozen=True, slots=True)
class Rule:
    """The version of the attribution table that decided from a day on."""

    first: date
    version: int
    fiscal_year: int


def rules_of(actor: Actor, month: date) -> list[Rule]:
    """Versions that had begun by the end of the month, the newest first."""
    rows = AttributionTable.objects.visible_to(actor).on(month_last(month))
    return [
        Rule(r.valid_from, r.version, r.fiscal_year)
        for r in rows.only("valid_from", "version", "fiscal_year")[:12]
    ]


def rule_on(rules: Sequence[Rule], day: date) -> Rule | None:
    """The rule of a day."""
    return next((rule for rule in rules if rule.first <= day), None)


@dataclass(frozen=True, slots=True)
class Correction:
    """Something that was changed after it was locked or filed. ``before`` None: the one in its place is not filed yet."""

    at: datetime
    what: str
    who: tuple[str, ...]
    reason: str
    before: int | None
    after: int | None
    claim: GrantClaim | None = None
    parts: Sequence[tuple[str, int]] = ()  # stream and by how many yen a month's apportionment moved there


def corrections(actor: Actor, year: int) -> list[Correction]:
    """Runs that were made after a month was locked, and claims that took the place of filed ones, newest first."""
    rows = (
        GrantClaim.objects.visible_to(actor)
        .filter(fiscal_year=year, corrects__isnull=False)
        .select_related("stream", "corrects", "drafted_by")
        .order_by("pk")
    )
    found = [
        Correction(
            at=r.filed_at or r.drafted_at, what=f"{r.stream.short_name}の精算 第{r.revision}回", who=(r.drafted_by.name,),
            reason=r.correction_reason, before=r.corrects.result.get("required") if r.corrects else None,
            after=r.result.get("required"), claim=r,
        )
        for r in rows
    ]  # fmt: skip
    return sorted([*found, *_adjusted(actor, year)], key=lambda c: c.at, reverse=True)


def adjustments_of(actor: Actor, year: int) -> list[MonthAdjustment]:
    """The approved adjustments of the year's months, with who proposed and who approved them. One query."""
    rows = MonthAdjustment.objects.visible_to(actor).filter(
        state=AdjustmentState.APPROVED, month__month__in=fiscal_months(year)
    )
    return list(rows.select_related("month", "proposed_by", "decided_by", "run").order_by("decided_at", "pk"))


def _adjusted(actor: Actor, year: int) -> list[Correction]:
    """Each further run of a locked month, with why and by whom, and what it moved. Three queries."""
    runs = list(
        ApportionmentRun.objects.visible_to(actor)
        .filter(adjustment_no__gt=0, month__locked_at__isnull=False, month__month__in=fiscal_months(year))
        .select_related("month", "ran_by", "corrects")
        .defer("inputs", "corrects__inputs")
        .order_by("month__month", "ran_at", "pk")
    )
    because = {row.run_id: row for row in adjustments_of(actor, year)}
    yen = _by_stream(actor, {pk for run in runs for pk in (run.pk, run.corrects_id) if pk is not None})
    found = []
    for run in runs:
        what = f"{format_wareki_month(run.month.month)}の按分（締め後の調整）"
        who: tuple[str, ...] = (run.ran_by.name,)
        reason = ""
        if (row := because.get(run.pk)) is not None and row.decided_by is not None:
            who, reason = (f"起案 {row.proposed_by.name}", f"承認 {row.decided_by.name}"), row.reason
        parts = _moved(yen.get(run.corrects_id, {}), yen.get(run.pk, {}))
        former = run.corrects.total_yen if run.corrects else None
        found.append(Correction(run.ran_at, what, who, reason, former, run.total_yen, parts=parts))
    return found


def _by_stream(actor: Actor, runs: Iterable[int]) -> dict[int | None, dict[str, int]]:
    """Yen of each stream in each of the runs. One query."""
    rows = ApportionmentRow.objects.visible_to(actor).filter(run__in=runs)
    sums = rows.values_list("run_id", "stream__short_name").annotate(yen=Sum("yen"))
    found: dict[int | None, dict[str, int]] = {}
    for run, stream, yen in sums.order_by("stream__position", "stream__code"):
        found.setdefault(run, {})[stream] = yen
    return found


def _moved(before: Mapping[str, int], after: Mapping[str, int]) -> list[tuple[str, int]]:
    """Streams whose yen changed, and by how much, in printed order as far as both have them."""
    changes = [(stream, after.get(stream, 0) - before.get(stream, 0)) for stream in {**before, **after}]
    return [(stream, yen) for stream, yen in changes if yen]


def claim_of(actor: Actor, month: date, stream: FundingStream) -> GrantClaim | None:
    """The latest claim that the yen of a month stand in: the way back up."""
    rows = GrantClaim.objects.visible_to(actor).filter(stream=stream, fiscal_year=fiscal_year(month))
    return rows.select_related("stream").order_by("-revision").first()
