"""Remembering which column of a cost file is what, and the file while that is being told."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.db import transaction

from accounts.actor import Actor
from audit.actions import record
from budgets.cost_file import check_columns, signature
from budgets.models import CostColumnMap, CostUpload
from budgets.permissions import check_can_edit_costs


@transaction.atomic
def keep_upload(*, month: date, name: str, data: bytes, actor: Actor, at: datetime) -> CostUpload:
    """Keep a file whose headings nobody has explained yet; the sender's former one goes."""
    check_can_edit_costs(actor)
    staff = actor.office()[1]
    CostUpload.objects.filter(uploaded_by=staff).delete()
    row = CostUpload.objects.create(
        month=month, name=name[-120:], data=data, sha256=hashlib.sha256(data).hexdigest(), uploaded_at=at,
        uploaded_by=staff,
    )  # fmt: skip
    record(actor=actor, action="cost_upload.keep", target=row, at=at, sha256=row.sha256)
    return row


@transaction.atomic
def remember_columns(
    *, headings: Sequence[str], columns: Mapping[str, str], actor: Actor, at: datetime
) -> CostColumnMap:
    """For every later file with these headings. RuleViolation when the columns do not make a cost file."""
    check_can_edit_costs(actor)
    check_columns(columns)
    row, _ = CostColumnMap.objects.update_or_create(
        signature=signature(headings),
        defaults={
            "headings": list(headings), "columns": dict(columns), "saved_at": at, "saved_by": actor.office()[1],
        },
    )  # fmt: skip
    record(actor=actor, action="cost_columns.remember", target=row, at=at, columns=dict(columns))
    return row


@transaction.atomic
def drop_upload(*, upload: CostUpload, actor: Actor, at: datetime) -> None:
    """The file is read: it goes."""
    check_can_edit_costs(actor)
    record(actor=actor, action="cost_upload.drop", target=upload, at=at)
    upload.delete()
