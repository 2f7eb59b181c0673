"""世帯員 and 親族関係: dates in order, nobody twice, nobody each other's parent, no edit lost."""

from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse

from audit.models import ChangeRecord
from common.errors import Overlap, RuleViolation
from households.actions.kinship import add_kinship
from households.actions.members import MemberDays, add_member, edit_member, end_membership
from households.actions.persons import PersonData, update_person
from households.actions.protection import protect_address
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


def correct(who, member, **over):
    """The edit form as the household's page shows it, with some fields changed, sent."""
    url = f"/households/{member.household_id}/?member={member.pk}"
    form = who.client.get(url).context["edit_form"]
    post = {field.html_name: field.value() or "" for field in form}
    post = (
        {name: value for name, value in post.items() if value is not True} | {"lives_together": "on"} | over
    )
    return who.client.post(reverse("households:member_edit", args=[member.household_id, member.pk]), post)


def test_first_and_last_day_are_corrected_on_the_page(home, worker):
    member = join(home, worker.actor, since=date(2026, 4, 1))
    assert correct(worker, member, first_on="R8.3.1", relation="sibling").status_code == 302
    end_membership(member=member, last_on=date(2026, 11, 1), actor=worker.actor, at=f.NOW)
    assert correct(worker, member, last_on="R8.10.20").status_code == 302
    member.refresh_from_db()
    assert (member.during.lower, member.during.upper) == (date(2026, 3, 1), date(2026, 10, 21))
    assert member.relation == "sibling"
    told = ChangeRecord.objects.filter(action="household.edit_member").latest("pk")
    assert told.detail["first_on"] == "2026-03-01"
    assert told.detail["last_on"] == "2026-10-20"
    history = HouseholdMember.pgh_event_model.objects.filter(pgh_obj=member).order_by("pgh_id")
    assert [row.during.lower for row in history][:2] == [date(2026, 4, 1), date(2026, 3, 1)]


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ({"first_on": "R8.13.1"}, "first_on"), ({"first_on": "R8.12.1"}, "first_on"),
        ({"first_on": "S50.1.1"}, "first_on"), ({"first_on": "H20.6.1"}, "first_on"),
        ({"last_on": "R8.3.31"}, "last_on"), ({"last_on": "R8.12.1"}, "last_on"),
        ({"last_on": "R8.11.2"}, "last_on"), ({"last_on": ""}, "last_on"), ({"first_on": "R7.12.31"}, "first_on"),
    ],
)  # fmt: skip
def test_days_that_cannot_be_are_named_beside_their_field_and_kept(home, worker, days, said):
    """Born 1976, elsewhere until 2025, here twice, died on 2026-11-01."""
    person = f.make_person("森下", "健", birth_on=date(1976, 5, 1))
    other = f.make_household("別 世帯", agency=worker.agency)
    stay = {"person": person, "relation": "child", "lives_together": True}
    HouseholdMember.objects.create(household=other, **stay, during=(date(2008, 1, 1), date(2009, 1, 1)))
    HouseholdMember.objects.create(household=home, **stay, during=(date(2025, 1, 1), date(2026, 1, 1)))
    member = HouseholdMember.objects.create(
        household=home, **stay, during=(date(2026, 4, 1), date(2026, 11, 1))
    )
    Person.objects.filter(pk=person.pk).update(died_on=date(2026, 11, 1))
    answer = correct(worker, member, **days)
    assert answer.status_code == 422
    assert list(answer.context["edit_form"].errors) == [said]
    assert all(answer.context["edit_form"][name].value() == text for name, text in days.items())
    member.refresh_from_db()
    assert (member.during.lower, member.during.upper) == (date(2026, 4, 1), date(2026, 11, 1))


def test_a_page_opened_before_somebody_left_opens_nothing_again(home, worker):
    member = join(home, worker.actor, since=date(2026, 4, 1))
    page = {"relation": "other", "first_on": "R8.4.1", "shown_first": "2026-04-01", "shown_last": ""}
    end_membership(member=member, last_on=date(2026, 11, 1), actor=worker.actor, at=f.NOW)
    url = reverse("households:member_edit", args=[home.pk, member.pk])
    late = worker.client.post(url, page | {"first_on": "R8.3.1"})
    assert late.status_code == 422
    assert "先にこの人の期間を変えました" in late.content.decode()
    member.refresh_from_db()
    assert (member.during.lower, member.during.upper) == (date(2026, 4, 1), date(2026, 11, 2))


def test_the_days_of_a_protected_person_are_neither_shown_nor_corrected(home, worker, center_worker):
    member = join(home, worker.actor, since=date(2026, 4, 1))
    case = f.make_case(worker.actor, household=home)
    case.person = home.members.exclude(pk=member.pk).get().person
    case.save()
    f.share_by_consent(case, worker.actor, center_worker.actor)
    days = MemberDays(date(2026, 3, 1), None, (date(2026, 4, 1), None))
    protect_address(
        person=member.person,
        units=[],
        first_on=f.TODAY,
        last_on=date(2027, 11, 22),
        actor=worker.actor,
        at=f.NOW,
    )
    asked = f"/households/{home.pk}/?member={member.pk}"
    assert center_worker.client.get(asked).context["edit_form"] is None
    said = {"relation": "child", "lives_together": True, "is_key_person": False}
    with pytest.raises((RuleViolation, Household.DoesNotExist)):
        edit_member(member=member, **said, days=days, actor=center_worker.actor, at=f.NOW)
    edit_member(member=member, **said, days=days, actor=worker.actor, at=f.NOW)  # a unit of the protection


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


