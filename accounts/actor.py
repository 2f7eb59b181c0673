"""The Actor: who acts, for which agency, with which permissions. Built here and nowhere else."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from datetime import date

from django.contrib.auth.models import Group
from django.contrib.postgres.expressions import ArraySubquery
from django.db import models

from accounts.enums import Role
from accounts.models import Agency, Appointment, Staff
from accounts.roles import PERMISSIONS, Permission
from common.errors import NotAllowed
from common.kept_sql import kept_of_day


@dataclass(frozen=True, slots=True)
class Actor:
    """A staff member in one appointment, or the system. ``group_ids`` are the groups whose grants it may use."""

    label: str
    permissions: frozenset[Permission]
    staff: Staff | None = None
    agency: Agency | None = None
    appointment: Appointment | None = None
    group_ids: tuple[int, ...] = ()
    is_system: bool = False
    other_appointments: tuple[Appointment, ...] = field(default=(), compare=False)

    @property
    def has_casework(self) -> bool:
        """Whether the role reads cases at all (finance, audit and system administration do not)."""
        return Permission.CASE_VIEW in self.permissions

    def by_office(self) -> Actor:
        """The same person with the grants of the office alone, without what an emergency opened to them."""
        return self if len(self.group_ids) < 2 else replace(self, group_ids=self.group_ids[:1])

    def has(self, permission: Permission) -> bool:
        return permission in self.permissions

    @property
    def role(self) -> str:
        return self.appointment.role if self.appointment else ""

    @property
    def sector(self) -> str:
        return self.appointment.sector if self.appointment else ""

    @property
    def staff_id(self) -> int | None:
        return self.staff.pk if self.staff else None

    @property
    def agency_id(self) -> int | None:
        return self.agency.pk if self.agency else None

    @property
    def scope_key(self) -> Hashable:
        """All that a scope may ask of the actor: two with the same key see the same rows."""
        told = (
            tuple(getattr(row, field.attname) for field in row._meta.concrete_fields)
            for row in (self.agency, self.appointment)
            if row is not None
        )
        return self.permissions, self.staff_id, self.group_ids, self.is_system, *told

    def office(self) -> tuple[Agency, Staff]:
        """Agency and staff member of an actor who works at a desk; NotAllowed for the system or without a post."""
        if self.agency is None or self.staff is None:
            raise NotAllowed("所属する機関がないため、この操作はできません。")
        return self.agency, self.staff

    @classmethod
    def system(cls, label: str) -> Actor:
        """For jobs. It holds no grants: a job reads through querysets made for it, never through a person's scope."""
        return cls(label=f"システム（{label}）", permissions=frozenset(), is_system=True)

    @classmethod
    def outside(cls, label: str) -> Actor:
        """A partner without an account, on the one page that was made for it: a name in the trail, no permission at all."""
        return cls(label=label, permissions=frozenset())


def _own_groups(staff: int) -> models.QuerySet[Group, int]:
    """Groups made for one person and one hour (緊急閲覧); their grants end by themselves."""
    return Group.objects.filter(staff=staff).order_by("pk").values_list("pk", flat=True)


def _appointments(on: date, staff: int) -> models.QuerySet[Appointment]:
    rows = Appointment.objects.current(on).filter(staff=staff).select_related("agency")
    return rows.annotate(own_groups=ArraySubquery(_own_groups(staff))).order_by("pk")


def build_actor(staff: Staff, *, on: date, appointment_id: int | None = None) -> Actor:
    """The actor of ``staff`` on a day: the chosen appointment, else the first by id; none current → no permissions."""
    current = kept_of_day(_appointments, on=on, staff=staff.pk)
    chosen = next((a for a in current if a.pk == appointment_id), current[0] if current else None)
    if chosen is None:
        return Actor(label=staff.name, permissions=frozenset(), staff=staff)
    return Actor(
        label=f"{staff.name}（{chosen.agency.short_name}）",
        permissions=PERMISSIONS[Role(chosen.role)],
        staff=staff,
        agency=chosen.agency,
        appointment=chosen,
        group_ids=(chosen.agency.group_id, *chosen.own_groups),  # type: ignore[attr-defined]
        other_appointments=tuple(a for a in current if a.pk != chosen.pk),
    )
