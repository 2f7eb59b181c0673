"""Who may do what with minutes and money."""

from __future__ import annotations

from accounts.actor import Actor
from accounts.roles import Permission
from common.errors import NotAllowed


def check_can_edit_costs(actor: Actor) -> None:
    if not actor.has(Permission.COST_EDIT):
        raise NotAllowed("人件費を入力する権限がありません。")


def check_can_run(actor: Actor) -> None:
    if not actor.has(Permission.APPORTION_RUN):
        raise NotAllowed("按分を計算する権限がありません。")


def check_can_lock(actor: Actor) -> None:
    if not actor.has(Permission.MONTH_LOCK):
        raise NotAllowed("月を締める権限がありません。")
