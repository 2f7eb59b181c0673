"""The plan of a stream's money for a year."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from accounts.actor import Actor
from audit.actions import record
from budgets.allocation import largest_remainder
from budgets.models import FundingStream, StreamBudget
from budgets.permissions import check_can_edit_costs
from common.errors import RuleViolation


def spread(total: int) -> list[int]:
    """A year's money over twelve months, as even as whole yen allow; the first months take what is left."""
    parts = largest_remainder(total, dict.fromkeys(range(12), 1))
    return [parts[n] for n in range(12)]


@transaction.atomic
def save_budget(
    *, stream: FundingStream, fiscal_year: int, months: Sequence[int], version: int, actor: Actor, at: datetime
) -> StreamBudget:  # fmt: skip
    """Twelve months, April first. ``version`` is the one that was shown (0: there was none)."""
    check_can_edit_costs(actor)
    if len(months) != 12 or any(yen < 0 for yen in months):
        raise RuleViolation("12か月の予算を0円以上で入力してください。", field="total")
    FundingStream.objects.select_for_update(of=("self",)).get(pk=stream.pk)
    row = StreamBudget.objects.filter(stream=stream, fiscal_year=fiscal_year).first()
    if (row.version if row else 0) != version:
        raise RuleViolation("ほかの職員が先に変更しました。開き直して、内容を確かめてください。")
    before = list(row.months) if row else []
    row = row or StreamBudget(stream=stream, fiscal_year=fiscal_year, version=0)
    row.months, row.version = list(months), row.version + 1
    row.changed_at, row.changed_by = at, actor.office()[1]
    row.save()
    record(
        actor=actor, action="stream_budget.save", target=row, at=at, stream=stream.code, year=fiscal_year, before=before,
        after=row.months,
    )  # fmt: skip
    return row
