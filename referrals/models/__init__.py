"""Models between agencies, by noun."""

from referrals.models.conference import ActionItem, AgendaItem, Conference, ConferenceMember, ItemAttendee
from referrals.models.conference_rule import ConferenceRule
from referrals.models.issue import CommunityIssue, IssueCase, IssueItem, IssueReport, IssueStep
from referrals.models.prep_sheet import ChronologyEntry, PrepSheet
from referrals.models.referral import Referral, ReferralChase

__all__ = [
    "ActionItem",
    "AgendaItem",
    "ChronologyEntry",
    "CommunityIssue",
    "Conference",
    "ConferenceMember",
    "ConferenceRule",
    "IssueCase",
    "IssueItem",
    "IssueReport",
    "IssueStep",
    "ItemAttendee",
    "PrepSheet",
    "Referral",
    "ReferralChase",
]
