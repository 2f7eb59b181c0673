"""A contact with everybody it names, and the search, by the API as on the pages."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest

from audit.models import AccessKind, AccessRecord
from cases.masters import load_codes
from cases.models import Consultation, Outreach
from households.actions.protection import protect_address
from households.models import Person
from tests import factories as f
from tests.api.test_casework_api import NOTE, sent

NEW = {
    "family_name": "真鍋", "given_name": "あかね", "family_kana": "まなべ", "given_kana": "あかね",
    "birth_on": "1988-04-02", "phone": "0595-55-2222",
}  # fmt: skip


@pytest.fixture(autouse=True)
def masters(db):
    load_codes()
    f.make_streams()


def read(who, path):
    return who.client.get(f"/api/v1/{path}")


def test_somebody_new_is_registered_with_the_contact_and_read_again(worker):
    body = NOTE | {
        "outcome": "support", "new_person": NEW, "concerns": ["c05", "c03"], "most_pressing": "c05",
        "caller": "family", "caller_name": "真鍋 修", "caller_phone": "0595553333", "caller_relation": "父",
        "others": [{"new_person": {"family_name": "真鍋", "given_name": "修"}, "relation": "parent"}],
    }  # fmt: skip
    key = str(uuid4())
    made = [sent(worker, "post", "consultations/", body, Idempotency_Key=key) for _ in range(2)]
    assert [answer.status_code for answer in made] == [201, 201], made[0].content
    assert made[0].json() == made[1].json()
    person = Person.objects.get(given_name="あかね")
    row = Consultation.objects.get()
    assert (row.person, person.phone, person.birth_on) == (person, "0595552222", date(1988, 4, 2))
    said = read(worker, f"consultations/{row.receipt_no}/").json()
    assert said == read(worker, "consultations/").json()["results"][0]
    assert (said["person"], said["person_name"], said["household"]) == (
        person.pk, "真鍋 あかね", row.household_id,
    )  # fmt: skip
    assert {(c["code"], c["is_most_pressing"]) for c in said["concerns"]} == {("c05", True), ("c03", False)}
    assert [(o["name"], o["relation"]) for o in said["others"]] == [("真鍋 修", "parent")]
    assert (said["caller_name"], said["caller_phone"], said["caller_relation"]) == (
        "真鍋 修", "0595553333", "父",
    )  # fmt: skip
    case = read(worker, f"cases/{said['case']}/").json()
    assert case["household_id"] == row.household_id
    assert read(worker, f"households/{case['household_id']}/").status_code == 200


def test_a_name_that_is_somebodys_already_is_asked_about_once(worker):
    known = f.make_person("真鍋", "あかね")
    body, key = NOTE | {"outcome": "information", "new_person": NEW}, str(uuid4())
    asked = sent(worker, "post", "consultations/", body, Idempotency_Key=key)
    assert (asked.status_code, asked.json()["field"]) == (422, "new_person")
    (one,) = asked.json()["alike"]
    assert (one["id"], one["reason"]) == (known.pk, "氏名が同じ・生年月日は未記録")
    assert set(one) == {"id", "name", "kana", "birth_on", "reason", "household", "lead"}
    assert AccessRecord.objects.filter(kind=AccessKind.SEARCH).count() == 1
    assert not Consultation.objects.exists()
    chosen = NOTE | {"outcome": "information", "person": known.pk}
    assert sent(worker, "post", "consultations/", chosen, Idempotency_Key=key).status_code == 201
    later = body | {"is_another": True, "started_at": "2026-11-23T08:00:00+09:00"}
    assert sent(worker, "post", "consultations/", later).status_code == 201
    assert Person.objects.filter(given_name="あかね").count() == 2
    assert sent(worker, "post", "consultations/", body | {"person": known.pk}).json()["field"] == "new_person"
    nobody = sent(worker, "post", "consultations/", body | {"new_person": {"sex": ""}})
    assert (nobody.status_code, list(nobody.json())) == (400, ["new_person"])
    wrong = sent(worker, "post", "consultations/", body | {"new_person": NEW | {"adress": "x"}})
    assert list(wrong.json()["new_person"]) == ["adress"]


def test_who_called_stays_where_it_was_told(worker, center_worker):
    case = f.make_case(worker.actor)
    body = NOTE | {
        "outcome": "support", "person": case.person_id, "caller": "neighbour", "caller_name": "山本 一",
        "caller_phone": "0595553333", "caller_relation": "隣人",
    }  # fmt: skip
    body["caller"] = "other"
    made = sent(worker, "post", "consultations/", body)
    assert made.status_code == 201, made.content
    f.share_by_consent(case, worker.actor, center_worker.actor)
    path = f"consultations/{made.json()['receipt_no']}/"
    theirs = read(center_worker, path).json()
    assert (theirs["caller_name"], theirs["caller_phone"]) == ("山本 一", "")
    person = case.person or Person.objects.get(memberships__household=case.household)
    protect_address(
        person=person, units=[], first_on=f.TODAY, last_on=date(2027, 11, 22), actor=worker.actor, at=f.NOW
    )
    assert read(worker, path).json()["caller_phone"] == "0595553333"
    assert "0595553333" not in read(center_worker, path).content.decode()
    worry = {"described": "青い屋根の家", "worry": "x", "source": "neighbour", "next_on": "2026-12-01"}
    outreach = sent(worker, "post", "outreach/", worry).json()["id"]
    Outreach.objects.filter(pk=outreach).update(consultation=Consultation.objects.get(text=NOTE["text"]))
    assert read(center_worker, path).json()["caller_name"] == ""
    assert read(worker, path).json()["caller_name"] == "山本 一"


def test_contacts_ask_the_same_with_one_and_ten_rows(worker, django_assert_max_num_queries):
    for n in range(10):
        body = NOTE | {
            "outcome": "support", "new_person": NEW | {"given_name": f"子{n}", "given_kana": f"こ{n}"},
            "is_another": True, "started_at": f"2026-11-{10 + n}T09:00:00+09:00", "concerns": ["c05"],
            "others": [{"new_person": {"alias": f"友{n}"}}],
        }  # fmt: skip
        assert sent(worker, "post", "consultations/", body).status_code == 201
    client = worker.client
    with django_assert_max_num_queries(11):
        assert len(client.get("/api/v1/consultations/").json()["results"]) == 10


def test_the_search_of_people_tells_what_was_judged(worker, stranger):
    case = f.make_case(worker.actor)
    one = case.person or Person.objects.get(memberships__household=case.household)
    two = f.make_person(one.family_name, one.given_name)
    body = {"other": two.pk, "state": "possible", "reason": "字が同じ"}
    etag = sent(worker, "post", f"people/{one.pk}/links/", body).json()["etag"]
    found = {
        row["id"]: row["links"] for row in read(worker, f"people/?q={one.family_name}").json()["results"]
    }
    assert found[one.pk] == [{"other": two.pk, "state": "possible", "etag": etag}]
    assert found[two.pk] == [{"other": one.pk, "state": "possible", "etag": etag}]
    others = read(stranger, f"people/?q={one.family_name}").json()["results"]
    assert all(row["links"] == [] for row in others)
    assert AccessRecord.objects.filter(kind=AccessKind.SEARCH).count() == 2


def test_the_search_groups_as_the_page_does(worker, stranger):
    made = sent(worker, "post", "consultations/", NOTE | {"outcome": "support", "new_person": NEW}).json()
    found = read(worker, "search/?q=真鍋").json()
    assert [row["name"] for row in found["people"]["rows"]] == ["真鍋 あかね"]
    assert [row["id"] for row in found["households"]["rows"]] == [made["household"]]
    assert [row["number"] for row in found["cases"]["rows"]] == [made["case"]]
    receipt = read(worker, f"search/?q={made['receipt_no']}").json()
    assert [row["receipt_no"] for row in receipt["consultations"]["rows"]] == [made["receipt_no"]]
    texts = read(worker, "search/?q=様子を聞いた").json()["texts"]
    assert [row["receipt_no"] for row in texts["rows"]] == [made["receipt_no"]]
    assert "様子を聞いた" in texts["rows"][0]["snippet"]
    only = read(worker, "search/?q=真鍋&show=cases").json()
    assert (only["people"]["rows"], len(only["cases"]["rows"])) == ([], 1)
    theirs = read(stranger, "search/?q=真鍋").json()
    assert [row["name"] for row in theirs["people"]["rows"]] == ["真鍋 あかね"]
    assert theirs["households"]["rows"] == theirs["cases"]["rows"] == theirs["texts"]["rows"] == []
    for path in ("search/", "search/?q=真鍋&show=all", "search/?q=真鍋&page=0", "search/?q=真鍋&kind=x"):
        assert read(worker, path).status_code == 400, path
