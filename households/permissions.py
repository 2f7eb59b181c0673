"""Who may do what with a household."""

from __future__ import annotations

from accounts.actor import Actor
from accounts.roles import Permission
from common.errors import NotAllowed


def check_can_edit_household(actor: Actor) -> None:
    """Whoever sees a household and whose role edits households may change it."""
    if not actor.has(Permission.HOUSEHOLD_EDIT) or actor.agency is None:
        raise NotAllowed("世帯の記録を変更する権限がありません。")


def can_edit_household(actor: Actor) -> bool:
    return actor.has(Permission.HOUSEHOLD_EDIT) and actor.agency is not None


def check_can_protect(actor: Actor) -> None:
    """Deny list and 支援措置 are kept by desk workers and managers who see the household."""
    if not actor.has(Permission.PROTECTION_EDIT) or actor.agency is None or actor.staff is None:
        raise NotAllowed("支援措置や閲覧の制限を登録する権限がありません。")


def can_protect(actor: Actor) -> bool:
    return actor.has(Permission.PROTECTION_EDIT) and actor.agency is not None
