"""Setting by which method costs are split, from a month on."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from accounts.actor import Actor
from accounts.models import Agency
from audit.actions import record
from budgets.enums import Method
from budgets.models import MethodChoice, WorkMonth
from budgets.permissions import check_can_run
from budgets.workflow import CLOSED_MONTHS
from common.errors import RuleViolation
from common.japan.wareki import format_wareki_month


@transaction.atomic
def choose_method(
    *, agency: Agency | None, method: Method, valid_from: date, basis: str, actor: Actor, at: datetime
) -> MethodChoice:
    """In force from ``valid_from`` (the first day of a month) until a later choice; never for a locked month.

    ``agency`` None: for all agencies that have no choice of their own.
    """
    check_can_run(actor)
    if not basis.strip():
        raise RuleViolation("根拠（決裁など）を入力してください。", field="basis")
    if method == Method.MIXED:
        raise RuleViolation("方式を1つ選んでください。", field="method")
    closed = (
        WorkMonth.objects.filter(month__gte=valid_from, state__in=CLOSED_MONTHS).order_by("month").first()
    )
    if closed is not None:
        raise RuleViolation(
            f"{format_wareki_month(closed.month)}は締められているため、その前からの方式は変えられません。",
            field="valid_from",
        )
    made, _ = MethodChoice.objects.update_or_create(
        agency=agency, valid_from=valid_from,
        defaults={"method": method, "basis": basis.strip()[:200], "set_at": at, "set_by": actor.office()[1]},
    )  # fmt: skip
    record(
        actor=actor, action="method_choice.set", target=made, at=at, agency=agency.pk if agency else None, method=method,
        valid_from=valid_from.isoformat(),
    )  # fmt: skip
    return made
