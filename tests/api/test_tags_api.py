"""Every write over something that stands names what was read of it: without it 428, over somebody else's write 412."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from audit.models import ChangeRecord
from cases.actions.closing import ClosingData, close_case
from cases.actions.silent_risks import refresh_all
from cases.enums import CodeList
from cases.masters import load_codes
from cases.models import Case, Code, FollowUp, RiskPutOff, SilentRisk
from common.tags import tag_of
from households.actions.link_people import link_people
from households.actions.movements import Moved
from households.actions.moves import change_living
from households.enums import MovementKind
from households.models import HouseholdMovement, Person, PersonLink
from referrals.models import ActionItem, Referral
from tests import factories as f
from tests.api.test_casework_api import sent, tag
from tests.referrals import conferences as c


@pytest.fixture(autouse=True)
def masters(db):
    load_codes()
    f.make_streams()


def closed(worker, case):
    """The turn that waits after a case was closed."""
    reason = Code.objects.get(code_list=CodeList.CLOSING_REASON, code="z01")
    closing = ClosingData(
        kind="close", reason=reason, note="落ち着いた", follow_up_on=date(2027, 2, 24), every="3"
    )
    close_case(case=case, data=closing, actor=worker.actor, at=f.NOW)
    return FollowUp.objects.get()


def refused(who, path, body, stale):
    """428 without a tag, 412 over a tag that is none or no longer stands, each without a word in the audit."""
    before = ChangeRecord.objects.count()
    assert sent(who, "post", path, body).status_code == 428
    for given in (stale, '"0"', "latest", "*"):
        answer = sent(who, "post", path, body, If_Match=given)
        assert (answer.status_code, set(answer.json())) == (412, {"detail", "field", "version", "etag"}), (
            given
        )
        assert answer["ETag"] == f'"{answer.json()["etag"]}"' != stale
    assert ChangeRecord.objects.count() == before
    return answer["ETag"]


def test_a_worry_that_somebody_else_put_off(worker):
    case = f.make_case(worker.actor)
    Case.objects.filter(pk=case.pk).update(last_contact_at=f.NOW - timedelta(days=60))
    refresh_all(at=f.NOW)
    risk = SilentRisk.objects.filter(kind="quiet").get()
    path, seen = f"risks/{risk.pk}/", tag(worker, f"risks/{risk.pk}/")
    body = {"until": "2026-11-30", "reason": "入院中"}
    put = sent(worker, "post", f"{path}put-off/", body, If_Match=seen)
    assert put["ETag"] == tag(worker, path) == f'"{put.json()["etag"]}"'
    now = refused(worker, f"{path}put-off/", body | {"until": "2026-12-01"}, seen)
    assert now == put["ETag"]
    assert RiskPutOff.objects.count() == 1
    assert (
        sent(worker, "post", f"{path}put-off/", body | {"until": "2026-12-01"}, If_Match=now).status_code
        == 200
    )


def test_a_turn_that_somebody_else_tried(worker, colleague):
    case = f.make_case(worker.actor)
    turn = closed(worker, case)
    path = f"follow-ups/{turn.pk}/"
    (row,) = worker.client.get("/api/v1/follow-ups/").json()["results"]
    seen = tag(worker, path)
    assert seen == f'"{row["etag"]}"'
    missed = sent(colleague, "post", f"{path}result/", {"result": "unreachable"}, If_Match=seen)
    assert missed.status_code == 200
    now = refused(worker, f"{path}result/", {"result": "stable"}, seen)
    assert now == missed["ETag"]
    assert (
        sent(worker, "post", f"{path}result/", {"result": "stable"}, If_Match=now).json()["result"]
        == "stable"
    )


def test_a_merge_that_somebody_else_took_back(worker, colleague):
    kept, twin = f.make_person(), f.make_person(alias="和ちゃん")
    for person in (kept, twin):
        f.make_household(person=person, agency=worker.agency, actor=worker.actor)
    body = {
        "absorbed": twin.pk,
        "version": twin.version,
        "basis": "保険証",
        "home": twin.memberships.get().household_id,
    }
    merged = sent(worker, "post", f"people/{kept.pk}/merge/", body, If_Match=f'"{kept.version}"')
    path, seen = f"merges/{merged.json()['id']}/", merged["ETag"]
    assert seen == tag(worker, path)
    assert sent(colleague, "post", f"{path}undo/", {"reason": "別の人"}, If_Match=seen).status_code == 200
    refused(worker, f"{path}undo/", {"reason": "別の人"}, seen)


def test_a_judgement_that_somebody_else_changed(worker, colleague):
    one, two = f.make_person(), f.make_person(alias="和ちゃん")
    for person in (one, two):
        f.make_household(person=person, agency=worker.agency, actor=worker.actor)
    path = f"people/{one.pk}/links/"
    body = {"other": two.pk, "state": "possible", "reason": "字が同じ"}
    first = sent(worker, "post", path, body)
    assert first.status_code == 201  # nothing stood
    link_people(
        person=two, other=one, state="different", reason="生年月日が違う", actor=colleague.actor,
        at=f.NOW + timedelta(minutes=1),
    )  # fmt: skip
    now = refused(worker, path, body, first["ETag"])
    (row,) = worker.client.get(f"/api/v1/{path}").json()["results"]
    assert (row["state"], f'"{row["etag"]}"') == ("different", now)
    found = worker.client.get("/api/v1/people/", {"q": one.display_name}).json()["results"]
    assert {f'"{link["etag"]}"' for hit in found for link in hit["links"]} == {now}
    again = sent(worker, "post", path, body, If_Match=now)
    assert (again.status_code, PersonLink.objects.get().state) == (201, "possible")


def test_a_movement_that_somebody_else_withdrew(worker, colleague):
    case = f.make_case(worker.actor)
    person = Person.objects.get(memberships__household=case.household)
    change_living(
        household=case.household, moved=Moved(date(2026, 11, 1), (person.pk,)), kind=MovementKind.FACILITY_IN,
        actor=worker.actor, at=f.NOW,
    )  # fmt: skip
    path = f"households/{case.household_id}/movements/"
    (row,) = worker.client.get(f"/api/v1/{path}").json()["results"]
    back, seen = f"{path}{row['id']}/withdraw/", f'"{row["etag"]}"'
    assert sent(colleague, "post", back, {"reason": "人ちがい"}, If_Match=seen).status_code == 200
    refused(worker, back, {"reason": "別の理由"}, seen)
    assert HouseholdMovement.objects.get().withdrawal_reason == "人ちがい"


def test_a_referral_that_a_colleague_answered(worker, center_worker):
    case = f.make_case(worker.actor)
    body = {
        "case": case.number, "to_agency": center_worker.agency.code, "purpose": "見立てを一緒に", "ground": "coordination",
        "parts": ["concerns"], "deadline_at": (f.NOW + timedelta(days=3)).isoformat(),
    }  # fmt: skip
    path = f"referrals/{sent(worker, 'post', 'referrals/', body).json()['id']}/"
    seen = tag(center_worker, path)
    answered = sent(center_worker, "post", f"{path}answer/", {"event": "join"}, If_Match=seen)
    refused(center_worker, f"{path}answer/", {"event": "take_lead"}, seen)
    refused(center_worker, f"{path}start/", {}, seen)
    started = sent(center_worker, "post", f"{path}start/", {}, If_Match=answered["ETag"])
    refused(center_worker, f"{path}finish/", {"outcome": "connected"}, answered["ETag"])
    done = sent(center_worker, "post", f"{path}finish/", {"outcome": "connected"}, If_Match=started["ETag"])
    assert done.status_code == 200
    assert done["ETag"] == tag(worker, path) == f'"{Referral.objects.get().version}"'


def test_an_action_item_that_a_colleague_finished(worker, colleague):
    case = f.make_case(worker.actor)
    sitting = c.convene(worker.actor)
    item = c.put(sitting, case, worker.actor)
    c.bring_to(sitting, "running", worker.actor)
    item = c.decide(item, worker.agency, worker.staff, worker.actor)
    path = f"action-items/{item.pk}/"
    seen = tag(worker, path)
    assert sent(colleague, "post", f"{path}finish/", {"outcome": "済んだ"}, If_Match=seen).status_code == 200
    refused(worker, f"{path}finish/", {"outcome": "別の結果"}, seen)
    assert ActionItem.objects.get().outcome == "済んだ"


def test_a_tag_is_the_same_from_memory_and_from_the_database_and_keyed(worker, settings):
    case = f.make_case(worker.actor)
    turn = closed(worker, case)
    turn.done_at, turn.result, turn.done_by = f.NOW, "stable", worker.staff
    turn.save()
    assert tag_of(turn) == tag_of(FollowUp.objects.get())
    first = tag_of(turn)
    settings.SECRET_KEY = "another"
    assert tag_of(turn) != first  # nobody without the key finds a hidden field by trying its values
    case.refresh_from_db()
    assert tag_of(case) == str(case.version)
