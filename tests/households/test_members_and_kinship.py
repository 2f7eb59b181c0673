"""世帯員 and 親族関係: dates in order, nobody twice, nobody each other's parent, no edit lost."""

from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse

from common.errors import Overlap, RuleViolation
from households.actions.kinship import add_kinship
from households.actions.members import add_member, end_membership
from households.actions.persons import PersonData, update_person
from households.models import Household, HouseholdMember, Kinship, Person
from tests import factories as f


@pytest.fixture
def home(worker) -> Household:
    return f.make_household(agency=worker.agency, person=f.make_person(birth_on=date(1946, 3, 1)))


def join(home, actor, **over) -> HouseholdMember:
    values = {
        "person": None, "data": PersonData(family_name="森下", given_name="健", birth_on=date(1976, 5, 1)),
        "relation": "child", "lives_together": True, "is_key_person": False, "since": None,
    }  # fmt: skip
    return add_member(household=home, actor=actor, at=f.NOW, **values | over)


def test_member_joins_leaves_and_the_past_stays(home, worker):
    member = join(home, worker.actor)
    end_membership(member=member, last_on=date(2026, 11, 1), actor=worker.actor, at=f.NOW)
    days = [date(2026, 11, 1), date(2026, 11, 2)]
    assert [HouseholdMember.objects.filter(household=home, during__contains=d).count() for d in days] == [
        2,
        1,
    ]


@pytest.mark.parametrize(
    ("over", "field"),
    [({"since": date(2026, 12, 1)}, "since"), ({"data": None}, "person"),
     ({"data": PersonData(birth_on=date(2027, 1, 1))}, "birth_on"), ({"since": date(1970, 1, 1)}, "since")],
)  # fmt: skip
def test_wrong_member_names_its_field_and_leaves_nobody(home, worker, over, field):
    with pytest.raises(RuleViolation) as caught:
        join(home, worker.actor, **over)
    assert caught.value.field == field
    assert Person.objects.count() == 1


def test_nobody_belongs_twice(home, worker):
    with pytest.raises(Overlap):
        join(home, worker.actor, person=Person.objects.get(), data=None)


def test_kinship_has_a_direction_and_no_circle(home, worker):
    mother, son = Person.objects.get(), join(home, worker.actor).person
    options = {"household": home, "note": "", "actor": worker.actor, "at": f.NOW}
    add_kinship(person=mother, relative=son, kind="parent", **options)
    for person, relative in ((son, mother), (son, son)):
        with pytest.raises(RuleViolation):
            add_kinship(person=person, relative=relative, kind="parent", **options)
    first = add_kinship(person=son, relative=mother, kind="sibling", **options)
    assert add_kinship(person=mother, relative=son, kind="sibling", **options) == first
    assert Kinship.objects.count() == 2


def test_no_kinship_and_no_correction_makes_a_birth_after_a_death(home, worker):
    mother, child = Person.objects.get(), join(home, worker.actor).person
    Person.objects.filter(pk=mother.pk).update(died_on=date(1973, 4, 30), sex="female")
    options = {"household": home, "relative": child, "kind": "parent", "note": "", "actor": worker.actor}
    with pytest.raises(RuleViolation, match="死亡日より後の出生") as caught:
        add_kinship(person=Person.objects.get(pk=mother.pk), **options, at=f.NOW)
    assert caught.value.field == "relative"
    Person.objects.filter(pk=mother.pk).update(died_on=date(1976, 5, 1))
    add_kinship(person=Person.objects.get(pk=mother.pk), **options, at=f.NOW)
    url = f"/households/people/{child.pk}/"
    late = worker.client.post(url, {"family_name": "森下", "birth_on": "S53.1.1", "version": child.version})
    assert late.status_code == 422
    assert "実の親の死亡日より後の出生" in late.content.decode()
    child.refresh_from_db()
    assert child.birth_on == date(1976, 5, 1)


def test_whose_sex_is_corrected_is_measured_again(home, worker):
    father, child = Person.objects.get(), join(home, worker.actor).person
    Person.objects.filter(pk=father.pk).update(died_on=date(1976, 1, 1), sex="male")
    father.refresh_from_db()
    Kinship.objects.create(person=father, relative=child, kind="parent")
    with pytest.raises(RuleViolation) as caught:
        update_person(
            person=father, data=PersonData("森下", "和子", birth_on=father.birth_on, died_on=father.died_on, sex="female"),
            version=father.version, actor=worker.actor, at=f.NOW,
        )  # fmt: skip
    assert caught.value.field == "sex"


def test_two_people_correct_the_same_household(home, worker, colleague, stranger):
    url = f"/households/{home.pk}/edit/"
    post = {"name": "森下 和子 世帯", "address": "美旗野市梅ヶ原1丁目", "version": home.version}
    assert worker.client.post(url, post).status_code == 302
    late = colleague.client.post(url, post | {"address": "美旗野市本町2丁目"})
    assert late.status_code == 422
    assert "梅ヶ原1丁目" in late.content.decode()
    assert "本町2丁目" in late.content.decode()
    for path in (url, f"/households/{home.pk}/", f"/households/people/{Person.objects.get().pk}/"):
        assert stranger.client.get(path).status_code == 404


def test_kin_in_another_household_is_recorded_and_seen_from_both(worker, stranger):
    father, daughter, unknown = (
        f.make_person("森下", "正"),
        f.make_person("相沢", "遥"),
        f.make_person("別", "人"),
    )
    home = f.make_household(person=father, agency=worker.agency, actor=worker.actor)
    other = f.make_household("相沢 世帯", person=daughter, agency=worker.agency, actor=worker.actor)
    f.make_household("別 世帯", person=unknown, agency=stranger.agency, actor=stranger.actor)
    client = worker.client
    url = reverse("households:kinship_add", args=[home.pk])
    body = {"person": father.pk, "relative": "", "kind": "parent", "note": ""}
    nobody = client.post(url, body)
    assert nobody.status_code == 422
    assert "探して選ぶか" in nobody.content.decode()
    hidden = client.post(url, body | {"elsewhere": unknown.pk, "elsewhere_text": "別 人"})
    assert hidden.status_code == 422
    assert "その人は見つかりません" in hidden.content.decode()
    assert client.post(url, body | {"elsewhere": daughter.pk, "elsewhere_text": "相沢 遥"}).status_code == 302
    kinship = Kinship.objects.get()
    for shown in (home, other):
        page = client.get(f"/households/{shown.pk}/").content.decode()
        assert "森下 正 は 相沢 遥 の 親" in page
    assert client.post(reverse("households:kinship_remove", args=[other.pk, kinship.pk])).status_code == 302
    assert not Kinship.objects.exists()
