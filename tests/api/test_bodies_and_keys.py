"""No key of a body is dropped in silence; no write happens twice under one key; turns that were dropped say so."""

from __future__ import annotations

import re
from datetime import date, timedelta
from importlib import import_module
from uuid import uuid4

import pytest

from audit.models import ChangeRecord
from cases.actions.silent_risks import refresh_all
from cases.masters import load_codes
from cases.models import Case, Consultation, FollowUp, Outreach, RiskPutOff, SilentRisk
from common.bodies import Body
from tests import factories as f
from tests.api.test_casework_api import NOTE, sent, tag
from tests.architecture.sources import ROOT

CLOSING = {"kind": "close", "reason": "z01", "note": "落ち着いた", "follow_up_on": "2027-02-24", "every": "3"}
VIEWS = (
    "cases.api", "cases.api_consent", "cases.api_drafts", "cases.api_outreach", "cases.api_watch", "cases.api_work", "households.api", "households.api_former_names", "households.api_kinship", "households.api_members", "households.api_register", "referrals.api",
    "referrals.api_outside",
)  # fmt: skip


@pytest.fixture(autouse=True)
def masters(db):
    load_codes()
    f.make_streams()


# ── Bodies ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("module", VIEWS)
def test_every_body_is_read_by_the_base_that_refuses_unknown_keys(module):
    source = (ROOT / f"{module.replace('.', '/')}.py").read_text()
    readers = set(re.findall(r"(\w+)\(data=request\.data", source))
    assert readers
    assert {name for name in readers if not issubclass(getattr(import_module(module), name), Body)} == set()


def test_an_unknown_key_is_said_beside_the_other_mistakes(worker):
    answer = sent(worker, "post", "consultations/", NOTE | {"minutes": "x", "caler": "family"})
    assert answer.status_code == 400
    assert set(answer.json()) == {"minutes", "caler"}
    assert answer.json()["caler"] == ["「caler」という項目はありません。"]
    assert not Consultation.objects.exists()


@pytest.mark.parametrize("key", ["\ud800", "\x00", "a\x00b", "\udfffé", "長" * 4000, "\u202e", ""])
def test_a_key_that_no_page_can_hold_is_refused_as_well(worker, key):
    """Half a character and a zero byte can be sent, and can neither be answered nor be written into the access log."""
    answer = sent(worker, "post", "consultations/", NOTE | {key: "x"})
    assert answer.status_code == 400
    assert max(map(len, answer.json())) <= 60
    again = sent(worker, "post", "risks/1/put-off/", {key: "x"})
    assert again.status_code in (400, 404)


def test_a_foreign_key_of_a_change_is_refused(worker):
    worry = {"described": "青い屋根の家", "worry": "x", "source": "neighbour", "next_on": "2026-12-01"}
    made = sent(worker, "post", "outreach/", worry)
    path = f"outreach/{made.json()['id']}/"
    answer = sent(worker, "patch", path, {"staff": 1}, If_Match=made["ETag"])
    assert (answer.status_code, list(answer.json())) == (400, ["staff"])


def test_who_called_and_the_sectors_are_stored_and_corrected(worker):
    body = NOTE | {
        "outcome": "information", "caller": "family", "caller_name": "森下 恵", "caller_phone": "0595-55-1111",
        "caller_relation": "長女", "sectors": ["elderly"],
    }  # fmt: skip
    made = sent(worker, "post", "consultations/", body)
    row = Consultation.objects.get()
    said = (row.caller_name, row.caller_phone, row.caller_relation, row.sectors)
    assert said == ("森下 恵", "0595551111", "長女", ["elderly"])
    path = f"consultations/{row.receipt_no}/"
    wrong = sent(worker, "patch", path, {"caller_phone": "12"}, If_Match=made["ETag"])
    assert (wrong.status_code, list(wrong.json())) == (400, ["caller_phone"])
    assert sent(worker, "patch", path, {"caller_name": "森下 恵子"}, If_Match=made["ETag"]).status_code == 200
    row.refresh_from_db()
    assert (row.caller_name, row.caller_phone) == ("森下 恵子", "0595551111")


# ── Keys ────────────────────────────────────────────────────────────────────────────────────────────────────


def twice(who, path, body, **headers):
    """The same write again under its key: the same status, and nothing more in the audit."""
    key, counts, codes = str(uuid4()), [], []
    for _ in range(2):
        answer = sent(who, "post", path, body, Idempotency_Key=key, **headers)
        codes.append(answer.status_code)
        counts.append(ChangeRecord.objects.count())
    assert codes[0] in (200, 201), answer.content
    assert codes[0] == codes[1], (path, answer.content)
    assert counts[0] == counts[1], path
    other = sent(who, "post", path, {"reason": "別"}, Idempotency_Key=key, **headers)
    assert other.status_code in (400, 422)
    return answer


