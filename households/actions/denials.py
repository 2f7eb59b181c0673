"""閲覧させない職員: naming and releasing a worker who may never see that a household exists."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.actor import Actor
from accounts.models import Staff
from audit.actions import record
from common.errors import InvalidTransition, RuleViolation
from households.enums import DenialReason
from households.models import Household, HouseholdDenial
from households.permissions import check_can_protect


@transaction.atomic
def deny_staff(
    *, household: Household, staff: Staff, reason: str, note: str, actor: Actor, at: datetime
) -> HouseholdDenial:
    """From now on ``staff`` sees nothing of the household on any page, in any count or search. Twice is once.

    Nobody can shut out themselves (they would lose the case they work on without anybody noticing).
    """
    household = Household.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=household.pk)
    check_can_protect(actor, household.pk)
    _, giver = actor.office()
    if reason not in DenialReason.values:
        raise RuleViolation("理由を一覧から選んでください。", field="reason")
    if staff.pk == giver.pk:
        raise RuleViolation(
            "自分自身は指定できません。所属の長に伝え、担当を替わったうえで指定してもらってください。",
            field="staff",
        )
    known = HouseholdDenial.objects.in_force().filter(household=household, staff=staff).first()
    if known is not None:
        return known
    denial = HouseholdDenial.objects.create(
        household=household, staff=staff, reason=reason, note=note.strip(), given_by=giver, given_at=at
    )
    record(
        actor=actor,
        action="denial.give",
        target=denial,
        at=at,
        household=household.pk,
        staff=staff.pk,
        reason=reason,
    )
    return denial


@transaction.atomic
def release_staff(*, denial: HouseholdDenial, reason: str, actor: Actor, at: datetime) -> HouseholdDenial:
    """The reason has gone: the worker sees again what their role and grants let them see."""
    denial = HouseholdDenial.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=denial.pk)
    check_can_protect(actor, denial.household_id)
    _, staff = actor.office()
    if denial.ended_at is not None:
        raise InvalidTransition("この指定は、すでに解除されています。")
    if not reason.strip():
        raise RuleViolation("解除の理由を入力してください。", field="end_reason")
    denial.ended_at, denial.ended_by, denial.end_reason = at, staff, reason.strip()
    denial.save(update_fields=["ended_at", "ended_by", "end_reason"])
    record(actor=actor, action="denial.end", target=denial, at=at, household=denial.household_id)
    return denial
