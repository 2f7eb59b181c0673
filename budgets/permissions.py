"""Who may do what with minutes and money."""

from __future__ import annotations

from accounts.actor import Actor
from accounts.roles import Permission
from budgets.models import ComplianceFinding
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


def check_can_approve_month(actor: Actor, agency_id: int) -> None:
    """The manager of that agency."""
    if not actor.has(Permission.WORK_VIEW_AGENCY) or actor.agency_id != agency_id:
        raise NotAllowed("この機関の月を承認する権限がありません。承認は機関の長が行います。")


def check_can_confirm_instead(actor: Actor) -> None:
    if not actor.has(Permission.MONTH_LOCK):
        raise NotAllowed("承認に代わる確認をする権限がありません。")


def check_can_record_work(actor: Actor) -> None:
    """One's own week, in a current appointment."""
    if not actor.has(Permission.WORK_RECORD) or actor.staff is None or actor.agency is None:
        raise NotAllowed("業務記録を入力する権限がありません。")


def check_own_entry(actor: Actor, staff_id: int) -> None:
    check_can_record_work(actor)
    if staff_id != actor.staff_id:
        raise NotAllowed("ほかの職員の業務記録は変えられません。本人に頼んでください。")


def check_own_moment(actor: Actor, staff_id: int) -> None:
    check_can_record_work(actor)
    if staff_id != actor.staff_id:
        raise NotAllowed("ほかの職員の時点には回答できません。本人に頼んでください。")


def check_can_answer_finding(actor: Actor, finding: ComplianceFinding) -> None:
    """The worker, the manager of the agency, or whoever locks the month."""
    is_manager = actor.has(Permission.WORK_VIEW_AGENCY) and finding.agency_id == actor.agency_id
    if not (finding.staff_id == actor.staff_id or is_manager or actor.has(Permission.MONTH_LOCK)):
        raise NotAllowed("この確認事項に理由を書く権限がありません。")
