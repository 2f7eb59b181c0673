"""Running and locking a month. A run freezes inputs and result; the locking run can be recomputed at any later time."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, Min, OuterRef

from accounts.actor import Actor
from accounts.models import Appointment, Staff
from audit.actions import record
from budgets.actions.month_steps import check_approved, check_over, month_row
from budgets.actions.personnel_costs import open_month
from budgets.actions.review import check_answered, review_month
from budgets.apportionment import Findings, Inputs, apportion, find
from budgets.enums import CategoryKind, RemainderRule
from budgets.inputs import month_inputs
from budgets.models import ApportionmentRow, ApportionmentRun, StreamYear, WorkEntry, WorkMonth
from budgets.permissions import check_can_lock, check_can_run
from budgets.rule_versions import rule_versions
from budgets.workflow import MONTH_TRANSITIONS, MonthEvent, MonthState
from common.errors import InvalidTransition, RuleViolation
from common.japan.fiscal import fiscal_year, month_last
from common.japan.wareki import format_wareki

NAMED = 20


def _names(staff_ids: tuple[int, ...]) -> str:
    rows = Staff.objects.filter(pk__in=staff_ids).order_by("kana", "pk").values_list("name", flat=True)
    return "、".join(rows)


def check_complete(findings: Findings, inputs: Inputs) -> None:
    """Raise a sentence that names every worker who still stands in the way."""
    problems = []
    if not inputs.costs:
        problems.append("人件費が入力されていません。")
    if findings.cost_without_minutes:
        problems.append(
            f"人件費があるのに直接の業務実績がない職員: {_names(findings.cost_without_minutes)}。"
            "業務記録を入れるか、人件費を確かめてください。"
        )
    if findings.minutes_without_cost:
        problems.append(f"業務実績があるのに人件費がない職員: {_names(findings.minutes_without_cost)}。")
    if findings.without_study:
        problems.append(
            f"タイムスタディで按分する月ですが、承認された調査の対象でない職員: {_names(findings.without_study)}。"
            "調査に加えるか、方式の登録を直してください。"
        )
    if findings.without_assignment:
        problems.append(
            f"専従で按分する月ですが、割当のない職員: {_names(findings.without_assignment)}。"
            "専従・兼務のページで割当を登録してください。"
        )
    if outside := _outside_appointment(inputs.month):
        problems.append(
            f"辞令のない日に業務実績がある職員: {outside}。辞令の期間か業務実績を直してください。"
        )
    if ended := _ended(inputs):
        problems.append(f"終わった財源に業務実績があります: {ended}。業務区分を直してください。")
    if problems:
        raise RuleViolation(" ".join(problems), findings=findings)


def _outside_appointment(month: date) -> str:
    """Workers with minutes on days that none of their appointments covers, each with the first such day."""
    covered = Appointment.objects.filter(staff=OuterRef("staff"), during__contains=OuterRef("worked_on"))
    rows = (
        WorkEntry.objects.of_month(month)
        .filter(~Exists(covered))
        .exclude(category__kind=CategoryKind.LEAVE)
        .values_list("staff__name")
        .annotate(first=Min("worked_on"), days=Count("worked_on", distinct=True))
        .order_by("staff__kana", "staff")
    )
    named = [
        f"{name}（{format_wareki(first)}{'' if days == 1 else f'など{days}日'}）" for name, first, days in rows[:NAMED]
    ]  # fmt: skip
    return "、".join(named) + ("、ほか" if len(rows) > NAMED else "")


def _ended(inputs: Inputs) -> str:
    """Streams with minutes after their last day of the year."""
    used = {m.stream_id for m in inputs.minutes if m.stream_id is not None}
    years = StreamYear.objects.filter(
        fiscal_year=fiscal_year(inputs.month), stream__in=used, ends_on__lt=month_last(inputs.month)
    ).select_related("stream")
    late = []
    for year in years.order_by("stream__position"):
        after = WorkEntry.objects.of_month(inputs.month).filter(
            category__stream=year.stream_id, worked_on__gt=year.ends_on
        )
        if after.exists():
            late.append(
                f"{year.stream.short_name}（{format_wareki(year.ends_on)}まで）" if year.ends_on else ""
            )
    return "、".join(late)


def write_run(
    *, month: WorkMonth, inputs: Inputs, actor: Actor, at: datetime, is_final: bool,
    corrects: ApportionmentRun | None = None, adjustment_no: int = 0, versions: dict[str, Any] | None = None,
) -> ApportionmentRun:  # fmt: skip
    """Store one computation with its inputs, their hash, the versions of the rules and of the program."""
    rows = apportion(inputs)
    total = sum(cost.yen for cost in inputs.costs)
    if sum(row.yen for row in rows) != total:
        raise RuleViolation("按分額の合計が人件費と一致しません。")
    run = ApportionmentRun.objects.create(
        month=month, method=inputs.method, remainder_rule=inputs.rule, ran_at=at, ran_by=actor.office()[1],
        total_yen=total, inputs=inputs.frozen(),
        input_hash=inputs.digest(), code_version=inputs.version, is_final=is_final, corrects=corrects,
        adjustment_no=adjustment_no, rule_versions=rule_versions(month.month) if versions is None else versions,
    )  # fmt: skip
    ApportionmentRow.objects.bulk_create(
        [
            ApportionmentRow(
                run=run, staff_id=row.staff_id, agency_id=row.agency_id, stream_id=row.stream_id, minutes=row.minutes,
                direct_minutes=row.direct_minutes, shared_minutes=row.shared_minutes, yen=row.yen,
                method=row.method,
            )
            for row in rows
        ],
        batch_size=2000,
    )  # fmt: skip
    return run


@transaction.atomic
def run_apportionment(*, month: date, rule: RemainderRule, actor: Actor, at: datetime) -> ApportionmentRun:
    """Compute an open month; replaces its former trial runs. The rule is kept as the month's printed setting."""
    check_can_run(actor)
    row = open_month(month)
    inputs = month_inputs(month, rule)
    check_complete(find(inputs), inputs)
    if row.remainder_rule != rule:
        row.remainder_rule = rule
        row.save(update_fields=["remainder_rule"])
    row.runs.filter(is_final=False, adjustment_no=0).delete()
    run = write_run(month=row, inputs=inputs, actor=actor, at=at, is_final=False)
    review_month(month, at)
    record(
        actor=actor, action="apportionment.run", target=run, at=at, month=month.isoformat(), rule=rule,
        input_hash=run.input_hash, total=run.total_yen,
    )  # fmt: skip
    return run


