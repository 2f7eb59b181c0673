"""Models between agencies, by noun."""

from referrals.models.conference import ActionItem, AgendaItem, Conference, ConferenceMember, ItemAttendee
from referrals.models.referral import Referral, ReferralChase

__all__ = [
    "ActionItem",
    "AgendaItem",
    "Conference",
    "ConferenceMember",
    "ItemAttendee",
    "Referral",
    "ReferralChase",
]
