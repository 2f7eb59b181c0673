"""Amounts of 重層的支援体制整備事業交付金, line by line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from django.db import transaction

from accounts.actor import Actor
from audit.actions import record
from budgets.integrated_masters import load_programmes
from budgets.models import IntegratedGrantLine
from budgets.permissions import check_can_edit_costs
from common.errors import RuleViolation, StaleRecord

FIRST_YEAR, LAST_YEAR = 2021, 2100  # the programme began in 令和3年度


@dataclass(frozen=True, slots=True)
class LineData:
    """None: not known yet (never the same as zero)."""

    version: int
    rate: Fraction
    standard_yen: int | None
    total_yen: int | None
    income_yen: int | None
    eligible_yen: int | None
    granted_yen: int | None
    source: str
    needs_check: bool


@transaction.atomic
def open_year(*, year: int, actor: Actor, at: datetime) -> int:
    """The programmes of a year with rates and without amounts; those that are there stay. Returns how many were made."""
    check_can_edit_costs(actor)
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise RuleViolation("重層的支援体制整備事業は令和3年度からです。", field="year")
    made = load_programmes(year)
    if made:
        first = IntegratedGrantLine.objects.filter(fiscal_year=year).order_by("position", "pk")[0]
        record(actor=actor, action="integrated_grant.open_year", target=first, at=at, year=year, lines=made)
    return made


@transaction.atomic
def set_line(*, line: IntegratedGrantLine, data: LineData, actor: Actor, at: datetime) -> IntegratedGrantLine:
    """Amounts and rate of one programme; the former ones stay in the history."""
    check_can_edit_costs(actor)
    row = IntegratedGrantLine.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=line.pk)
    if row.version != data.version:
        raise StaleRecord(current=row)
    if not 0 <= data.rate <= 1:
        raise RuleViolation("補助率は0以上1以下です。", field="rate")
    amounts = (data.standard_yen, data.total_yen, data.income_yen, data.eligible_yen, data.granted_yen)
    if any(yen is not None and yen < 0 for yen in amounts):
        raise RuleViolation("金額は0円以上で入力してください。")
    if data.total_yen is not None and data.eligible_yen is not None and data.eligible_yen > data.total_yen:
        raise RuleViolation("対象経費の実支出額が総事業費を超えています。", field="eligible_yen")
    row.standard_yen, row.total_yen, row.income_yen, row.eligible_yen, row.granted_yen = amounts
    row.rate_numerator, row.rate_denominator = data.rate.numerator, data.rate.denominator
    row.source, row.needs_check = data.source.strip(), data.needs_check
    row.version, row.changed_at, row.changed_by = row.version + 1, at, actor.office()[1]
    row.save(
        update_fields=[
            "standard_yen", "total_yen", "income_yen", "eligible_yen", "granted_yen", "rate_numerator",
            "rate_denominator", "source", "needs_check", "version", "changed_at", "changed_by",
        ]
    )  # fmt: skip
    record(actor=actor, action="integrated_grant.set", target=row, at=at, code=row.code, version=row.version)
    return row
