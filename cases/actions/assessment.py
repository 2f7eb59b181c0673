"""見立て: strengths, wishes and problems."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.actor import Actor
from accounts.enums import Sector
from audit.actions import record
from cases.actions.text_index import index_text
from cases.enums import ItemKind
from cases.models import AssessmentItem, Case, Code
from cases.permissions import check_can_write_case
from common.errors import RuleViolation
from common.models import check_version
from households.models import HouseholdMember, Person


@dataclass(frozen=True, slots=True)
class ItemData:
    """One strength, wish or problem, of a person or (None) of the whole household."""

    kind: str
    text: str
    person: Person | None = None
    code: Code | None = None
    sector: str = ""


def _locked_case(case_id: int, actor: Actor) -> Case:
    case = Case.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=case_id)
    check_can_write_case(actor, case)
    return case


def _check(data: ItemData, case: Case) -> None:
    if data.kind not in ItemKind.values:
        raise RuleViolation("種類を一覧から選んでください。", field="kind")
    if not data.text.strip() and data.code is None:
        raise RuleViolation("内容を入力するか、課題を選んでください。", field="text")
    if data.sector and data.sector not in Sector.values:
        raise RuleViolation("分野を一覧から選んでください。", field="sector")
    if (
        data.person is not None
        and not HouseholdMember.objects.filter(household=case.household_id, person=data.person).exists()
    ):
        raise RuleViolation("この世帯の人を選んでください。", field="person")


@transaction.atomic
def add_item(*, case: Case, data: ItemData, actor: Actor, at: datetime) -> AssessmentItem:
    """Note one thing; a problem without words takes those of its code."""
    case = _locked_case(case.pk, actor)
    _check(data, case)
    agency, staff = actor.office()
    item = AssessmentItem.objects.create(
        case=case, person=data.person, kind=data.kind, code=data.code, sector=data.sector,
        text=data.text.strip() or str(data.code), agency=agency, staff=staff, written_at=at,
    )  # fmt: skip
    index_text(item)
    record(actor=actor, action="item.add", target=item, at=at, case=case.number, kind=data.kind)
    return item


@transaction.atomic
def edit_item(
    *, item: AssessmentItem, data: ItemData, version: int, actor: Actor, at: datetime
) -> AssessmentItem:
    """Correct one thing; StaleRecord when somebody saved in between."""
    case = _locked_case(item.case_id, actor)
    item = AssessmentItem.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=item.pk)
    check_version(item, version)
    _check(data, case)
    item.kind, item.person, item.code, item.sector = data.kind, data.person, data.code, data.sector
    item.text = data.text.strip() or str(data.code)
    item.save()
    index_text(item)
    record(actor=actor, action="item.edit", target=item, at=at, case=case.number)
    return item


@transaction.atomic
def end_item(*, item: AssessmentItem, actor: Actor, at: datetime) -> AssessmentItem:
    """A problem is solved, a wish is fulfilled: it leaves the page and stays in the record."""
    case = _locked_case(item.case_id, actor)
    item = AssessmentItem.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=item.pk)
    if item.ended_at is None:
        item.ended_at = at
        item.save(update_fields=["ended_at"])
        record(actor=actor, action="item.end", target=item, at=at, case=case.number)
    return item
