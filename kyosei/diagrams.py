"""The diagrams of docs/, as Mermaid text made from the code itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.apps import apps
from django.db import models

from budgets.workflow import (
    ADJUSTMENT_TRANSITIONS,
    MONTH_TRANSITIONS,
    STUDY_TRANSITIONS,
    TRIAL_TRANSITIONS,
    AdjustmentState,
    MonthState,
    StudyState,
    TrialState,
)
from budgets.workflow_claims import CLAIM_TRANSITIONS, JOB_TRANSITIONS, ClaimState, JobState
from cases.workflow import (
    CASE_TRANSITIONS,
    OUTREACH_TRANSITIONS,
    PLAN_TRANSITIONS,
    TURN_TRANSITIONS,
    WATCH_TRANSITIONS,
    CaseState,
    OutreachState,
    PlanState,
    TurnState,
    WatchState,
)
from referrals.workflow import (
    ACTION_ITEM_TRANSITIONS,
    CONFERENCE_TRANSITIONS,
    ISSUE_TRANSITIONS,
    PREP_TRANSITIONS,
    REFERRAL_MEANING,
    REFERRAL_TRANSITIONS,
    ActionItemState,
    ConferenceState,
    IssueState,
    PrepState,
    ReferralState,
)
from referrals.workflow_outside import OUTSIDE_MEANING, OUTSIDE_TRANSITIONS, OutsideState
from referrals.workflow_transfer import ROW_TRANSITIONS, TRANSFER_TRANSITIONS, RowState, TransferState

APPS = ("audit", "accounts", "households", "cases", "referrals", "budgets")
TITLES = {
    "audit": "Trail", "accounts": "Agencies and staff", "households": "Households", "cases": "Casework",
    "referrals": "Between agencies", "budgets": "Minutes and money",
}  # fmt: skip


def _own_models(app: str) -> list[type[models.Model]]:
    found = [m for m in apps.get_app_config(app).get_models() if not hasattr(m, "pgh_tracked_model")]
    return sorted(found, key=lambda m: m.__name__)


def _columns(model: type[models.Model]) -> Iterable[str]:
    for field in model._meta.concrete_fields:
        if field.primary_key or field.is_relation:
            continue
        kind = field.get_internal_type().removesuffix("Field").lower() or "value"
        label = str(field.verbose_name).replace('"', "")
        yield f'        {kind} {field.name} "{label}"'


def _relations(model: type[models.Model]) -> Iterable[str]:
    for field in model._meta.concrete_fields:
        target = field.related_model
        if not field.is_relation or not isinstance(target, type) or target._meta.app_label not in APPS:
            continue
        one = "|o" if field.null else "||"
        many = "o|" if field.unique else "o{"
        yield f'    {target.__name__} {one}--{many} {model.__name__} : "{field.name}"'


def data_model() -> str:
    """One entity-relationship diagram an app. History tables (one per tracked model) are left out."""
    parts = [
        "# Data model\n",
        "Drawn by `make diagrams` from the models; a test fails when it is out of date. Every model that holds personal data or",
        "money has a history table beside it, filled by triggers (`…event`), which is not drawn. Relations into lower apps are",
        "drawn by name.\n",
    ]
    for app in APPS:
        own = _own_models(app)
        parts += [f"## {TITLES[app]} (`{app}`)\n", "```mermaid", "erDiagram"]
        for model in own:
            parts.append(f"    {model.__name__} {{")
            parts += list(_columns(model))
            parts.append("    }")
        for model in own:
            parts += list(_relations(model))
        parts.append("```\n")
        parts += ["| model | 日本語 | rule |", "|---|---|---|"]
        for model in own:
            rule = (model.__doc__ or "").strip().splitlines()[0] if model.__doc__ else ""
            parts.append(f"| `{model.__name__}` | {model._meta.verbose_name} | {rule.replace('|', '/')} |")
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


def _machine(
    title: str, choices: type[models.TextChoices], table: Mapping[Any, Any], start: str
) -> list[str]:
    lines = [f"## {title}\n", "```mermaid", "stateDiagram-v2", f"    [*] --> {start}"]
    lines += [f"    {value} : {label}" for value, label in choices.choices]
    lines += [f"    {a.value} --> {b.value} : {event.value}" for (a, event), b in table.items()]
    leaving = {a.value for a, _ in table}
    lines += [f"    {value} --> [*]" for value, _ in choices.choices if value not in leaving]
    return [*lines, "```\n"]


def states() -> str:
    """One state diagram a transition table."""
    parts = [
        "# States\n",
        "Drawn by `make diagrams` from the transition tables (`workflow.py`); buttons and tests come from the same tables. There is no",
        "state in which somebody is refused.\n",
        *_machine("ケース", CaseState, CASE_TRANSITIONS, CaseState.OPEN.value),
        *_machine("プラン", PlanState, PLAN_TRANSITIONS, PlanState.DRAFT.value),
        *_machine("見守りサイクル", WatchState, WATCH_TRANSITIONS, WatchState.RUNNING.value),
        *_machine("アウトリーチ", OutreachState, OUTREACH_TRANSITIONS, OutreachState.RUNNING.value),
        *_machine("終結後フォロー", TurnState, TURN_TRANSITIONS, TurnState.WAITING.value),
        *_machine("つなぎ", ReferralState, REFERRAL_TRANSITIONS, ReferralState.SENT.value),
        "| state | meaning |",
        "|---|---|",
        *(f"| {state.label} | {meaning} |" for state, meaning in REFERRAL_MEANING.items()),
        "",
        *_machine("協力者へのお願い", OutsideState, OUTSIDE_TRANSITIONS, OutsideState.SENT.value),
        "| state | meaning |",
        "|---|---|",
        *(f"| {state.label} | {meaning} |" for state, meaning in OUTSIDE_MEANING.items()),
        "",
        *_machine("会議", ConferenceState, CONFERENCE_TRANSITIONS, ConferenceState.PLANNED.value),
        *_machine("準備シート", PrepState, PREP_TRANSITIONS, PrepState.ASKED.value),
        *_machine("地域課題", IssueState, ISSUE_TRANSITIONS, IssueState.FOUND.value),
        *_machine("決定事項", ActionItemState, ACTION_ITEM_TRANSITIONS, ActionItemState.OPEN.value),
        *_machine("年度替わりの引き継ぎ", TransferState, TRANSFER_TRANSITIONS, TransferState.DRAFT.value),
        *_machine("引き継ぐケース", RowState, ROW_TRANSITIONS, RowState.WAITING.value),
        *_machine("業務月", MonthState, MONTH_TRANSITIONS, MonthState.OPEN.value),
        *_machine("締め後の調整", AdjustmentState, ADJUSTMENT_TRANSITIONS, AdjustmentState.PROPOSED.value),
        *_machine("タイムスタディ", StudyState, STUDY_TRANSITIONS, StudyState.DRAFT.value),
        *_machine("区分の表の試算", TrialState, TRIAL_TRANSITIONS, TrialState.WEIGHING.value),
        *_machine("精算", ClaimState, CLAIM_TRANSITIONS, ClaimState.DRAFT.value),
        *_machine("長い帳票の作成", JobState, JOB_TRANSITIONS, JobState.RUNNING.value),
    ]
    return "\n".join(parts).rstrip() + "\n"
