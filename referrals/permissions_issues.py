"""Who may do what with a community issue: ``check_can_x`` raises a sentence, ``can_x`` is its twin for the button."""

from __future__ import annotations

from accounts.actor import Actor
from accounts.roles import Permission
from common.errors import NotAllowed
from referrals.models import CommunityIssue


def check_can_raise(actor: Actor) -> None:
    if not actor.has(Permission.ISSUE_RAISE) or actor.agency is None or actor.staff is None:
        raise NotAllowed("地域課題を挙げる権限がありません。")


def check_can_move(actor: Actor, issue: CommunityIssue) -> None:
    """The agency that raised it and the directors; a conference moves it through its convening agency."""
    check_can_raise(actor)
    if issue.agency_id != actor.agency_id and not actor.has(Permission.SECTOR_VIEW):
        raise NotAllowed(f"挙げた機関（{issue.agency.short_name}）とエリアディレクターだけができる操作です。")


def can_move(actor: Actor, issue: CommunityIssue) -> bool:
    try:
        check_can_move(actor, issue)
    except NotAllowed:
        return False
    return True


def can_raise(actor: Actor) -> bool:
    try:
        check_can_raise(actor)
    except NotAllowed:
        return False
    return True
