"""Saving and removing the columns of an export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.actor import Actor
from audit.actions import record
from budgets.models import ExportLayout
from budgets.permissions import check_can_edit_costs
from budgets.settlement.layouts import FIELDS
from budgets.workflow_claims import LayoutKind
from common.errors import RuleViolation, StaleRecord

MOST_COLUMNS = 60


@dataclass(frozen=True, slots=True)
class LayoutData:
    """``columns``: label, and either a field of the kind or a fixed text."""

    name: str
    kind: LayoutKind
    columns: Sequence[Mapping[str, str]]
    encoding: str = "utf-8-sig"
    has_header: bool = True


def _check(data: LayoutData) -> None:
    if not data.columns:
        raise RuleViolation("列を1つ以上入力してください。", field="columns")
    if len(data.columns) > MOST_COLUMNS:
        raise RuleViolation(f"列は{MOST_COLUMNS}個までです。", field="columns")
    for n, column in enumerate(data.columns, start=1):
        field = column.get("field", "")
        if field and field not in FIELDS[data.kind]:
            raise RuleViolation(f"{n}列目の「{field}」という項目はありません。", field="columns")


@transaction.atomic
def save_layout(
    *, layout: ExportLayout | None, data: LayoutData, version: int, actor: Actor, at: datetime
) -> ExportLayout:  # fmt: skip
    """Write a layout whole; ``version`` is the one that was shown (0: a new one)."""
    check_can_edit_costs(actor)
    _check(data)
    staff = actor.office()[1]
    if layout is None:
        row = ExportLayout(version=0)
    else:
        row = ExportLayout.objects.select_for_update(of=("self",)).get(pk=layout.pk)
        if row.version != version:
            raise StaleRecord(current=row)
    if ExportLayout.objects.filter(name=data.name.strip()).exclude(pk=row.pk).exists():
        raise RuleViolation("同じ名称の型があります。", field="name")
    row.name, row.kind, row.encoding, row.has_header = (
        data.name.strip(),
        data.kind,
        data.encoding,
        data.has_header,
    )
    row.columns = [{key: str(c.get(key, "")) for key in ("label", "field", "fixed")} for c in data.columns]
    row.version, row.changed_at, row.changed_by = row.version + 1, at, staff
    row.save()
    record(
        actor=actor, action="export_layout.save", target=row, at=at, kind=data.kind, columns=len(row.columns)
    )
    return row


@transaction.atomic
def remove_layout(*, layout: ExportLayout, actor: Actor, at: datetime) -> None:
    """A layout that is not used any more; its history stays."""
    check_can_edit_costs(actor)
    row = ExportLayout.objects.select_for_update(of=("self",)).get(pk=layout.pk)
    record(actor=actor, action="export_layout.remove", target=row, at=at)
    row.delete()
