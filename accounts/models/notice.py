"""知らせ: what a worker has to hear, who reads it today, and how it went out by mail."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

from django.db import models
from django.db.models import Case, Exists, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Now, TruncDate

from accounts.enums import Role
from accounts.models.staff import Agency, Appointment, Staff, StaffAbsence
from accounts.notice_bars import barred
from accounts.notice_kinds import (
    URGENCY,
    Channel,
    DeliveryState,
    NoticeKind,
    NoticeWay,
    Urgency,
)
from accounts.roles import Permission

if TYPE_CHECKING:
    from accounts.actor import Actor

Day = date | TruncDate  # a day, or the one that the database knows

SELF: Final = "self"
DEPUTY: Final = "deputy"
MANAGER: Final = "manager"
AGENCY: Final = "agency"
NOBODY: Final = "nobody"


def _away(staff: Any, on: Day) -> Exists:
    return Exists(StaffAbsence.objects.current(on).filter(staff=staff))


def _appointed(staff: Any, agency: Any, on: Day) -> Exists:
    return Exists(
        Appointment.objects.current(on).filter(staff=staff, agency=agency, staff__is_active=True).order_by()
    )


def _deputies(on: Day) -> models.QuerySet[StaffAbsence]:
    """Who acts for the addressee of the outer notice: there, of its agency, and not on the deny list."""
    return StaffAbsence.objects.current(on).filter(
        _appointed(OuterRef("deputy"), OuterRef(OuterRef("agency")), on),
        ~_away(OuterRef("deputy"), on),
        ~barred(OuterRef("deputy"), OuterRef(OuterRef("about"))),
        staff=OuterRef("staff"),
    )


def _colleagues(on: Day) -> models.QuerySet[Appointment]:
    """Everybody of the outer notice's agency who is there and not on the deny list."""
    return Appointment.objects.current(on).filter(
        ~_away(OuterRef("staff"), on),
        ~barred(OuterRef("staff"), OuterRef(OuterRef("about"))),
        agency=OuterRef("agency"),
        staff__is_active=True,
    )


def colleagues_of(agency_id: int, about: int | None, on: Day, *, managers: bool = False) -> set[int]:
    """Ids of everybody of an agency (or of its heads) who may stand in for a notice about a household on a day."""
    rows = Appointment.objects.current(on).filter(
        ~_away(OuterRef("staff"), on),
        ~barred(OuterRef("staff"), Value(about, output_field=models.BigIntegerField())),
        agency=agency_id,
        staff__is_active=True,
    )
    if managers:
        rows = rows.filter(role=Role.AGENCY_MANAGER)
    return set(rows.values_list("staff_id", flat=True))


class NoticeQuerySet(models.QuerySet["Notice"]):
    def with_stage(self, on: Day) -> NoticeQuerySet:
        """Adds ``stage``, who reads the notice on a day, and ``deputy_id``: the addressee; else the deputy of their 不在;
        else the heads of the agency; else whoever of it is there; else nobody (then the administrator sees that one
        waits). Nobody whom the deny list of the household names; nobody who is away or no longer appointed.
        """
        themselves = (
            (_appointed(OuterRef("staff"), OuterRef("agency"), on) | Q(agency__isnull=True))
            & ~_away(OuterRef("staff"), on)
            & ~barred(OuterRef("staff"), OuterRef("about"))
            & Q(staff__is_active=True)
        )
        deputies, colleagues = _deputies(on), _colleagues(on)
        return self.annotate(
            stage=Case(
                When(themselves, then=Value(SELF)),
                When(Exists(deputies), then=Value(DEPUTY)),
                When(Exists(colleagues.filter(role=Role.AGENCY_MANAGER)), then=Value(MANAGER)),
                When(Exists(colleagues), then=Value(AGENCY)),
                default=Value(NOBODY),
                output_field=models.CharField(),
            ),
            deputy_id=Subquery(deputies.order_by("pk").values("deputy_id")[:1]),
        )

    def readable_by(self, staff_id: int, on: Day) -> NoticeQuerySet:
        """One's own (of the agencies where one works), and those that wait for somebody who acts for the addressee."""
        posts = Appointment.objects.current(on).filter(staff=staff_id)
        agencies = posts.values("agency_id")
        led = posts.filter(role=Role.AGENCY_MANAGER).values("agency_id")
        me_there = Exists(_colleagues(on).filter(staff=staff_id))
        for_others = (
            Q(stage=DEPUTY, deputy_id=staff_id) | Q(stage=MANAGER, agency__in=led) | Q(stage=AGENCY)
        ) & Q(me_there)
        own = Q(staff=staff_id) & (Q(agency__isnull=True) | Q(agency__in=agencies))
        return self.with_stage(on).filter(
            Q(staff=staff_id) | Q(agency__in=agencies),
            own & ~barred(Value(staff_id), OuterRef("about")) | ~Q(staff=staff_id) & for_others,
        )

    def visible_to(self, actor: Actor) -> NoticeQuerySet:
        """What the person reads today, for themselves and for those who are away (``readable_by``)."""
        return self.readable_by(actor.staff_id, TruncDate(Now())) if actor.staff_id else self.none()

    def unread(self) -> NoticeQuerySet:
        return self.filter(read_at__isnull=True)


