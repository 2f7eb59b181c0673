"""Taking a request back."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.actor import Actor
from audit.actions import record
from common.tags import check_tag
from referrals.actions.answer_referral import lock_referral, move
from referrals.models import Referral
from referrals.permissions import check_can_withdraw
from referrals.workflow import ReferralEvent


@transaction.atomic
def withdraw_referral(
    *, referral: Referral, actor: Actor, at: datetime, note: str = "", tag: str | None = None
) -> Referral:
    """The sending agency takes its request back; the receiver no longer sees the parts that were shown with it."""
    referral = lock_referral(referral, actor)
    check_can_withdraw(actor, referral)
    check_tag(referral, tag)
    move(referral, ReferralEvent.WITHDRAW, actor=actor, at=at, note=note.strip() or referral.answer_note)
    record(actor=actor, action="referral.withdraw", target=referral, at=at, case=referral.case_id)
    return referral
