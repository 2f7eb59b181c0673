"""Corrections of a locked month: dated, proposed by one person, approved by another, and computed again beside the old."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Agency, Staff
from audit.actions import record
from budgets.actions.month_gate import close_gate
from budgets.actions.run_apportionment import write_run
from budgets.apportionment import CostInput, Inputs, MinutesInput, find
from budgets.models import ApportionmentRun, MonthAdjustment, WorkCategory, WorkMonth
from budgets.permissions import check_can_lock, check_can_run
from budgets.workflow import ADJUSTMENT_TRANSITIONS, AdjustmentEvent, AdjustmentState
from common.errors import InvalidTransition, NotAllowed, RuleViolation
from common.japan.wareki import format_wareki_month

MOST_YEN = 10**13


@dataclass(frozen=True, slots=True)
class AdjustmentData:
    """``minutes`` from one category to another (None: from or to nothing), or ``yen`` of cost; not both."""

    staff: Staff
    agency: Agency
    dated_on: date
    reason: str
    from_category: WorkCategory | None = None
    to_category: WorkCategory | None = None
    minutes: int = 0
    yen: int = 0


def latest_run(month: WorkMonth) -> ApportionmentRun:
    """The computation that holds: of the last adjustment, else of the lock."""
    found = (
        ApportionmentRun.objects.filter(month=month)
        .exclude(is_final=False, adjustment_no=0)
        .order_by("-adjustment_no", "-pk")
        .first()
    )
    if found is None:
        raise RuleViolation(f"{format_wareki_month(month.month)}には締めの計算がありません。")
    return found


def _closed(month: date) -> WorkMonth:
    close_gate(month)
    row = WorkMonth.objects.select_for_update(of=("self",)).filter(month=month).first()
    if row is None or not row.is_locked:
        raise RuleViolation(
            f"{format_wareki_month(month)}は締められていません。業務記録や人件費を直接直してください。"
        )
    return row


def _check(data: AdjustmentData, at: datetime) -> None:
    if not data.reason.strip():
        raise RuleViolation("調整の理由を入力してください。", field="reason")
    if data.dated_on > timezone.localdate(at):
        raise RuleViolation("調整の日付は今日までです。", field="dated_on")
    moves = bool(data.from_category or data.to_category)
    if moves == bool(data.yen):
        raise RuleViolation("業務の時間か人件費の、どちらか一方を調整してください。", field="minutes")
    if moves and data.minutes < 1:
        raise RuleViolation("動かす時間を1分以上で入力してください。", field="minutes")
    if data.from_category == data.to_category and moves:
        raise RuleViolation("減らす業務区分と増やす業務区分が同じです。", field="to_category")
    if abs(data.yen) > MOST_YEN:
        raise RuleViolation("金額が大きすぎます。", field="yen")


def _key(category: WorkCategory | None) -> tuple[str, int | None] | None:
    return None if category is None else (category.kind, category.stream_id)


def adjusted(inputs: Inputs, changes: Iterable[AdjustmentData | MonthAdjustment]) -> Inputs:
    """The inputs with the adjustments in them. RuleViolation where more would be taken away than there is."""
    minutes = {(m.staff_id, m.kind, m.stream_id): m.minutes for m in inputs.minutes}
    costs = {c.staff_id: c for c in inputs.costs}
    for change in changes:
        staff = change.staff.pk
        for key, sign in ((_key(change.from_category), -1), (_key(change.to_category), 1)):
            if key is not None:
                minutes[staff, *key] = minutes.get((staff, *key), 0) + sign * change.minutes
        if change.yen:
            before = costs.get(staff)
            costs[staff] = CostInput(
                staff,
                before.agency_id if before else change.agency.pk,
                (before.yen if before else 0) + change.yen,
            )
    if any(n < 0 for n in minutes.values()):
        raise RuleViolation("締めた記録より多くの時間を減らすことはできません。", field="minutes")
    if any(c.yen < 0 for c in costs.values()):
        raise RuleViolation("人件費が0円を下回る調整はできません。", field="yen")
    made = tuple(MinutesInput(*key, n) for key, n in minutes.items() if n)
    return replace(inputs, minutes=made, costs=tuple(costs.values()))


def _check_computable(inputs: Inputs) -> None:
    left = find(inputs)
    if left.cost_without_minutes:
        raise RuleViolation("直接の業務が1分もなくなるため、人件費を分けられません。", field="minutes")
    if left.minutes_without_cost:
        raise RuleViolation(
            "人件費のない職員の業務になるため、按分できません。人件費を先に調整してください。", field="staff"
        )


@transaction.atomic
def propose_adjustment(*, month: date, data: AdjustmentData, actor: Actor, at: datetime) -> MonthAdjustment:
    """Write it down; nothing is computed anew before another person approves."""
    check_can_run(actor)
    _check(data, at)
    row = _closed(month)
    _check_computable(adjusted(Inputs.thaw(latest_run(row).inputs), [data]))
    made = MonthAdjustment.objects.create(
        month=row, staff=data.staff, agency=data.agency, dated_on=data.dated_on, from_category=data.from_category,
        to_category=data.to_category, minutes=data.minutes, yen=data.yen, reason=data.reason.strip()[:300],
        proposed_at=at, proposed_by=actor.office()[1],
    )  # fmt: skip
    record(
        actor=actor, action="month_adjustment.propose", target=made, at=at, month=month.isoformat(),
        staff=data.staff.pk, minutes=data.minutes, yen=data.yen,
    )  # fmt: skip
    return made


def _waiting(
    adjustment: MonthAdjustment, event: AdjustmentEvent, actor: Actor
) -> tuple[MonthAdjustment, AdjustmentState]:
    check_can_lock(actor)
    _closed(adjustment.month.month)
    row = (
        MonthAdjustment.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .select_related("month", "staff", "agency", "from_category", "to_category")
        .get(pk=adjustment.pk)
    )
    try:
        return row, ADJUSTMENT_TRANSITIONS[AdjustmentState(row.state), event]
    except KeyError:
        raise InvalidTransition("この調整はすでに決定されています。") from None


@transaction.atomic
def approve_adjustment(*, adjustment: MonthAdjustment, actor: Actor, at: datetime) -> ApportionmentRun:
    """By another person than who proposed it: the month is computed again with it, and both computations stay."""
    row, new_state = _waiting(adjustment, AdjustmentEvent.APPROVE, actor)
    if row.proposed_by_id == actor.staff_id:
        raise NotAllowed("起案した人は承認できません。ほかの経理担当に頼んでください。")
    old = latest_run(row.month)
    inputs = adjusted(Inputs.thaw(old.inputs), [row])
    _check_computable(inputs)
    number = ApportionmentRun.objects.filter(month=row.month).aggregate(n=Max("adjustment_no"))["n"] or 0
    run = write_run(
        month=row.month, inputs=inputs, actor=actor, at=at, is_final=False, corrects=old, adjustment_no=number + 1,
        versions=old.rule_versions,
    )  # fmt: skip
    row.state, row.decided_at, row.decided_by, row.run = new_state, at, actor.office()[1], run
    row.save(update_fields=["state", "decided_at", "decided_by", "run"])
    record(
        actor=actor, action="month_adjustment.approve", target=row, at=at, run=run.pk, corrects=old.pk,
        input_hash=run.input_hash,
    )  # fmt: skip
    return run


@transaction.atomic
def refuse_adjustment(*, adjustment: MonthAdjustment, actor: Actor, at: datetime) -> MonthAdjustment:
    """Send it back; the one who proposed it may do so too."""
    row, new_state = _waiting(adjustment, AdjustmentEvent.REFUSE, actor)
    row.state, row.decided_at, row.decided_by = new_state, at, actor.office()[1]
    row.save(update_fields=["state", "decided_at", "decided_by"])
    record(actor=actor, action="month_adjustment.refuse", target=row, at=at)
    return row
