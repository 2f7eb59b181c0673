"""Areas, agencies, staff, appointments, absences; notices and how they reach people."""

from accounts.models.notice import DeliveryQuerySet, Notice, NoticeDelivery, NoticeQuerySet, NoticeSetting
from accounts.models.staff import (
    SUPPORT_DAYS,
    Agency,
    AgencyQuerySet,
    Appointment,
    Area,
    Int8Range,
    SentKey,
    Staff,
    StaffAbsence,
    StaffQuerySet,
)

__all__ = [
    "SUPPORT_DAYS",
    "Agency",
    "AgencyQuerySet",
    "Appointment",
    "Area",
    "DeliveryQuerySet",
    "Int8Range",
    "Notice",
    "NoticeDelivery",
    "NoticeQuerySet",
    "NoticeSetting",
    "SentKey",
    "Staff",
    "StaffAbsence",
    "StaffQuerySet",
]
