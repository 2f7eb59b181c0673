"""The worker's word on what a derived stretch of work was, where 区分の表 decided otherwise."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.actor import Actor
from audit.actions import record
from budgets.actions.entry_guard import check_month_open, write_entry
from budgets.models import WorkCategory, WorkEntry
from budgets.permissions import check_can_record_work, check_own_entry
from common.errors import RuleViolation

REASON_LIMIT = 200


def set_corrected(entry: WorkEntry, category: WorkCategory, reason: str, at: datetime) -> None:
    """Put the correction into the row; the category that the table gives ends it."""
    decided = entry.derived_category or entry.category
    if category == decided:
        entry.derived_category, entry.correction, entry.corrected_at = None, "", None
    else:
        entry.derived_category, entry.correction, entry.corrected_at = decided, reason, at
    entry.category = category


@transaction.atomic
def correct_category(
    *, entry: WorkEntry, category_code: str, reason: str, actor: Actor, at: datetime
) -> WorkEntry:
    """One's own derived entry gets another category, with a reason. Its minutes go on following the record.

    The category that the table had given takes the correction back and needs no reason.
    """
    check_can_record_work(actor)
    rows = WorkEntry.objects.visible_to(actor).select_related("category", "derived_category")
    row = rows.select_for_update(of=("self",)).get(pk=entry.pk)
    check_own_entry(actor, row.staff_id)
    if not row.is_derived:
        raise RuleViolation("手で入れた業務は、そのまま直してください。", field="category")
    check_month_open(row.during.lower)
    category = WorkCategory.objects.filter(code=category_code).first()
    if category is None:
        raise RuleViolation("業務区分を選んでください。", field="category")
    decided = row.derived_category or row.category
    reason = reason.strip()
    if category != decided and not reason:
        raise RuleViolation("区分を直す理由を入力してください。", field="reason")
    if len(reason) > REASON_LIMIT:
        raise RuleViolation(f"理由は{REASON_LIMIT}字までで入力してください。", field="reason")
    before = row.category.code
    set_corrected(row, category, reason, at)
    write_entry(row, actor, at)
    record(
        actor=actor, action="work_entry.correct_category", target=row, at=at, before=before, category=category.code,
        by_table=decided.code, reason=reason,
    )  # fmt: skip
    return row
