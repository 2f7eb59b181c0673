"""Entering and importing the month's personnel costs. Whole yen; never into a locked month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import transaction

from accounts.actor import Actor
from accounts.models import Agency, Staff
from audit.actions import record
from budgets.actions.month_gate import close_gate
from budgets.enums import CostItem
from budgets.models import PersonnelCost, WorkMonth
from budgets.permissions import check_can_edit_costs
from common.errors import RuleViolation
from common.japan.wareki import format_wareki_month


@dataclass(frozen=True, slots=True)
class CostLine:
    """One worker's cost, checked in form: whole yen, zero or more; ``items`` by 費目, empty where only the sum is known."""

    staff: Staff
    agency: Agency
    yen: int
    items: Mapping[str, int] = field(default_factory=dict)


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
    bad = [line.staff.name for line in lines if line.yen < 0 or any(yen < 0 for yen in line.items.values())]
    if bad:
        raise RuleViolation(f"人件費は0円以上で入力してください（{'、'.join(bad)}）。", field="yen")
    _check_items(lines)
    rows = PersonnelCost.objects.filter(month=month).values_list("staff_id", "yen", "items")
    before = {staff: (yen, items) for staff, yen, items in rows}
    changed = [line for line in lines if before.get(line.staff.pk) != (line.yen, _items(line, before))]
    PersonnelCost.objects.bulk_create(
        [
            PersonnelCost(staff=line.staff, agency=line.agency, month=month, yen=line.yen, items=_items(line, before))
            for line in sorted(changed, key=lambda line: line.staff.pk)
        ],
        update_conflicts=True, unique_fields=["staff", "month"], update_fields=["yen", "items", "agency"],
        batch_size=1000,
    )  # fmt: skip
    if changed:
        record(
            actor=actor, action="personnel_cost.set", target=row, at=at,
            lines=[
                {"staff": line.staff.pk, "from": before.get(line.staff.pk, (None,))[0], "to": line.yen} for line in changed
            ],
        )  # fmt: skip
    return len(changed)


def _items(line: CostLine, before: Mapping[int, tuple[int, dict[str, int]]]) -> dict[str, int]:
    """The items of the line; the same sum without items keeps those that are stored."""
    if not line.items and line.staff.pk in before and before[line.staff.pk][0] == line.yen:
        return before[line.staff.pk][1]
    return dict(line.items)


def _check_items(lines: Sequence[CostLine]) -> None:
    for line in lines:
        if unknown := set(line.items) - set(CostItem.values):
            raise RuleViolation(f"「{'、'.join(sorted(unknown))}」という費目はありません。", field="yen")
        if line.items and sum(line.items.values()) != line.yen:
            raise RuleViolation(f"{line.staff.name}の人件費が費目の合計と違います。", field="yen")


@transaction.atomic
def remove_cost(*, month: date, staff_id: int, actor: Actor, at: datetime) -> None:
    """Take one worker's cost out of an open month."""
    check_can_edit_costs(actor)
    row = open_month(month)
    deleted, _ = PersonnelCost.objects.filter(month=month, staff_id=staff_id).delete()
    if deleted:
        record(actor=actor, action="personnel_cost.remove", target=row, at=at, staff=staff_id)
