"""Registering staff, and their appointments: rights begin and end on the dates that stand here."""

from __future__ import annotations

from datetime import date, datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from accounts.actions.notices import notify
from accounts.actor import Actor
from accounts.enums import Role
from accounts.models import SUPPORT_DAYS, Agency, Appointment, Staff
from accounts.notice_kinds import NoticeKind
from accounts.roles import Permission
from audit.actions import record
from common.errors import NotAllowed, Overlap, RuleViolation


def check_can_administer(actor: Actor) -> None:
    if not actor.has(Permission.STAFF_ADMIN):
        raise NotAllowed("職員と辞令を登録する権限がありません。")


@transaction.atomic
def register_staff(
    *, username: str, name: str, kana: str, email: str, password: str, actor: Actor, at: datetime, home_town: str = "",
) -> Staff:  # fmt: skip
    """A person who may sign in; rights come only with an appointment."""
    check_can_administer(actor)
    if Staff.objects.filter(username=username).exists():
        raise RuleViolation("この職員番号はすでに登録されています。", field="username")
    staff = Staff(username=username, name=name, kana=kana, email=email, home_town=home_town)
    try:
        validate_password(password, staff)
    except ValidationError as error:
        raise RuleViolation(" ".join(error.messages), field="password") from None
    staff.set_password(password)
    staff.save()
    record(actor=actor, action="staff.register", target=staff, at=at)
    return staff


@transaction.atomic
def set_home_town(*, staff: Staff, home_town: str, actor: Actor, at: datetime) -> Staff:
    """Where the worker lives, by town: readings of neighbours' records then stand on the manager's page."""
    check_can_administer(actor)
    staff = Staff.objects.select_for_update(of=("self",)).get(pk=staff.pk)
    staff.home_town = home_town.strip()
    staff.save(update_fields=["home_town"])
    record(actor=actor, action="staff.set_home_town", target=staff, at=at)
    return staff


@transaction.atomic
def appoint(
    *, staff: Staff, agency: Agency, role: str, sector: str, title: str, starts_on: date, ends_on: date | None,
    actor: Actor, at: datetime, is_support: bool = False, reason: str = "",
) -> Appointment:  # fmt: skip
    """An appointment from ``starts_on`` to ``ends_on`` (both included; None: open). Not to oneself.

    There is no superuser: who supports the system gets an appointment like everybody, ``is_support``, with its reason
    and at most a week long; the managers of the agency are told.

    Raises Overlap when the person already has one at that agency in the period, RuleViolation when a director
    lacks a sector or the period is empty.
    """
    check_can_administer(actor)
    if staff.pk == actor.staff_id:
        raise NotAllowed("自分自身の辞令は登録できません。")
    if role == Role.AREA_DIRECTOR and not sector:
        raise RuleViolation("エリアディレクターには担当分野が必要です。", field="sector")
    if ends_on is not None and ends_on < starts_on:
        raise RuleViolation("終了日が開始日より前です。", field="ends_on")
    if is_support:
        _check_support(starts_on, ends_on, reason)
    Staff.objects.select_for_update(of=("self",)).get(pk=staff.pk)
    during = DateRange(starts_on, date.fromordinal(ends_on.toordinal() + 1) if ends_on else None)
    if Appointment.objects.filter(staff=staff, agency=agency, during__overlap=during).exists():
        raise Overlap("同じ機関での辞令の期間が重なっています。", field="starts_on")
    appointment = Appointment.objects.create(
        staff=staff, agency=agency, role=role, sector=sector, title=title, during=during, is_support=is_support,
        reason=reason.strip(), given_by=actor.staff,
    )  # fmt: skip
    if is_support:
        notify(
            staff_ids=managers_of(agency, timezone.localdate(at)), url="/",
            text=f"{staff.name}さんに、支援のための一時的な権限が出されました（{agency.short_name}）。", at=at,
            kind=NoticeKind.RIGHTS, agency_id=agency.pk,
        )  # fmt: skip
    record(
        actor=actor, action="appointment.give", target=appointment, at=at, staff=staff.pk, agency=agency.pk, role=role,
        starts_on=starts_on.isoformat(), ends_on=ends_on.isoformat() if ends_on else None, is_support=is_support,
        reason=reason.strip(),
    )  # fmt: skip
    return appointment


def _check_support(starts_on: date, ends_on: date | None, reason: str) -> None:
    if not reason.strip():
        raise RuleViolation("支援のための権限には、理由を書いてください。", field="reason")
    if ends_on is None or (ends_on - starts_on).days >= SUPPORT_DAYS:
        raise RuleViolation(f"支援のための権限は、{SUPPORT_DAYS}日以内にしてください。", field="ends_on")


def managers_of(agency: Agency, on: date) -> set[int]:
    """Who answers for an agency on a day."""
    rows = Appointment.objects.current(on).filter(agency=agency, role=Role.AGENCY_MANAGER)
    return set(rows.values_list("staff_id", flat=True))


@transaction.atomic
def end_appointment(*, appointment: Appointment, ends_on: date, actor: Actor, at: datetime) -> Appointment:
    """Rights stop after ``ends_on``. A past end cannot be set: what was done then stays explained."""
    check_can_administer(actor)
    appointment = Appointment.objects.select_for_update(of=("self",)).get(pk=appointment.pk)
    if ends_on < timezone.localdate(at):
        raise RuleViolation("終了日は今日以降にしてください。", field="ends_on")
    if ends_on < appointment.during.lower:
        raise RuleViolation("終了日が開始日より前です。", field="ends_on")
    appointment.during = DateRange(appointment.during.lower, date.fromordinal(ends_on.toordinal() + 1))
    appointment.save(update_fields=["during"])
    record(actor=actor, action="appointment.end", target=appointment, at=at, ends_on=ends_on.isoformat())
    agency = appointment.agency
    notify(
        staff_ids=managers_of(agency, timezone.localdate(at)) - {appointment.staff_id}, url="/handover/",
        text=f"{appointment.staff.name}さんの{agency.short_name}での辞令が終わります。担当を引き継いでください。", at=at,
        kind=NoticeKind.HANDOVER, agency_id=agency.pk,
    )  # fmt: skip
    return appointment
