"""家族図 on a day: the same in picture and list, by the reader's scope and shield."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test.utils import CaptureQueriesContext

from accounts.enums import Ground
from households.actions.grants import grant_household
from households.actions.kinship import add_kinship, record_marriage
from households.actions.lives import record_birth, record_death
from households.actions.movements import Moved
from households.actions.moves import change_living
from households.actions.persons import PersonData
from households.actions.protection import protect_address
from households.contact import NOTHING_HIDDEN, shield_for
from households.enums import MovementKind, Relation
from households.genogram.figures import Tie
from households.models import Household, HouseholdDenial, HouseholdGrant, HouseholdMember, Person
from households.selectors_family import family_on
from tests import factories as f

pytestmark = pytest.mark.django_db
EARLY, DAY = date(2026, 9, 30), date(2026, 10, 1)


def join(
    home: Household, person: Person, relation: str, *, together: bool = True, until: date | None = None
) -> None:
    HouseholdMember.objects.create(
        household=home, person=person, relation=relation, lives_together=together,
        during=DateRange(date(2020, 4, 1), until),
    )  # fmt: skip


@pytest.fixture
def mother(db) -> Person:
    return f.make_person(birth_on=date(1946, 3, 1), sex="female", phone="0595-77-0001")


@pytest.fixture
def home(worker, mother) -> Household:
    home = f.make_household(agency=worker.agency, person=mother)
    home.address = "美旗野市梅ヶ原1丁目"
    home.save()
    return home


@pytest.fixture
def son(home) -> Person:
    son = f.make_person(given="健", birth_on=date(1976, 5, 1), sex="male")
    join(home, son, Relation.CHILD)
    return son


def seen(home: Household, who, on: date = f.TODAY):
    return family_on(home, on, shield_for(who.actor), who.actor)


def kinds(family) -> list[str]:
    return [line.kind for line in family.drawing.lines]


def names(family) -> list[str]:
    return [row.person.given_name for row in family.relatives]


def said(home, who, *people, day=DAY):
    moved = Moved(on=day, people=tuple(p.pk for p in people))
    return {"household": home, "moved": moved, "actor": who.actor, "at": f.NOW}


def test_relation_alone_gives_the_lines_until_a_kinship_says_otherwise(home, worker, mother, son):
    family = seen(home, worker)
    assert kinds(family) == [Tie.PARENT]
    assert [row.figure.is_center for row in family.relatives] == [True, False]
    add_kinship(
        household=home,
        person=mother,
        relative=son,
        kind="step_parent",
        note="再婚",
        actor=worker.actor,
        at=f.NOW,
    )
    family = seen(home, worker)
    assert kinds(family) == [Tie.STEP_PARENT]
    assert [row.ties for row in family.relatives] == [
        ("森下 健の継親（再婚）",),
        ("森下 和子の継子（再婚）",),
    ]


def test_a_death_a_birth_and_a_facility_are_drawn_from_their_day_on(home, worker, mother, son):
    change_living(**said(home, worker, son), kind=MovementKind.FACILITY_IN)
    child = PersonData("森下", "光", sex="male")
    record_birth(**said(home, worker, son), child=child, relation="grandchild")
    record_death(**said(home, worker, mother, day=date(2026, 10, 5)))
    before, on, after = (seen(home, worker, day) for day in (EARLY, DAY, date(2026, 10, 5)))
    assert names(before) == ["和子", "健"]
    assert [row.living for row in before.relatives] == ["同居", "同居"]
    assert names(on) == ["和子", "光", "健"]
    assert [row.living for row in on.relatives] == ["同居", "同居", "別居・入所"]
    assert [row.figure.is_dead for row in after.relatives if row.person == mother] == [True]
    assert [row.figure.is_dead for row in on.relatives if row.person == mother] == [False]
    assert {r.figure.lives_here for r in after.relatives if r.person != mother} == {True, False}


def test_a_couple_is_one_before_its_divorce(home, worker, mother, son):
    wife = f.make_person(given="晶", birth_on=date(1978, 1, 1), sex="female")
    join(home, wife, Relation.RELATIVE)
    add_kinship(
        household=home, person=son, relative=wife, kind="spouse", note="", actor=worker.actor, at=f.NOW
    )
    record_marriage(**said(home, worker, son, wife), kind=MovementKind.DIVORCE)
    assert Tie.FORMER_SPOUSE in kinds(seen(home, worker))
    assert Tie.SPOUSE in kinds(seen(home, worker, EARLY))
    assert Tie.FORMER_SPOUSE not in kinds(seen(home, worker, EARLY))


def test_kin_of_another_household_stand_by_name_alone_until_its_record_is_open(
    home, worker, mother, center_worker
):
    sister = f.make_person("滝本", "澄江", birth_on=date(1950, 2, 2), sex="female", workplace="霧見台の工場")
    other = f.make_household("滝本 澄江 世帯", person=sister, agency=center_worker.agency)
    add = {
        "household": home,
        "person": mother,
        "relative": sister,
        "kind": "sibling",
        "note": "",
        "at": f.NOW,
    }
    grant_household(
        household=other,
        agency=worker.agency,
        ground=Ground.OWN_DUTY,
        basis=other,
        actor=worker.actor,
        at=f.NOW,
    )
    add_kinship(**add, actor=worker.actor)
    row = next(r for r in seen(home, worker).relatives if r.person == sister)
    assert (row.figure.shape, row.figure.age, row.home, row.living) == ("female", 76, other, "ほかの世帯")

    HouseholdGrant.objects.filter(content_object=other, group=worker.agency.group).delete()
    row = next(r for r in seen(home, worker).relatives if r.person == sister)
    assert (row.figure.name, row.figure.shape, row.figure.age, row.home) == (
        "滝本 澄江",
        "unknown",
        None,
        None,
    )
    HouseholdDenial.objects.create(
        household=other, staff=worker.staff, reason="neighbour", given_by=center_worker.staff, given_at=f.NOW
    )
    assert names(seen(home, worker)) == ["和子"]


def test_of_a_protected_person_no_day_tells_where_they_lived(home, worker, center_worker, mother, son):
    grant_household(
        household=home,
        agency=center_worker.agency,
        ground=Ground.COORDINATION,
        basis=home,
        actor=worker.actor,
        at=f.NOW,
    )
    change_living(**said(home, worker, son), kind=MovementKind.APART)
    protect_address(
        person=son, units=[], first_on=f.TODAY, last_on=date(2027, 11, 22), actor=worker.actor, at=f.NOW
    )
    for day in (EARLY, DAY, date(1970, 1, 1), f.TODAY):
        row = next(r for r in seen(home, center_worker, day).relatives if r.person == son)
        assert (row.living, row.figure.lives_here, row.figure.lines) == (
            "住まいは秘匿",
            False,
            ("子", "住まいは秘匿"),
        )
    assert [r.living for r in seen(home, worker, EARLY).relatives if r.person == son] == ["同居"]
    assert [r.living for r in seen(home, worker).relatives if r.person == son] == ["別居・入所"]


def test_page_says_in_its_list_what_it_draws(home, worker, stranger, mother, son):
    url = f"/households/{home.pk}/family/"
    html = worker.client.get(url).content.decode()
    assert html.count("<text") >= 4
    assert 'role="img"' in html
    assert 'aria-describedby="family-list"' in html
    assert html.index("森下 健") > 0
    assert "梅ヶ原" not in html  # no address stands in a family
    assert "0595" not in html
    assert stranger.client.get(url).status_code == 404
    assert "（図と同じ内容）" in html
    wrong = worker.client.get(f"{url}?on=R8.13.1")
    assert wrong.status_code == 422
    assert 'role="alert"' in wrong.content.decode()
    assert worker.client.get(f"{url}?on=R20.1.1").status_code == 422
    assert "平成25年" in worker.client.get(f"{url}?on=H25.4.1").content.decode()


def test_number_of_queries_does_not_grow_with_the_family(home, worker, son):

    with CaptureQueriesContext(connection) as few:
        family_on(home, f.TODAY, NOTHING_HIDDEN, worker.actor)
    for n in range(10):
        child = f.make_person(given=f"子{n}", birth_on=date(2000 + n, 1, 1))
        join(home, child, Relation.GRANDCHILD)
        add_kinship(
            household=home, person=son, relative=child, kind="parent", note="", actor=worker.actor, at=f.NOW
        )
    with CaptureQueriesContext(connection) as many:
        family_on(home, f.TODAY, NOTHING_HIDDEN, worker.actor)
    assert len(many) == len(few) <= 6


def test_names_are_words_and_never_markup(home, worker):
    join(home, f.make_person('<b>"', "𠮷葛󠄀👵", birth_on=date(1990, 1, 1)), Relation.OTHER)
    html = worker.client.get(f"/households/{home.pk}/family/").content.decode()
    assert "<b>" not in html
    assert "𠮷葛󠄀👵" in html
