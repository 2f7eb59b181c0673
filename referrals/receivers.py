"""What referrals and conferences do when something happens in casework; connected in apps.py."""

from __future__ import annotations

from datetime import datetime

from accounts.actor import Actor
from cases.models import Case
from common.errors import RuleViolation
from referrals.actions.follow_referral import finish_with_case, start_by_contact
from referrals.actions.outside_page import end_with_case
from referrals.models import OutsideRequest, Referral


def refuse_closing_with_waiting_referrals(
    sender: type[Case], *, case: Case, actor: Actor, at: datetime, **kwargs: object
) -> None:
    """A case is not closed while another agency has been asked and has not answered (nobody is left waiting); results
    that are still owed end with it.
    """
    waiting = (
        Referral.objects.waiting().filter(case=case).select_related("to_agency").order_by("deadline_at", "pk")
    )
    names = [referral.to_agency.short_name for referral in waiting[:5]]
    if names:
        raise RuleViolation(
            f"返事待ちのつなぎ（{'、'.join(names)}）があるため終結できません。返事を待つか、取り下げてください。"
        )
    asked = (
        OutsideRequest.objects.waiting().filter(case=case).select_related("partner").order_by("sent_at", "pk")
    )
    partners = [request.partner.name for request in asked[:5]]
    if partners:
        raise RuleViolation(
            f"返事待ちの協力者へのお願い（{'、'.join(partners)}）があるため終結できません。返事を待つか、取り下げてください。"
        )
    finish_with_case(case=case, actor=actor, at=at)
    end_with_case(case=case, actor=actor, at=at)


def begin_with_contact(
    sender: object, *, record: object, actor: Actor, at: datetime, **kwargs: object
) -> None:
    """Who took on a request and writes its first record in the case has begun with it."""
    case_id = getattr(record, "case_id", None)
    if case_id is not None and actor.agency_id is not None:
        start_by_contact(case_id=case_id, agency_id=actor.agency_id, actor=actor, at=at)
