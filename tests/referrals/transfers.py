"""Many cases at once for the tests of 年度替わりの引き継ぎ, made in bulk after the pattern of one that the actions made."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import uuid4

from django.apps import apps

from accounts.models import Area, Staff
from cases.models import Case, CaseGrant
from households.models import Household
from referrals.actions.transfer_cases import draft_transfer
from referrals.models import Transfer, TransferRow
from referrals.transfer_rules import Rule
from tests import factories as f
from tests.architecture.sources import LEVEL

# what is new after a transfer and its undoing: the transfer itself, the trail, and what people were told
NEW = {"referrals.Transfer", "referrals.TransferRow", "accounts.Notice", "accounts.NoticeDelivery"}


def many_cases(worker: Any, n: int, *, area: Area | None = None) -> list[Case]:
    """Open cases of one worker, each of its own household."""
    pattern = f.make_case(worker.actor)
    grant = CaseGrant.objects.get(content_object=pattern)
    homes = Household.objects.bulk_create(
        Household(name=f"世帯{i}", created_at=f.NOW, area=area) for i in range(n - 1)
    )
    cases = Case.objects.bulk_create(
        Case(
            number=f"T{uuid4().hex[:12]}", household=home, lead_agency=pattern.lead_agency, lead_staff=pattern.lead_staff,
            lead_since=pattern.lead_since, opened_at=pattern.opened_at, sectors=pattern.sectors,
        )
        for home in homes
    )  # fmt: skip
    for case in cases:
        grant.pk, grant.content_object = None, case
        grant.save()
    if area is not None:
        Household.objects.filter(pk=pattern.household_id).update(area=area)
    return list(Case.objects.filter(pk__in=[pattern.pk, *(c.pk for c in cases)]).order_by("pk"))


def draft(manager: Any, *targets: Staff, day: date = f.TODAY, note: str = "", **rule: Any) -> Transfer:
    return draft_transfer(
        rule=Rule(targets=tuple(s.pk for s in targets), **rule), effective_on=day, note=note, actor=manager.actor,
        at=f.NOW, request_key=uuid4(),
    )  # fmt: skip


def row(transfer: Transfer, case: Case) -> TransferRow:
    return TransferRow.objects.get(transfer=transfer, case=case)


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of the domain, but for history, trail and ``NEW``.

    A version counts the saves of its row (two more after a move and its undoing), so it is left out.
    """
    found = {}
    for model in apps.get_models():
        label, app = model._meta.label, model._meta.app_label
        if app not in LEVEL or app == "audit" or hasattr(model, "pgh_tracked_model") or label in NEW:
            continue
        columns = [each.attname for each in model._meta.concrete_fields if each.attname != "version"]
        found[label] = sorted(model._default_manager.values_list(*columns), key=repr)
    return found


def leads(cases: Iterable[Case]) -> dict[int, int]:
    return dict(Case.objects.filter(pk__in=[c.pk for c in cases]).values_list("pk", "lead_staff"))
