"""連携の型 as the database has it: which model held on a day, with the agencies of today."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Count, OuterRef, Q
from django.db.models.functions import JSONObject
from django.utils import timezone

from accounts.enums import AgencyKind, Role
from accounts.models import Agency, Appointment, Area, Staff, StaffAbsence
from accounts.roles import PERMISSIONS, Permission
from cases.coordination import DEFAULT, Begun, Model, Post, Project, Setup
from cases.models import Case, CoordinationSetting, ProjectOperator
from cases.workflow import CaseState
from common.kept_sql import kept_of_day
from households.models import Household, staff_denied


def as_post(agency: Agency) -> Post:
    return Post(agency.pk, agency.kind, agency.sector, agency.area_id, agency.may_lead)


def areas_of(area: Area | None) -> tuple[int, ...]:
    """The area and the one above it, the smaller first; none where nobody knows it."""
    return tuple(pk for pk in (area.pk, area.parent_id) if pk) if area else ()


@dataclass(frozen=True, slots=True)
class Held:
    """A setting that stands, as the rules need it; ``operators`` are those of 多機関協働."""

    pk: int
    starts_on: date
    model: str
    center_id: int | None
    coordinator_may_lead: bool
    conference_days: int | None
    operators: tuple[int, ...]


def _held() -> ArraySubquery:
    """Every setting that stands, the latest first: the same for every row, so PostgreSQL reads it once."""
    running = ProjectOperator.objects.filter(setting=OuterRef("pk"), project=Project.COOPERATION)
    return ArraySubquery(
        CoordinationSetting.objects.standing()
        .order_by("-starts_on")
        .values(
            row=JSONObject(
                pk="pk", starts_on="starts_on", model="model", center_id="center_id",
                coordinator_may_lead="coordinator_may_lead", conference_days="conference_days",
                operators=ArraySubquery(running.order_by("agency_id").values("agency_id")),
            )
        )
    )  # fmt: skip


def named_agencies() -> Q:
    """The directors' offices, who the settings name, and the heirs of closed agencies: who may coordinate."""
    standing = CoordinationSetting.objects.standing()
    operators = ProjectOperator.objects.filter(setting__in=standing)
    heirs = Agency.objects.filter(closed_on__isnull=False, successor__isnull=False)
    return (
        Q(kind=AgencyKind.DIRECTOR_OFFICE)
        | Q(pk__in=standing.filter(center__isnull=False).values("center"))
        | Q(pk__in=operators.values("agency"))
        | Q(pk__in=heirs.values("successor"))
    )


def _with_settings(agencies: models.QuerySet[Agency]) -> models.QuerySet[Agency]:
    return agencies.annotate(held=_held()).order_by("pk")


def directory_of(agencies: models.QuerySet[Agency]) -> Directory:
    """The directory of some agencies, with all settings; one query."""
    return _directory(list(_with_settings(agencies)))


def _directory(rows: Sequence[Any]) -> Directory:
    held = rows[0].held if rows else []
    settings = [
        Held(
            **{**row, "starts_on": date.fromisoformat(row["starts_on"]), "operators": tuple(row["operators"])}
        )
        for row in held
    ]
    return Directory(settings, {agency.pk: agency for agency in rows})


@dataclass(slots=True)
class Directory:
    """The settings and the agencies that a page or an action needs, loaded once.

    What a closed agency had to do is its successor's; an agency that closed without one is simply not there.
    """

    settings: Sequence[Held] = ()
    agencies: dict[int, Agency] = field(default_factory=dict)
    _setups: dict[int | None, Setup] = field(default_factory=dict)

    def setting_on(self, day: date) -> Held | None:
        return next((s for s in self.settings if s.starts_on <= day), None)

    def setup_on(self, day: date) -> Setup:
        """The model of the day (before the first setting: a director per sector), with the agencies of today."""
        return self.setup_of(self.setting_on(day))

    def setup_of(self, setting: Held | None) -> Setup:
        key = setting.pk if setting else None
        if key not in self._setups:
            self._setups[key] = self._setup(setting)
        return self._setups[key]

    def _setup(self, setting: Held | None) -> Setup:
        posts = tuple(as_post(a) for _, a in sorted(self.agencies.items()) if a.closed_on is None)
        if setting is None:
            return Setup(DEFAULT, posts)
        operators = (self.heir(pk) for pk in setting.operators)
        return Setup(
            Model(setting.model), posts, self.heir(setting.center_id), tuple(pk for pk in operators if pk),
            setting.coordinator_may_lead, setting.conference_days,
        )  # fmt: skip

    def heir(self, pk: int | None) -> int | None:
        """The agency that has the duties of ``pk`` today."""
        seen: set[int] = set()
        while pk is not None and pk not in seen:
            seen.add(pk)
            agency = self.agencies.get(pk)
            if agency is None or agency.closed_on is None:
                return pk if agency is not None else None
            pk = agency.successor_id
        return None

    def of(self, pks: Iterable[int]) -> list[Agency]:
        return [self.agencies[pk] for pk in pks]

    def offices(self) -> list[Agency]:
        """The area directors' offices that exist."""
        return [
            a for _, a in sorted(self.agencies.items())
            if a.kind == AgencyKind.DIRECTOR_OFFICE and a.closed_on is None
        ]  # fmt: skip


def _whole(on: date) -> models.QuerySet[Agency]:
    return _with_settings(Agency.objects.all())


def load_directory() -> Directory:
    """All agencies and settings; one query."""
    return _directory(kept_of_day(_whole, on=timezone.localdate()))


def begun_of(case: Case, receiver: Agency) -> Begun:
    """A case as the rules see it. ``on`` is the day of its opening: a later model does not change it."""
    return Begun(
        tuple(case.sectors),
        as_post(receiver),
        timezone.localdate(case.opened_at),
        areas_of(case.household.area),
    )


_CAN_LEAD = [role for role in Role if Permission.CASE_WRITE in PERMISSIONS[role]]


def pick_lead(agency: Agency, household: Household | None, at: datetime) -> Staff | None:
    """The named person who leads where a model or a succession decides: at work today, not on the deny list, with the fewest
    open cases, a worker before the head and the director. None when there is nobody.
    """
    today = timezone.localdate(at)
    posts = Appointment.objects.current(today).filter(agency=agency, role__in=_CAN_LEAD)
    away = StaffAbsence.objects.current(today).values("staff_id")
    people = (
        Staff.objects.filter(is_active=True, pk__in=posts.values("staff_id"))
        .exclude(pk__in=away)
        .exclude(pk__in=staff_denied(household.pk) if household else ())
        .annotate(leads=Count("led_cases", filter=Q(led_cases__state=CaseState.OPEN)))
        .order_by("leads", "pk")
    )
    rank = {Role.DESK_WORKER: 0, Role.AGENCY_MANAGER: 1, Role.AREA_DIRECTOR: 2}
    roles = dict(posts.values_list("staff_id", "role"))
    return min(people, key=lambda p: (rank.get(Role(roles[p.pk]), 3), p.leads, p.pk), default=None)
