"""Spreading the overheads of a month: centres, whom they serve, the method, its order, and who decided."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from django.db import transaction
from django.db.models import Max, Sum

from accounts.actor import Actor
from audit.actions import record
from budgets.allocation import AllocationError
from budgets.enums import CategoryKind, OverheadMethod, RemainderRule
from budgets.inputs import streams_of
from budgets.methods.overheads import CODE_VERSION, Centre, OverheadError, OverheadResult, spread
from budgets.models import OverheadPlan, WorkEntry
from budgets.permissions import check_can_edit_costs
from common.errors import RuleViolation


@dataclass(frozen=True, slots=True)
class OverheadData:
    """``centres`` without weights to streams follow the direct minutes of the month. ``order``: codes, for step-down."""

    month: date
    method: OverheadMethod
    centres: Sequence[Centre]
    order: Sequence[str]
    rule: RemainderRule
    decided_on: date
    decided_by: str


def direct_minutes(month: date) -> dict[int, int]:
    """Direct minutes of all workers by stream. One query."""
    rows = WorkEntry.objects.of_month(month).filter(category__kind=CategoryKind.DIRECT)
    return dict(rows.values_list("category__stream_id").annotate(n=Sum("minutes")).order_by())


def frozen(data: OverheadData, centres: Sequence[Centre]) -> dict[str, Any]:
    """What the result depends on, as plain data in a fixed order."""
    return {
        "month": data.month.isoformat(), "method": str(data.method), "order": list(data.order), "rule": str(data.rule),
        "version": CODE_VERSION,
        "centres": [
            {
                "code": c.code, "name": c.name, "yen": c.yen,
                "to_streams": {str(k): str(v) for k, v in sorted(c.to_streams.items())},
                "to_centres": {k: str(v) for k, v in sorted(c.to_centres.items())},
            }
            for c in centres
        ],
        "streams": [s.frozen() for s in sorted(streams_of(data.month), key=lambda s: s.stream_id)],
    }  # fmt: skip


def compute(inputs: dict[str, Any]) -> OverheadResult:
    """The spread of frozen inputs: the same ones give the same yen at any later time."""
    centres = [
        Centre(
            c["code"], c["name"], c["yen"], {int(k): Fraction(v) for k, v in c["to_streams"].items()},
            {k: Fraction(v) for k, v in c["to_centres"].items()},
        )
        for c in inputs["centres"]
    ]  # fmt: skip
    streams, rule = inputs["streams"], RemainderRule(inputs["rule"])
    cut = [
        s["stream_id"]
        for s in streams
        if RemainderRule(s.get("rule") or rule) == RemainderRule.TRUNCATE_TO_GENERAL
    ]
    return spread(
        centres=centres, method=OverheadMethod(inputs["method"]), order=inputs["order"],
        positions={s["stream_id"]: (s["position"], s["code"]) for s in streams}, truncating=cut,
        general_id=next((s["stream_id"] for s in streams if s["is_general"]), None),
    )  # fmt: skip


@transaction.atomic
def enter_overheads(*, data: OverheadData, actor: Actor, at: datetime) -> OverheadPlan:
    """A new plan of the month; what does not carry the cost is refused with the name of the centre."""
    check_can_edit_costs(actor)
    if not data.centres:
        raise RuleViolation("間接部門を1つ以上入力してください。")
    if not data.decided_by.strip():
        raise RuleViolation("決裁者・決裁番号を入力してください。", field="decided_by")
    if any(c.yen < 0 for c in data.centres):
        raise RuleViolation("間接費は0円以上で入力してください。")
    minutes = direct_minutes(data.month)
    centres = [
        c if c.to_streams else Centre(c.code, c.name, c.yen, minutes, c.to_centres) for c in data.centres
    ]
    if not minutes and any(not c.to_streams for c in centres):
        raise RuleViolation(
            "この月に直接の業務実績がないため、配賦の割合がありません。基準を入力してください。"
        )
    inputs = frozen(data, centres)
    try:
        result = compute(inputs)
    except (OverheadError, AllocationError) as error:
        raise RuleViolation(str(error)) from None
    last = OverheadPlan.objects.filter(month=data.month).aggregate(n=Max("version"))["n"] or 0
    plan = OverheadPlan.objects.create(
        month=data.month, version=last + 1, method=data.method, order=list(data.order), remainder_rule=data.rule,
        total_yen=sum(c.yen for c in centres), inputs=inputs,
        result={str(stream): {"yen": yen, "exact": str(result.exact.get(stream, 0))} for stream, yen in result.yen.items()},
        printed=result.printed[:300], input_hash=hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest(),
        code_version=CODE_VERSION, decided_on=data.decided_on, decided_by=data.decided_by.strip()[:100], entered_at=at,
        entered_by=actor.office()[1],
    )  # fmt: skip
    record(
        actor=actor, action="overheads.enter", target=plan, at=at, month=data.month.isoformat(), total=plan.total_yen,
        method=data.method, input_hash=plan.input_hash,
    )  # fmt: skip
    return plan
