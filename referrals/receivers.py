"""What referrals and conferences do when something happens in casework; connected in apps.py."""

from __future__ import annotations

from datetime import datetime

from accounts.actor import Actor
from cases.models import Case
from common.errors import RuleViolation
from referrals.models import Referral


def refuse_closing_with_waiting_referrals(
    sender: type[Case], *, case: Case, actor: Actor, at: datetime, **kwargs: object
) -> None:
    """A case is not closed while another agency has been asked and has not answered (nobody is left waiting)."""
    waiting = (
        Referral.objects.waiting().filter(case=case).select_related("to_agency").order_by("deadline_at", "pk")
    )
    names = [referral.to_agency.short_name for referral in waiting[:5]]
    if names:
        raise RuleViolation(
            f"返事待ちのつなぎ（{'、'.join(names)}）があるため終結できません。返事を待つか、取り下げてください。"
        )
