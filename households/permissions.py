"""Who may do what with a household."""

from __future__ import annotations

from accounts.actor import Actor
from accounts.roles import Permission
from common.errors import NotAllowed
from households.models import Household

READ_ONLY = "緊急閲覧で開いた記録は、読むことと支援経過を書くことだけができます。"


def check_not_only_by_glass(actor: Actor, household_id: int | None) -> None:
    """What an emergency opened may be read, not changed: or the hour could be used to make it last.

    One query, for an actor who has ever broken the glass; none for all others.
    """
    if household_id is None or len(actor.group_ids) < 2:
        return
    if not Household.objects.visible_to(actor.by_office()).filter(pk=household_id).exists():
        raise NotAllowed(READ_ONLY)


def check_can_edit_household(actor: Actor, household: Household | None = None) -> None:
    """Whoever sees a household and whose role edits households may change it (None: a new one)."""
    if not actor.has(Permission.HOUSEHOLD_EDIT) or actor.agency is None:
        raise NotAllowed("世帯の記録を変更する権限がありません。")
    check_not_only_by_glass(actor, household.pk if household else None)


def can_edit_household(actor: Actor) -> bool:
    return actor.has(Permission.HOUSEHOLD_EDIT) and actor.agency is not None


def check_can_protect(actor: Actor, household_id: int | None = None) -> None:
    """Deny list and 支援措置 are kept by desk workers and managers who see the household."""
    if not actor.has(Permission.PROTECTION_EDIT) or actor.agency is None or actor.staff is None:
        raise NotAllowed("支援措置や閲覧の制限を登録する権限がありません。")
    check_not_only_by_glass(actor, household_id)


def can_protect(actor: Actor) -> bool:
    return actor.has(Permission.PROTECTION_EDIT) and actor.agency is not None


def check_can_merge(actor: Actor) -> None:
    """Linking and merging of people is for desk workers and managers; each record has to be one they see."""
    if (
        not actor.has(Permission.HOUSEHOLD_EDIT)
        or not actor.has(Permission.PERSON_FIND)
        or actor.agency is None
    ):
        raise NotAllowed("人の記録を統合する権限がありません。")


def can_merge(actor: Actor) -> bool:
    return (
        actor.has(Permission.HOUSEHOLD_EDIT)
        and actor.has(Permission.PERSON_FIND)
        and actor.agency is not None
    )
