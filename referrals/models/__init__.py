"""Models between agencies, by noun."""

from referrals.models.action_item import ActionItem
from referrals.models.calendar import CalendarFeed
from referrals.models.capacity import CapacityAnswer, CapacityQuestion
from referrals.models.conference import AgendaItem, Conference, ConferenceMember, ItemAttendee
from referrals.models.conference_rule import ConferenceRule
from referrals.models.issue import CommunityIssue, IssueCase, IssueItem, IssueReport, IssueStep
from referrals.models.outside import OutsideLink, OutsidePartner, OutsideRequest
from referrals.models.packet import PacketCopy, PacketJob
from referrals.models.prep_sheet import ChronologyEntry, PrepSheet
from referrals.models.referral import Referral, ReferralChase
from referrals.models.survey import SurveyAnswer
from referrals.models.transfer import Transfer, TransferRow
from referrals.models.what_if import WhatIfRun

__all__ = [
    "ActionItem",
    "AgendaItem",
    "CalendarFeed",
    "CapacityAnswer",
    "CapacityQuestion",
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
    "OutsideLink",
    "OutsidePartner",
    "OutsideRequest",
    "PacketCopy",
    "PacketJob",
    "PrepSheet",
    "Referral",
    "ReferralChase",
    "SurveyAnswer",
    "Transfer",
    "TransferRow",
    "WhatIfRun",
]
