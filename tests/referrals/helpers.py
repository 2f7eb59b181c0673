"""Rows of referrals for tests, made by the real actions."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from accounts.actor import Actor
from accounts.enums import Ground
from accounts.models import Agency
from audit.models import ChangeRecord
from cases.models import Case
from referrals.actions.answer_referral import answer_referral
from referrals.actions.send_referral import send_referral
from referrals.actions.withdraw_referral import withdraw_referral
from referrals.models import Referral
from referrals.workflow import ReferralEvent, ReferralState
from tests.factories import NOW


def send(
    actor: Actor,
    case: Case,
    to_agency: Agency,
    *,
    purpose: str = "介護保険の申請と訪問の同行をお願いしたい",
    message: str = "",
    ground: str = Ground.ELDER_ABUSE_LAW,
    parts: tuple[str, ...] = ("basic", "concerns"),
    at: datetime = NOW,
    deadline_at: datetime | None = None,
    request_key: UUID | None = None,
) -> Referral:
    return send_referral(
        case=case, to_agency=to_agency, purpose=purpose, message=message, ground=ground, parts=parts,
        deadline_at=deadline_at or at + timedelta(days=3), actor=actor, at=at, request_key=request_key or uuid4(),
    )  # fmt: skip


def bring_to(referral: Referral, state: str, *, receiver: Actor, sender: Actor) -> Referral:
    """Walk a fresh referral to ``state`` by the real actions."""
    from referrals.actions.answer_referral import settle_referral

    at = NOW + timedelta(hours=1)
    answers = {
        ReferralState.LEAD: ReferralEvent.TAKE_LEAD,
        ReferralState.PARTNER: ReferralEvent.JOIN,
        ReferralState.CONFERENCE: ReferralEvent.TO_CONFERENCE,
        ReferralState.SETTLED: ReferralEvent.TO_CONFERENCE,
    }
    if state in answers:
        referral = answer_referral(
            referral=referral, event=answers[state], actor=receiver, at=at, note="役割を話し合いたい"
        )
    if state == ReferralState.SETTLED:
        referral = settle_referral(referral=referral, actor=sender, at=at, note="障害福祉室が週1回訪問する")
    if state == ReferralState.WITHDRAWN:
        referral = withdraw_referral(referral=referral, actor=sender, at=at)
    return referral


def changes(referral: Referral) -> int:
    return ChangeRecord.objects.filter(target_type="referrals.referral", target_id=str(referral.pk)).count()