def test_closing_and_reopening_and_a_result_once(worker):
    case = f.make_case(worker.actor)
    path = f"cases/{case.number}"
    etag = worker.client.get(f"/api/v1/{path}/")["ETag"]
    closed = twice(worker, f"{path}/close/", CLOSING, If_Match=etag)
    assert closed.json()["state"] == "closed"
    turn = FollowUp.objects.waiting().get()
    seen = tag(worker, f"follow-ups/{turn.pk}/")
    twice(worker, f"follow-ups/{turn.pk}/result/", {"result": "worse", "note": "食べていない"}, If_Match=seen)
    etag = worker.client.get(f"/api/v1/{path}/")["ETag"]
    reopened = twice(worker, f"{path}/reopen/", {"reason": "見守りで悪化"}, If_Match=etag)
    assert reopened.json()["state"] == "open"


def test_a_worry_is_put_off_once(worker):
    case = f.make_case(worker.actor)
    Case.objects.filter(pk=case.pk).update(last_contact_at=f.NOW - timedelta(days=60))
    refresh_all(at=f.NOW)
    risk = SilentRisk.objects.filter(kind="quiet").get()
    body, seen = {"until": "2026-11-30", "reason": "入院中"}, tag(worker, f"risks/{risk.pk}/")
    twice(worker, f"risks/{risk.pk}/put-off/", body, If_Match=seen)
    assert RiskPutOff.objects.count() == 1


def test_members_links_and_movements_once(worker):
    case = f.make_case(worker.actor)
    home = f"households/{case.household_id}"
    child = f.make_person("森下", "陽", birth_on=date(2015, 5, 5))
    twice(worker, f"{home}/members/", {"person": child.pk, "relation": "child", "since": "2026-11-01"})
    twin = f.make_person("森下", "洋")
    twice(worker, f"people/{child.pk}/links/", {"other": twin.pk, "state": "possible", "reason": "字が同じ"})
    moved = {"kind": "facility_in", "on": "2026-11-02", "people": [child.pk], "note": "特養へ"}
    movement = twice(worker, f"{home}/movements/", moved)
    back = f"{home}/movements/{movement.json()['id']}/withdraw/"
    twice(worker, back, {"reason": "人ちがい"}, If_Match=movement["ETag"])


def test_a_merge_is_undone_once(worker):
    kept, twin = f.make_person(), f.make_person(alias="和ちゃん")
    for person in (kept, twin):
        f.make_household(person=person, agency=worker.agency, actor=worker.actor)
    home = kept.memberships.get().household_id
    body = {"absorbed": twin.pk, "version": twin.version, "basis": "保険証で確かめた", "home": home}
    merged = twice(worker, f"people/{kept.pk}/merge/", body, If_Match=f'"{kept.version}"')
    twice(worker, f"merges/{merged.json()['id']}/undo/", {"reason": "別の人"}, If_Match=merged["ETag"])


@pytest.mark.parametrize("end", ["agree", "end"])
def test_outreach_ends_once(worker, end):
    worry = {"described": "青い屋根の家", "worry": "x", "source": "neighbour", "next_on": "2026-12-01"}
    made = sent(worker, "post", "outreach/", worry)
    path = f"outreach/{made.json()['id']}"
    body = (
        {"agreed_on": "2026-11-23", "how": "本人から"} if end == "agree" else {"reason": "moved", "note": "x"}
    )
    twice(worker, f"{path}/{end}/", body, If_Match=made["ETag"])
    assert Outreach.objects.count() == 1


def test_a_referral_goes_its_way_once(worker, center_worker):
    case = f.make_case(worker.actor)
    body = {
        "case": case.number, "to_agency": center_worker.agency.code, "purpose": "見立てを一緒に", "ground": "coordination",
        "parts": ["concerns"], "deadline_at": (f.NOW + timedelta(days=3)).isoformat(),
    }  # fmt: skip
    path = f"referrals/{sent(worker, 'post', 'referrals/', body).json()['id']}"
    seen = tag(center_worker, f"{path}/")
    seen = twice(center_worker, f"{path}/answer/", {"event": "join"}, If_Match=seen)["ETag"]
    seen = twice(center_worker, f"{path}/start/", {}, If_Match=seen)["ETag"]
    body = {"outcome": "connected", "note": "つながった"}
    twice(center_worker, f"{path}/finish/", body, If_Match=seen)


# ── Turns ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_dropped_turn_says_so_and_does_not_wait(worker):
    case = f.make_case(worker.actor)
    etag = worker.client.get(f"/api/v1/cases/{case.number}/")["ETag"]
    closed = sent(worker, "post", f"cases/{case.number}/close/", CLOSING, If_Match=etag)
    client = worker.client
    waiting = client.get("/api/v1/follow-ups/?waiting=true&due_on__lte=2027-02-24").json()["results"]
    assert [row["dropped_at"] for row in waiting] == [None]
    assert client.get("/api/v1/follow-ups/?waiting=true&due_on__lte=2027-02-23").json()["results"] == []
    sent(worker, "post", f"cases/{case.number}/reopen/", {"reason": "本人から"}, If_Match=closed["ETag"])
    assert client.get("/api/v1/follow-ups/?waiting=true").json()["results"] == []
    (dropped,) = client.get("/api/v1/follow-ups/?waiting=false").json()["results"]
    assert dropped["dropped_at"]
    assert client.get("/api/v1/follow-ups/?wating=true").status_code == 400
