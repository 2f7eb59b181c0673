"""States of casework, as tables. Tests run every state × event; docs draw them."""

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


class WatchState(TextChoices):
    RUNNING = "running", "見守り中"
    ENDED = "ended", "見守りを終えた"


class WatchEvent(StrEnum):
    FINISH = "finish"
    STOP = "stop"
    MOVED = "moved"
    DIED = "died"
    REOPEN = "reopen"


WATCH_TRANSITIONS: dict[tuple[WatchState, WatchEvent], WatchState] = {
    (WatchState.RUNNING, WatchEvent.FINISH): WatchState.ENDED,
    (WatchState.RUNNING, WatchEvent.STOP): WatchState.ENDED,
    (WatchState.RUNNING, WatchEvent.MOVED): WatchState.ENDED,
    (WatchState.RUNNING, WatchEvent.DIED): WatchState.ENDED,
    (WatchState.RUNNING, WatchEvent.REOPEN): WatchState.ENDED,
}


class TurnState(TextChoices):
    WAITING = "waiting", "予定"
    DONE = "done", "記録済"
    DROPPED = "dropped", "取りやめ"


class TurnEvent(StrEnum):
    MISS = "miss"
    RECORD = "record"
    DROP = "drop"


TURN_TRANSITIONS: dict[tuple[TurnState, TurnEvent], TurnState] = {
    (TurnState.WAITING, TurnEvent.MISS): TurnState.WAITING,
    (TurnState.WAITING, TurnEvent.RECORD): TurnState.DONE,
    (TurnState.WAITING, TurnEvent.DROP): TurnState.DROPPED,
}
