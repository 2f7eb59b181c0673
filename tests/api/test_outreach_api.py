"""Who goes there, in the API: 担当者・伴走者・ピア, going on again, and what is known of the person by then."""

from __future__ import annotations

from uuid import uuid4

import pytest

from audit.models import ChangeRecord
from cases.masters import load_codes
from cases.models import Consultation, Outreach
from households.models import Person
from tests import factories as f
from tests.api.test_casework_api import NOTE, sent, tag

WORRY = {"described": "青い屋根の家", "worry": "見かけない", "source": "neighbour", "next_on": "2026-12-01"}


@pytest.fixture(autouse=True)
def masters(db):
    load_codes()
    f.make_streams()


def begun(worker, **more):
    made = sent(worker, "post", "outreach/", WORRY | more)
    assert made.status_code == 201, made.content
    return f"outreach/{made.json()['id']}/", made


def test_who_goes_there_is_named_changed_and_left_alone(worker, colleague):
    path, made = begun(worker, companion_id=colleague.staff.pk, peer="引きこもりを経験した先輩")
    said = made.json()
    assert (said["staff_id"], said["companion_id"], said["companion"]) == (
        worker.staff.pk,
        colleague.staff.pk,
        colleague.staff.name,
    )
    other = sent(worker, "patch", path, {"next_text": "手紙を入れる"}, If_Match=made["ETag"])
    assert (other.json()["companion_id"], other.json()["peer"]) == (
        colleague.staff.pk,
        "引きこもりを経験した先輩",
    )
    body = {"staff_id": colleague.staff.pk, "companion_id": worker.staff.pk, "peer": ""}
    turned = sent(worker, "patch", path, body, If_Match=other["ETag"])
    assert turned.json().items() >= body.items()
    assert turned.json()["staff"] == colleague.staff.name
    alone = sent(worker, "patch", path, {"companion_id": None}, If_Match=turned["ETag"])
    assert (alone.json()["companion_id"], alone.json()["companion"], Outreach.objects.get().companion) == (
        None,
        None,
        None,
    )
    stale = sent(colleague, "patch", path, body, If_Match=made["ETag"])
    assert (stale.status_code, stale.json()["version"]) == (412, Outreach.objects.get().version)


@pytest.mark.parametrize("field", ["staff_id", "companion_id"])
def test_nobody_of_another_agency_is_named(worker, stranger, field):
    path, made = begun(worker)
    for pk in (stranger.staff.pk, 2**40):
        refused = sent(worker, "patch", path, {field: pk}, If_Match=made["ETag"])
        assert (refused.status_code, refused.json()["field"]) == (422, field)
    foreign = sent(worker, "post", "outreach/", WORRY | {"companion_id": stranger.staff.pk})
    assert (foreign.status_code, foreign.json()["field"]) == (422, "companion_id")
    assert (
        sent(worker, "patch", path, {"companion": worker.staff.pk}, If_Match=made["ETag"]).status_code == 400
    )
    assert sent(stranger, "patch", path, {field: stranger.staff.pk}, If_Match=made["ETag"]).status_code == 404
    assert Outreach.objects.count() == 1


def test_mine_is_where_one_goes_or_goes_along(worker, colleague):
    begun(worker)
    path, _ = begun(worker, companion_id=colleague.staff.pk)

    def ids(who, query):
        return [
            f"outreach/{row['id']}/" for row in who.client.get(f"/api/v1/outreach/?{query}").json()["results"]
        ]

    assert ids(colleague, "mine=true") == [path]
    assert len(ids(colleague, "mine=false")) == 1
    assert len(ids(worker, "mine=true&state=running")) == 2
    assert worker.client.get("/api/v1/outreach/?whose=mine").status_code == 400


def test_it_goes_on_again_once_with_all_that_was_tried(worker, stranger):
    path, made = begun(worker)
    ended = sent(
        worker, "post", f"{path}end/", {"reason": "moved", "note": "転居した"}, If_Match=made["ETag"]
    )
    body, key = {"next_on": "2026-12-10"}, str(uuid4())
    assert sent(worker, "post", f"{path}resume/", body).status_code == 428
    assert sent(worker, "post", f"{path}resume/", body, If_Match=made["ETag"]).status_code == 412
    assert sent(stranger, "post", f"{path}resume/", body, If_Match=ended["ETag"]).status_code == 404
    past = sent(worker, "post", f"{path}resume/", {"next_on": "2026-11-01"}, If_Match=ended["ETag"])
    assert (past.status_code, past.json()["field"]) == (422, "next_on")
    count = ChangeRecord.objects.count()
    for _ in range(2):
        again = sent(worker, "post", f"{path}resume/", body, If_Match=ended["ETag"], Idempotency_Key=key)
        assert (again.json()["state"], again.json()["next_on"]) == ("running", "2026-12-10"), again.content
    assert ChangeRecord.objects.count() == count + 1
    assert sent(worker, "post", f"{path}resume/", body, If_Match=again["ETag"]).status_code == 422


def test_somebody_without_a_record_agrees_by_name(worker):
    path, made = begun(worker)
    body = {
        "agreed_on": "2026-11-23",
        "how": "玄関先で",
        "new_person": {"family_name": "北村", "given_name": "武"},
    }
    known = f.make_person()
    both = sent(worker, "post", f"{path}agree/", body | {"person": known.pk}, If_Match=made["ETag"])
    assert (both.status_code, both.json()["field"]) == (422, "new_person")
    agreed = sent(worker, "post", f"{path}agree/", body, If_Match=made["ETag"])
    assert agreed.json()["state"] == "agreed", agreed.content
    person = Person.objects.get(family_name="北村")
    assert Outreach.objects.get().person == person
    assert person.memberships.get().household == Outreach.objects.get().case.household


def test_the_contact_in_which_it_was_told_is_ones_own_agencys(worker, center_worker):
    number = sent(
        worker, "post", "consultations/", NOTE | {"outcome": "information", "caller": "neighbour"}
    ).json()["receipt_no"]
    foreign = sent(center_worker, "post", "outreach/", WORRY | {"consultation": number})
    assert (foreign.status_code, foreign.json()["field"]) == (422, "consultation")
    begun(worker, consultation=number)
    row = Outreach.objects.get()
    assert row.consultation == Consultation.objects.get()
    assert row.heard_at == row.consultation.started_at


def test_a_partner_reads_who_goes_there_and_changes_nothing(worker, center_worker, colleague):
    path, made = begun(worker, companion_id=colleague.staff.pk, person=None)
    body = {"agreed_on": "2026-11-23", "how": "本人から", "new_person": {"family_name": "北村"}}
    sent(worker, "post", f"{path}agree/", body, If_Match=made["ETag"])
    f.share_by_consent(Outreach.objects.get().case, worker.actor, center_worker.actor)
    read = center_worker.client.get(f"/api/v1/{path}").json()
    assert (read["companion"], read["source"]) == (colleague.staff.name, "")
    denied = sent(center_worker, "patch", path, {"peer": "x"}, If_Match=tag(center_worker, path))
    assert denied.status_code == 403
