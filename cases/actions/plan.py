"""プラン: writing, deciding, evaluating and planning anew. States move only through PLAN_TRANSITIONS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import transaction
from django.db.models import Max

from accounts.actor import Actor
from accounts.models import Agency, Staff
from accounts.roles import Permission
from audit.actions import record
from cases.actions.text_index import index_text
from cases.enums import Achievement, Doer, Judgement
from cases.models import Case, Code, Evaluation, PlanItem, SupportPlan
from cases.permissions import check_leads_case
from cases.workflow import PLAN_TRANSITIONS, PlanEvent, PlanState
from common.errors import InvalidTransition, NotAllowed, RuleViolation
from common.models import check_version

EVENT_WORDS = {PlanEvent.DECIDE: "決定", PlanEvent.EVALUATE: "評価", PlanEvent.REPLACE: "再プラン"}


@dataclass(frozen=True, slots=True)
class PlanItemData:
    """One row of the role table."""

    action: str
    problem: str = ""
    doer: str = Doer.AGENCY
    agency: Agency | None = None
    staff: Staff | None = None
    doer_text: str = ""
    frequency: str = ""
    due_on: date | None = None


@dataclass(frozen=True, slots=True)
class PlanData:
    """A whole plan as it stands in the form."""

    hope: str = ""
    long_goal: str = ""
    short_goal: str = ""
    starts_on: date | None = None
    ends_on: date | None = None
    monitoring_on: date | None = None
    services: Sequence[Code] = field(default=())
    items: Sequence[PlanItemData] = field(default=())


@dataclass(frozen=True, slots=True)
class EvaluationData:
    achievement: str
    judgement: str
    changes: Sequence[Code] = field(default=())
    note: str = ""
    remaining: str = ""
    wish: str = ""


def move_plan(plan: SupportPlan, event: PlanEvent) -> None:
    """Set the state that the table gives; InvalidTransition where it gives none."""
    try:
        plan.state = PLAN_TRANSITIONS[PlanState(plan.state), event]
    except KeyError:
        raise InvalidTransition(
            f"「{plan.get_state_display()}」のプランは{EVENT_WORDS[event]}できません。"
        ) from None


def _lead_case(case_id: int, actor: Actor) -> Case:
    case = Case.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=case_id)
    check_leads_case(actor, case)
    if not case.is_open:
        raise RuleViolation("終結したケースのプランは変えられません。")
    return case


@transaction.atomic
def start_plan(*, case: Case, actor: Actor, at: datetime) -> SupportPlan:
    """A draft of the next ordinal (再プラン takes over the goals of the last); an existing draft is returned."""
    case = _lead_case(case.pk, actor)
    draft = SupportPlan.objects.filter(case=case, state=PlanState.DRAFT).first()
    if draft is not None:
        return draft
    agency, staff = actor.office()
    last = SupportPlan.objects.filter(case=case).order_by("-ordinal").first()
    ordinal = (SupportPlan.objects.filter(case=case).aggregate(n=Max("ordinal"))["n"] or 0) + 1
    plan = SupportPlan.objects.create(
        case=case, ordinal=ordinal, hope=last.hope if last else "", long_goal=last.long_goal if last else "",
        agency=agency, written_by=staff, written_at=at,
    )  # fmt: skip
    index_text(plan)
    record(actor=actor, action="plan.start", target=plan, at=at, case=case.number, ordinal=ordinal)
    return plan


@transaction.atomic
def save_plan(*, plan: SupportPlan, data: PlanData, version: int, actor: Actor, at: datetime) -> SupportPlan:
    """Write the whole draft; the rows of the role table are replaced in order. Only a draft can be written."""
    case = _lead_case(plan.case_id, actor)
    plan = SupportPlan.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=plan.pk)
    check_version(plan, version)
    if plan.state != PlanState.DRAFT:
        raise InvalidTransition("決定したプランは書き換えられません。再プランを作ってください。")
    if data.starts_on and data.ends_on and data.ends_on < data.starts_on:
        raise RuleViolation("期間の末日が初日より前です。", field="ends_on")
    for name in ("hope", "long_goal", "short_goal", "starts_on", "ends_on", "monitoring_on"):
        setattr(plan, name, getattr(data, name))
    plan.save()
    index_text(plan)
    plan.services.set(data.services)
    plan.items.all().delete()
    PlanItem.objects.bulk_create(
        PlanItem(
            plan=plan, position=n, problem=row.problem, doer=row.doer, agency=row.agency, staff=row.staff,
            doer_text=row.doer_text, action=row.action, frequency=row.frequency, due_on=row.due_on,
        )
        for n, row in enumerate(data.items, start=1)
    )  # fmt: skip
    record(actor=actor, action="plan.save", target=plan, at=at, case=case.number)
    return plan


def _check_complete(plan: SupportPlan) -> None:
    missing = [
        word
        for word, there in (
            ("長期目標", plan.long_goal),
            ("達成目標", plan.short_goal),
            ("実施すること", PlanItem.objects.filter(plan=plan).exists()),
        )
        if not there
    ]
    if missing:
        raise RuleViolation(f"プランの{'・'.join(missing)}がまだ書かれていません。")


@transaction.atomic
def decide_plan(*, plan: SupportPlan, actor: Actor, at: datetime, where: str) -> SupportPlan:
    """A conference decides a draft; ``where`` names it. The decided plan before it is replaced and stays.

    The caller (closing or running a conference) has checked that the plan is on its agenda; the actor must be able
    to write casework.
    """
    if actor.staff is None or not actor.has(Permission.CASE_WRITE):
        raise NotAllowed("プランの決定を記録する権限がありません。")
    if not where.strip():
        raise RuleViolation("どの会議で決定したかが必要です。", field="where")
    if not Case.objects.select_for_update(of=("self",)).get(pk=plan.case_id).is_open:
        raise RuleViolation("終結したケースのプランは決定できません。")
    plan = SupportPlan.objects.select_for_update(of=("self",)).get(pk=plan.pk)
    former = (
        SupportPlan.objects.filter(case=plan.case_id, state=PlanState.DECIDED).exclude(pk=plan.pk).first()
    )
    move_plan(plan, PlanEvent.DECIDE)
    _check_complete(plan)
    if former is not None:
        move_plan(former, PlanEvent.REPLACE)
        former.save(update_fields=["state"])
    plan.decided_at, plan.decided_by, plan.decided_where = at, actor.staff, where[:200]
    plan.save(update_fields=["state", "decided_at", "decided_by", "decided_where"])
    record(actor=actor, action="plan.decide", target=plan, at=at, replaced=former.pk if former else None)
    record(actor=actor, action="case.plan_decided", target=plan.case, at=at, plan=plan.pk)
    return plan


@transaction.atomic
def evaluate_plan(*, plan: SupportPlan, data: EvaluationData, actor: Actor, at: datetime) -> Evaluation:
    """What a decided plan achieved, and what follows: 終結, 再プラン or 中断."""
    case = _lead_case(plan.case_id, actor)
    plan = SupportPlan.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=plan.pk)
    if data.achievement not in Achievement.values:
        raise RuleViolation("目標の達成状況を選んでください。", field="achievement")
    if data.judgement not in Judgement.values:
        raise RuleViolation("判定を選んでください。", field="judgement")
    move_plan(plan, PlanEvent.EVALUATE)
    plan.save(update_fields=["state"])
    evaluation = Evaluation.objects.create(
        plan=plan, achievement=data.achievement, note=data.note, remaining=data.remaining, wish=data.wish,
        judgement=data.judgement, evaluated_at=at, evaluated_by=actor.office()[1],
    )  # fmt: skip
    evaluation.changes.set(data.changes)
    index_text(evaluation)
    record(
        actor=actor, action="plan.evaluate", target=plan, at=at, case=case.number, judgement=data.judgement
    )
    return evaluation
