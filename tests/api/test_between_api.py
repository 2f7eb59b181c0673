"""Capacity questions and requests to partners in the API: who reads what, one write for one key, nothing that names anybody."""

from __future__ import annotations

import pytest

from accounts.enums import ConsentState
from cases.masters import load_codes
from referrals.models import CapacityAnswer, CapacityQuestion, OutsideLink, OutsideRequest
from tests import factories as f
from tests.referrals import outside as o

JSON = "application/json"
KEY = "7d0f7d4e-5a5e-4f0e-9d38-0f2f6a0b7c11"


@pytest.fixture(autouse=True)
def masters(db):
    load_codes()


def post(who, path, body=None, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return who.client.post(f"/api/v1/{path}", body or {}, content_type=JSON, headers=headers)


def question(worker, *agencies, **changes):
    case = f.make_case(worker.actor)
    body = {
        "case": case.number, "agencies": [a.code for a in agencies], "theme": f.make_code().code, "text": o.ROOM,
        "deadline_at": "2026-11-27T17:00:00+09:00", **changes,
    }  # fmt: skip
    return case, body


# ── Room ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_question_is_asked_once_however_often_it_is_sent(worker, center_worker, disability_worker):
    case, body = question(worker, center_worker.agency, disability_worker.agency)
    first, again = (post(worker, "capacity-questions/", body, Idempotency_Key=KEY) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert CapacityQuestion.objects.get().case == case
    assert len(first.json()["answers"]) == 2
    other = post(worker, "capacity-questions/", body | {"text": "別のこと"}, Idempotency_Key=KEY)
    assert (other.status_code, other.json()["field"]) == (422, "Idempotency-Key")


def test_each_agency_answers_for_itself_and_reads_no_other_answer(worker, center_worker, disability_worker):
    case, body = question(worker, center_worker.agency, disability_worker.agency)
    pk = post(worker, "capacity-questions/", body).json()["id"]
    said = post(center_worker, f"capacity-questions/{pk}/answer/", {"reply": "yes", "note": "来週から"})
    assert said.status_code == 200, said.content
    assert [a["agency"] for a in said.json()["answers"]] == [center_worker.agency.code]
    read = disability_worker.client.get(f"/api/v1/capacity-questions/{pk}/")
    assert [a["reply"] for a in read.json()["answers"]] == [""]
    assert case.number not in read.content.decode() and "来週から" not in read.content.decode()
    ours = worker.client.get(f"/api/v1/capacity-questions/{pk}/").json()
    assert sorted(a["reply"] for a in ours["answers"]) == ["", "yes"]


def test_who_was_not_asked_neither_reads_nor_answers(worker, center_worker, stranger, finance):
    _, body = question(worker, center_worker.agency)
    pk = post(worker, "capacity-questions/", body).json()["id"]
    assert stranger.client.get("/api/v1/capacity-questions/").json()["results"] == []
    assert stranger.client.get(f"/api/v1/capacity-questions/{pk}/").status_code == 404
    assert post(stranger, f"capacity-questions/{pk}/answer/", {"reply": "no", "note": "x"}).status_code == 404
    assert finance.client.get("/api/v1/capacity-questions/").status_code == 403
    assert post(worker, f"capacity-questions/{pk}/answer/", {"reply": "yes"}).status_code == 422
    assert CapacityAnswer.objects.get().reply == ""


@pytest.mark.parametrize(
    ("change", "field"),
    [({"theme": "nix"}, "theme"), ({"agencies": ["nix"]}, "agencies"), ({"area": "nix"}, "area"),
     ({"text": "森下 和子さんを2週間"}, "text"), ({"deadline_at": "2026-11-20T17:00:00+09:00"}, "deadline")],
)  # fmt: skip
def test_what_is_wrong_with_a_question_is_told_beside_its_field(worker, center_worker, change, field):
    _, body = question(worker, center_worker.agency)
    answer = post(worker, "capacity-questions/", body | change)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert not CapacityQuestion.objects.exists()


def test_a_question_is_taken_back(worker, center_worker):
    _, body = question(worker, center_worker.agency)
    pk = post(worker, "capacity-questions/", body).json()["id"]
    assert post(center_worker, f"capacity-questions/{pk}/withdraw/").status_code == 403
    assert post(worker, f"capacity-questions/{pk}/withdraw/").json()["withdrawn_at"]
    late = post(center_worker, f"capacity-questions/{pk}/answer/", {"reply": "yes"})
    assert late.status_code in (409, 422)


# ── Partners ────────────────────────────────────────────────────────────────────────────────────────────────


def asked(worker, **changes):
    case = f.make_case(worker.actor)
    body = {
        "case": case.number, "partner": o.partner(worker.actor).pk, "purpose": o.PURPOSE, "ground": "coordination",
        "parts": ["basic"], **changes,
    }  # fmt: skip
    return case, body


def test_the_address_of_a_page_is_told_once(worker):
    case, body = asked(worker)
    first = post(worker, "outside-requests/", body, Idempotency_Key=KEY)
    assert first.status_code == 201, first.content
    assert first["Cache-Control"] == "no-store"
    page = first.json()["page"]
    assert worker.client.get(page[page.index("/", 8) :]).status_code == 200
    again = post(worker, "outside-requests/", body, Idempotency_Key=KEY)
    assert (again.status_code, again.json()["page"]) == (201, "")
    assert OutsideRequest.objects.get().case == case
    assert OutsideLink.objects.count() == 1
    read = worker.client.get(f"/api/v1/outside-requests/{first.json()['request']['id']}/")
    assert page.rsplit("/", 2)[1] not in read.content.decode()


def test_a_mailed_page_is_not_told(worker, mailoutbox):
    _, body = asked(worker, is_mailed=True)
    answer = post(worker, "outside-requests/", body).json()
    assert (answer["page"], answer["is_mailed"]) == ("", True)
    assert len(mailoutbox) == 1 and "森下" not in mailoutbox[0].body


@pytest.mark.parametrize(
    ("change", "field"),
    [({"partner": 99_999}, "partner"), ({"purpose": "森下 和子さんを見てほしい"}, "purpose"),
     ({"ground": "consent"}, "ground"), ({"is_mailed": True, "code_way": "mail"}, "code_way")],
)  # fmt: skip
def test_what_is_wrong_with_a_request_is_told_beside_its_field(worker, change, field):
    case, body = asked(worker)
    assert case.consent != ConsentState.YES
    answer = post(worker, "outside-requests/", body | change)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert not OutsideRequest.objects.exists()


def test_only_who_asked_or_sees_the_case_reads_and_takes_back(worker, stranger, finance):
    _, body = asked(worker)
    pk = post(worker, "outside-requests/", body).json()["request"]["id"]
    assert stranger.client.get("/api/v1/outside-requests/").json()["results"] == []
    assert post(stranger, f"outside-requests/{pk}/withdraw/").status_code == 404
    assert finance.client.get("/api/v1/outside-partners/").status_code == 403
    assert post(worker, f"outside-requests/{pk}/withdraw/").json()["state"] == "withdrawn"


def test_the_directory_tells_no_telephone(worker):
    o.partner(worker.actor)
    rows = worker.client.get("/api/v1/outside-partners/?kind=commissioner")
    assert [row["name"] for row in rows.json()["results"]] == ["東 久子"]
    assert "0595632222" not in rows.content.decode() and "example.jp" not in rows.content.decode()


def test_lists_ask_as_often_for_one_row_as_for_many(worker, center_worker, django_assert_max_num_queries):
    for _ in range(3):
        _, body = question(worker, center_worker.agency)
        post(worker, "capacity-questions/", body)
    client = worker.client
    with django_assert_max_num_queries(10):
        assert len(client.get("/api/v1/capacity-questions/").json()["results"]) == 3
