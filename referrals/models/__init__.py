"""Models between agencies, by noun."""

from referrals.models.capacity import CapacityAnswer, CapacityQuestion
from referrals.models.conference import ActionItem, AgendaItem, Conference, ConferenceMember, ItemAttendee
from referrals.models.outside import OutsideLink, OutsidePartner, OutsideRequest
from referrals.models.referral import Referral, ReferralChase

__all__ = [
    "ActionItem",
    "AgendaItem",
    "CapacityAnswer",
    "CapacityQuestion",
    "Conference",
    "ConferenceMember",
    "ItemAttendee",
    "OutsideLink",
    "OutsidePartner",
    "OutsideRequest",
    "Referral",
    "ReferralChase",
]
