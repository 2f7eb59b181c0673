"""Who may do what with a case: ``check_can_x`` raises a sentence, ``can_x`` is its twin for the button."""

from __future__ import annotations

from accounts.actor import Actor
from accounts.roles import Permission
from cases.models import Case
from common.errors import NotAllowed
from households.permissions import check_not_only_by_glass


def check_can_write_case(actor: Actor, case: Case) -> None:
    """Whoever sees a case and whose role writes casework may add to it."""
    if not actor.has(Permission.CASE_WRITE) or actor.agency is None or actor.staff is None:
        raise NotAllowed("このケースに書き込む権限がありません。")
    check_not_only_by_glass(actor, case.household_id)


def check_can_write_note(actor: Actor, case: Case) -> None:
    """A progress note may also be written by who opened the case in an emergency: what was done then must be told."""
    if not actor.has(Permission.CASE_WRITE) or actor.agency is None or actor.staff is None:
        raise NotAllowed("このケースに書き込む権限がありません。")


def can_write_case(actor: Actor, case: Case) -> bool:
    try:
        check_can_write_case(actor, case)
    except NotAllowed:
        return False
    return True


def check_leads_case(actor: Actor, case: Case) -> None:
    """Plan, evaluation and closing belong to the lead agency."""
    check_can_write_case(actor, case)
    if case.lead_agency_id != actor.agency_id:
        raise NotAllowed(f"主担当機関（{case.lead_agency.short_name}）だけができる操作です。")


def leads_case(actor: Actor, case: Case) -> bool:
    try:
        check_leads_case(actor, case)
    except NotAllowed:
        return False
    return True


def check_can_close_case(actor: Actor, case: Case) -> None:
    """Closing needs the lead agency and the permission to close."""
    check_leads_case(actor, case)
    if not actor.has(Permission.CASE_CLOSE):
        raise NotAllowed("ケースを終結する権限がありません。")


def can_close_case(actor: Actor, case: Case) -> bool:
    try:
        check_can_close_case(actor, case)
    except NotAllowed:
        return False
    return True
