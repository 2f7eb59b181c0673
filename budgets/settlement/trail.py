"""From a claimed figure down to the entries behind it, with the rule that decided each, and what was corrected later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet, Sum

from accounts.actor import Actor
from accounts.models import Agency, Staff
from budgets.enums import CategoryKind
from budgets.models import (
    ApportionmentRow,
    ApportionmentRun,
    AttributionTable,
    FundingStream,
    GrantClaim,
    MonthAdjustment,
    WorkCategory,
    WorkEntry,
)
from budgets.readers import Words, shown_name, words_for
from budgets.settlement.actuals import standing_runs
from budgets.workflow import AdjustmentState
from common.japan.fiscal import fiscal_months, fiscal_year, month_last
from common.japan.wareki import format_wareki_month, format_wareki_short


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
        .select_related("category", "derived_category")
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
class Change:
    """One thing that a correction changed, before and after, in words."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Correction:
    """Something that was changed after it was locked or filed. ``before`` None: the one in its place is not filed yet.

    ``kind`` says what sort of correction it is without a typed word; ``reason`` is held back from who reads numbers only.
    """

    at: datetime
    what: str
    kind: str
    who: tuple[str, ...]
    reason: Words
    before: int | None
    after: int | None
    claim: GrantClaim | None = None
    changes: Sequence[Change] = ()
    parts: Sequence[tuple[str, int]] = ()  # stream and by how many yen a month's apportionment moved there


def corrections(actor: Actor, year: int) -> list[Correction]:
    """Runs that were made after a month was locked, and claims that took the place of filed ones, newest first."""
    found = [*_corrected_claims(actor, year), *_adjusted(actor, year)]
    return sorted(found, key=lambda c: (c.at, c.claim.revision if c.claim else 0), reverse=True)


_AMOUNTS = (
    ("other_yen", "人件費のほかの事業費"), ("ineligible_yen", "対象外の経費"), ("income_yen", "寄付金その他の収入額"),
    ("granted_yen", "交付決定額"),
)  # fmt: skip


def _yen(yen: int | None) -> str:
    return "未入力" if yen is None else f"{yen:,}円"


def _corrected_claims(actor: Actor, year: int) -> list[Correction]:
    """One query."""
    rows = GrantClaim.objects.visible_to(actor).filter(fiscal_year=year, corrects__isnull=False)
    found = []
    for row in rows.select_related("stream", "corrects", "drafted_by", "filed_by").order_by("pk"):
        former = row.corrects
        changes = [
            Change(label, _yen(getattr(former, name)), _yen(getattr(row, name)))
            for name, label in _AMOUNTS
            if former is not None and getattr(former, name) != getattr(row, name)
        ]
        is_same = not changes
        if former is not None and former.note != row.note:
            changes.append(Change("備考", f"{len(former.note)}字", f"{len(row.note)}字"))
        who = [f"作成 {row.drafted_by.name}"]
        if row.filed_by is not None:
            who.append(f"提出 {row.filed_by.name}")
        found.append(
            Correction(
                at=row.filed_at or row.drafted_at, what=f"{row.stream.short_name}の精算 第{row.revision}回",
                kind="入力した金額は同じ（実績か割合の変更）" if is_same else "入力した金額の訂正", who=tuple(who),
                reason=words_for(actor, row.correction_reason), before=former.result.get("required") if former else None,
                after=row.result.get("required"), claim=row, changes=changes,
            )
        )  # fmt: skip
    return found


def adjustments_of(actor: Actor, year: int) -> list[MonthAdjustment]:
    """The approved adjustments of the year's months, with who proposed and who approved them. One query."""
    rows = MonthAdjustment.objects.visible_to(actor).filter(
        state=AdjustmentState.APPROVED, month__month__in=fiscal_months(year)
    )
    people = ("month", "proposed_by", "decided_by", "run", "staff")
    rows = rows.select_related(*people, "from_category__stream", "to_category__stream")
    return list(rows.order_by("decided_at", "pk"))


def _place(category: WorkCategory | None) -> str:
    """「介護予防支援（介護予防）」: a category with the stream that its minutes go to."""
    if category is None:
        return "（なし）"
    stream = category.stream.short_name if category.stream else category.get_kind_display()
    return category.name if stream in category.name else f"{category.name}（{stream}）"


def adjustment_kind(row: MonthAdjustment) -> str:
    """What sort of adjustment it is, from what it moves."""
    if row.from_category and row.to_category:
        return "業務区分の訂正"
    if row.from_category or row.to_category:
        return "業務の時間の取消し" if row.from_category else "業務の時間の追加"
    return "人件費の増額" if row.yen > 0 else "人件費の減額"


def _adjustment_change(actor: Actor, row: MonthAdjustment) -> Change:
    whose = f"{shown_name(actor, row.staff)}　{format_wareki_short(row.dated_on)}付け"
    if row.yen:
        return Change(f"{whose}　人件費", "", f"{row.yen:+,}円")
    return Change(f"{whose}　{row.minutes}分", _place(row.from_category), _place(row.to_category))


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
        what = f"{format_wareki_month(run.month.month)}の按分（締め後の調整 第{run.adjustment_no}回）"
        kind, typed = "再計算", ""
        who: tuple[str, ...] = (run.ran_by.name,)
        changes: tuple[Change, ...] = ()
        if (row := because.get(run.pk)) is not None and row.decided_by is not None:
            who = (f"起案 {row.proposed_by.name}", f"承認 {row.decided_by.name}")
            kind, typed, changes = adjustment_kind(row), row.reason, (_adjustment_change(actor, row),)
        parts = _moved(yen.get(run.corrects_id, {}), yen.get(run.pk, {}))
        former = run.corrects.total_yen if run.corrects else None
        found.append(
            Correction(
                run.ran_at, what, kind, who, words_for(actor, typed), former, run.total_yen, changes=changes, parts=parts
            )
        )  # fmt: skip
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
