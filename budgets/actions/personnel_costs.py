"""Entering and importing the month's personnel costs. Whole yen; never into a locked month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db import transaction

from accounts.actor import Actor
from accounts.models import Agency, Staff
from audit.actions import record
from budgets.actions.month_gate import close_gate
from budgets.models import PersonnelCost, WorkMonth
from budgets.permissions import check_can_edit_costs
from common.errors import RuleViolation
from common.japan.wareki import format_wareki_month

MAX_YEN: Final = 999_999_999_999


@dataclass(frozen=True, slots=True)
class CostLine:
    """One worker's cost, checked in form: whole yen, zero or more; ``None`` takes the cost out of the month."""

    staff: Staff
    agency: Agency
    yen: int | None


class CostsMoved(RuleViolation):
    """Somebody else changed costs after this person had opened them; ``current`` is staff id → yen as it stands."""

    def __init__(self, current: Mapping[int, int | None]) -> None:
        super().__init__(
            "表示したあとに、ほかの職員が人件費を変えました。相手の金額を確かめてから、もう一度保存してください。"
        )
        self.current = dict(current)


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


def _check_yen(lines: Sequence[CostLine]) -> None:
    bad = [line.staff.name for line in lines if line.yen is not None and not 0 <= line.yen <= MAX_YEN]
    if bad:
        raise RuleViolation(
            f"人件費は0円以上{MAX_YEN:,}円以下で入力してください（{'、'.join(bad)}）。", field="yen"
        )


@transaction.atomic
def set_costs(
    *, month: date, lines: Sequence[CostLine], actor: Actor, at: datetime,
    expected: Mapping[int, int | None] | None = None,
) -> int:  # fmt: skip
    """Write every line or none; a worker's former cost of the month is replaced. Returns how many changed.

    ``expected``: what the person saw, by staff id. Where the cost has moved since, to something else than what is
    being written, nothing is written and ``CostsMoved`` tells the present values.
    """
    check_can_edit_costs(actor)
    row = open_month(month)
    _check_yen(lines)
    before = dict(PersonnelCost.objects.filter(month=month).values_list("staff_id", "yen"))
    changed = [line for line in lines if before.get(line.staff.pk) != line.yen]
    if expected is not None:
        moved = {
            line.staff.pk: before.get(line.staff.pk)
            for line in changed
            if before.get(line.staff.pk) != expected.get(line.staff.pk)
        }
        if moved:
            raise CostsMoved(moved)
    gone = [line.staff.pk for line in changed if line.yen is None]
    PersonnelCost.objects.filter(month=month, staff_id__in=gone).delete()
    PersonnelCost.objects.bulk_create(
        [
            PersonnelCost(staff=line.staff, month=month, yen=line.yen, agency=line.agency)
            for line in changed
            if line.yen is not None
        ],
        update_conflicts=True, unique_fields=["staff", "month"], update_fields=["yen", "agency"], batch_size=2000,
    )  # fmt: skip
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
