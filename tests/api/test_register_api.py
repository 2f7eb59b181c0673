"""住民異動の取り込み in the API: the safety of the page, answer by answer."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.signing import TimestampSigner

from audit.models import ChangeRecord
from households.actions.persons import update_household
from households.actions.protection import protect_address
from households.models import Household, HouseholdMovement, Person
from tests import factories as f
from tests.api.test_casework_api import sent
from tests.households.test_register_import import NEW_HOME, csv_of, home_of, live, row

pytestmark = pytest.mark.django_db
PREVIEW, APPLY = "/api/v1/register-imports/preview/", "register-imports/apply/"


@pytest.fixture
def mother(worker) -> Person:
    return live(worker, "髙﨑", "芳江", date(1946, 3, 1))


def preview(who, *rows, month="2026-10", data=None, **more):
    file = SimpleUploadedFile("idou.csv", csv_of(*rows) if data is None else data)
    return who.client.post(PREVIEW, {"month": month, "file": file, **more})


MOVED = row("転居", "高崎 芳江", "S21.3.1", address=NEW_HOME)
FOREIGN = row("転出", "誰も知らぬ 人", "S40.1.1", address="よその県")


def test_what_is_shown_is_taken_in_once(worker, mother):
    shown = preview(worker, MOVED, FOREIGN, row("死亡", "高崎 芳江", "S21.3.1", on="R8.13.1"))
    assert shown.status_code == 200, shown.content
    said = shown.json()
    assert (said["count"], said["others"], [e["line"] for e in said["errors"]]) == (3, 1, [4])
    (step,) = said["steps"]
    assert (step["state"], step["kind"], step["on"], step["lines"]) == ("new", "move", "2026-10-10", [2])
    assert (step["people"], step["household"], step["becomes"]) == ([mother.pk], home_of(mother).pk, NEW_HOME)
    assert not HouseholdMovement.objects.exists()  # nothing is written by looking
    assert "誰も知らぬ" not in shown.content.decode()
    key, body = str(uuid4()), {"payload": said["payload"]}
    first = sent(worker, "post", APPLY, body, Idempotency_Key=key)
    assert (first.status_code, first.json()["taken"]) == (200, 1), first.content
    count = ChangeRecord.objects.count()
    again = sent(worker, "post", APPLY, body, Idempotency_Key=key)
    assert (again.json()["taken"], again.json()["steps"][0]["state"]) == (0, "stands")
    assert ChangeRecord.objects.count() == count
    assert home_of(mother).address == NEW_HOME
    assert HouseholdMovement.objects.get().source == "register"


def test_the_same_file_again_changes_nothing_and_undoes_no_correction(worker, mother):
    sent(worker, "post", APPLY, {"payload": preview(worker, MOVED).json()["payload"]})
    home = home_of(mother)
    update_household(
        household=home, name=home.name, postal_code="", address="美旗野市青峰2丁目8番地の1", phone="", area=home.area,
        version=home.version, actor=worker.actor, at=f.NOW,
    )  # fmt: skip
    shown = preview(worker, MOVED).json()
    assert [step["state"] for step in shown["steps"]] == ["stands"]
    assert sent(worker, "post", APPLY, {"payload": shown["payload"]}).json()["taken"] == 0
    assert home_of(mother).address == "美旗野市青峰2丁目8番地の1"
    assert HouseholdMovement.objects.count() == 1


def test_a_file_of_another_month_and_one_that_is_none_are_refused_whole(worker, mother):
    late = preview(worker, MOVED, month="2026-11")
    assert (late.status_code, late.json()["field"]) == (422, "month")
    none = preview(worker, data=b"\x00\x01\x02")
    assert (none.status_code, none.json()["field"]) == (422, "file")
    lines = preview(worker, row("転居", "", "S21.3.1"))
    assert lines.status_code == 422
    assert lines.json()["errors"][0]["line"] == 2
    for month in ("2026-13", "R8.10", "2026-1", "9999-10", ""):
        odd = preview(worker, MOVED, month=month)
        assert (odd.status_code, list(odd.json())) == (400, ["month"]), month
    unknown = preview(worker, MOVED, mont="x")
    assert (unknown.status_code, list(unknown.json())) == (400, ["mont"])
    assert worker.client.post(PREVIEW, {"month": "2026-10"}).json().keys() == {"file"}


def test_a_preview_is_its_readers_own_and_grows_old(worker, colleague, finance, mother, monkeypatch):
    payload = preview(worker, MOVED).json()["payload"]
    for who, said in ((colleague, payload), (worker, payload[:-3] + "abc"), (worker, "x")):
        refused = sent(who, "post", APPLY, {"payload": said})
        assert (refused.status_code, refused.json()["field"]) == (422, "payload")
    key = str(uuid4())
    now = TimestampSigner.timestamp
    monkeypatch.setattr(TimestampSigner, "timestamp", lambda self: "1aaaaa")
    aged = preview(worker, MOVED).json()["payload"]
    monkeypatch.setattr(TimestampSigner, "timestamp", now)
    assert sent(worker, "post", APPLY, {"payload": aged}, Idempotency_Key=key).status_code == 422
    assert not HouseholdMovement.objects.exists()
    assert preview(finance, MOVED).status_code == 403
    assert sent(finance, "post", APPLY, {"payload": payload}).status_code == 403
    assert sent(worker, "post", APPLY, {"payload": payload, "pick": []}).status_code == 400


def test_two_of_one_name_are_chosen_by_the_sender_and_nobody_else_can_be(worker, mother):
    twin = live(worker, "髙﨑", "芳江", date(1946, 3, 1))
    stranger = live(worker, "森下", "勇", date(1950, 1, 1))
    shown = preview(worker, MOVED).json()
    (step,) = shown["steps"]
    assert (step["state"], step["household"]) == ("choose", None)
    assert {one["id"] for one in step["candidates"]} == {mother.pk, twin.pk}
    body = {"payload": shown["payload"]}
    for pick in (None, stranger.pk, 2**62):
        left = sent(worker, "post", APPLY, body | ({"picks": [{"line": 2, "person": pick}]} if pick else {}))
        assert (left.json()["taken"], left.json()["steps"][0]["state"]) == (0, "choose")
    taken = sent(worker, "post", APPLY, body | {"picks": [{"line": 2, "person": twin.pk}]})
    assert taken.json()["taken"] == 1
    assert (home_of(twin).address, home_of(mother).address != NEW_HOME) == (NEW_HOME, True)


def test_who_is_not_seen_or_hidden_looks_like_nobody(worker, stranger, center_worker, mother):
    """Not even a partner who sees the household is told of a protected person's row."""
    nothing = {"count": 1, "others": 1, "steps": [], "errors": []}

    def told(who):
        return {k: v for k, v in preview(who, moved).json().items() if k != "payload"}

    moved = MOVED
    assert told(stranger) == nothing
    case = f.make_case(worker.actor)
    person = Person.objects.get(memberships__household=case.household)
    Person.objects.filter(pk=person.pk).update(birth_on=date(1950, 1, 1))
    f.share_by_consent(case, worker.actor, center_worker.actor)
    moved = row("転居", person.display_name, "S25.1.1", address=NEW_HOME)
    assert [step["people"] for step in told(center_worker)["steps"]] == [[person.pk]]
    protect_address(
        person=person, units=[], first_on=f.TODAY, last_on=date(2027, 11, 22), actor=worker.actor, at=f.NOW
    )
    assert told(center_worker) == nothing
    assert [step["people"] for step in told(worker)["steps"]] == [[person.pk]]


def test_a_rule_that_is_broken_is_named_and_the_rest_goes_in(worker, mother):
    gone = live(worker, "三上", "勇", date(1960, 1, 5))
    Person.objects.filter(pk=gone.pk).update(died_on=date(2026, 10, 1))
    shown = preview(worker, MOVED, row("転居", "三上 勇", "S35.1.5", address="美旗野市若葉1-1")).json()
    states = {step["names"]: step for step in shown["steps"]}
    assert states["三上 勇"]["state"] == "broken"
    assert "死亡日より後" in states["三上 勇"]["said"]
    done = sent(worker, "post", APPLY, {"payload": shown["payload"]}).json()
    assert done["taken"] == 1
    assert Household.objects.filter(address=NEW_HOME).count() == 1
