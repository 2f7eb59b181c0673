"""The agreement about looking again in the API: read, begun, changed with a reason, stopped, given back; and by whom."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest

from audit.models import ChangeRecord
from cases.masters import load_codes
from cases.models import FollowUp, WatchChange, WatchCycle
from households.actions.protection import protect_address
from households.models import Person
from tests import factories as f
from tests.api.test_casework_api import sent, tag

CLOSING = {"kind": "close", "reason": "z01", "note": "落ち着いた", "follow_up_on": "2027-02-24", "every": "3"}
AGREED = {
    "every": "3", "every_days": None, "follow_up_on": "2027-02-24", "until_on": None, "turns": None,
    "follow_up_way": "phone", "ask": "", "visit_after": 2, "tell_after": 3, "reopen_after": 4,
}  # fmt: skip


@pytest.fixture(autouse=True)
def masters(db):
    load_codes()
    f.make_streams()


def closed(worker, case, **more):
    path = f"cases/{case.number}/"
    answer = sent(worker, "post", f"{path}close/", CLOSING | more, If_Match=tag(worker, path))
    assert answer.status_code == 200, answer.content
    return WatchCycle.objects.get()


def test_what_was_agreed_is_read_and_changed_with_a_reason(worker, colleague, stranger):
    case = f.make_case(worker.actor)
    cycle = closed(worker, case)
    path = f"watch-cycles/{cycle.pk}/"
    (row,) = worker.client.get(f"/api/v1/watch-cycles/?case={case.number}&state=running").json()["results"]
    assert {name: row[name] for name in AGREED} == AGREED
    assert (row["follow_up_agency"], row["follow_up_staff"]) == (worker.agency.code, worker.staff.pk)
    body = {
        "follow_up_way": "home_visit",
        "follow_up_staff": colleague.staff.pk,
        "ask": "薬をのんでいるか",
        "reason": "電話に出ない",
    }
    assert sent(worker, "patch", path, body).status_code == 428
    assert sent(worker, "patch", path, body, If_Match='"99"').status_code == 412
    assert sent(stranger, "patch", path, body, If_Match='"1"').status_code == 404
    silent = sent(worker, "patch", path, {"ask": "x"}, If_Match=f'"{cycle.version}"')
    assert (silent.status_code, list(silent.json())) == (400, ["reason"])
    done = sent(worker, "patch", path, body, If_Match=f'"{cycle.version}"')
    assert done.status_code == 200, done.content
    changed = AGREED | {"follow_up_way": "home_visit", "ask": "薬をのんでいるか"}
    assert {name: done.json()[name] for name in AGREED} == changed
    assert done["ETag"] == f'"{cycle.version + 1}"' == tag(worker, path)
    turn = FollowUp.objects.get()
    assert (turn.way, turn.staff) == ("home_visit", colleague.staff)
    stale = sent(worker, "patch", path, body, If_Match=f'"{cycle.version}"')
    assert (stale.status_code, stale.json()["version"]) == (412, cycle.version + 1)
    (change,) = worker.client.get(f"/api/v1/{path}changes/").json()["results"]
    assert (change["reason"], change["changed_by"]) == ("電話に出ない", worker.staff.name)
    assert WatchChange.objects.count() == 1
    assert stranger.client.get(f"/api/v1/{path}changes/").status_code == 404
    assert stranger.client.get("/api/v1/watch-cycles/").json()["results"] == []


@pytest.mark.parametrize(
    ("change", "field"),
    [({"follow_up_on": "2026-11-20"}, "follow_up_on"), ({"every": "days"}, "every_days"), ({"until_on": "2026-12-01"}, "until_on"),
     ({"visit_after": 9}, "visit_after"), ({"follow_up_agency": "nix"}, "follow_up_agency"),
     ({"follow_up_staff": 2**40}, "follow_up_staff"), ({"reason": "　"}, "reason")],
)  # fmt: skip
def test_what_cannot_be_agreed_is_told_beside_its_field(worker, change, field):
    cycle = closed(worker, f.make_case(worker.actor))
    answer = sent(
        worker, "patch", f"watch-cycles/{cycle.pk}/", {"reason": "x"} | change, If_Match=f'"{cycle.version}"'
    )
    assert answer.status_code in (400, 422), answer.content
    assert answer.json().get("field", next(iter(answer.json()))) == field
    unknown = sent(
        worker,
        "patch",
        f"watch-cycles/{cycle.pk}/",
        {"reason": "x", "way": "phone"},
        If_Match=f'"{cycle.version}"',
    )
    assert (unknown.status_code, list(unknown.json())) == (400, ["way"])
    assert not WatchChange.objects.exists()


def test_another_agency_is_asked_and_gives_it_back(worker, center_worker, stranger):
    case = f.make_case(worker.actor)
    f.share_by_consent(case, worker.actor, center_worker.actor)
    cycle = closed(worker, case)
    path = f"watch-cycles/{cycle.pk}/"
    foreign = {"follow_up_agency": stranger.agency.code, "reason": "近い"}
    refused = sent(worker, "patch", path, foreign, If_Match=f'"{cycle.version}"')
    assert (refused.status_code, refused.json()["field"]) == (422, "follow_up_agency")
    body = {"follow_up_agency": center_worker.agency.code, "reason": "近い"}
    asked = sent(worker, "patch", path, body, If_Match=f'"{cycle.version}"').json()
    assert (asked["follow_up_agency"], asked["follow_up_staff"]) == (center_worker.agency.code, None)
    own = {"follow_up_staff": center_worker.staff.pk, "reason": "担当が決まった"}
    named = sent(center_worker, "patch", path, own, If_Match=tag(center_worker, path)).json()
    assert (named["follow_up_agency"], named["follow_up_staff"]) == (
        center_worker.agency.code,
        center_worker.staff.pk,
    )
    turn, key = FollowUp.objects.get(), str(uuid4())
    back = f"follow-ups/{turn.pk}/"
    seen = tag(center_worker, back)
    assert sent(center_worker, "post", f"{back}back/", {"reason": "手が足りない"}).status_code == 428
    assert sent(worker, "post", f"{back}back/", {"reason": "x"}, If_Match=seen).status_code == 403
    for _ in range(2):
        given = sent(
            center_worker,
            "post",
            f"{back}back/",
            {"reason": "手が足りない"},
            If_Match=seen,
            Idempotency_Key=key,
        )
        assert (given.status_code, given.json()["agency"]) == (200, worker.agency.code), given.content
    assert WatchChange.objects.count() == 3
    cycle.refresh_from_db()
    assert (cycle.agency, cycle.staff) == (worker.agency, worker.staff)


def test_it_is_stopped_once_and_begun_again(worker, stranger):
    case = f.make_case(worker.actor)
    cycle = closed(worker, case)
    path, key = f"watch-cycles/{cycle.pk}/", str(uuid4())
    seen = tag(worker, path)
    assert sent(worker, "post", f"{path}stop/", {"reason": "本人の希望"}).status_code == 428
    assert sent(worker, "post", f"{path}stop/", {"reason": "本人の希望"}, If_Match='"0"').status_code == 412
    assert sent(stranger, "post", f"{path}stop/", {"reason": "x"}, If_Match=seen).status_code == 404
    for _ in range(2):
        done = sent(
            worker, "post", f"{path}stop/", {"reason": "本人の希望"}, If_Match=seen, Idempotency_Key=key
        )
        assert (done.json()["state"], done.json()["follow_up_on"]) == ("ended", None), done.content
    assert sent(worker, "post", f"{path}stop/", {"reason": "x"}, If_Match=done["ETag"]).status_code == 422
    body = {
        "case": case.number,
        "follow_up_on": "2027-03-01",
        "every": "1",
        "follow_up_staff": worker.staff.pk,
    }
    assert sent(stranger, "post", "watch-cycles/", body).status_code == 404
    key = str(uuid4())
    first = sent(worker, "post", "watch-cycles/", body, Idempotency_Key=key)
    count = ChangeRecord.objects.count()
    again = sent(worker, "post", "watch-cycles/", body, Idempotency_Key=key)
    assert (first.status_code, first.json()) == (201, again.json()), first.content
    assert ChangeRecord.objects.count() == count
    assert sent(worker, "post", "watch-cycles/", body).status_code == 422
    client = worker.client
    assert len(client.get("/api/v1/watch-cycles/?state=ended").json()["results"]) == 1
    assert [r["id"] for r in client.get("/api/v1/watch-cycles/?mine=true&every=1").json()["results"]] == [
        first.json()["id"]
    ]
    assert client.get("/api/v1/watch-cycles/?whose=mine").status_code == 400


def test_closing_names_who_looks_and_worse_proposes_to_reopen(worker, colleague, center_worker):
    case = f.make_case(worker.actor)
    f.share_by_consent(case, worker.actor, center_worker.actor)
    path = f"cases/{case.number}/"
    for wrong in ({"follow_up_staff": center_worker.staff.pk}, {"follow_up_agency": "nix"}):
        refused = sent(worker, "post", f"{path}close/", CLOSING | wrong, If_Match=tag(worker, path))
        assert (refused.status_code, [refused.json()["field"]]) == (422, list(wrong))
    cycle = closed(
        worker, case, follow_up_staff=colleague.staff.pk, ask="食べているか", visit_after=1, tell_after=1
    )
    assert (cycle.staff, cycle.ask, cycle.visit_after) == (colleague.staff, "食べているか", 1)
    turn = FollowUp.objects.get()
    assert worker.client.get(f"/api/v1/follow-ups/{turn.pk}/").json()["proposes_reopening"] is False
    seen = tag(worker, f"follow-ups/{turn.pk}/")
    found = sent(
        worker,
        "post",
        f"follow-ups/{turn.pk}/result/",
        {"result": "worse", "note": "食べていない"},
        If_Match=seen,
    )
    assert found.json()["proposes_reopening"] is True


def test_a_hidden_desk_stays_hidden_and_is_not_found_by_its_code(worker, center_worker):
    case = f.make_case(worker.actor)
    f.share_by_consent(case, worker.actor, center_worker.actor)
    cycle = closed(worker, case)
    path = f"watch-cycles/{cycle.pk}/"
    seen = center_worker.client.get(f"/api/v1/{path}").json()
    assert (seen["follow_up_agency"], seen["follow_up_staff"]) == (worker.agency.code, worker.staff.pk)
    person = Person.objects.get(memberships__household=case.household)
    protect_address(
        person=person, units=[], first_on=f.TODAY, last_on=date(2027, 11, 22), actor=worker.actor, at=f.NOW
    )
    hidden = center_worker.client.get(f"/api/v1/{path}")
    for word in (worker.agency.code, worker.staff.name, worker.agency.short_name):
        assert word not in hidden.content.decode()
    assert hidden.json()["follow_up_staff"] is None
    assert worker.client.get(f"/api/v1/{path}").json()["follow_up_staff"] == worker.staff.pk


def test_colleagues_are_those_of_ones_own_agency(worker, colleague, stranger, finance):
    rows = worker.client.get("/api/v1/colleagues/").json()["results"]
    assert {row["id"] for row in rows} >= {worker.staff.pk, colleague.staff.pk}
    assert stranger.staff.pk not in {row["id"] for row in rows}
    assert all(set(row) == {"id", "name", "kana"} for row in rows)
    assert finance.client.get("/api/v1/colleagues/").status_code == 403


def test_cycles_ask_the_same_with_one_and_ten_rows(worker, django_assert_num_queries):
    closed(worker, f.make_case(worker.actor))
    client = worker.client
    client.get("/api/v1/watch-cycles/")
    with django_assert_num_queries(6):
        client.get("/api/v1/watch-cycles/")
    for _ in range(9):
        case = f.make_case(worker.actor)
        sent(worker, "post", f"cases/{case.number}/close/", CLOSING, If_Match=f'"{case.version}"')
    with django_assert_num_queries(6):
        assert len(client.get("/api/v1/watch-cycles/").json()["results"]) == 10
