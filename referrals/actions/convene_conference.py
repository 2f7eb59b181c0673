"""Calling a conference, changing its frame, and who sits in it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.enums import Sector
from accounts.models import Agency, Staff
from audit.actions import record
from cases.models import Case, SupportPlan
from cases.workflow import PlanState
from common.errors import InvalidTransition, RuleViolation
from common.models import check_version
from referrals.actions.agenda import add_item, check_name_tells_nobody, check_nobody_denied
from referrals.actions.lock_conference import lock_conference, lock_managed
from referrals.enums import Attendance, ConferenceKind, Decides
from referrals.models import Conference, ConferenceMember, ItemAttendee, Referral
from referrals.permissions_conferences import (
    check_can_accept_secrecy,
    check_can_convene,
    check_can_seat,
    check_can_speak_for,
)
from referrals.selectors_kinds import Kind, attends, convenes, kind_on
from referrals.workflow import ConferenceState


@transaction.atomic
def convene_conference(
    *, kind: str, title: str, starts_at: datetime, minutes: int, place: str, sector: str, actor: Actor,
    request_key: UUID, at: datetime, invite: Iterable[Agency] = (), cases: Iterable[Case] = (),
    referral: Referral | None = None, topic: str = "",
) -> Conference:  # fmt: skip
    """A planned conference with its invitations and first items; the convener sits in it and owes its secrecy.

    The same ``request_key`` again returns the conference that it made. Raises NotAllowed and RuleViolation
    (beside its field); an item that the kind does not allow stops the whole.
    """
    check_can_convene(actor)
    assert actor.agency is not None and actor.staff is not None
    chosen_kind = _kind(kind, actor, starts_at)
    _check_frame(title, starts_at, minutes, sector, at)
    rule = chosen_kind.rule if chosen_kind.row else None
    # of two sent at once the second waits for the first, and then finds it
    conference, is_new = Conference.objects.get_or_create(
        request_key=request_key,
        defaults={
            "kind": chosen_kind.kind, "kind_code": chosen_kind.code,
            "kind_name": chosen_kind.name if chosen_kind.row else "",
            "kind_grounds": list(rule.grounds) if rule else None,
            "kind_decides": list(rule.decides) if rule else None, "kind_attends": rule.attends if rule else "",
            "title": title.strip(), "sector": sector, "convener": actor.agency,
            "convened_by": actor.staff, "starts_at": starts_at, "minutes": minutes, "place": place.strip(),
            "state": ConferenceState.PLANNED,
        },
    )  # fmt: skip
    if not is_new:
        if conference.convener_id == actor.agency.pk:
            return conference
        raise RuleViolation("画面を開き直してから、もう一度送信してください。")
    # who calls it has read the duty of secrecy on the form
    ConferenceMember.objects.create(
        conference=conference, agency=actor.agency, staff=actor.staff,
        secrecy_accepted_at=at if conference.is_secret else None,
    )  # fmt: skip
    record(actor=actor, action="conference.convene", target=conference, at=at, kind=kind)
    chosen = list(cases)
    for agency in invite:
        if agency.pk != actor.agency.pk:
            invite_agency(
                conference=conference,
                agency=agency,
                staff=_known_worker(agency, chosen, at),
                actor=actor,
                at=at,
            )
    for case in chosen:
        own = referral if referral and referral.case_id == case.pk else None
        add_item(
            conference=conference, case=case, topic=topic, referral=own, plan=_draft_to_decide(conference, case),
            actor=actor, at=at,
        )  # fmt: skip
    return conference


def _draft_to_decide(conference: Conference, case: Case) -> SupportPlan | None:
    """A plan that waits to be decided comes along; a 支援会議 decides none (domain.md 1.4)."""
    if Decides.PLAN not in conference.rule.decides:
        return None
    return SupportPlan.objects.filter(case=case, state=PlanState.DRAFT).first()


def _known_worker(agency: Agency, cases: Iterable[Case], at: datetime) -> Staff | None:
    """The named worker of ``agency`` on the first case that has one still there."""
    here = Staff.objects.of_agency(agency, on=timezone.localdate(at))
    for case in cases:
        if case.lead_agency_id == agency.pk:
            return here.filter(pk=case.lead_staff_id).first()
        partner = case.partners.filter(agency=agency, ended_at__isnull=True).first()
        if partner is not None:
            return here.filter(pk=partner.staff_id).first()
    return None


def _kind(code: str, actor: Actor, starts_at: datetime) -> Kind:
    """The kind as it stands on the day of the sitting, for who may call it."""
    kind = kind_on(code, timezone.localdate(starts_at))
    if kind is None or not kind.is_used:
        raise RuleViolation("会議の種類は、一覧にあるものから選んでください。", field="kind")
    if not convenes(actor, kind.rule):
        if kind.kind == ConferenceKind.SUPPORT:
            raise RuleViolation(
                f"{kind.name}（社会福祉法106条の6）は市町村が開きます。委託先からは招集できません。",
                field="kind",
            )
        who = "、".join(convener.label for convener in kind.rule.conveners)
        raise RuleViolation(f"{kind.name}を招集できるのは、{who}です。", field="kind")
    return kind


def _check_frame(
    title: str, starts_at: datetime, minutes: int, sector: str, not_before: datetime | None
) -> None:
    if sector and sector not in Sector.values:
        raise RuleViolation("分野は、一覧にあるものから選んでください。", field="sector")
    if not title.strip():
        raise RuleViolation("会議の名称を入力してください。", field="title")
    if not 1 <= minutes <= 1440:
        raise RuleViolation("時間は1分以上24時間以内で入力してください。", field="minutes")
    if not_before is not None and timezone.localdate(starts_at) < timezone.localdate(not_before):
        raise RuleViolation("開始日時は、今日以後にしてください。", field="starts_at")


@transaction.atomic
def edit_conference(
    *, conference: Conference, title: str, starts_at: datetime, minutes: int, place: str, sector: str,
    version: int, actor: Actor, at: datetime,
) -> Conference:  # fmt: skip
    """Change time, place and title while it is planned. The kind stays: its rules were applied to every item."""
    conference = lock_managed(conference, actor, ConferenceState.PLANNED)
    check_can_speak_for(actor, conference)
    check_version(conference, version)
    moved = conference.starts_at != starts_at
    _check_frame(title, starts_at, minutes, sector, at if moved else None)
    conference.title, conference.starts_at, conference.minutes = title.strip(), starts_at, minutes
    conference.place, conference.sector = place.strip(), sector
    check_name_tells_nobody(conference, "title")
    conference.save(update_fields=["title", "starts_at", "minutes", "place", "sector"])
    record(actor=actor, action="conference.edit", target=conference, at=at, moved=moved)
    return conference


# ── Members ─────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def invite_agency(
    *, conference: Conference, agency: Agency, staff: Staff | None, actor: Actor, at: datetime
) -> ConferenceMember:
    """One seat per agency; inviting it again returns the seat that it has."""
    conference = lock_managed(conference, actor, ConferenceState.PLANNED, ConferenceState.RUNNING)
    known = conference.members.filter(agency=agency).first()
    if known is not None:
        return known
    if not Agency.objects.active_on(timezone.localdate(at)).filter(pk=agency.pk).exists():
        raise RuleViolation(f"{agency.short_name}は廃止されています。", field="agency")
    if not attends(agency, conference.rule.attends):
        raise RuleViolation(
            f"{conference.get_kind_display()}に招けるのは、{conference.rule.attends.label}です（{agency.short_name}は招けません）。",
            field="agency",
        )
    if staff is not None:
        _check_works_there(staff, agency, at)
    member = ConferenceMember.objects.create(conference=conference, agency=agency, staff=staff)
    if conference.state == ConferenceState.PLANNED:
        ItemAttendee.objects.bulk_create(
            [ItemAttendee(agenda_item=item, member=member) for item in conference.agenda.order_by("pk")]
        )
    check_nobody_denied(conference)
    record(actor=actor, action="conference.invite", target=conference, at=at, agency=agency.pk)
    return member


def _check_works_there(staff: Staff, agency: Agency, at: datetime) -> None:
    if not Staff.objects.of_agency(agency, on=timezone.localdate(at)).filter(pk=staff.pk).exists():
        raise RuleViolation(f"{staff.name}さんは{agency.short_name}に所属していません。", field="staff")


def _lock_member(member: ConferenceMember, actor: Actor) -> ConferenceMember:
    conference = lock_conference(member.conference, actor)
    locked = conference.members.select_related("agency", "staff").get(pk=member.pk)
    locked.conference = conference
    return locked


@transaction.atomic
def remove_member(*, member: ConferenceMember, actor: Actor, at: datetime) -> None:
    """Take an invitation back while the conference is planned; the convening agency keeps its seat."""
    conference = lock_managed(member.conference, actor, ConferenceState.PLANNED)
    locked = conference.members.get(pk=member.pk)
    if locked.agency_id == conference.convener_id:
        raise RuleViolation("会議を招集した機関は外せません。")
    record(actor=actor, action="conference.remove_member", target=conference, at=at, agency=locked.agency_id)
    locked.delete()


@transaction.atomic
def set_seat(
    *, member: ConferenceMember, staff: Staff | None, attendance: str, actor: Actor, at: datetime
) -> ConferenceMember:
    """Who comes, and whether they do. Another person has to accept the duty of secrecy anew."""
    member = _lock_member(member, actor)
    check_can_seat(actor, member)
    if member.conference.state == ConferenceState.CLOSED:
        raise InvalidTransition("終了した会議の出欠は変えられません。")
    if attendance not in Attendance.values:
        raise RuleViolation("出欠は、一覧にあるものから選んでください。", field="attendance")
    if staff is not None:
        _check_works_there(staff, member.agency, at)
    if attendance == Attendance.ATTENDING and staff is None:
        raise RuleViolation("出席する人を選んでください。", field="staff")
    if staff != member.staff:
        member.secrecy_accepted_at = None
    member.staff, member.attendance = staff, attendance
    member.save(update_fields=["staff", "attendance", "secrecy_accepted_at"])
    check_nobody_denied(member.conference)
    record(
        actor=actor, action="conference.seat", target=member.conference, at=at, agency=member.agency_id,
        staff=staff.pk if staff else None, attendance=attendance,
    )  # fmt: skip
    return member


@transaction.atomic
def seat_all(*, conference: Conference, actor: Actor, at: datetime) -> int:
    """Everybody who is named and not yet marked is present; returns how many."""
    conference = lock_managed(conference, actor, ConferenceState.PLANNED, ConferenceState.RUNNING)
    waiting = list(conference.members.filter(staff__isnull=False, attendance=Attendance.INVITED))
    for member in waiting:
        member.attendance = Attendance.ATTENDING
        member.save(update_fields=["attendance"])
    record(actor=actor, action="conference.seat_all", target=conference, at=at, seats=len(waiting))
    return len(waiting)


@transaction.atomic
def accept_secrecy(*, member: ConferenceMember, actor: Actor, at: datetime) -> ConferenceMember:
    """The attendee accepts the duty of secrecy (社会福祉法106条の6第5項); accepting twice keeps the first moment."""
    member = _lock_member(member, actor)
    check_can_accept_secrecy(actor, member)
    if not member.conference.is_secret:
        raise RuleViolation("この会議では、守秘の確認は要りません。")
    if member.secrecy_accepted_at is not None:
        return member
    member.staff, member.secrecy_accepted_at = actor.staff, at
    member.save(update_fields=["staff", "secrecy_accepted_at"])
    check_nobody_denied(member.conference)
    record(
        actor=actor,
        action="conference.accept_secrecy",
        target=member.conference,
        at=at,
        agency=member.agency_id,
    )
    return member
