"""Areas, agencies, staff and their appointments."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, ClassVar
from uuid import uuid4

import pghistory
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import Group
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import TruncDate

from accounts.enums import AgencyKind, Role, Sector
from accounts.roles import Permission
from common.models import period_last

if TYPE_CHECKING:
    from accounts.actor import Actor


SUPPORT_DAYS = 7


class Int8Range(Func):
    """``int8range(a, a, '[]')``: an id as a range, so that exclusion needs no btree_gist extension."""

    function = "int8range"

    def __init__(self, field: str) -> None:
        super().__init__(F(field), F(field), Value("[]"))


class AreaQuerySet(models.QuerySet["Area"]):
    def visible_to(self, actor: object) -> AreaQuerySet:
        """Areas are open to all: they hold no personal data."""
        return self.all()


class Area(models.Model):
    """圏域: the neighbourhood of a desk (15 in the demo city) or the whole municipality."""

    code = models.CharField("コード", max_length=20, unique=True)
    name = models.CharField("名称", max_length=60)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, verbose_name="上位の圏域"
    )

    objects = AreaQuerySet.as_manager()

    class Meta:
        verbose_name = "圏域"

    def __str__(self) -> str:
        return self.name


class AgencyQuerySet(models.QuerySet["Agency"]):
    def active_on(self, on: date) -> AgencyQuerySet:
        return self.filter(Q(closed_on__isnull=True) | Q(closed_on__gt=on))

    def with_desk(self) -> AgencyQuerySet:
        """Agencies that take people: not the finance section, not a director's post."""
        return self.exclude(kind__in=[AgencyKind.FINANCE, AgencyKind.OFFICE, AgencyKind.DIRECTOR_OFFICE])

    def visible_to(self, actor: object) -> AgencyQuerySet:
        """The directory of agencies is open to every signed-in worker: it holds no personal data."""
        return self.all()


