"""States of a transfer by rule (年度替わりの引き継ぎ) and of each of its cases, as tables."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from django.db.models import TextChoices


class TransferState(TextChoices):
    DRAFT = "draft", "下書き"
    PLANNED = "planned", "決まった日に移す"
    RUNNING = "running", "移している"
    DONE = "done", "移し終えた"
    UNDOING = "undoing", "戻している"
    UNDONE = "undone", "戻した"
    DROPPED = "dropped", "取りやめた"


class TransferEvent(StrEnum):
    PLAN = "plan"
    BEGIN = "begin"
    FINISH = "finish"
    UNDO = "undo"
    FINISH_UNDO = "finish_undo"
    DROP = "drop"


TRANSFER_TRANSITIONS: Final[dict[tuple[TransferState, TransferEvent], TransferState]] = {
    (TransferState.DRAFT, TransferEvent.PLAN): TransferState.PLANNED,
    (TransferState.DRAFT, TransferEvent.DROP): TransferState.DROPPED,
    (TransferState.PLANNED, TransferEvent.DROP): TransferState.DROPPED,
    (TransferState.PLANNED, TransferEvent.BEGIN): TransferState.RUNNING,
    (TransferState.RUNNING, TransferEvent.FINISH): TransferState.DONE,
    (TransferState.DONE, TransferEvent.UNDO): TransferState.UNDOING,
    (TransferState.UNDOING, TransferEvent.FINISH_UNDO): TransferState.UNDONE,
}


class RowState(TextChoices):
    WAITING = "waiting", "移す前"
    MOVED = "moved", "移した"
    BLOCKED = "blocked", "移せなかった"
    BACK = "back", "戻した"
    KEPT = "kept", "戻せなかった"


class RowEvent(StrEnum):
    MOVE = "move"
    BLOCK = "block"
    TAKE_BACK = "take_back"
    KEEP = "keep"


ROW_TRANSITIONS: Final[dict[tuple[RowState, RowEvent], RowState]] = {
    (RowState.WAITING, RowEvent.MOVE): RowState.MOVED,
    (RowState.WAITING, RowEvent.BLOCK): RowState.BLOCKED,
    (RowState.MOVED, RowEvent.TAKE_BACK): RowState.BACK,
    (RowState.MOVED, RowEvent.KEEP): RowState.KEPT,
}


class Block(TextChoices):
    """Why a case does not move, or not back."""

    NOBODY = "nobody", "引き継ぐ人が決まっていません"
    SAME = "same", "いまの担当者のままです"
    GONE = "gone", "引き継ぐ人は、その日にこの機関の辞令がありません"
    ROLE = "role", "引き継ぐ人は、ケースを担当できる役割ではありません"
    DENIED = "denied", "この人には引き継げません。別の人を選んでください"
    PROTECTED = "protected", "支援措置のある世帯です。人を選んで確かめてください"
    SURNAME = "surname", "引き継ぐ人と同じ姓の世帯です。人を選んで確かめてください"
    CHANGED = "changed", "そのあと担当者が変わっています"
    CLOSED = "closed", "終結しています"
    OTHER_AGENCY = "other_agency", "ほかの機関が主担当になっています"


class Spread(TextChoices):
    """To whom the cases go."""

    EVEN = "even", "選んだ人に、担当の件数がそろうように分ける"
    AREA = "area", "圏域ごとに決めた人に移す"


class Phase(TextChoices):
    BEFORE_PLAN = "before_plan", "プランの決定前"
    IN_PLAN = "in_plan", "プランの期間中"
    AFTER_PLAN = "after_plan", "プランの評価後"
