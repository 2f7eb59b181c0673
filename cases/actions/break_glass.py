"""緊急閲覧: opening a case for an hour in an emergency, telling those who answer for it, and their review."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.actions.notices import notify
from accounts.actor import Actor
from accounts.enums import Ground, Role
from accounts.models import Appointment
from accounts.notice_kinds import NoticeKind
from accounts.roles import Permission
from audit.actions import record
from cases.enums import BreakGlassReason, BreakGlassVerdict
from cases.models import BreakGlass, Case, CaseGrant
from cases.models.break_glass import OPEN_FOR
from cases.models.case import VIEW_CASE, not_denied
from common.errors import InvalidTransition, NotAllowed, RuleViolation
from households.actions.grants import give_group_grant
from households.models import VIEW_HOUSEHOLD, HouseholdGrant, HouseholdMember, Person, staff_denied

SHORTEST_REASON = 10


@transaction.atomic
def break_glass(
    *, person: Person, reason: str, text: str, actor: Actor, at: datetime, request_key: UUID
) -> BreakGlass:
    """The open (else the newest) case of the person's household opens to the actor alone, for 60 minutes.

    The lead worker, the manager of the actor's agency and the directors of the case's sectors hear of it at once.
    Raises Person.DoesNotExist for somebody whom the actor cannot find (a deny list beats the emergency),
    RuleViolation without a written reason or when there is no case.
    """
    if not actor.has(Permission.BREAK_GLASS):
        raise NotAllowed("緊急閲覧の権限がありません。")
    agency, staff = actor.office()
    person = Person.objects.findable_by(actor).get(pk=person.pk)
    known = BreakGlass.objects.filter(request_key=request_key, staff=staff).first()
    if known is not None:
        return known
    if reason not in BreakGlassReason.values:
        raise RuleViolation("理由を一覧から選んでください。", field="reason")
    if len(text.strip()) < SHORTEST_REASON:
        raise RuleViolation(
            f"何が起きていて、なぜ今この記録が必要かを、{SHORTEST_REASON}文字以上で書いてください。",
            field="text",
        )
    case = _case_of(person, actor, at)
    opened = BreakGlass.objects.create(
        request_key=request_key, case=case, staff=staff, agency=agency, reason=reason, text=text.strip(),
        opened_at=at, ends_at=at + OPEN_FOR,
    )  # fmt: skip
    _open(opened, actor, at)
    record(
        actor=actor, action="break_glass.open", target=opened, at=at, case=case.pk, reason=reason,
        ends_at=opened.ends_at.isoformat(),
    )  # fmt: skip
    notify(
        staff_ids=_who_hears(opened, at) - {staff.pk},
        text=f"{case.number}が緊急閲覧されました（{agency.short_name} {staff.name}、"
        f"{timezone.localtime(at):%H:%M}から60分）。確認してください。",
        url=reverse("break_glass:review", args=[opened.pk]),
        at=at,
        kind=NoticeKind.BREAK_GLASS,
        about=opened.case.household_id,
    )
    return opened


def _case_of(person: Person, actor: Actor, at: datetime) -> Case:
    households = HouseholdMember.objects.filter(
        person=person, during__contains=timezone.localdate(at), by_identity=False
    )
    cases = Case.objects.filter(
        not_denied(actor, "pk"), Q(person=person) | Q(household__in=households.values("household_id"))
    )
    found = sorted(cases, key=lambda c: (not c.is_open, -c.opened_at.timestamp()))
    if not found:
        raise RuleViolation("この人のケースはありません。緊急の相談として、相談を受け付けてください。")
    return found[0]


def _open(opened: BreakGlass, actor: Actor, at: datetime) -> None:
    """A group of one holds the two grants: access stays with this worker and ends by itself."""
    group = Group.objects.create(name=f"break-glass-{opened.pk}")
    opened.group = group
    opened.save(update_fields=["group"])
    opened.staff.groups.add(group)
    common = {
        "group_id": group.pk, "ground": Ground.BREAK_GLASS, "basis": opened, "actor": actor, "at": at,
        "ends_at": opened.ends_at,
    }  # fmt: skip
    give_group_grant(CaseGrant, opened.case, codename=VIEW_CASE, **common)  # type: ignore[arg-type]
    give_group_grant(
        HouseholdGrant,
        opened.case.household,
        codename=VIEW_HOUSEHOLD,
        **common,  # type: ignore[arg-type]
    )


def _who_hears(opened: BreakGlass, at: datetime) -> set[int]:
    """The owner of the case, managers of both agencies, directors of its sectors."""
    case = opened.case
    current = Appointment.objects.current(timezone.localdate(at))
    answerable = current.filter(
        Q(role=Role.AGENCY_MANAGER, agency__in=[opened.agency_id, case.lead_agency_id])
        | Q(role=Role.AREA_DIRECTOR, sector__in=case.sectors)
    )
    told = {case.lead_staff_id, *answerable.values_list("staff_id", flat=True)}
    return told - staff_denied(case.household_id)


@transaction.atomic
def review_break_glass(
    *, opened: BreakGlass, verdict: str, note: str, actor: Actor, at: datetime
) -> BreakGlass:
    """The answer that an emergency opening must get: by a manager or director, never by who opened it."""
    opened = BreakGlass.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=opened.pk)
    if not actor.has(Permission.BREAK_GLASS_REVIEW) or actor.staff is None:
        raise NotAllowed("緊急閲覧の確認は、機関の長かエリアディレクターが行います。")
    if opened.staff_id == actor.staff_id:
        raise NotAllowed("自分の緊急閲覧を、自分で確認することはできません。")
    if opened.reviewed_at is not None:
        raise InvalidTransition("この緊急閲覧は、すでに確認されています。")
    if verdict not in BreakGlassVerdict.values:
        raise RuleViolation("確認の結果を選んでください。", field="verdict")
    if not note.strip():
        raise RuleViolation("確かめたことを入力してください。", field="note")
    opened.reviewed_at, opened.reviewed_by = at, actor.staff
    opened.verdict, opened.review_note = verdict, note.strip()
    opened.save(update_fields=["reviewed_at", "reviewed_by", "verdict", "review_note"])
    record(actor=actor, action="break_glass.review", target=opened, at=at, verdict=verdict)
    notify(
        staff_ids={opened.staff_id}, text=f"{opened.case.number}の緊急閲覧が確認されました。",
        url=reverse("break_glass:review", args=[opened.pk]), at=at, kind=NoticeKind.OTHER,
        about=opened.case.household_id,
    )  # fmt: skip
    return opened
