"""A forged id in every field of every form that takes one: told beside the field, logged, and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django import forms
from django.urls import get_resolver
from django.utils import timezone

from audit.models import NOT_READ, AccessRecord, ChangeRecord
from budgets.models import WorkEntry
from cases.actions.assessment import ItemData, add_item
from cases.masters import load_codes
from common.forms import AccessibleForm
from referrals.actions.issues import raise_issue
from tests.referrals import conferences as c
from tests.scope import world as w
from tests.scope.surfaces import Surface, text_of
from tests.scope.test_matrix import client_of, path, world

pytestmark = pytest.mark.django_db
S = Surface
NOBODY = "999999"
OTHERS = (w.OTHER_NAME, w.OTHER_NOTE, "よその課題")

# who sends it, where to, the fields with what is forged in them (a key of the world's ids), and what else is sent
SENT: tuple[tuple[str, Surface, dict[str, str], dict[str, str]], ...] = (
    ("lead worker", S("cases:consent", ("number",)), {"agencies": "finance"}, {}),
    ("lead worker", S("cases:close", ("number",)),
     {"reason": "", "follow_up_agency": "finance", "follow_up_staff": "clerk"}, {}),
    ("lead worker", S("cases:watch_edit", ("number",)),
     {"follow_up_agency": "finance", "follow_up_staff": "clerk"}, {}),
    ("lead worker", S("cases:item_add", ("number",)), {"code": "", "person": "foreigner"}, {}),
    ("lead worker", S("cases:note_add", ("number",)), {"person": "foreigner", "companion": "clerk"}, {}),
    ("lead worker", S("cases:note_edit", ("note",)), {"person": "foreigner", "companion": "clerk"}, {}),
    ("lead worker", S("cases:plan_edit", ("plan",)), {"services": "", "items-0-agency": "finance"},
     {"items-TOTAL_FORMS": "1", "items-INITIAL_FORMS": "0", "items-0-action": "見守り"}),
    ("lead worker", S("cases:evaluate", ("plan",)), {"changes": ""}, {}),
    ("lead worker", S("outreach:new"), {"companion": "clerk"}, {}),
    ("lead worker", S("outreach:edit", ("outreach",)), {"companion": "clerk", "staff": "clerk"}, {}),
    ("lead worker", S("households:household_edit", ("household",)), {"area": ""}, {}),
    ("lead worker", S("households:protection_give", ("household", "person")),
     {"units": "finance", "adversary": ""}, {"first_on": "R8.11.1", "last_on": "R9.10.31"}),
    ("lead worker", S("households:protection_renew", ("household", "person")), {"units": "finance"}, {}),
    ("lead worker", S("households:kinship_add", ("household",)), {"person": "foreigner", "relative": "foreigner"}, {}),
    ("lead worker", S("households:member_add", ("household",)), {"person": ""}, {"relation": "child"}),
    ("lead worker", S("households:same", ("person",)), {"other": ""}, {"state": "possible", "reason": "同じ声"}),
    *(("lead worker", S("households:movement_new", ("household",), query=f"?kind={kind}"),
       {"people": "foreigner", "person": "", "head": "foreigner"}, {"on": "R8.11.20"})
      for kind in ("birth", "death", "join", "move_out", "facility_in", "split", "marriage", "divorce")),
    ("director elderly", S("conferences:new"), {"invite": "finance", "cases": "other case"}, {}),
    ("director elderly", S("conferences:member_add", ("conference",)), {"agency": "finance"}, {}),
    ("director elderly", S("conferences:member_edit", ("seat",)), {"staff": "clerk"}, {"attendance": "attending"}),
    ("director elderly", S("conferences:item_edit", ("planned item",)),
     {"attendees": "foreign seat", "referral": "", "plan": ""}, {}),
    ("director elderly", S("conferences:decide", ("agenda",)), {"agency": "finance", "staff": "clerk"}, {}),
    ("lead worker", S("referrals:new", query="?case={number}"),
     {"to_agency": "finance", "also": "finance", "need": "foreign need"}, {}),
    ("lead worker", S("capacity:new", query="?case={number}"), {"agencies": "finance", "theme": "", "area": ""}, {}),
    ("lead worker", S("outside:partner_new"), {"area": ""}, {}),
    ("lead worker", S("outside:new", query="?case={number}"), {"partner": "", "need": "foreign need"}, {}),
    ("asked on consent", S("referrals:answer", ("referral", "take_lead")), {"staff": "clerk"}, {}),
    ("manager", S("accounts:absences"), {"staff": "clerk", "deputy": "clerk"}, {}),
    ("lead worker", S("issues:new"), {"area": ""}, {"title": "買い物の足がない", "theme": "shopping"}),
    ("lead worker", S("issues:edit", ("own issue",)), {"area": ""}, {"title": "買い物の足がない", "theme": "shopping", "version": "1"}),
    ("director elderly", S("issues:take_up", ("own issue",)), {"conference": ""}, {}),
    ("director elderly", S("conferences:issue_add", ("planned",)), {"issue": ""}, {"minutes": "15"}),
    ("manager", S("handover:transfer_new"), {"from_staff": "clerk", "area": "", "targets": "clerk"},
     {"effective_on": "R9.4.1", "spread": "even"}),
    ("system administrator", S("manage:staff", ("lead",)), {"agency": ""}, {}),
    ("lead worker", S("households:movement_new", ("household",), query="?kind=join"), {"person": ""},
     {"on": "R8.11.20", "people": "{person}"}),
    ("system administrator", S("manage:agency_close", ("desk",)), {"successor": ""}, {}),
    ("system administrator", S("manage:coordination_new"), {"center": ""}, {}),
    ("lead worker", S("consultations:new"), {"person": ""},
     {"started_at_0": "R8.11.23", "started_at_1": "9:30", "minutes": "25", "way": "phone", "caller": "self",
      "text": "家に帰れない。", "consent": "unknown", "outcome": "support", "person_text": "だれか"}),
)  # fmt: skip
# (minutes and money: who may be assigned, asked and counted are the workers who record their work)
SENT_OF_MONEY: tuple[tuple[str, Surface, dict[str, str], dict[str, str]], ...] = (
    ("finance clerk", S("apportionment:assignments"), {"staff": "clerk", "stream": ""},
     {"first_on": "R8.11.1", "fte": "1", "staff": "{lead}"}),
    ("finance clerk", S("apportionment:study_new"), {"members": "clerk"},
     {"name": "秋の調査", "sampling": "moments", "starts_on": "R8.11.1", "ends_on": "R8.11.20", "covers_from": "R8.11",
      "covers_to": "R8.12", "moments_each": "5", "level": "95", "basis": "決裁"}),
    ("finance clerk", S("apportionment:pool_new"), {"workers": "clerk"},
     {"name": "広場", "month_from": "R8.4", "month_to": "R9.3", "total_yen": "100000", "driver": "users",
      "remainder_rule": "largest_remainder", "decided_on": "R8.4.1", "decided_by": "市長"}),
    ("finance clerk", S("apportionment:adjustments", ("month",)),
     {"staff": "clerk", "from_category": "", "to_category": ""},
     {"dated_on": "R8.11.20", "minutes": "60", "reason": "区分の誤り"}),
    ("finance clerk", S("apportionment:methods"), {"agency": "finance"},
     {"method": "time_study", "valid_from": "R8.12", "basis": "決裁"}),
    ("finance clerk", S("claims:shares", ("2026", "care")), {"first": ""},
     {"share_state": "1/2", "share_municipality": "1/2", "source": "通知"}),
    ("finance clerk", S("claims:order", query="?year=2026"), {"span": ""}, {"kind": "entries"}),
    ("lead worker", S("work:recategorize", ("work entry",)), {"category": ""}, {"reason": "区分の誤り"}),
)  # fmt: skip
# choices of words, not of rows; and filters, which write nothing (a wrong one filters nothing and says so)
WORDS = {
    "ConsultationForm.concerns", "ConsultationForm.main_concern", "CorrectionForm.concerns",
    "CorrectionForm.main_concern", "ConveneForm.kind", "ItemForm.ground", "SendForm.deadline", "SendForm.ground",
    "CapacityForm.deadline", "OutsideRequestForm.ground",
    "StreamYearForm.version", "ClaimForm.version", "BudgetForm.version", "LayoutForm.version",  # which state was typed over
}  # fmt: skip
FILTERS = {
    "HouseholdFilter.area", "LeakForm.agency", "LinesForm.staff", "ReferralFilterForm.agency", "TrailFilter.agency",
    "PartnerFilterForm.area", "IssueFilterForm.area", "RefusedFilter.agency",
    "WhatIfForm.staff", "WhatIfForm.to", "WhatIfForm.since",  # what if: reads and computes, writes nothing
}  # fmt: skip
BASES = {
    "CycleFields",
    "ContactFields",
    "NoteFields",
    "WorryFields",
    "MovementForm",
}  # never on a page themselves


def _classes(base: type = AccessibleForm) -> Iterator[Any]:
    for each in base.__subclasses__():
        yield each
        yield from _classes(each)


def takes_an_id(field: forms.Field) -> bool:
    """A choice of rows, a choice whose choices are made of rows, or a hidden number that names one."""
    if isinstance(field, forms.ModelChoiceField):
        return True
    if isinstance(field, forms.ChoiceField):
        return not field.choices
    return type(field) is forms.IntegerField and type(field.widget) is forms.HiddenInput


def id_fields() -> set[str]:
    """Every one that the program has, as ``Form.field``."""
    assert get_resolver().url_patterns  # every form is loaded
    found = {
        f"{each.__name__}.{name}"
        for each in _classes()
        if not each.__module__.startswith(("tests", "kyosei.gallery")) and each.__name__ not in BASES
        for name, field in each.base_fields.items()
        if takes_an_id(field)
    }
    return found - WORDS - FILTERS


@pytest.fixture
def forged(world: w.World) -> dict[str, str]:
    """Ids that exist and are nothing of the sender's; "" is one that does not exist."""
    load_codes()
    clerk = world.people["finance clerk"]
    stranger = world.people["same role elsewhere"]
    need = add_item(
        case=world.other, data=ItemData("problem", "よその課題"), actor=stranger.actor, at=timezone.now()
    )
    director = world.people["director elderly"]
    planned = c.convene(director.actor, kind="support")
    world.ids["desk"] = world.people["lead worker"].agency.pk
    world.ids["planned"] = planned.pk
    lead = world.people["lead worker"].actor
    world.ids["own issue"] = raise_issue(
        title="買い物の足がない", theme="shopping", area=None, description="", actor=lead, at=timezone.now()
    ).pk
    entries = WorkEntry.objects.filter(staff=world.people["lead worker"].staff).order_by("pk")
    world.ids["work entry"] = entries[0].pk
    world.ids["planned item"] = c.put(planned, world.case, director.actor).pk
    return {
        "": NOBODY, "finance": str(clerk.agency.pk), "clerk": str(clerk.staff.pk), "foreign need": str(need.pk),
        "foreigner": str(world.other.household.members.get().person_id), "other case": str(world.other.pk),
        "foreign seat": str(world.ids["seat"]),
    }  # fmt: skip


