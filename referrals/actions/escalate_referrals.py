"""Escalation: a referral that nobody answered in time rises to the area director by itself (invariant 1)."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.actions.notices import notify
from accounts.actor import Actor
from accounts.enums import Ground
from accounts.models import Staff
from audit.actions import record
from audit.models import ChangeRecord
from cases.actions.grants import grant_case
from cases.models import Case
from households.models import staff_denied
from referrals.models import Referral
from referrals.selectors import coordinating_offices

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
    offices = coordinating_offices(referral)
    if not offices:
        _record_stuck(referral, actor=actor, at=at)
        return False
    referral.escalated_at, referral.escalated_to = at, offices[0]
    referral.save(update_fields=["escalated_at", "escalated_to"])
    grant_case(case=case, agency=offices[0], ground=Ground.COORDINATION, basis=referral, actor=actor, at=at)
    record(
        actor=actor, action="referral.escalate", target=referral, at=at, case=case.pk,
        escalated_to=offices[0].pk, to_agency=referral.to_agency_id,
    )  # fmt: skip
    people = Staff.objects.of_agency(offices[0], on=timezone.localdate(at)).values_list("pk", flat=True)
    notify(
        staff_ids=({referral.sent_by_id} | set(people)) - staff_denied(case.household_id),
        text=f"{case.number}のつなぎが、期限までに返事がなく{offices[0].short_name}に上がりました。",
        url=reverse("referrals:detail", args=[referral.pk]), at=at,
    )  # fmt: skip
    return True


def _record_stuck(referral: Referral, *, actor: Actor, at: datetime) -> None:
    log.warning("referral_without_director", referral=referral.pk)
    done = ChangeRecord.objects.filter(
        target_type=Referral._meta.label_lower, target_id=str(referral.pk), action="referral.escalate_waits"
    )
    if not done.exists():
        record(actor=actor, action="referral.escalate_waits", target=referral, at=at, case=referral.case_id)
