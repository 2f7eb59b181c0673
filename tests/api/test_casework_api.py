"""Casework in the API: versions, keys, filters, and the same rules as on the pages."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import connection

from accounts.models import SentKey
from cases.actions.notes import NoteData, write_note
from cases.actions.silent_risks import refresh_all
from cases.masters import load_codes
from cases.models import Case, Consultation, FollowUp, Outreach, ProgressNote, RiskPutOff, SilentRisk
from households.actions.protection import protect_address
from households.models import Household, Person, PersonLink, PersonMerge
from tests import factories as f

JSON = "application/json"
NOTE = {"started_at": "2026-11-23T09:00:00+09:00", "minutes": 15, "way": "phone", "text": "様子を聞いた。"}


@pytest.fixture(autouse=True)
def masters(db):
    load_codes()
    f.make_streams()


def sent(who, method, path, body=None, **headers):
    return getattr(who.client, method)(
        f"/api/v1/{path}",
        body or {},
        content_type=JSON,
        headers={k.replace("_", "-"): v for k, v in headers.items()},
    )


def tag(who, path):
    """The ``ETag`` of what is read at a path, as ``If-Match`` takes it."""
    return who.client.get(f"/api/v1/{path}")["ETag"]


def note_of(worker, case, text="様子を聞いた。", hours=1):
    data = NoteData(started_at=f.NOW - timedelta(hours=hours), minutes=10, way="phone", text=text)
    return write_note(case=case, data=data, actor=worker.actor, at=f.NOW, request_key=uuid4())


# ── Versions ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_version_is_told_and_not_sent_twice(worker):
    case = f.make_case(worker.actor)
    first = worker.client.get(f"/api/v1/cases/{case.number}/")
    assert first["ETag"] == f'"{case.version}"'
    again = worker.client.get(f"/api/v1/cases/{case.number}/", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = worker.client.get(f"/api/v1/cases/{case.number}/", headers={"If-None-Match": '"77"'})
    assert other.status_code == 200


@pytest.mark.parametrize("made", ["note", "consultation", "person", "household", "outreach"])
def test_a_change_needs_the_version_that_was_read(worker, stranger, made):
    case = f.make_case(worker.actor)
    person = Person.objects.get(memberships__household=case.household)
    if made == "note":
        path, body, row = (
            f"notes/{note_of(worker, case).pk}/",
            {"text": "直した。"},
            ProgressNote.objects.get(),
        )
    elif made == "consultation":
        body = NOTE | {"outcome": "information"}
        number = sent(worker, "post", "consultations/", body).json()["receipt_no"]
        path, body, row = f"consultations/{number}/", {"text": "直した。"}, Consultation.objects.get()
    elif made == "person":
        path, body, row = f"people/{person.pk}/", {"alias": "かずさん"}, person
    elif made == "household":
        path, body, row = f"households/{case.household_id}/", {"name": "森下さん宅"}, case.household
    else:
        worry = {
            "described": "青い屋根の家",
            "worry": "見かけない",
            "source": "neighbour",
            "next_on": "2026-12-01",
        }
        pk = sent(worker, "post", "outreach/", worry).json()["id"]
        path, body, row = f"outreach/{pk}/", {"peer": "先輩"}, Outreach.objects.get()
    assert sent(worker, "patch", path, body).status_code == 428
    assert sent(worker, "patch", path, body, If_Match='"99"').status_code == 412
    assert sent(worker, "patch", path, body, If_Match="latest").status_code == 412
    assert sent(stranger, "patch", path, body, If_Match='"1"').status_code == 404
    row.refresh_from_db()
    done = sent(worker, "patch", path, body, If_Match=f'"{row.version}"')
    assert done.status_code == 200, done.content
    assert done["ETag"] == f'"{row.version + 1}"'
    assert done.json().items() >= body.items()
    stale = sent(worker, "patch", path, body, If_Match=f'"{row.version}"')
    assert (stale.status_code, stale.json()["version"]) == (412, row.version + 1)


def test_a_field_that_is_not_sent_stays(worker):
    body = NOTE | {
        "concerns": ["c05", "c03"],
        "most_pressing": "c05",
        "outcome": "information",
        "caller": "family",
    }
    made = sent(worker, "post", "consultations/", body)
    path = f"consultations/{made.json()['receipt_no']}/"
    assert sent(worker, "patch", path, {"minutes": 25}, If_Match=made["ETag"]).status_code == 200
    row = Consultation.objects.get()
    assert (row.minutes, row.text, row.caller) == (25, "様子を聞いた。", "family")
    assert sorted(row.concerns.values_list("code__code", "is_most_pressing")) == [
        ("c03", False),
        ("c05", True),
    ]


# ── Keys ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_key_with_another_body_is_refused_and_another_persons_key_is_another(worker, colleague):
    case, key = f.make_case(worker.actor), str(uuid4())
    path = f"cases/{case.number}/notes/"
    first = sent(worker, "post", path, NOTE, Idempotency_Key=key)
    again = sent(worker, "post", path, NOTE, Idempotency_Key=key)
    assert (first.status_code, again.status_code, first.json()["id"]) == (201, 201, again.json()["id"])
    other = sent(worker, "post", path, NOTE | {"text": "別の話"}, Idempotency_Key=key)
    assert (other.status_code, other.json()["field"]) == (422, "Idempotency-Key")
    theirs = sent(colleague, "post", path, NOTE | {"text": "別の話"}, Idempotency_Key=key)
    assert theirs.status_code == 201
    assert ProgressNote.objects.count() == 2
    assert sent(worker, "post", path, NOTE, Idempotency_Key="x").status_code == 422


def test_a_refused_write_leaves_its_key_free_and_old_keys_are_forgotten(worker):
    case, key = f.make_case(worker.actor), str(uuid4())
    path = f"cases/{case.number}/notes/"
    assert sent(worker, "post", path, NOTE | {"minutes": 0}, Idempotency_Key=key).status_code == 422
    assert not SentKey.objects.exists()
    assert sent(worker, "post", path, NOTE, Idempotency_Key=key).status_code == 201
    SentKey.objects.update(sent_at=f.NOW - timedelta(days=31))
    late = NOTE | {"started_at": "2026-11-23T07:00:00+09:00"}
    assert sent(worker, "post", path, late, Idempotency_Key=str(uuid4())).status_code == 201
    assert SentKey.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_write_eight_times_at_once_is_one(worker):
    load_codes()
    f.make_streams()
    case, key = f.make_case(worker.actor), str(uuid4())
    clients = [worker.client for _ in range(8)]

    def post(client):
        try:
            return client.post(
                f"/api/v1/cases/{case.number}/notes/",
                NOTE,
                content_type=JSON,
                headers={"Idempotency-Key": key},
            ).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(post, clients)) == {201}
    assert ProgressNote.objects.count() == 1


# ── Filters and pages ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "path", ["cases/?stat=open", "risks/?kindd=quiet", "households/?q=a", "timelines/{home}/?kind=nothing",
             "timelines/{home}/?since=R8", "timelines/{home}/?cursor=x", "households/{home}/members/?on=2026-13-01",
             "people/", "people/?q= ", "cases/?state=odd"],
)  # fmt: skip
def test_a_filter_that_makes_no_sense_is_said(worker, path):
    case = f.make_case(worker.actor)
    answer = worker.client.get(f"/api/v1/{path.format(home=case.household_id)}")
    assert answer.status_code == 400, answer.content


def test_rows_written_while_somebody_pages_are_neither_doubled_nor_lost(worker):
    case = f.make_case(worker.actor)
    for n in range(60):
        note_of(worker, case, f"{n}", hours=n + 1)
    client, seen, url = worker.client, [], f"/api/v1/cases/{case.number}/notes/"
    page = client.get(url).json()
    seen += page["results"]
    note_of(worker, case, "その間に", hours=0)
    seen += client.get(page["next"]).json()["results"]
    assert [row["text"] for row in seen] == [str(n) for n in range(60)]


def test_the_stream_of_a_household_by_pages_and_kinds(worker):
    case = f.make_case(worker.actor)
    for n in range(35):
        note_of(worker, case, f"{n}", hours=n + 1)
    client, url = worker.client, f"/api/v1/timelines/{case.household_id}/"
    first = client.get(url).json()
    rest = client.get(url, {"cursor": first["next"]}).json()
    texts = [row["text"] for row in first["results"] + rest["results"] if row["kind"] == "n"]
    assert texts == [str(n) for n in range(35)]
    assert rest["next"] == ""
    marks = client.get(url, {"milestones": "true"}).json()["results"]
    assert marks
    assert all(row["is_milestone"] for row in marks)


# ── What is done by it ──────────────────────────────────────────────────────────────────────────────────────


def test_from_closing_to_watching_to_reopening(worker):
    case = f.make_case(worker.actor)
    closing = {
        "kind": "close",
        "reason": "z01",
        "note": "落ち着いた",
        "follow_up_on": "2027-02-24",
        "every": "3",
    }
    path = f"cases/{case.number}"
    assert sent(worker, "post", f"{path}/close/", closing, If_Match='"77"').status_code == 412
    etag = worker.client.get(f"/api/v1/{path}/")["ETag"]
    wrong = sent(worker, "post", f"{path}/close/", closing | {"reason": "nope"}, If_Match=etag)
    assert (wrong.status_code, wrong.json()["field"]) == (422, "reason")
    closed = sent(worker, "post", f"{path}/close/", closing, If_Match=etag)
    assert closed.json()["state"] == "closed"
    turn = worker.client.get("/api/v1/follow-ups/").json()["results"][0]
    assert turn["due_on"] == "2027-02-24"
    found = {"result": "worse", "note": "食べていない"}
    seen = f'"{turn["etag"]}"'
    done = sent(worker, "post", f"follow-ups/{turn['id']}/result/", found, If_Match=seen)
    assert done.json()["result"] == "worse"
    case.refresh_from_db()
    again = sent(worker, "post", f"{path}/reopen/", {"reason": "見守りで悪化"}, If_Match=f'"{case.version}"')
    assert again.json()["state"] == "open"
    assert FollowUp.objects.get(pk=turn["id"]).done_at


def test_from_a_worry_to_a_case(worker, center_worker):
    worry = {"described": "青い屋根の家", "worry": "隣の山本さんが心配", "source": "neighbour", "source_name": "山本",
             "next_on": "2026-12-01"}  # fmt: skip
    key = str(uuid4())
    first = sent(worker, "post", "outreach/", worry, Idempotency_Key=key)
    assert first.json() == sent(worker, "post", "outreach/", worry, Idempotency_Key=key).json()
    path = f"outreach/{first.json()['id']}"
    tried = {
        "started_at": "2026-11-23T09:00:00+09:00",
        "way": "home_visit",
        "answer": "met",
        "next_on": "2026-12-08",
    }
    assert sent(worker, "post", f"{path}/attempts/", tried | {"minutes": 20}).status_code == 201
    row = Outreach.objects.get()
    agreed = sent(
        worker,
        "post",
        f"{path}/agree/",
        {"agreed_on": "2026-11-23", "how": "本人から"},
        If_Match=f'"{row.version}"',
    )
    assert agreed.json()["case"] == Case.objects.get().number
    assert sent(center_worker, "get", f"{path}/").status_code == 404


def test_a_worry_is_put_off_with_a_reason(worker):
    case = f.make_case(worker.actor)
    Case.objects.filter(pk=case.pk).update(last_contact_at=f.NOW - timedelta(days=60))
    refresh_all(at=f.NOW)
    risk = SilentRisk.objects.filter(kind="quiet").get()
    path = f"risks/{risk.pk}/put-off/"
    seen = tag(worker, f"risks/{risk.pk}/")
    assert sent(worker, "post", path, {"until": "2026-11-30"}, If_Match=seen).status_code == 400
    body = {"until": "2026-11-30", "reason": "入院中"}
    assert sent(worker, "post", path, body, If_Match=seen).status_code == 200
    assert RiskPutOff.objects.get().reason == "入院中"


def test_link_merge_and_undo(worker):
    kept, twin = f.make_person(), f.make_person(alias="和ちゃん")
    for person in (kept, twin):
        f.make_household(person=person, agency=worker.agency, actor=worker.actor)
    link = sent(
        worker,
        "post",
        f"people/{kept.pk}/links/",
        {"other": twin.pk, "state": "possible", "reason": "字が同じ"},
    )
    assert link.status_code == 201, link.content
    assert PersonLink.objects.count() == 1
    body = {"absorbed": twin.pk, "version": twin.version, "basis": "保険証で確かめた"}
    assert sent(worker, "post", f"people/{kept.pk}/merge/", body).status_code == 428
    merged = sent(worker, "post", f"people/{kept.pk}/merge/", body, If_Match=f'"{kept.version}"')
    assert (merged.status_code, merged.json()["field"]) == (422, "home")  # they live in two households
    home = twin.memberships.get().household_id
    body |= {"home": home}
    key = str(uuid4())
    for _ in range(2):
        merged = sent(
            worker,
            "post",
            f"people/{kept.pk}/merge/",
            body,
            If_Match=f'"{kept.version}"',
            Idempotency_Key=key,
        )
        assert merged.status_code == 201, merged.content
    assert PersonMerge.objects.count() == 1
    lived_in = kept.memberships.filter(lives_together=True).values_list("household_id", flat=True)
    assert list(lived_in) == [home]
    path = f"merges/{merged.json()['id']}/"
    undone = sent(worker, "post", f"{path}undo/", {"reason": "別の人"}, If_Match=tag(worker, path))
    assert undone.status_code == 200
    assert PersonMerge.objects.get().undone_at


def test_members_of_a_day_and_a_new_one(worker):
    case = f.make_case(worker.actor)
    home = f"households/{case.household_id}/members/"
    child = f.make_person("森下", "陽", birth_on=date(2015, 5, 5))
    body = {"person": child.pk, "relation": "child", "since": "2026-11-01"}
    assert sent(worker, "post", home, body).status_code == 201
    assert sent(worker, "post", home, body).status_code == 422
    assert len(worker.client.get(f"/api/v1/{home}").json()["results"]) == 2
    assert len(worker.client.get(f"/api/v1/{home}?on=2026-10-31").json()["results"]) == 1


def test_what_is_protected_is_hidden_here_too(worker, center_worker):
    case = f.make_case(worker.actor)
    person = Person.objects.get(memberships__household=case.household)
    case.person = person
    case.save()
    Person.objects.filter(pk=person.pk).update(phone="0595551234", workplace="美旗製作所")
    Household.objects.filter(pk=case.household_id).update(address="美旗野市青峰2丁目8番地")
    f.share_by_consent(case, worker.actor, center_worker.actor)
    paths = [f"people/{person.pk}/", f"households/{case.household_id}/"]
    assert "美旗製作所" in center_worker.client.get(f"/api/v1/{paths[0]}").content.decode()
    protect_address(
        person=person, units=[], first_on=f.TODAY, last_on=date(2027, 11, 22), actor=worker.actor, at=f.NOW
    )
    for path in paths:
        said = center_worker.client.get(f"/api/v1/{path}").content.decode()
        assert "秘匿" in said
        for word in ("0595551234", "美旗製作所", "青峰"):
            assert word not in said
    own = worker.client.get(f"/api/v1/{paths[1]}").json()
    assert own["contact"]["address"] == "美旗野市青峰2丁目8番地"


@pytest.mark.parametrize("path", ["households/", "outreach/", "follow-ups/"])
def test_lists_ask_the_same_with_one_and_ten_rows(worker, path, django_assert_max_num_queries):
    for n in range(10):
        case = f.make_case(worker.actor)
        worry = {"described": f"家{n}", "worry": "x", "source": "neighbour", "next_on": "2026-12-01"}
        sent(worker, "post", "outreach/", worry)
        closing = {"kind": "close", "reason": "z01", "note": "x", "follow_up_on": "2027-02-24"}
        sent(worker, "post", f"cases/{case.number}/close/", closing, If_Match=f'"{case.version}"')
    client = worker.client
    with django_assert_max_num_queries(7):
        assert len(client.get(f"/api/v1/{path}").json()["results"]) >= 10


def test_a_movement_is_written_once_and_taken_back(worker, stranger):
    case = f.make_case(worker.actor)
    person, key = Person.objects.get(memberships__household=case.household), str(uuid4())
    path = f"households/{case.household_id}/movements/"
    body = {"kind": "facility_in", "on": "2026-11-01", "people": [person.pk], "note": "特養へ"}
    first = sent(worker, "post", path, body, Idempotency_Key=key)
    again = sent(worker, "post", path, body, Idempotency_Key=key)
    assert (first.status_code, first.json()["id"]) == (201, again.json()["id"])
    assert len(worker.client.get(f"/api/v1/{path}").json()["results"]) == 1
    late = sent(worker, "post", path, body | {"on": "2027-01-01"})
    assert (late.status_code, late.json()["field"]) == (422, "on")
    back = f"{path}{first.json()['id']}/withdraw/"
    assert sent(stranger, "post", back, {"reason": "x"}).status_code == 404
    assert sent(worker, "post", f"{path}999/withdraw/", {"reason": "x"}).status_code == 404
    done = sent(worker, "post", back, {"reason": "人ちがい"}, If_Match=first["ETag"])
    assert done.json()["withdrawn_at"]
    assert (
        worker.client.get(f"/api/v1/households/{case.household_id}/members/").json()["results"][0]["living"]
        == "同居"
    )
    nowhere = sent(worker, "post", path, {"kind": "join", "on": "2026-11-01", "people": [person.pk]})
    assert (nowhere.status_code, nowhere.json()["field"]) == (422, "into")
