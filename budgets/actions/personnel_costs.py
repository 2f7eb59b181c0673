"""Entering and importing the month's personnel costs. Whole yen; never into a locked month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from accounts.actor import Actor
from accounts.models import Agency, Staff
from audit.actions import record
from budgets.actions.month_gate import close_gate
from budgets.models import PersonnelCost, WorkMonth
from budgets.permissions import check_can_edit_costs
from common.errors import RuleViolation
from common.japan.wareki import format_wareki_month


@dataclass(frozen=True, slots=True)
class CostLine:
    """One worker's cost, checked in form: whole yen, zero or more."""

    staff: Staff
    agency: Agency
    yen: int


def open_month(month: date) -> WorkMonth:
    """The month's row, made when missing, locked for this transaction; RuleViolation when it is 締め.

    The gate comes before the row, as in locking, so that the two cannot wait for each other.
    """
    close_gate(month)
    WorkMonth.objects.get_or_create(month=month)
    row = WorkMonth.objects.select_for_update(of=("self",)).get(month=month)
    if row.is_locked:
        raise RuleViolation(f"{format_wareki_month(month)}は締められているため変更できません。", field="yen")
    return row


@transaction.atomic
def set_costs(*, month: date, lines: Sequence[CostLine], actor: Actor, at: datetime) -> int:
    """Write every line or none; a worker's former cost of the month is replaced. Returns how many changed."""
    check_can_edit_costs(actor)
    row = open_month(month)
    bad = [line.staff.name for line in lines if line.yen < 0]
    if bad:
        raise RuleViolation(f"人件費は0円以上で入力してください（{'、'.join(bad)}）。", field="yen")
    before = dict(PersonnelCost.objects.filter(month=month).values_list("staff_id", "yen"))
    changed = [line for line in lines if before.get(line.staff.pk) != line.yen]
    for line in changed:
        PersonnelCost.objects.update_or_create(
            staff=line.staff, month=month, defaults={"yen": line.yen, "agency": line.agency}
        )
    if changed:
        record(
            actor=actor, action="personnel_cost.set", target=row, at=at,
            lines=[{"staff": line.staff.pk, "from": before.get(line.staff.pk), "to": line.yen} for line in changed],
        )  # fmt: skip
    return len(changed)


@transaction.atomic
def remove_cost(*, month: date, staff_id: int, actor: Actor, at: datetime) -> None:
    """Take one worker's cost out of an open month."""
    check_can_edit_costs(actor)
    row = open_month(month)
    deleted, _ = PersonnelCost.objects.filter(month=month, staff_id=staff_id).delete()
    if deleted:
        record(actor=actor, action="personnel_cost.remove", target=row, at=at, staff=staff_id)
