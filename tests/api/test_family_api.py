"""Births, kinship and homes of their own in the API: the rules of the page, once for each key, refused in the same words."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest

from audit.models import ChangeRecord
from cases.masters import load_codes
from households.actions.kinship import add_kinship
from households.actions.members import add_member
from households.actions.protection import protect_address
from households.models import Household, HouseholdMovement, Kinship, Person
from tests import factories as f
from tests.api.test_casework_api import sent, tag


@pytest.fixture(autouse=True)
def masters(db):
    load_codes()
    f.make_streams()


@pytest.fixture
def home(worker):
    return f.make_household(
        person=f.make_person(birth_on=date(1990, 4, 1)), agency=worker.agency, actor=worker.actor
    )


def with_member(worker, home, given, **fields):
    person = f.make_person("森下", given, **fields)
    add_member(
        household=home, person=person, data=None, relation="other", lives_together=True, is_key_person=False,
        since=date(2020, 4, 1), actor=worker.actor, at=f.NOW,
    )  # fmt: skip
    return person


# ── Birth ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_child_is_born_once(worker, home):
    mother = home.members.get().person
    path, key = f"households/{home.pk}/movements/", str(uuid4())
    child = {"family_name": "森下", "given_name": "芽衣", "given_kana": "めい", "sex": "female"}
    body = {"kind": "birth", "on": "2026-11-20", "people": [mother.pk], "child": child, "relation": "child"}
    first = sent(worker, "post", path, body, Idempotency_Key=key)
    again = sent(worker, "post", path, body, Idempotency_Key=key)
    assert (first.status_code, again.status_code) == (201, 201), first.content
    assert first.json() == again.json()
    born = Person.objects.get(given_name="芽衣")
    assert (born.birth_on, born.given_kana, born.sex) == (date(2026, 11, 20), "めい", "female")
    assert set(first.json()["people"]) == {born.pk, mother.pk}
    assert Kinship.objects.get(person=mother, relative=born).kind == "parent"
    seen = worker.client.get(f"/api/v1/households/{home.pk}/members/").json()["results"]
    assert {row["name"]: row["relation"] for row in seen}["森下 芽衣"] == "child"


def test_a_birth_that_cannot_be_is_refused_in_the_words_of_the_page(worker, home, stranger):
    father = with_member(worker, home, "隆", birth_on=date(1950, 1, 1))
    third = with_member(worker, home, "恵", birth_on=date(1992, 1, 1))
    mother = home.members.order_by("pk")[0].person
    path = f"households/{home.pk}/movements/"
    body = {"kind": "birth", "on": "2026-11-20", "people": [mother.pk]}
    many = sent(worker, "post", path, body | {"people": [mother.pk, father.pk, third.pk]})
    assert (many.status_code, many.json()["field"]) == (422, "people")
    later = sent(worker, "post", path, body | {"on": "2026-12-01"})
    assert (later.status_code, later.json()["field"]) == (422, "on")
    before_mother = sent(worker, "post", path, body | {"on": "1980-01-01"})
    assert before_mother.status_code == 422
    foreign = sent(worker, "post", path, body | {"people": [f.make_person().pk]})
    assert (foreign.status_code, foreign.json()["field"]) == (422, "people")
    assert sent(stranger, "post", path, body).status_code == 404
    assert not HouseholdMovement.objects.exists()
    unnamed = sent(worker, "post", path, body)  # a child may have no name yet
    assert unnamed.status_code == 201, unnamed.content


@pytest.mark.parametrize(
    ("kind", "more"),
    [("death", {"child": {"given_name": "陽"}}), ("facility_in", {"address": "美旗野市青峰1-2"}), ("birth", {"into": 3}),
     ("move", {"head": 3}), ("join", {"relation": "child"})],
)  # fmt: skip
def test_what_a_movement_does_not_use_is_refused(worker, home, kind, more):
    body = {"kind": kind, "on": "2026-11-20", "people": [home.members.get().person_id]}
    answer = sent(worker, "post", f"households/{home.pk}/movements/", body | more)
    assert (answer.status_code, list(answer.json())) == (400, list(more))
    odd = sent(worker, "post", f"households/{home.pk}/movements/", body | {"child": {"name": "陽"}})
    assert odd.status_code == 400


def test_a_home_of_ones_own_has_a_head_and_a_telephone(worker, home):
    one, two = (with_member(worker, home, name) for name in ("陽", "光"))
    body = {
        "kind": "split", "on": "2026-11-20", "people": [one.pk, two.pk], "head": two.pk,
        "address": "美旗野市青峰2丁目8番地", "phone": "0595-55-1234",
    }  # fmt: skip
    answer = sent(worker, "post", f"households/{home.pk}/movements/", body)
    assert answer.status_code == 201, answer.content
    new = Household.objects.get(address="美旗野市青峰2丁目8番地")
    assert new.phone == "0595551234"
    assert new.members.get(relation="self").person_id == two.pk


# ── Kinship ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_kinship_is_read_recorded_once_and_taken_back(worker, home, stranger):
    mother = home.members.get().person
    child = with_member(worker, home, "陽", birth_on=date(2015, 5, 5))
    path, key = f"households/{home.pk}/kinships/", str(uuid4())
    body = {"person": mother.pk, "relative": child.pk, "kind": "parent", "note": "長男"}
    assert sent(stranger, "post", path, body).status_code == 404
    first = sent(worker, "post", path, body, Idempotency_Key=key)
    again = sent(worker, "post", path, body, Idempotency_Key=key)
    assert (first.status_code, first.json()) == (201, again.json()), first.content
    (row,) = worker.client.get(f"/api/v1/{path}").json()["results"]
    assert row == first.json()
    assert (row["person_name"], row["seen_from_relative"], row["note"]) == (mother.display_name, "子", "長男")
    assert sent(stranger, "get", path).status_code == 404
    remove, count = f"{path}{row['id']}/remove/", ChangeRecord.objects.count()
    assert sent(worker, "post", remove).status_code == 428
    assert sent(worker, "post", remove, If_Match='"0"').status_code == 412
    assert sent(worker, "post", remove, {"reason": "x"}, If_Match=first["ETag"]).status_code == 400
    assert sent(stranger, "post", remove, If_Match=first["ETag"]).status_code == 404
    assert ChangeRecord.objects.count() == count
    key = str(uuid4())
    for _ in range(2):
        assert sent(worker, "post", remove, If_Match=first["ETag"], Idempotency_Key=key).status_code == 204
    assert ChangeRecord.objects.count() == count + 1
    assert not Kinship.objects.exists()
    assert sent(worker, "post", remove, If_Match=first["ETag"]).status_code == 404


def test_kinship_across_households_needs_sight_of_the_other_record(worker, stranger, home):
    mother = home.members.get().person
    aunt, hidden = f.make_person("北村", "文"), f.make_person("北村", "武")
    f.make_household(person=aunt, agency=worker.agency, actor=worker.actor)
    other = f.make_household(person=hidden, agency=stranger.agency, actor=stranger.actor)
    path = f"households/{home.pk}/kinships/"
    body = {"person": mother.pk, "relative": aunt.pk, "kind": "sibling"}
    assert sent(worker, "post", path, body).status_code == 201
    assert len(worker.client.get(f"/api/v1/{path}").json()["results"]) == 1
    for wrong, field in (
        ({"relative": hidden.pk}, "relative"),
        ({"person": aunt.pk}, "person"),
        ({"relative": mother.pk}, "relative"),
    ):
        refused = sent(worker, "post", path, body | wrong)
        assert (refused.status_code, refused.json()["field"]) == (422, field)
    assert sent(worker, "post", path, body | {"kinds": "x"}).status_code == 400
    assert Kinship.objects.count() == 1
    # from the other household the row is not theirs to take back
    row = Kinship.objects.get()
    assert (
        sent(stranger, "post", f"households/{other.pk}/kinships/{row.pk}/remove/", If_Match='"0"').status_code
        == 404
    )


def test_each_others_parent_is_refused_and_a_protected_word_is_hidden(worker, center_worker, home):
    case = f.make_case(worker.actor)
    person = Person.objects.get(memberships__household=case.household)
    child = with_member(worker, case.household, "陽")
    path = f"households/{case.household_id}/kinships/"
    add_kinship(
        household=case.household, person=person, relative=child, kind="parent", note="美旗野市青峰2丁目8番地に同居",
        actor=worker.actor, at=f.NOW,
    )  # fmt: skip
    turned = sent(worker, "post", path, {"person": child.pk, "relative": person.pk, "kind": "parent"})
    assert (turned.status_code, turned.json()["field"]) == (422, "relative")
    f.share_by_consent(case, worker.actor, center_worker.actor)
    Household.objects.filter(pk=case.household_id).update(address="美旗野市青峰2丁目8番地")
    protect_address(
        person=person, units=[], first_on=f.TODAY, last_on=date(2027, 11, 22), actor=worker.actor, at=f.NOW
    )
    seen = center_worker.client.get(f"/api/v1/{path}")
    assert seen.status_code == 200
    assert "青峰" not in seen.content.decode()
    assert "青峰" in worker.client.get(f"/api/v1/{path}").content.decode()


# ── Members ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_household_is_registered_once(worker, finance):
    body, key = {"family_name": "北村", "given_name": "武", "birth_on": "1950-01-01"}, str(uuid4())
    first = sent(worker, "post", "households/", body, Idempotency_Key=key)
    again = sent(worker, "post", "households/", body, Idempotency_Key=key)
    assert (first.status_code, first.json()) == (201, again.json()), first.content
    home = Household.objects.get()
    assert (home.pk, first["ETag"]) == (first.json()["id"], f'"{home.version}"')
    assert home.members.get().person.birth_on == date(1950, 1, 1)
    assert sent(worker, "post", "households/", {}).status_code == 400
    assert sent(worker, "post", "households/", {"name": "北村"}).status_code == 400
    assert sent(finance, "post", "households/", body).status_code == 403


def member_row(who, home, person):
    rows = who.client.get(f"/api/v1/households/{home.pk}/members/").json()["results"]
    return next(row for row in rows if row["person"] == person.pk)


def test_what_was_wrong_of_a_member_is_corrected_and_who_leaves_leaves_once(worker, stranger, home):
    child = with_member(worker, home, "陽")
    row = member_row(worker, home, child)
    assert (row["relation"], row["first_on"], row["last_on"], row["is_key_person"]) == (
        "other",
        "2020-04-01",
        None,
        False,
    )
    path, seen = f"households/{home.pk}/members/{row['id']}/", f'"{row["etag"]}"'
    body = {"relation": "child", "is_key_person": True}
    assert sent(worker, "patch", path, body).status_code == 428
    assert sent(worker, "patch", path, body, If_Match='"0"').status_code == 412
    assert sent(stranger, "patch", path, body, If_Match=seen).status_code == 404
    other = f.make_household(person=f.make_person(), agency=worker.agency, actor=worker.actor)
    elsewhere = f"households/{other.pk}/members/{row['id']}/"
    assert sent(worker, "patch", elsewhere, body, If_Match=seen).status_code == 404
    done = sent(worker, "patch", path, body, If_Match=seen)
    assert done.json().items() >= body.items(), done.content
    assert done.json()["first_on"] == "2020-04-01"
    stale = sent(worker, "patch", path, {"first_on": "2021-04-01"}, If_Match=seen)
    assert (stale.status_code, stale["ETag"]) == (412, done["ETag"])
    days = sent(worker, "patch", path, {"first_on": "2021-04-01"}, If_Match=done["ETag"])
    assert (days.json()["first_on"], days.json()["relation"]) == ("2021-04-01", "child")
    late = sent(worker, "post", f"{path}end/", {"last_on": "2026-12-01"}, If_Match=days["ETag"])
    assert (late.status_code, late.json()["field"]) == (422, "last_on")
    key, count = str(uuid4()), ChangeRecord.objects.count()
    for _ in range(2):
        gone = sent(
            worker,
            "post",
            f"{path}end/",
            {"last_on": "2026-11-20"},
            If_Match=days["ETag"],
            Idempotency_Key=key,
        )
        assert (gone.status_code, gone.json()["last_on"]) == (200, "2026-11-20"), gone.content
    assert ChangeRecord.objects.count() == count + 1
    assert (
        sent(worker, "post", f"{path}end/", {"last_on": "2026-11-19"}, If_Match=gone["ETag"]).status_code
        == 422
    )
    back = sent(worker, "patch", path, {"last_on": None}, If_Match=gone["ETag"])
    assert back.json()["last_on"] is None


def test_when_a_protected_person_came_is_neither_told_nor_changed(worker, center_worker):
    case = f.make_case(worker.actor)
    person = Person.objects.get(memberships__household=case.household)
    f.share_by_consent(case, worker.actor, center_worker.actor)
    protect_address(
        person=person, units=[], first_on=f.TODAY, last_on=date(2027, 11, 22), actor=worker.actor, at=f.NOW
    )
    row = member_row(center_worker, case.household, person)
    assert (row["first_on"], row["last_on"], row["etag"], row["is_hidden"]) == (None, None, "", True)
    real = member_row(worker, case.household, person)["etag"]
    path = f"households/{case.household_id}/members/{row['id']}/"
    refused = sent(center_worker, "patch", path, {"first_on": "2020-01-01"}, If_Match=f'"{real}"')
    assert (refused.status_code, "秘匿" in refused.json()["detail"]) == (422, True)
    ended = sent(center_worker, "post", f"{path}end/", {"last_on": "2026-11-20"}, If_Match=f'"{real}"')
    assert ended.status_code == 422


# ── Former names, and the sectors of a case ─────────────────────────────────────────────────────────────────


def test_a_former_name_is_noted_once_finds_the_person_and_is_taken_back(worker, stranger, home):
    person = home.members.get().person
    path, key = f"people/{person.pk}/former-names/", str(uuid4())
    body = {"family_name": "髙﨑", "family_kana": "たかさき", "kind": "marriage", "until_on": "2010-04-01"}
    first = sent(worker, "post", path, body, Idempotency_Key=key)
    again = sent(worker, "post", path, body, Idempotency_Key=key)
    assert (first.status_code, first.json()) == (201, again.json()), first.content
    (row,) = worker.client.get(f"/api/v1/{path}").json()["results"]
    assert row == first.json()
    found = worker.client.get("/api/v1/people/", {"q": "高崎"}).json()["results"]
    assert [hit["id"] for hit in found] == [person.pk]
    future = sent(worker, "post", path, body | {"family_name": "別", "until_on": "2027-01-01"})
    assert (future.status_code, future.json()["field"]) == (422, "until_on")
    assert sent(worker, "post", path, {"name": "別"}).status_code == 400
    assert sent(stranger, "post", path, body).status_code == 404
    remove, key = f"{path}{row['id']}/remove/", str(uuid4())
    assert sent(worker, "post", remove).status_code == 428
    assert sent(worker, "post", remove, If_Match='"0"').status_code == 412
    assert sent(stranger, "post", remove, If_Match=first["ETag"]).status_code == 404
    for _ in range(2):
        assert sent(worker, "post", remove, If_Match=first["ETag"], Idempotency_Key=key).status_code == 204
    assert worker.client.get("/api/v1/people/", {"q": "高崎"}).json()["results"] == []
    assert sent(worker, "post", remove, If_Match=first["ETag"]).status_code == 404


def test_the_sectors_of_a_case_are_changed_over_what_was_read(worker, center_worker, stranger):
    case = f.make_case(worker.actor, sectors=("elderly",))
    path = f"cases/{case.number}/"
    seen = tag(worker, path)
    body = {"sectors": ["disability", "elderly"]}
    assert sent(worker, "patch", path, body).status_code == 428
    assert sent(stranger, "patch", path, body, If_Match=seen).status_code == 404
    done = sent(worker, "patch", path, body, If_Match=seen)
    assert done.json()["sectors"] == ["disability", "elderly"]
    assert done["ETag"] == tag(worker, path)
    assert sent(worker, "patch", path, {"sectors": []}, If_Match=seen).status_code == 412
    for wrong in ({"sectors": ["odd"]}, {"sectors": "elderly"}, {}, body | {"state": "closed"}):
        assert sent(worker, "patch", path, wrong, If_Match=done["ETag"]).status_code == 400