class Notice(models.Model):
    """知らせ: something that a worker has to hear, on the home page and by mail. Holds no personal data.

    ``about`` is the id of the household that it is about (households stand higher, so it is no key): nobody on its deny
    list reads it in the place of somebody else. ``agency`` is where the addressee has to do with it.
    """

    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="notices", verbose_name="職員")
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="機関"
    )
    kind = models.CharField("種類", max_length=20, choices=NoticeKind, default=NoticeKind.OTHER)
    about = models.BigIntegerField("世帯の番号", null=True, blank=True)
    text = models.CharField("内容", max_length=200)
    url = models.CharField("ページ", max_length=200, blank=True)
    created_at = models.DateTimeField("日時")
    read_at = models.DateTimeField("読んだ日時", null=True, blank=True)
    read_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="読んだ職員"
    )

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = "知らせ"
        constraints = [
            models.CheckConstraint(
                name="notice_read_pair",
                condition=Q(read_at__isnull=True, read_by__isnull=True)
                | Q(read_at__isnull=False, read_by__isnull=False),
            )
        ]
        indexes = [
            models.Index(
                fields=["staff", "-created_at"], condition=Q(read_at__isnull=True), name="notice_unread"
            ),
            models.Index(
                fields=["agency", "-created_at"],
                condition=Q(read_at__isnull=True),
                name="notice_unread_agency",
            ),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def urgency(self) -> Urgency:
        return URGENCY[NoticeKind(self.kind)]


class DeliveryQuerySet(models.QuerySet["NoticeDelivery"]):
    def visible_to(self, actor: Actor) -> DeliveryQuerySet:
        """One's own; the system administrator sees to it that all of them go out (they hold no words)."""
        if actor.has(Permission.STAFF_ADMIN):
            return self.all()
        return self.filter(staff=actor.staff_id) if actor.staff_id else self.none()

    def due(self, at: Any) -> DeliveryQuerySet:
        return self.filter(state=DeliveryState.WAITING, due_at__lte=at)


class NoticeDelivery(models.Model):
    """知らせの送付: one notice on one way to one person, once. The row is marked before the letter leaves, so that a
    program that dies in between never sends it twice (docs/decisions).
    """

    notice = models.ForeignKey(
        Notice, on_delete=models.CASCADE, related_name="deliveries", verbose_name="知らせ"
    )
    channel = models.CharField("方法", max_length=10, choices=Channel)
    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="+", verbose_name="受け取る職員")
    state = models.CharField("状態", max_length=10, choices=DeliveryState, default=DeliveryState.WAITING)
    due_at = models.DateTimeField("送る日時")
    claimed_at = models.DateTimeField("送り始めた日時", null=True, blank=True)
    sent_at = models.DateTimeField("送った日時", null=True, blank=True)
    attempts = models.PositiveSmallIntegerField("試した回数", default=0)
    error = models.CharField("送れなかったわけ", max_length=60, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = "知らせの送付"
        constraints = [
            models.UniqueConstraint(fields=["notice", "channel", "staff"], name="notice_delivery_once"),
            models.CheckConstraint(
                name="notice_delivery_sent", condition=Q(state=DeliveryState.SENT) ^ Q(sent_at__isnull=True)
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(state__in=[DeliveryState.WAITING, DeliveryState.SENDING]),
                name="notice_delivery_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.notice_id} {self.channel} {self.staff_id}"


class SettingQuerySet(models.QuerySet["NoticeSetting"]):
    def visible_to(self, actor: Actor) -> SettingQuerySet:
        """One's own."""
        return self.filter(staff=actor.staff_id) if actor.staff_id else self.none()


class NoticeSetting(models.Model):
    """知らせの受け取り方: how a person hears by mail of what is so pressing. What is urgent cannot be put off."""

    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="+", verbose_name="職員")
    urgency = models.CharField("緊急度", max_length=10, choices=Urgency)
    way = models.CharField("受け取り方", max_length=10, choices=NoticeWay)

    objects = SettingQuerySet.as_manager()

    class Meta:
        verbose_name = "知らせの受け取り方"
        constraints = [
            models.UniqueConstraint(fields=["staff", "urgency"], name="notice_setting_once"),
            models.CheckConstraint(
                name="urgent_notices_come_at_once",
                condition=~Q(urgency=Urgency.URGENT) | Q(way=NoticeWay.AT_ONCE),
                violation_error_message="急ぎの知らせは、すぐに届きます。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.staff_id} {self.urgency} {self.way}"
