"""世帯の異動: who lived together on which day, and every movement taken back to the last column."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from audit.models import ChangeRecord
from common.errors import InvalidTransition, RuleViolation
from households.actions.join import join_household
from households.actions.kinship import record_marriage
from households.actions.lives import record_birth, record_death
from households.actions.members import add_member
from households.actions.movements import Moved, withdraw_movement
from households.actions.moves import Place, change_living, move_household, move_out
from households.actions.persons import PersonData
from households.actions.protection import protect_address
from households.actions.split import NewHome, split_household
from households.contact import Shield
from households.enums import MovementKind
from households.models import FormerAddress, Household, HouseholdMember, HouseholdMovement, Kinship, Person
from households.selectors_history import address_on, household_on
from tests import factories as f

pytestmark = pytest.mark.django_db
DAY = date(2026, 10, 1)
BEFORE = date(2026, 9, 30)


@pytest.fixture
def home(worker) -> Household:
    """A mother of 80 and her son of 50."""
    mother = f.make_person(birth_on=date(1946, 3, 1), sex="female")
    home = f.make_household(agency=worker.agency, person=mother)
    home.address = "美旗野市梅ヶ原1丁目"
    home.save()
    add_member(
        household=home, person=None, data=PersonData("森下", "健", birth_on=date(1976, 5, 1)), relation="child",
        lives_together=True, is_key_person=False, since=date(2020, 4, 1), actor=worker.actor, at=f.NOW,
    )  # fmt: skip
    return home


@pytest.fixture
def mother() -> Person:
    return Person.objects.get(given_name="和子")


@pytest.fixture
def son(home) -> Person:
    return Person.objects.get(given_name="健")


def on(home: Household, day: date) -> list[tuple[str, str]]:
    return [(row.member.person.given_name, row.living) for row in household_on(home, day, Shield())]


def said(home: Household, who: Any, *people: Person, day: date = DAY) -> dict[str, Any]:
    moved = Moved(on=day, people=tuple(p.pk for p in people))
    return {"household": home, "moved": moved, "actor": who.actor, "at": f.NOW}


def rows() -> list[list[Any]]:
    models = (HouseholdMember, Kinship, FormerAddress)
    whole = [sorted(map(str, model.objects.values())) for model in models]
    people = Person.objects.filter(given_name__in=["和子", "健"])
    homes = Household.objects.filter(name="森下 和子 世帯")
    return [*whole, *(_but_version(found.order_by("pk").values()) for found in (people, homes))]


def _but_version(found: Any) -> list[dict[str, Any]]:
    """The version only counts up, so that an edit begun before the withdrawal is told of it."""
    return [{name: value for name, value in row.items() if name != "version"} for row in found]


def test_split_leaves_the_past_where_it_was(home, worker, son):
    movement = split_household(**said(home, worker, son), home=NewHome(address="美旗野市本町2丁目"))
    new = movement.other_household
    both = [("和子", "同居"), ("健", "同居")]
    assert (on(home, BEFORE), on(home, DAY)) == (both, [("和子", "同居")])
    assert (on(new, BEFORE), on(new, DAY)) == ([], [("健", "同居")])
    assert Household.objects.visible_to(worker.actor).filter(pk=new.pk).exists()
    assert ChangeRecord.objects.filter(action="household.split").count() == 1


def test_join_and_back(home, worker, son, mother):
    other = f.make_household("榊原 世帯", agency=worker.agency, person=f.make_person("榊原", "薫"))
    join_household(**said(home, worker, son), into=other)
    assert on(other, DAY) == [("薫", "同居"), ("健", "同居")]
    assert on(home, DAY) == [("和子", "同居")]


def test_who_sees_one_household_joins_nobody_to_another(home, worker, son):
    closed = f.make_household("榊原 世帯", person=f.make_person("榊原", "薫"))
    with pytest.raises(Household.DoesNotExist):
        join_household(**said(home, worker, son), into=closed)
    assert on(home, DAY) == [("和子", "同居"), ("健", "同居")]


def test_facility_keeps_the_member_who_no_longer_lives_there(home, worker, mother):
    change_living(**said(home, worker, mother), kind=MovementKind.FACILITY_IN)
    assert on(home, BEFORE)[0] == ("和子", "同居")
    assert on(home, DAY)[0] == ("和子", "別居・入所")


def test_the_address_of_each_day(home, worker):
    move_household(**said(home, worker), place=Place(address="美旗野市本町2丁目"), kind=MovementKind.MOVE)
    home.refresh_from_db()
    seen = [address_on(home, day, Shield(), worker.actor).address for day in (BEFORE, DAY)]
    assert seen == ["美旗野市梅ヶ原1丁目", "美旗野市本町2丁目"]


def test_death_ends_the_memberships_on_the_day_after(home, worker, mother):
    record_death(**said(home, worker, mother))
    assert ("和子", "同居") in on(home, DAY)
    assert ("和子", "同居") not in on(home, date(2026, 10, 2))


def test_no_birth_after_the_mothers_death(home, worker, mother):
    record_death(**said(home, worker, mother, day=BEFORE))
    with pytest.raises(RuleViolation, match="死亡日より後の出生"):
        record_birth(**said(home, worker, mother), child=PersonData("森下", "新"), relation="child")
    assert not Person.objects.filter(given_name="新").exists()


def test_no_death_before_the_birth_of_a_recorded_child(home, worker, mother, son):
    Kinship.objects.create(person=mother, relative=son, kind="parent")
    HouseholdMember.objects.update(during=(None, None))
    with pytest.raises(RuleViolation, match="より前の死亡") as caught:
        record_death(**said(home, worker, mother, day=date(1976, 4, 30)))
    assert caught.value.field == "on"
    mother.refresh_from_db()
    assert mother.died_on is None
    record_death(**said(home, worker, mother, day=date(1976, 5, 1)))  # the day of the birth itself


def test_a_father_may_die_in_the_months_before(home, worker, mother, son):
    Person.objects.filter(pk=mother.pk).update(sex="male")
    HouseholdMember.objects.update(during=(None, None))
    Kinship.objects.create(person=mother, relative=son, kind="parent")
    record_death(**said(home, worker, mother, day=date(1975, 12, 1)))


@pytest.mark.parametrize("kind", ["split", "move", "move_out", "death", "facility", "marriage", "birth"])
def test_withdrawing_puts_every_row_back(home, worker, mother, son, kind):
    before = rows()
    match kind:
        case "split":
            movement = split_household(**said(home, worker, son), home=NewHome())
        case "move":
            movement = move_household(
                **said(home, worker), place=Place(address="本町"), kind=MovementKind.MOVE
            )
        case "move_out":
            movement = move_out(**said(home, worker, son), place=Place())
        case "death":
            movement = record_death(**said(home, worker, mother))
        case "facility":
            movement = change_living(**said(home, worker, mother), kind=MovementKind.FACILITY_IN)
        case "marriage":
            add_member(
                household=home, person=None, data=PersonData("榊原", "薫"), relation="other", lives_together=True,
                is_key_person=False, since=None, actor=worker.actor, at=f.NOW,
            )  # fmt: skip
            before = rows()
            bride = Person.objects.get(given_name="薫")
            movement = record_marriage(**said(home, worker, son, bride), kind=MovementKind.MARRIAGE)
        case _:
            movement = record_birth(
                **said(home, worker, son), child=PersonData("森下", "新"), relation="other"
            )
    assert rows() != before
    withdraw_movement(movement=movement, reason="日付の誤り", actor=worker.actor, at=f.NOW)
    assert rows() == before
    with pytest.raises(InvalidTransition):
        withdraw_movement(movement=movement, reason="もう一度", actor=worker.actor, at=f.NOW)


def test_the_later_movement_is_withdrawn_first(home, worker, mother):
    first = change_living(**said(home, worker, mother), kind=MovementKind.FACILITY_IN)
    record_death(**said(home, worker, mother, day=date(2026, 11, 1)))
    with pytest.raises(RuleViolation, match="あとの異動から"):
        withdraw_movement(movement=first, reason="誤り", actor=worker.actor, at=f.NOW)


def test_the_same_form_twice_is_one_movement(home, worker, son):
    twice = said(home, worker, son)
    first = split_household(**twice, home=NewHome())
    assert split_household(**twice, home=NewHome()) == first
    assert HouseholdMovement.objects.count() == 1


def test_a_day_after_today_is_refused(home, worker, son):
    with pytest.raises(RuleViolation, match="今日より後"):
        split_household(**said(home, worker, son, day=date(2026, 12, 1)), home=NewHome())


def test_nobody_lives_in_two_households_on_one_day(home, worker, son):
    other = f.make_household("榊原 世帯", agency=worker.agency, person=f.make_person("榊原", "薫"))
    add = {
        "household": other, "person": son, "data": None, "relation": "other", "is_key_person": False,
        "since": DAY, "actor": worker.actor, "at": f.NOW,
    }  # fmt: skip
    with pytest.raises(RuleViolation, match="別の世帯で同居"):
        add_member(**add, lives_together=True)
    member = add_member(**add, lives_together=False)
    with pytest.raises(IntegrityError), transaction.atomic():
        HouseholdMember.objects.filter(pk=member.pk).update(lives_together=True)


def test_the_database_refuses_a_circle_too(home, mother, son):
    Kinship.objects.create(person=mother, relative=son, kind="parent")
    with pytest.raises(IntegrityError, match="circle"), transaction.atomic():
        Kinship.objects.create(person=son, relative=mother, kind="adoptive_parent")


def test_where_a_protected_person_was_is_not_told(home, worker, center_worker, mother, son):
    case = f.make_case(worker.actor, household=home)
    case.person = mother
    case.save()
    f.share_by_consent(case, worker.actor, center_worker.actor)
    movement = change_living(**said(home, worker, son), kind=MovementKind.FACILITY_IN)
    url = f"/households/{home.pk}/history/?on=R8.10.1"
    assert "施設入所" in center_worker.client.get(url).content.decode()
    protect_address(
        person=son, units=[], first_on=f.TODAY, last_on=date(2027, 11, 22), actor=worker.actor, at=f.NOW
    )
    assert "施設入所" in worker.client.get(url).content.decode()
    page = center_worker.client.get(url).content.decode()
    assert "施設入所" not in page
    assert "（秘匿）" in page
    back = f"/households/{home.pk}/movements/{movement.pk}/withdraw/"
    assert center_worker.client.get(back).status_code in (403, 404)


def test_pages_by_hand(home, worker, stranger, mother, son):
    url = f"/households/{home.pk}/movements/new/?kind=death"
    assert stranger.client.get(url).status_code == 404
    assert worker.client.get(url).status_code == 200
    wrong = worker.client.post(url, {"on": "R8.13.1", "people": [mother.pk], "note": "病院で"})
    assert wrong.status_code == 422
    assert "病院で" in wrong.content.decode()
    assert (
        worker.client.post(
            url, {"on": "R8.10.1", "people": [mother.pk], "request_key": str(uuid4())}
        ).status_code
        == 302
    )
    movement = HouseholdMovement.objects.get()
    page = worker.client.get(f"/households/{home.pk}/history/?on=R8.9.30").content.decode()
    assert "令和8年9月30日" in page or "R8.9.30" in page
    back = f"/households/{home.pk}/movements/{movement.pk}/withdraw/"
    assert worker.client.post(back, {"reason": "人ちがい"}).status_code == 302
    mother.refresh_from_db()
    assert mother.died_on is None


@pytest.mark.parametrize("many", [1, 30])
def test_page_asks_the_same_of_one_and_thirty_movements(
    home, worker, mother, many, django_assert_max_num_queries
):
    for n in range(many):
        kind = MovementKind.FACILITY_OUT if n % 2 else MovementKind.FACILITY_IN
        change_living(**said(home, worker, mother, day=date(2026, 10, 1 + n)), kind=kind)
    client = worker.client
    with django_assert_max_num_queries(15):
        assert client.get(f"/households/{home.pk}/history/?on=R8.10.1").status_code == 200
