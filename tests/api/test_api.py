"""The API has the same scopes and the same actions as the pages."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import call_command

from audit.models import AccessRecord
from cases.actions.notes import NoteData, write_note
from cases.masters import load_codes
from cases.models import Consultation
from referrals.models import Referral
from tests import factories as f

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
JSON = "application/json"


@pytest.fixture(autouse=True)
def masters(db, time_machine):
    time_machine.move_to(f.NOW)
    load_codes()
    f.make_streams()


@pytest.fixture
def contact():
    return {
        "started_at": "2026-11-23T09:00:00+09:00", "minutes": 20, "way": "phone", "text": "電気が止まりそうだ。",
        "concerns": ["c05"], "outcome": "support",
    }  # fmt: skip


def test_case_of_another_agency_is_404_and_the_miss_is_logged(worker, stranger):
    case = f.make_case(worker.actor)
    assert worker.client.get(f"/api/v1/cases/{case.number}/").json()["number"] == case.number
    assert stranger.client.get(f"/api/v1/cases/{case.number}/").status_code == 404
    assert stranger.client.get(f"/api/v1/cases/{case.number}/notes/").status_code == 404
    assert AccessRecord.objects.filter(kind="denied").count() == 2
    assert stranger.client.get("/api/v1/cases/").json()["results"] == []


def test_finance_clerk_has_no_casework_and_desk_no_money(finance, worker, client):
    f.make_case(worker.actor)
    for path in ("cases", "consultations", "referrals", "action-items"):
        assert finance.client.get(f"/api/v1/{path}/").status_code == 403, path
    assert worker.client.get("/api/v1/apportionments/").status_code == 403
    assert finance.client.get("/api/v1/apportionments/").status_code == 200
    assert finance.client.get("/api/v1/work-entries/").status_code == 200
    assert client.get("/api/v1/cases/").status_code == 403
    assert client.get("/api/schema/").status_code == 403


def test_same_idempotency_key_makes_one_record(worker, contact):
    client, key = worker.client, str(uuid4())
    answers = [
        client.post("/api/v1/consultations/", contact, content_type=JSON, headers={"Idempotency-Key": key})
        for _ in range(2)
    ]
    assert [a.status_code for a in answers] == [201, 201]
    assert answers[0].json()["receipt_no"] == answers[1].json()["receipt_no"]
    assert Consultation.objects.count() == 1
    assert answers[0].json()["case"]


@pytest.mark.parametrize(
    ("change", "field"),
    [({"minutes": 0}, "minutes"), ({"concerns": ["zz"]}, "concerns"), ({"person": 99_999}, "person")],
)
def test_broken_rule_names_its_field_in_japanese(worker, contact, change, field):
    answer = worker.client.post("/api/v1/consultations/", contact | change, content_type=JSON)
    assert answer.status_code == 422
    assert answer.json()["field"] == field
    assert not Consultation.objects.exists()


def test_note_is_written_and_read(worker, stranger):
    case = f.make_case(worker.actor)
    note = {
        "started_at": "2026-11-23T09:00:00+09:00",
        "minutes": 15,
        "way": "phone",
        "text": "様子を聞いた。",
    }
    url = f"/api/v1/cases/{case.number}/notes/"
    assert worker.client.post(url, note, content_type=JSON).status_code == 201
    assert worker.client.get(url).json()["results"][0]["text"] == "様子を聞いた。"
    assert stranger.client.post(url, note, content_type=JSON).status_code == 404


def test_referral_is_sent_and_answered_and_cannot_be_declined(worker, center_worker):
    case = f.make_case(worker.actor)
    body = {
        "case": case.number, "to_agency": center_worker.agency.code, "purpose": "見立てを一緒に", "ground": "coordination",
        "parts": ["concerns"], "deadline_at": (f.NOW + timedelta(days=3)).isoformat(),
    }  # fmt: skip
    sent = worker.client.post("/api/v1/referrals/", body, content_type=JSON)
    assert sent.status_code == 201, sent.content
    own = worker.client.post(
        "/api/v1/referrals/", body | {"to_agency": worker.agency.code}, content_type=JSON
    )
    assert own.status_code == 422
    url = f"/api/v1/referrals/{sent.json()['id']}/answer/"
    seen = {"If-Match": center_worker.client.get(f"/api/v1/referrals/{sent.json()['id']}/")["ETag"]}
    declined = center_worker.client.post(url, {"event": "decline"}, content_type=JSON, headers=seen)
    assert declined.status_code == 400
    joined = center_worker.client.post(url, {"event": "join"}, content_type=JSON, headers=seen)
    assert joined.status_code == 200
    assert Referral.objects.get().state == "partner"


def test_lists_ask_the_same_with_1_and_30_rows(worker, django_assert_num_queries):
    case = f.make_case(worker.actor)

    def write(n: int) -> None:
        data = NoteData(started_at=f.NOW - timedelta(hours=n + 1), minutes=10, way="phone", text="連絡")
        write_note(case=case, data=data, actor=worker.actor, at=f.NOW, request_key=uuid4())

    write(0)
    client = worker.client
    with django_assert_num_queries(7):
        client.get(f"/api/v1/cases/{case.number}/notes/")
    for n in range(1, 30):
        write(n)
    with django_assert_num_queries(7):
        assert len(client.get(f"/api/v1/cases/{case.number}/notes/").json()["results"]) == 30


def test_description_is_up_to_date(db):
    out = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)
    assert out.getvalue().strip() == (ROOT / "docs" / "openapi.yaml").read_text().strip()