def test_every_forged_id_is_told_and_logged_and_nothing_is_written(
    world, forged, monkeypatch, record_property
):
    refused: set[str] = set()
    said = AccessibleForm.add_error

    def add_error(form: Any, field: str | None, error: Any) -> None:
        refused.add(f"{type(form).__name__}.{field}")
        said(form, field, error)

    monkeypatch.setattr(AccessibleForm, "add_error", add_error)
    before, wrong = ChangeRecord.objects.count(), []
    for name, surface, fields, rest in (*SENT, *SENT_OF_MONEY):
        client, url = client_of(world.people[name]), path(surface, world.ids)
        sent = {name: value.format(**world.ids) for name, value in rest.items()}
        sent["request_key"] = str(uuid4())
        for field, key in fields.items():
            logged = AccessRecord.objects.filter(kind__in=NOT_READ).count()
            answers = [client.post(url, sent | {field: given}) for given in (forged[key], NOBODY)]
            if {answer.status_code for answer in answers} != {422}:
                wrong.append((str(surface), field, [answer.status_code for answer in answers]))
            if AccessRecord.objects.filter(kind__in=NOT_READ).count() < logged + 2:
                wrong.append((str(surface), field, "not logged"))
            told = text_of(answers[0])
            wrong += [(str(surface), field, word) for word in OTHERS if word in told]
    assert wrong == []
    assert ChangeRecord.objects.count() == before
    # a hidden number is told beside the words that the person typed
    assert {field for field in id_fields() if not {field, f"{field}_text"} & refused} == set()
    lines = AccessRecord.objects.filter(kind="refused", target_type="referrals:new")
    assert f"422 need:invalid_choice={forged['foreign need']}" in {
        " ".join(line.target_id.split()[:2]) for line in lines
    }
    record_property(
        "figure", f"forged ids: {len(id_fields())} fields of forms, each told, logged and not written"
    )


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("manager", "/trail/leak/?agency=999999"), ("manager", "/trail/unusual/lines/?staff=999999&kind=hours"),
        ("auditor", "/trail/refused/?agency=999999"), ("lead worker", "/households/?area=999999"), ("lead worker", "/issues/?area=999999"), ("lead worker", "/referrals/?tab=history&agency=999999"),
        ("lead worker", "/trail/person/{person}/?agency=999999"),
        ("finance clerk", "/claims/outlook/?year=2026&staff=999999&to=999999&since=2026-12-01"),
    ],
)  # fmt: skip
def test_a_forged_id_in_a_filter_shows_nothing_of_others(world, name, url):
    answer = client_of(world.people[name]).get(url.format(**world.ids))
    assert answer.status_code in (200, 404, 422)
    assert [word for word in (w.OTHER_NAME, w.OTHER_NOTE) if word in text_of(answer)] == []


__all__ = ["world"]
