"""Models between agencies, by noun."""

from referrals.models.conference import ActionItem, AgendaItem, Conference, ConferenceMember, ItemAttendee
from referrals.models.referral import Referral, ReferralChase
from referrals.models.transfer import Transfer, TransferRow

__all__ = [
    "ActionItem",
    "AgendaItem",
    "Conference",
    "ConferenceMember",
    "ItemAttendee",
    "Referral",
    "ReferralChase",
    "Transfer",
    "TransferRow",
]
