"""States of a case and of a support plan, as tables. Tests run every state × event; docs draw them."""

from __future__ import annotations

from enum import StrEnum

from django.db.models import TextChoices


class CaseState(TextChoices):
    OPEN = "open", "支援中"
    CLOSED = "closed", "終結"


class CaseEvent(StrEnum):
    CLOSE = "close"
    REOPEN = "reopen"


CASE_TRANSITIONS: dict[tuple[CaseState, CaseEvent], CaseState] = {
    (CaseState.OPEN, CaseEvent.CLOSE): CaseState.CLOSED,
    (CaseState.CLOSED, CaseEvent.REOPEN): CaseState.OPEN,
}


class PlanState(TextChoices):
    DRAFT = "draft", "プラン案"
    DECIDED = "decided", "決定"
    EVALUATED = "evaluated", "評価済"
    REPLACED = "replaced", "再プランにより終了"


class PlanEvent(StrEnum):
    DECIDE = "decide"
    EVALUATE = "evaluate"
    REPLACE = "replace"


PLAN_TRANSITIONS: dict[tuple[PlanState, PlanEvent], PlanState] = {
    (PlanState.DRAFT, PlanEvent.DECIDE): PlanState.DECIDED,
    (PlanState.DECIDED, PlanEvent.EVALUATE): PlanState.EVALUATED,
    (PlanState.DECIDED, PlanEvent.REPLACE): PlanState.REPLACED,
    (PlanState.EVALUATED, PlanEvent.REPLACE): PlanState.REPLACED,
}