class Agency(models.Model):
    """機関: a desk, centre, department or entrusted body. ``group`` carries its access grants.

    ``may_lead`` False bars a coordinating post from ever being lead (坂井市 現在; architecture invariant 2).
    """

    code = models.CharField("コード", max_length=30, unique=True)
    name = models.CharField("名称", max_length=100)
    short_name = models.CharField("略称", max_length=30)
    kind = models.CharField("種別", max_length=20, choices=AgencyKind)
    sector = models.CharField("分野", max_length=20, choices=Sector, blank=True)
    area = models.ForeignKey(Area, on_delete=models.PROTECT, null=True, blank=True, verbose_name="圏域")
    phone = models.CharField("電話", max_length=30, blank=True)
    is_entrusted = models.BooleanField("委託", default=False)
    may_lead = models.BooleanField("主担当になれる", default=True)
    closed_on = models.DateField("廃止日", null=True, blank=True)
    successor = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="引き継いだ機関",
    )
    group = models.OneToOneField(
        Group, on_delete=models.PROTECT, related_name="agency", verbose_name="権限グループ"
    )

    objects = AgencyQuerySet.as_manager()

    class Meta:
        verbose_name = "機関"
        constraints = [
            models.CheckConstraint(
                name="only_a_closed_agency_is_succeeded",
                condition=Q(successor__isnull=True) | (Q(closed_on__isnull=False) & ~Q(successor=F("pk"))),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def covers(self, area: Area | None) -> bool:
        """Whether a household of ``area`` belongs to this agency's area. An agency without one has the whole
        municipality; a household whose area nobody knows belongs to all, so that it falls between none.
        """
        return self.area_id is None or area is None or self.area_id in (area.pk, area.parent_id)


class StaffQuerySet(models.QuerySet["Staff"]):
    def of_agency(self, agency: Agency, *, on: date) -> StaffQuerySet:
        """Staff with a current appointment at ``agency``."""
        return self.filter(
            is_active=True,
            pk__in=Appointment.objects.current(on).filter(agency=agency).values("staff_id"),
        )

    def appointed_at(self, agency_id: int, on: date) -> StaffQuerySet:
        return self.filter(pk__in=Appointment.objects.current(on).filter(agency=agency_id).values("staff_id"))

    def with_current_appointments(self, on: date) -> StaffQuerySet:
        """Adds ``current_appointments``: those of the day, with their agencies."""
        current = Appointment.objects.current(on).select_related("agency").order_by("pk")
        return self.prefetch_related(
            models.Prefetch("appointments", queryset=current, to_attr="current_appointments")
        )

    def visible_to(self, actor: object) -> StaffQuerySet:
        """Names of colleagues are open to every signed-in worker (who to ask); nothing else of them is shown."""
        return self.all()


class StaffManager(BaseUserManager.from_queryset(StaffQuerySet)):  # type: ignore[misc]
    def create_user(self, username: str, password: str | None = None, **fields: object) -> Staff:
        staff: Staff = self.model(username=username, **fields)
        staff.set_password(password)
        staff.save(using=self._db)
        return staff


@pghistory.track(exclude=["password", "last_login"])
class Staff(AbstractBaseUser):
    """職員: a person who signs in. There are no shared accounts and no superusers."""

    username = models.CharField("職員番号", max_length=50, unique=True)
    name = models.CharField("氏名", max_length=60)
    kana = models.CharField("ふりがな", max_length=60, blank=True)
    email = models.EmailField("メール", blank=True)
    # of the worker's own home, only for asking about readings of neighbours' records
    home_town = models.CharField("住まいの町名", max_length=60, blank=True)
    is_active = models.BooleanField("有効", default=True)
    # what guardian asks of a user model; agency groups come from the appointment, never from here
    groups = models.ManyToManyField(Group, blank=True, related_name="staff", verbose_name="グループ")

    objects: ClassVar[StaffManager] = StaffManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    is_superuser = False
    is_staff = False

    class Meta:
        verbose_name = "職員"

    def __str__(self) -> str:
        return self.name

    def get_full_name(self) -> str:
        return self.name


class AppointmentQuerySet(models.QuerySet["Appointment"]):
    def current(self, on: date | TruncDate) -> AppointmentQuerySet:
        return self.filter(during__contains=on)


@pghistory.track()
class Appointment(models.Model):
    """辞令: a staff member's role at an agency from a day to a day (half-open)."""

    staff = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="appointments", verbose_name="職員"
    )
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="appointments", verbose_name="機関"
    )
    role = models.CharField("役割", max_length=30, choices=Role)
    sector = models.CharField("担当分野", max_length=20, choices=Sector, blank=True)
    title = models.CharField("職名", max_length=60, blank=True)
    during = DateRangeField("期間")
    is_support = models.BooleanField("支援のための一時的な権限", default=False)
    reason = models.CharField("理由", max_length=300, blank=True)
    given_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="発令の登録者"
    )

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        verbose_name = "辞令"
        constraints = [
            ExclusionConstraint(
                name="appointment_no_overlap",
                expressions=[
                    (Int8Range("staff_id"), RangeOperators.OVERLAPS),
                    (Int8Range("agency_id"), RangeOperators.OVERLAPS),
                    ("during", RangeOperators.OVERLAPS),
                ],
                violation_error_message="同じ機関での期間が重なっています。",
            ),
            models.CheckConstraint(
                name="director_has_sector", condition=~Q(role=Role.AREA_DIRECTOR) | ~Q(sector="")
            ),
            models.CheckConstraint(
                name="support_is_short_and_reasoned",
                condition=Q(is_support=False)
                | (~Q(reason="") & Q(during__endswith__lte=F("during__startswith") + SUPPORT_DAYS)),
                violation_error_message=f"支援のための権限は、理由を書き、{SUPPORT_DAYS}日以内にしてください。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.staff} {self.agency} {self.get_role_display()}"


class AbsenceQuerySet(models.QuerySet["StaffAbsence"]):
    def current(self, on: date | TruncDate) -> AbsenceQuerySet:
        return self.filter(during__contains=on)

    def visible_to(self, actor: Actor) -> AbsenceQuerySet:
        """One's own, and for the head of an agency those of everybody who is appointed there."""
        if actor.staff_id is None:
            return self.none()
        own = Q(staff=actor.staff_id)
        if not actor.has(Permission.HAND_OVER) or actor.agency_id is None:
            return self.filter(own)
        return self.filter(
            own | Q(staff__in=Appointment.objects.filter(agency=actor.agency_id).values("staff_id"))
        )


@pghistory.track()
class StaffAbsence(models.Model):
    """不在: from a day to a day somebody is not there (half-open; no end: nobody knows yet), and who acts instead.

    Why is not asked: that a worker is ill is nobody's business here.
    """

    request_key = models.UUIDField(default=uuid4, unique=True, editable=False)
    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="absences", verbose_name="職員")
    deputy = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="代理"
    )
    during = DateRangeField("期間")
    entered_at = models.DateTimeField("登録日時")
    entered_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="+", verbose_name="登録した職員"
    )

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        verbose_name = "不在"
        constraints = [
            ExclusionConstraint(
                name="absence_no_overlap",
                expressions=[
                    (Int8Range("staff_id"), RangeOperators.OVERLAPS),
                    ("during", RangeOperators.OVERLAPS),
                ],
                violation_error_message="不在の期間が重なっています。",
            ),
            models.CheckConstraint(
                name="absence_has_another_deputy", condition=Q(deputy__isnull=True) | ~Q(deputy=F("staff"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.staff} 不在"

    @property
    def last_on(self) -> date | None:
        return period_last(self.during)


class SentKeyQuerySet(models.QuerySet["SentKey"]):
    def visible_to(self, actor: Actor) -> SentKeyQuerySet:
        """One's own."""
        return self.filter(staff=actor.staff_id) if actor.staff_id else self.none()


class SentKey(models.Model):
    """冪等キー: a write that a program sent, by the key it chose. Sent again it is the same write; the key with another
    body is a mistake of the program. Holds a hash of what was sent, never the words.
    """

    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="+", verbose_name="職員")
    key = models.UUIDField("冪等キー")
    fingerprint = models.CharField("送られた内容のハッシュ", max_length=64)
    sent_at = models.DateTimeField("日時")

    objects = SentKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "冪等キー"
        constraints = [models.UniqueConstraint(fields=["staff", "key"], name="sent_key_once")]

    def __str__(self) -> str:
        return str(self.key)
