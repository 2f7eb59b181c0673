"""Escalation: a referral that nobody answered in time rises to the area director by itself (invariant 1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import structlog
from django.db import transaction
from django.urls import reverse

from accounts.actions.notices import notify
from accounts.actor import Actor
from accounts.enums import Ground
from accounts.models import Agency
from accounts.notice_kinds import NoticeKind
from audit.actions import record
from audit.models import ChangeRecord
from cases.actions.grants import grant_case
from cases.models import Case
from households.models import staff_denied
from referrals.models import Referral
from referrals.next_office import Taking, at_work, taking
from referrals.selectors import coordinating_offices, coordination_directory

log = structlog.get_logger(__name__)


def escalate_overdue(*, actor: Actor, at: datetime) -> int:
    """Escalate all referrals past their deadline, each in its own transaction; returns how many rose.

    Safe to run twice and side by side: rows that another run holds are left to it.
    """
    waiting = Referral.objects.overdue(at).order_by("deadline_at", "pk").values_list("pk", flat=True)
    return sum(escalate_referral(referral_id=pk, actor=actor, at=at) for pk in list(waiting))


@transaction.atomic
def escalate_referral(*, referral_id: int, actor: Actor, at: datetime) -> bool:
    """Raise one referral to its coordinating office and let the office see the case; False when it did not rise.

    Without any director's office the referral stays as it is and is tried again at the next run; the first
    failure is put on record.
    """
    case = (
        Case.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(referrals__pk=referral_id)
        .first()
    )
    if case is None:
        return False
    referral = (
        Referral.objects.overdue(at)
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("to_agency")
        .filter(pk=referral_id)
        .first()
    )
    if referral is None:
        return False
    referral.case = case
    directory = coordination_directory()
    offices = coordinating_offices(referral, directory)
    if not offices:
        _record_stuck(referral, actor=actor, at=at)
        return False
    found = taking(referral, offices, directory.offices(), at)
    referral.escalated_at = at
    _give(referral, found, "referral.escalate", actor=actor, at=at)
    _tell(
        referral,
        found,
        f"が、期限までに返事がなく{found.office.short_name}に上がりました。",
        at,
        {referral.sent_by_id},
    )
    return True


def _give(referral: Referral, found: Taking, action: str, *, actor: Actor, at: datetime) -> None:
    """The office answers for it from now on and sees the case."""
    referral.escalated_to = found.office
    referral.save(update_fields=["escalated_at", "escalated_to"])
    grant_case(
        case=referral.case,
        agency=found.office,
        ground=Ground.COORDINATION,
        basis=referral,
        actor=actor,
        at=at,
    )
    record(
        actor=actor, action=action, target=referral, at=at, case=referral.case_id, escalated_to=found.office.pk,
        to_agency=referral.to_agency_id, instead_of=found.instead_of.pk if found.instead_of else None,
    )  # fmt: skip


def _tell(referral: Referral, found: Taking, words: str, at: datetime, also: set[int]) -> None:
    away = f"（{found.instead_of.short_name}が不在のため）" if found.instead_of else ""
    notify(
        staff_ids=(also | found.people) - staff_denied(referral.case.household_id),
        text=f"{referral.case.number}のつなぎ{words}{away}",
        url=reverse("referrals:detail", args=[referral.pk]), at=at, kind=NoticeKind.ESCALATION,
        about=referral.case.household_id,
    )  # fmt: skip


def pass_on_left_alone(*, actor: Actor, at: datetime) -> int:
    """What has risen to an office where nobody is any more (leave without a deputy, no director) goes on to the next that
    has somebody; returns how much did. It does not come back by itself: who took it keeps it.
    """
    waiting = Referral.objects.unanswered().filter(escalated_to__isnull=False)
    directory = coordination_directory()
    held = waiting.order_by().values("escalated_to").distinct()
    holders = list(Agency.objects.filter(pk__in=held).order_by("pk"))
    everywhere = at_work([*holders, *directory.offices()], at)
    alone = [office.pk for office in holders if not everywhere[office.pk]]
    if not alone or not any(everywhere.values()):
        return 0
    rows = waiting.filter(escalated_to__in=alone).order_by("pk").values_list("pk", flat=True)
    return sum(_pass_on(pk, actor=actor, at=at) for pk in list(rows))


@transaction.atomic
def _pass_on(referral_id: int, *, actor: Actor, at: datetime) -> bool:
    case = (
        Case.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(referrals__pk=referral_id)
        .first()
    )
    if case is None:
        return False
    rows = Referral.objects.unanswered().filter(pk=referral_id, escalated_to__isnull=False)
    referral = (
        rows.select_for_update(of=("self",), skip_locked=True)
        .select_related("to_agency", "escalated_to")
        .first()
    )
    if referral is None:
        return False
    referral.case = case
    directory = coordination_directory()
    former = referral.escalated_to
    found = taking(referral, coordinating_offices(referral, directory), directory.offices(), at)
    if former is None or found.office.pk == former.pk:
        return False
    found = replace(found, instead_of=former)
    _give(referral, found, "referral.pass_on", actor=actor, at=at)
    _tell(referral, found, f"を、{found.office.short_name}が引き受けます。", at, set())
    return True


def _record_stuck(referral: Referral, *, actor: Actor, at: datetime) -> None:
    log.warning("referral_without_director", referral=referral.pk)
    done = ChangeRecord.objects.filter(
        target_type=Referral._meta.label_lower, target_id=str(referral.pk), action="referral.escalate_waits"
    )
    if not done.exists():
        record(actor=actor, action="referral.escalate_waits", target=referral, at=at, case=referral.case_id)
