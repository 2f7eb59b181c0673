"""What a conference decided becomes a row of the case's next plan."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.actor import Actor
from audit.actions import record
from cases.actions.plan import start_plan
from cases.models import PlanItem, SupportPlan
from common.errors import RuleViolation
from referrals.models import ActionItem


@transaction.atomic
def plan_from_decision(*, decision: ActionItem, actor: Actor, at: datetime) -> SupportPlan:
    """A row in the draft of the case's plan (made if there is none); the case's lead writes it. Twice is once.

    What a 支援会議 decided stays with its attendees and the agency that does it: a plan is read by others.
    """
    decision = (
        ActionItem.objects.visible_to(actor)
        .select_related("agenda_item__conference", "case", "agency", "staff")
        .get(pk=decision.pk)
    )
    if decision.agenda_item is None or decision.case is None:
        raise RuleViolation("地域課題の決定事項は、プランに載せられません。")
    if decision.agenda_item.conference.is_secret:
        raise RuleViolation("支援会議（非公開）の決定事項は、プランに載せられません。")
    plan = start_plan(case=decision.case, actor=actor, at=at)
    rows = PlanItem.objects.filter(plan=plan)
    if not rows.filter(action=decision.text, agency=decision.agency, due_on=decision.due_on).exists():
        PlanItem.objects.create(
            plan=plan, position=rows.count() + 1, problem=decision.agenda_item.topic, agency=decision.agency,
            staff=decision.staff, action=decision.text, due_on=decision.due_on,
        )  # fmt: skip
        plan.save()  # its version moves: a form that is open on it is told
        record(
            actor=actor, action="plan.take_decision", target=plan, at=at, case=decision.case.number,
            action_item=decision.pk,
        )  # fmt: skip
    return plan
