"""Who may do what with a referral: ``check_can_x`` raises a sentence, ``can_x`` is its twin for the button."""

from __future__ import annotations

from accounts.actor import Actor
from accounts.roles import Permission
from cases.models import Case
from common.errors import NotAllowed, RuleViolation
from households.permissions import check_not_only_by_glass
from referrals.models import Referral
from referrals.workflow import REFERRAL_TRANSITIONS, ReferralEvent, ReferralState

ANSWERS = (ReferralEvent.TAKE_LEAD, ReferralEvent.JOIN, ReferralEvent.TO_CONFERENCE)


def check_can_send(actor: Actor, case: Case) -> None:
    """Whoever sees a case and whose role refers may ask another agency to take part."""
    if not actor.has(Permission.REFERRAL_SEND) or actor.agency is None or actor.staff is None:
        raise NotAllowed("つなぎを送る権限がありません。")
    check_not_only_by_glass(actor, case.household_id)


def can_send(actor: Actor, case: Case) -> bool:
    try:
        check_can_send(actor, case)
    except NotAllowed:
        return False
    return True


def check_can_answer(actor: Actor, referral: Referral, event: ReferralEvent) -> None:
    """The receiving agency answers; the director's office that it rose to may only bring it to a conference.

    An agency barred from leading cannot take the lead (architecture, invariant 2).
    """
    is_receiver = referral.to_agency_id == actor.agency_id and actor.has(Permission.REFERRAL_ANSWER)
    is_director = referral.escalated_to_id == actor.agency_id and actor.has(Permission.CONFERENCE_CONVENE)
    if actor.staff is None or not (is_receiver or (is_director and event is ReferralEvent.TO_CONFERENCE)):
        raise NotAllowed(f"つなぎ先（{referral.to_agency.short_name}）の職員だけが返事をできます。")
    if event is ReferralEvent.TAKE_LEAD and not referral.to_agency.may_lead:
        raise RuleViolation(
            "この機関は主担当になれません（調整役）。協働として加わるか、会議に出してください。"
        )


def can_answer(actor: Actor, referral: Referral, event: ReferralEvent) -> bool:
    try:
        check_can_answer(actor, referral, event)
    except RuleViolation:
        return False
    return True


def answers_open_to(actor: Actor, referral: Referral, *, may_lead: bool = True) -> list[ReferralEvent]:
    """The answers that the state allows and the actor may give: the buttons. ``may_lead``: whether the coordination setting
    in force lets the receiver lead (``referrals.selectors.receiver_may_lead``).
    """
    state = ReferralState(referral.state)
    return [
        e for e in ANSWERS
        if (state, e) in REFERRAL_TRANSITIONS and can_answer(actor, referral, e)
        and (may_lead or e is not ReferralEvent.TAKE_LEAD)
    ]  # fmt: skip


def check_can_withdraw(actor: Actor, referral: Referral) -> None:
    """Only the sending agency takes its request back."""
    if (
        referral.from_agency_id != actor.agency_id
        or actor.staff is None
        or not actor.has(Permission.REFERRAL_SEND)
    ):
        raise NotAllowed(f"つなぎ元（{referral.from_agency.short_name}）の職員だけが取り下げられます。")


def can_withdraw(actor: Actor, referral: Referral) -> bool:
    """Twin for the button: also asks the table whether the state allows it."""
    if (ReferralState(referral.state), ReferralEvent.WITHDRAW) not in REFERRAL_TRANSITIONS:
        return False
    try:
        check_can_withdraw(actor, referral)
    except NotAllowed:
        return False
    return True


def check_can_tell_outcome(actor: Actor, referral: Referral) -> None:
    """The receiving agency begins with what was asked and tells what came of it."""
    if (
        referral.to_agency_id != actor.agency_id
        or actor.staff is None
        or not actor.has(Permission.REFERRAL_ANSWER)
    ):
        raise NotAllowed(f"つなぎ先（{referral.to_agency.short_name}）の職員だけが結果を知らせられます。")


def can_tell_outcome(actor: Actor, referral: Referral) -> bool:
    """Twin for the button: also asks whether a result is still owed."""
    if not referral.owes_outcome:
        return False
    try:
        check_can_tell_outcome(actor, referral)
    except NotAllowed:
        return False
    return True


def check_can_settle(actor: Actor, referral: Referral) -> None:
    """Whoever calls conferences and sees the referral may record that a conference has settled it."""
    if actor.staff is None or not actor.has(Permission.CONFERENCE_CONVENE):
        raise NotAllowed("会議の決定を記録する権限がありません。")
