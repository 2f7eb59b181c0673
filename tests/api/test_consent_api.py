"""同意 and 支援措置 in the API, and taking a request back: who reads them, once for each key, and what ends with them."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest

from accounts.enums import ConsentState
from cases.masters import load_codes
from cases.models import Case
from households.actions.protection import protect_address
from households.enums import InformationKind
from households.models import Consent, Person
from referrals.models import Referral
from tests import factories as f
from tests.api.test_casework_api import sent, tag


@pytest.fixture(autouse=True)
def masters(db):
    load_codes()
    f.make_streams()


def case_with_person(worker):
    case = f.make_case(worker.actor)
    if case.person_id is None:
        case.person = Person.objects.get(memberships__household=case.household)
        case.save()
    return case


def answer(case, agency, **changes):
    return {
        "case": case.number, "state": "yes", "given_on": "2026-11-20", "method": "signed", "kinds": InformationKind.values,
        "agencies": [agency.code], "purpose": "一緒に支えるため", "paper_place": "キャビネット3段目", **changes,
    }  # fmt: skip


def test_a_yes_is_recorded_once_read_and_taken_back(worker, center_worker, stranger):
    case, key = case_with_person(worker), str(uuid4())
    body = answer(case, center_worker.agency)
    assert sent(stranger, "post", "consents/", body).status_code == 404
    first = sent(worker, "post", "consents/", body, Idempotency_Key=key)
    again = sent(worker, "post", "consents/", body, Idempotency_Key=key)
    assert (first.status_code, first.json()) == (201, again.json()), first.content
    assert Consent.objects.count() == 1
    said = first.json()
    assert (said["state"], said["agencies"], said["person"]) == (
        "yes",
        [center_worker.agency.code],
        case.person_id,
    )
    case.refresh_from_db()
    assert case.consent == ConsentState.YES
    path = f"consents/{said['id']}/"
    assert first["ETag"] == tag(worker, path)
    assert stranger.client.get(f"/api/v1/{path}").status_code == 404
    (row,) = worker.client.get(f"/api/v1/consents/?household={case.household_id}&state=yes").json()["results"]
    assert row == said
    assert worker.client.get("/api/v1/consents/?kase=x").status_code == 400
    back, key = {"withdrawn_on": "2026-11-22", "note": "やめたい"}, str(uuid4())
    assert sent(worker, "post", f"{path}withdraw/", back).status_code == 428
    assert sent(worker, "post", f"{path}withdraw/", back, If_Match='"9"').status_code == 412
    early = sent(worker, "post", f"{path}withdraw/", {"withdrawn_on": "2026-11-01"}, If_Match=first["ETag"])
    assert (early.status_code, early.json()["field"]) == (422, "withdrawn_on")
    for _ in range(2):
        done = sent(worker, "post", f"{path}withdraw/", back, If_Match=first["ETag"], Idempotency_Key=key)
        assert (done.status_code, done.json()["state"]) == (200, "withdrawn"), done.content


@pytest.mark.parametrize(
    ("change", "field"),
    [({"agencies": ["nix"]}, "agencies"), ({"agencies": []}, "agencies"), ({"kinds": []}, "kinds"), ({"purpose": ""}, "purpose"),
     ({"method": "spoken"}, "witness"), ({"given_on": "2026-12-01"}, "given_on"), ({"giver": "guardian"}, "giver_name"),
     ({"ends_on": "2026-11-01"}, "ends_on")],
)  # fmt: skip
def test_an_answer_that_cannot_be_is_told_beside_its_field(worker, center_worker, change, field):
    refused = sent(
        worker, "post", "consents/", answer(case_with_person(worker), center_worker.agency, **change)
    )
    assert (refused.status_code, refused.json()["field"]) == (422, field)
    assert not Consent.objects.exists()


def test_who_saw_by_this_yes_loses_the_case_with_it(worker, center_worker):
    case = case_with_person(worker)
    given = f.share_by_consent(case, worker.actor, center_worker.actor)
    path = f"consents/{given.pk}/"
    body = {"withdrawn_on": f.TODAY.isoformat()}
    gone = sent(center_worker, "post", f"{path}withdraw/", body, If_Match=tag(center_worker, path))
    assert (gone.status_code, gone.content) == (204, b"")
    assert not Case.objects.visible_to(center_worker.actor).exists()
    assert center_worker.client.get(f"/api/v1/{path}").status_code == 404
    assert Consent.objects.get().state == ConsentState.WITHDRAWN


def test_a_protection_is_read_by_its_units_alone_and_no_desk_is_told(worker, center_worker, finance):
    case = case_with_person(worker)
    f.share_by_consent(case, worker.actor, center_worker.actor)
    number = sent(worker, "post", "consents/", answer(case, worker.agency, given_on="2026-11-21")).json()[
        "id"
    ]
    assert center_worker.client.get(f"/api/v1/consents/{number}/").json()["agencies"] == [worker.agency.code]
    row = protect_address(
        person=case.person,
        units=[],
        first_on=f.TODAY,
        last_on=date(2027, 11, 22),
        actor=worker.actor,
        at=f.NOW,
    )
    hidden = center_worker.client.get(f"/api/v1/consents/{number}/")
    assert worker.agency.code not in hidden.content.decode()
    own = worker.client.get(f"/api/v1/protections/?person={case.person_id}").json()["results"]
    assert [(r["id"], r["last_on"], r["units"]) for r in own] == [
        (row.pk, "2027-11-22", [worker.agency.code])
    ]
    assert tag(worker, f"protections/{row.pk}/") == f'"{row.version}"'
    assert center_worker.client.get("/api/v1/protections/").json()["results"] == []
    assert center_worker.client.get(f"/api/v1/protections/{row.pk}/").status_code == 404
    assert finance.client.get("/api/v1/protections/").status_code == 403


def test_a_request_is_taken_back_once_by_who_sent_it(worker, center_worker, stranger):
    case = f.make_case(worker.actor)
    body = {
        "case": case.number, "to_agency": center_worker.agency.code, "purpose": "見立てを一緒に", "ground": "coordination",
        "parts": ["concerns"], "deadline_at": (f.NOW + timedelta(days=3)).isoformat(),
    }  # fmt: skip
    made = sent(worker, "post", "referrals/", body)
    path, key = f"referrals/{made.json()['id']}/", str(uuid4())
    assert made["ETag"] == tag(worker, path)
    assert sent(worker, "post", f"{path}withdraw/", {"note": "別の所に頼んだ"}).status_code == 428
    assert sent(worker, "post", f"{path}withdraw/", {}, If_Match='"9"').status_code == 412
    assert sent(stranger, "post", f"{path}withdraw/", {}, If_Match=made["ETag"]).status_code == 404
    denied = sent(center_worker, "post", f"{path}withdraw/", {}, If_Match=tag(center_worker, path))
    assert denied.status_code == 403
    for _ in range(2):
        done = sent(
            worker,
            "post",
            f"{path}withdraw/",
            {"note": "別の所に頼んだ"},
            If_Match=made["ETag"],
            Idempotency_Key=key,
        )
        assert (done.status_code, done.json()["state"]) == (200, "withdrawn"), done.content
    assert Referral.objects.get().answer_note == "別の所に頼んだ"


def test_consents_ask_the_same_with_one_and_ten_rows(worker, center_worker, django_assert_num_queries):
    case = case_with_person(worker)
    client = worker.client
    for n in range(10):
        made = sent(worker, "post", "consents/", answer(case, center_worker.agency, note=f"{n}回目"))
        assert made.status_code == 201, made.content
        if n == 0:
            client.get("/api/v1/consents/")
            with django_assert_num_queries(6):
                client.get("/api/v1/consents/")
    with django_assert_num_queries(6):
        assert len(client.get("/api/v1/consents/").json()["results"]) == 10