@transaction.atomic
def lock_month(*, month: date, actor: Actor, at: datetime, expected_hash: str) -> ApportionmentRun:
    """Freeze a month with its final run. ``expected_hash`` is the digest of the run that the clerk looked at.

    Raises RuleViolation when the month is not over, when an agency has not approved it, when anything is incomplete,
    or when an entry or a cost has changed since that run was shown; InvalidTransition when it is locked already.
    """
    check_can_lock(actor)
    check_over(month, at, "締められません")
    row = month_row(month)
    if row.is_locked:
        raise InvalidTransition("この月はすでに締められています。")
    inputs = month_inputs(month, RemainderRule(row.remainder_rule))
    check_complete(find(inputs), inputs)
    if inputs.digest() != expected_hash:
        raise RuleViolation(
            "表示した計算のあとに業務実績か人件費が変わりました。もう一度計算してから締めてください。"
        )
    check_approved(row)
    review_month(month, at)
    check_answered(month)
    try:
        new_state = MONTH_TRANSITIONS[MonthState(row.state), MonthEvent.LOCK]
    except KeyError:
        raise InvalidTransition("この月はまだ承認されていません。") from None
    row.runs.filter(is_final=False, adjustment_no=0).delete()
    run = write_run(month=row, inputs=inputs, actor=actor, at=at, is_final=True)
    row.state, row.locked_at, row.locked_by = new_state, at, actor.staff
    row.save(update_fields=["state", "locked_at", "locked_by"])
    record(
        actor=actor, action="work_month.lock", target=row, at=at, month=month.isoformat(), run=run.pk,
        input_hash=run.input_hash,
    )  # fmt: skip
    return run


def recompute(run: ApportionmentRun) -> bool:
    """Whether the frozen inputs of a run still give its stored rows, to the yen, and its stored hash."""
    inputs = Inputs.thaw(run.inputs)
    stored = {
        (row.staff_id, row.stream_id): (row.minutes, row.yen)
        for row in ApportionmentRow.objects.filter(run=run).only("staff_id", "stream_id", "minutes", "yen")
    }
    fresh = {(row.staff_id, row.stream_id): (row.minutes, row.yen) for row in apportion(inputs)}
    return inputs.digest() == run.input_hash and fresh == stored