def test_a_parent_is_born_before_the_child(home, worker):
    """父母 entered the wrong way round: refused with both names, and again from the side of a birth date."""
    mother, son = Person.objects.get(), join(home, worker.actor).person
    Person.objects.filter(pk=mother.pk).update(birth_on=date(1946, 3, 1))
    mother.refresh_from_db()
    options = {"household": home, "note": "", "actor": worker.actor, "at": f.NOW}
    for kind in ("parent", "adoptive_parent", "foster_parent", "grandparent"):
        with pytest.raises(RuleViolation) as caught:
            add_kinship(person=son, relative=mother, kind=kind, is_sure=True, **options)
        assert caught.value.field == "relative"
        assert mother.display_name in caught.value.message
        assert son.display_name in caught.value.message
    assert not Kinship.objects.exists()
    HouseholdMember.objects.filter(person=son).update(relation="other")  # 続柄「子」 would say the opposite
    add_kinship(person=son, relative=mother, kind="step_parent", **options)  # may be younger
    Kinship.objects.all().delete()
    add_kinship(person=mother, relative=son, kind="parent", **options)
    for person, born in ((mother, "S52.1.1"), (son, "S20.1.1")):
        post = {"family_name": "森下", "birth_on": born, "version": person.version}
        late = worker.client.post(f"/households/people/{person.pk}/", post)
        assert late.status_code == 422
        assert "の生まれになります" in late.content.decode()
    mother.refresh_from_db()
    assert mother.birth_on == date(1946, 3, 1)


@pytest.mark.parametrize(
    ("born", "asks"),
    [
        (date(1964, 5, 2), False),
        (date(1964, 5, 3), True),
        (date(1906, 5, 1), False),
        (date(1905, 5, 1), True),
    ],
)
def test_an_unlikely_age_of_a_parent_is_asked_about_once(home, worker, born, asks):
    mother, son = Person.objects.get(), join(home, worker.actor).person
    assert son.birth_on == date(1976, 5, 1)
    Person.objects.filter(pk=mother.pk).update(birth_on=born)
    post = {"person": mother.pk, "relative": son.pk, "kind": "parent", "note": "本人から"}
    client, url = worker.client, f"/households/{home.pk}/kinship/"
    first = client.post(url, post)
    if asks:
        page = first.content.decode()
        assert first.status_code == 422
        assert "が生まれたとき" in page
        assert 'name="is_sure"' in page
        assert "本人から" in page  # nothing typed is lost
        assert not Kinship.objects.exists()
        first = client.post(url, post | {"is_sure": "on"})
    assert first.status_code == 302
    assert Kinship.objects.get().person == mother


def test_nobody_is_their_own_ancestor_over_generations(home, worker):
    people = [f.make_person("森下", given) for given in ("一", "二", "三", "四")]
    for person in people:
        add_member(
            household=home, person=person, data=None, relation="relative", lives_together=True,
            is_key_person=False, since=date(2020, 4, 1), actor=worker.actor, at=f.NOW,
        )  # fmt: skip
    options = {"household": home, "note": "", "actor": worker.actor, "at": f.NOW}
    kinds = ("parent", "adoptive_parent", "step_parent")
    for elder, younger, kind in zip(people, people[1:], kinds, strict=False):
        add_kinship(person=elder, relative=younger, kind=kind, **options)
    with pytest.raises(RuleViolation, match="自分自身の先祖"):
        add_kinship(person=people[3], relative=people[0], kind="foster_parent", **options)


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


@pytest.mark.parametrize(
    ("relation", "born", "said"),
    [("parent", date(1976, 5, 1), "父母"), ("grandparent", date(1946, 3, 1), "祖父母"), ("child", date(1920, 1, 1), "子"),
     ("grandchild", date(1946, 2, 28), "孫")],
)  # fmt: skip
def test_a_relation_that_the_birth_dates_contradict_is_refused(home, worker, relation, born, said):
    born_then = PersonData(family_name="森下", given_name="健", birth_on=born)
    with pytest.raises(RuleViolation, match=f"続柄が「{said}」") as caught:
        join(home, worker.actor, data=born_then, relation=relation)
    assert caught.value.field == "relation"
    member = join(home, worker.actor, data=born_then, relation="relative")
    shown = correct(worker, member, relation=relation)
    assert f"続柄が「{said}」" in shown.content.decode()
    member.refresh_from_db()
    assert member.relation == "relative"


def test_a_relation_may_not_say_the_opposite_of_the_kinship(home, worker):
    centre = home.members.get().person
    child = join(home, worker.actor).person
    with pytest.raises(RuleViolation, match="続柄と逆"):
        add_kinship(
            household=home,
            person=child,
            relative=centre,
            kind="step_parent",
            note="",
            actor=worker.actor,
            at=f.NOW,
        )
    nobody_knows = join(
        home, worker.actor, data=PersonData(family_name="森下", given_name="茂"), relation="relative"
    )
    add_kinship(
        household=home,
        person=centre,
        relative=nobody_knows.person,
        kind="parent",
        note="",
        actor=worker.actor,
        at=f.NOW,
    )
    with pytest.raises(RuleViolation, match="記録されている親族関係と逆"):
        edit_member(
            member=nobody_knows,
            relation="parent",
            lives_together=True,
            is_key_person=False,
            actor=worker.actor,
            at=f.NOW,
        )


def test_a_stepparent_may_be_younger_than_the_stepchild(home, worker):
    centre = home.members.get().person
    wife = join(home, worker.actor, relation="other")
    add_kinship(
        household=home,
        person=wife.person,
        relative=centre,
        kind="step_parent",
        note="",
        actor=worker.actor,
        at=f.NOW,
    )
    member = edit_member(
        member=wife, relation="parent", lives_together=True, is_key_person=False, actor=worker.actor, at=f.NOW
    )
    assert member.relation == "parent"
