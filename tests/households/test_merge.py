"""Linking, merging and parting of two records: nothing is lost on either side."""

from __future__ import annotations

import random
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange
from pghistory.models import Event

from accounts.models import Notice
from cases.models import AssessmentItem, Case, Consultation, ConsultationPerson, Outreach, ProgressNote
from common.errors import InvalidTransition, NotAllowed, RuleViolation, StaleRecord
from households.actions.denials import deny_staff
from households.actions.former_names import FormerNameData, add_former_name
from households.actions.kinship import add_kinship
from households.actions.link_people import link_people
from households.actions.merge_people import MergeData, merge_people
from households.actions.movements import Moved
from households.actions.moves import change_living
from households.actions.persons import PersonData, update_person
from households.actions.protection import protect_address, set_safe_contact
from households.actions.undo_merge import undo_merge
from households.enums import DenialReason, LinkState, MovementKind
from households.merging import person_references
from households.models import (
    AddressProtection,
    Consent,
    Household,
    HouseholdMember,
    Kinship,
    MergedRow,
    Person,
    PersonLink,
    PersonMerge,
    SafeContact,
)
from tests import factories as f

# a merge writes down what it did: these tables gain rows, and lose or change none
GROWING = {
    "households_personmerge",
    "households_mergedrow",
    "accounts_notice",
    "audit_changerecord",
    "pghistory_context",
}


def tables() -> list[str]:
    """Every table that the database has, whether a model owns it or not."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
        return [name for (name,) in cursor.fetchall()]


def fingerprint() -> dict[str, frozenset[str] | str]:
    """A hash of every row of every table: one for a whole table, and row by row for those that only grow (the history of
    each table, the trail, and the merge's own book-keeping).
    """
    histories = {model._meta.db_table for model in apps.get_models() if issubclass(model, Event)}
    found: dict[str, frozenset[str] | str] = {}
    with connection.cursor() as cursor:
        for table in tables():
            if table in GROWING | histories:
                cursor.execute(f'SELECT md5(t::text) FROM "{table}" t')
                found[table] = frozenset(value for (value,) in cursor.fetchall())
            else:
                cursor.execute(
                    f"SELECT coalesce(md5(string_agg(t::text, chr(10) ORDER BY t::text)), '') FROM \"{table}\" t"
                )
                found[table] = cursor.fetchone()[0]
    return found


def differing(before: dict[str, frozenset[str] | str], after: dict[str, frozenset[str] | str]) -> set[str]:
    """Tables that are not as they were; of those that grow, whose earlier rows are not all as they were."""
    return {
        table
        for table, was in before.items()
        if (not was <= after[table] if isinstance(was, frozenset) else was != after[table])  # type: ignore[operator]
    }


@pytest.fixture
def pair(worker) -> tuple[Person, Person]:
    """髙橋 みどり, registered twice by one desk, in two households."""
    one = f.make_person("髙橋", "みどり", family_kana="たかはし", given_kana="みどり", birth_on=date(1958, 2, 3),
                        phone="059-555-0101", note="補聴器を使う")  # fmt: skip
    two = f.make_person("高橋", "翠", family_kana="たかはし", given_kana="みどり", birth_on=date(1958, 2, 3),
                        workplace="縫製所", note="朝が苦手")  # fmt: skip
    for person in (one, two):
        f.make_household(f"{person} 世帯", person=person, agency=worker.agency)
    return one, two


def merge(pair, actor, at=f.NOW, **over) -> PersonMerge:
    kept, absorbed = (Person.objects.get(pk=p.pk) for p in pair)
    data = {"basis": "本人に確かめた", "home": None, "choices": {}, **over}
    return merge_people(
        kept=kept, absorbed=absorbed, versions=(kept.version, absorbed.version), data=MergeData(**data),
        request_key=uuid4(), actor=actor, at=at,
    )  # fmt: skip


def part(row, actor, reason="別の人とわかった"):
    return undo_merge(merge=row, reason=reason, actor=actor, at=f.NOW + timedelta(hours=1))


def test_every_foreign_key_to_a_person_is_moved_and_follows_a_merge():
    references = list(person_references())
    assert {f"{m._meta.label}.{c}" for m, c in references} >= {
        "households.HouseholdMember.person", "households.Kinship.relative", "households.Consent.person",
        "cases.Case.person", "cases.Consultation.person", "cases.ProgressNote.person",
    }  # fmt: skip
    without = [
        f"{m._meta.label}.{c}"
        for m, c in references
        if f"{c}_follows_merge" not in {t.name for t in m._meta.triggers}
    ]
    assert without == []


def test_fields_are_chosen_one_by_one_and_what_one_record_knows_is_kept(pair, worker):
    merge(pair, worker.actor, choices={"family_name": "kept", "given_name": "absorbed", "note": "both"})
    person = Person.objects.get(pk=pair[0].pk)
    assert (person.family_name, person.given_name, person.phone, person.workplace) == (
        "髙橋", "翠", "059-555-0101", "縫製所",
    )  # fmt: skip
    assert person.note == "補聴器を使う\n朝が苦手"
    assert person.memberships.count() == 2
    assert not Person.objects.findable_by(worker.actor).filter(pk=pair[1].pk).exists()
    assert Person.objects.findable_by(worker.actor).matching("高橋翠").get() == person


def _fill(pair, worker, rows: int) -> None:
    """``rows`` rows of many tables around the two, drawn at random."""
    rng = random.Random(7)
    actor = worker.actor
    children = [f.make_person("髙橋", f"子{n}", birth_on=date(1985 + n, 1, 1)) for n in range(4)]
    for person in pair:
        home = Household.objects.get(members__person=person)
        case = f.make_case(actor, household=home)
        Case.objects.filter(pk=case.pk).update(person=person)
        f.give_consent(Case.objects.get(pk=case.pk), actor, worker.agency)
        for child in children[:3]:
            HouseholdMember.objects.create(household=home, person=child, relation="child", lives_together=False,
                                           during=DateRange(date(2019, 1, 1), None))  # fmt: skip
            add_kinship(
                household=home, person=person, relative=child, kind="parent", note="", actor=actor, at=f.NOW
            )
        set_safe_contact(person=person, may_call=False, may_write=True, may_visit=True, when="午前", by_whom="",
                         caution="", actor=actor, at=f.NOW)  # fmt: skip
    # both in one household too, at the same time: one membership has to go
    HouseholdMember.objects.create(household=Household.objects.filter(members__person=pair[0]).first(), person=pair[1],
                                   relation="unknown", lives_together=False, during=DateRange(date(2018, 1, 1), None))  # fmt: skip
    cases = list(Case.objects.order_by("pk"))
    for n in range(rows):
        case, person = rng.choice(cases), rng.choice(pair)
        written = f.NOW - timedelta(minutes=5 * n)
        note = {"staff": worker.staff, "agency": worker.agency, "case": case, "person": person}
        if n % 4:
            ProgressNote.objects.create(
                **note, text=f"記録{n}", started_at=written, minutes=5, way="phone", written_at=written
            )
        else:
            Consultation.objects.create(
                **note,
                receipt_no=f"X{n:05d}",
                started_at=written,
                minutes=5,
                text="😀葛󠄀城の件",
                household=case.household,
            )


def _fill_the_rest(pair, worker) -> None:
    """A row of every other table that names a person, on the record that the merge puts away."""
    one, two = pair
    home, case = (
        Household.objects.filter(members__person=two).first(),
        Case.objects.filter(person=two).first(),
    )
    child = Person.objects.get(given_name="子3")
    Kinship.objects.create(person=two, relative=child, kind="step_parent", note="再婚")
    grandmother = f.make_person("髙橋", "ハル", birth_on=date(1930, 1, 1))
    Kinship.objects.create(person=grandmother, relative=two, kind="parent", note="")
    _protect(two, worker.actor)
    f.make_household("髙橋 ハル 世帯", person=grandmother, agency=worker.agency)
    _protect(grandmother, worker.actor, adversary=two)
    for person in pair:
        add_former_name(person=person, data=FormerNameData("滝本", "たきもと"), actor=worker.actor, at=f.NOW)
    change_living(household=_home(two).household, moved=Moved(on=date(2026, 10, 1), people=(two.pk,)), kind=MovementKind.FACILITY_IN,
                  actor=worker.actor, at=f.NOW)  # fmt: skip
    ConsultationPerson.objects.create(consultation=Consultation.objects.first(), person=two, relation="self")
    AssessmentItem.objects.create(case=case, person=two, kind="problem", text="朝が苦手", agency=worker.agency,
                                  staff=worker.staff, written_at=f.NOW)  # fmt: skip
    Outreach.objects.create(household=home, person=two, described="角の家の人", worry="姿を見ない", agency=worker.agency,
                            staff=worker.staff, source="neighbour", heard_at=f.NOW, next_on=f.TODAY)  # fmt: skip
    link_people(
        person=one, other=two, state=LinkState.POSSIBLE, reason="声が同じ", actor=worker.actor, at=f.NOW
    )


def test_merge_of_two_thousand_linked_rows_and_its_undo_leave_every_row_as_it_was(
    pair, worker, record_property
):
    _fill(pair, worker, 4200)
    _fill_the_rest(pair, worker)
    of_whom = {
        f"{m._meta.label}.{c}": m._default_manager.filter(**{c: pair[1]}).count()
        for m, c in person_references()
    }
    assert [
        name for name, count in of_whom.items() if not count
    ] == []  # no table that names people is left out
    linked = sum(of_whom.values())
    assert linked >= 2000
    before = fingerprint()
    assert len(before) > 100
    row = merge(pair, worker.actor, choices={"note": "absorbed"}, home=_home(pair[0]).pk, rule="absorbed")
    during = fingerprint()
    moved = {m._meta.db_table for m, _ in person_references()} | {"households_person"}
    assert differing(before, during) >= moved
    assert not any(m._default_manager.filter(**{c: pair[1]}).exists() for m, c in person_references())
    part(row, worker.actor)
    after = fingerprint()
    assert differing(before, after) == set()
    assert differing(during, after) >= moved  # what tells the two apart is not blind
    record_property(
        "figure",
        f"merge: {linked} linked rows of {len(moved)} tables moved and put back, {len(before)} tables equal by hash",
    )


def _home(person: Person) -> HouseholdMember:
    return person.memberships.get(lives_together=True)


def test_double_membership_becomes_one_and_comes_back(pair, worker):
    home = Household.objects.get(members__person=pair[0])
    HouseholdMember.objects.create(household=home, person=pair[1], relation="spouse", lives_together=False,
                                   is_key_person=True, during=DateRange(date(2015, 1, 1), date(2021, 1, 1)))  # fmt: skip
    row = merge(pair, worker.actor, home=_home(pair[1]).pk)
    one = HouseholdMember.objects.get(household=home)
    assert (one.during.lower, one.during.upper, one.is_key_person) == (date(2015, 1, 1), None, True)
    assert not one.lives_together
    part(row, worker.actor)
    assert HouseholdMember.objects.filter(household=home).count() == 2


def test_sent_twice_is_one_merge(pair, worker):
    key = uuid4()
    sent = [
        merge_people(
            kept=pair[0], absorbed=pair[1], versions=(1, 1), data=MergeData(basis="保険証"), request_key=key,
            actor=worker.actor, at=f.NOW,
        )
        for _ in range(2)
    ]  # fmt: skip
    assert sent[0] == sent[1]
    assert PersonMerge.objects.count() == 1


def test_undo_keeps_what_was_written_and_corrected_since(pair, worker):
    row = merge(pair, worker.actor)
    person = Person.objects.get(pk=pair[0].pk)
    data = PersonData(**{name: getattr(person, name) for name in PersonData.__dataclass_fields__} | {"phone": "059-555-0199"})  # fmt: skip
    update_person(person=person, data=data, version=person.version, actor=worker.actor, at=f.NOW)
    case = f.make_case(worker.actor, household=Household.objects.filter(members__person=pair[0]).first())
    note = ProgressNote.objects.create(case=case, person=person, staff=worker.staff, agency=worker.agency, text="あと",
                                       started_at=f.NOW, written_at=f.NOW, minutes=5, way="phone")  # fmt: skip
    part(row, worker.actor)
    one, two = (Person.objects.get(pk=p.pk) for p in pair)
    assert (one.phone, one.workplace, two.workplace) == ("059-555-0199", "", "縫製所")
    assert Person.objects.findable_by(worker.actor).matching("0595550199").get() == one
    note.refresh_from_db()
    assert note.person_id == one.pk


def test_a_form_opened_before_or_during_the_merge_does_not_save_over(pair, worker):
    opened_before = Person.objects.get(pk=pair[0].pk).version
    row = merge(pair, worker.actor)
    during = Person.objects.get(pk=pair[0].pk).version
    data = PersonData(family_name="別")
    with pytest.raises(StaleRecord):
        update_person(person=pair[0], data=data, version=opened_before, actor=worker.actor, at=f.NOW)
    part(row, worker.actor)
    with pytest.raises(StaleRecord):
        update_person(person=pair[0], data=data, version=during, actor=worker.actor, at=f.NOW)


def test_somebody_correcting_the_merged_record_finds_their_words_beside_the_other_record(
    pair, worker, colleague
):
    url = f"/households/people/{pair[1].pk}/"
    merge(pair, worker.actor)
    post = {"family_name": "高橋", "given_name": "翠", "phone": "059-555-0177", "version": pair[1].version}
    answer = colleague.client.post(url, post)
    assert answer.status_code == 422
    assert "059-555-0177" in answer.content.decode()
    assert colleague.client.get(url).url == f"/households/people/{pair[0].pk}/"


def test_a_merge_during_anothers_edit_is_stopped(pair, worker, colleague):
    page = worker.client.get(f"/households/people/{pair[0].pk}/merge/{pair[1].pk}/")
    form = page.context["form"]
    update_person(person=pair[1], data=PersonData(family_name="高橋", given_name="翠子"), version=1, actor=colleague.actor,
                  at=f.NOW)  # fmt: skip
    post = {
        "request_key": form["request_key"].value(),
        "kept_version": 1,
        "absorbed_version": 1,
        "basis": "本人",
    }
    post |= {f"take_{row.name}": "kept" for row in page.context["rows"] if row.differs} | {
        "home": _home(pair[0]).pk
    }
    answer = worker.client.post(f"/households/people/{pair[0].pk}/merge/{pair[1].pk}/", post)
    assert answer.status_code == 422
    assert "翠子" in answer.content.decode()
    assert not PersonMerge.objects.exists()


def test_kin_and_circles_and_different_people_are_no_one_person(pair, worker):
    home = Household.objects.get(members__person=pair[0])
    HouseholdMember.objects.create(household=home, person=pair[1], relation="sibling", during=DateRange(None, None),
                                   lives_together=False)  # fmt: skip
    sisters = add_kinship(
        household=home,
        person=pair[0],
        relative=pair[1],
        kind="sibling",
        note="",
        actor=worker.actor,
        at=f.NOW,
    )
    with pytest.raises(RuleViolation, match="親族"):
        merge(pair, worker.actor)
    Kinship.objects.filter(pk=sisters.pk).delete()
    middle = f.make_person("高橋", "中", birth_on=date(1980, 1, 1))
    Kinship.objects.create(person=pair[0], relative=middle, kind="parent")
    Kinship.objects.create(person=middle, relative=pair[1], kind="parent")
    with pytest.raises(RuleViolation, match="先祖"):
        merge(pair, worker.actor)
    Kinship.objects.all().delete()
    link_people(
        person=pair[0],
        other=pair[1],
        state=LinkState.DIFFERENT,
        reason="誕生日が違うと本人",
        actor=worker.actor,
        at=f.NOW,
    )
    with pytest.raises(RuleViolation, match="別の人"):
        merge(pair, worker.actor)
    assert not PersonMerge.objects.exists()


def test_a_merge_makes_no_birth_after_a_death(pair, worker):
    """One record knows of the death, the other of the child."""
    Person.objects.filter(pk=pair[1].pk).update(died_on=date(1990, 1, 1))
    child = f.make_person("髙橋", "葵", birth_on=date(1992, 5, 1))
    Kinship.objects.create(person=pair[0], relative=child, kind="parent")
    before = fingerprint()
    with pytest.raises(RuleViolation, match="より前の死亡"):
        merge(pair, worker.actor)
    assert differing(before, fingerprint()) == set()
    Person.objects.filter(pk=child.pk).update(birth_on=date(1989, 5, 1))
    merge(pair, worker.actor)


def _protect(person, actor, **over) -> AddressProtection:
    return protect_address(person=person, units=[], first_on=date(2026, 1, 1), last_on=date(2026, 12, 31), actor=actor,
                           at=f.NOW, **over)  # fmt: skip


def test_protected_and_open_person_are_merged_by_a_unit_only_and_stay_hidden(pair, worker, center_worker):
    for person in pair:
        f.grant_household(
            household=Household.objects.get(members__person=person), agency=center_worker.agency, ground="own_duty",
            basis=person, actor=worker.actor, at=f.NOW,
        )  # fmt: skip
    protection = _protect(pair[1], worker.actor)
    with pytest.raises(RuleViolation, match="見てよい機関"):
        merge(pair, center_worker.actor)
    page = center_worker.client.get(f"/households/people/{pair[0].pk}/merge/{pair[1].pk}/").content.decode()
    assert "縫製所" not in page
    row = merge(pair, worker.actor, choices={"phone": "kept"})
    protection.refresh_from_db()
    assert protection.person_id == pair[0].pk
    assert not Person.objects.findable_by(worker.actor).matching("0595550101").exists()
    part(row, worker.actor)
    assert Person.objects.findable_by(worker.actor).matching("0595550101").get() == pair[0]


def test_an_undo_opens_nothing_of_who_was_protected_since(pair, worker, center_worker, stranger):
    for person in pair:
        f.grant_household(
            household=Household.objects.get(members__person=person), agency=center_worker.agency, ground="own_duty",
            basis=person, actor=worker.actor, at=f.NOW,
        )  # fmt: skip
    row = merge((pair[1], pair[0]), worker.actor)  # the number comes from the record that goes
    protect_address(
        person=Person.objects.get(pk=pair[1].pk), units=[], first_on=date(2026, 1, 1), last_on=date(2026, 12, 31),
        actor=worker.actor, at=f.NOW + timedelta(minutes=1),
    )  # fmt: skip
    with pytest.raises(RuleViolation, match="見てよい機関"):
        part(row, center_worker.actor)
    part(row, worker.actor)
    assert {p.person_id for p in AddressProtection.objects.in_force()} == {person.pk for person in pair}
    assert not Person.objects.findable_by(stranger.actor).matching("0595550101").exists()
    page = center_worker.client.get(f"/households/people/{pair[0].pk}/").content.decode()
    assert "0101" not in page


def test_nobody_is_merged_with_whom_they_fled_from_nor_into_that_household(pair, worker):
    _protect(pair[1], worker.actor, adversary=pair[0])
    with pytest.raises(RuleViolation, match="この組み合わせでは"):
        merge(pair, worker.actor)
    AddressProtection.objects.update(adversary=None)
    husband = f.make_person("高橋", "剛", birth_on=date(1955, 1, 1))
    HouseholdMember.objects.create(household=Household.objects.get(members__person=pair[0]), person=husband,
                                   relation="spouse", during=DateRange(None, None))  # fmt: skip
    AddressProtection.objects.update(adversary=husband)
    with pytest.raises(RuleViolation, match="この組み合わせでは"):
        merge(pair, worker.actor)


def test_two_protections_are_settled_first(pair, worker):
    for person in pair:
        _protect(person, worker.actor)
    with pytest.raises(RuleViolation, match="二人とも支援措置"):
        merge(pair, worker.actor)


def test_only_who_sees_both_may_merge(pair, worker, stranger, finance, colleague):
    with pytest.raises(RuleViolation, match="見つかりません"):
        merge(pair, stranger.actor)
    with pytest.raises(NotAllowed):
        merge(pair, finance.actor)
    home = Household.objects.get(members__person=pair[1])
    deny_staff(
        household=home,
        staff=colleague.staff,
        reason=DenialReason.RELATIVE,
        note="",
        actor=worker.actor,
        at=f.NOW,
    )
    with pytest.raises(RuleViolation, match="見つかりません"):
        merge(pair, colleague.actor)
    for path in (f"people/{pair[0].pk}/same/", f"people/{pair[0].pk}/merge/{pair[1].pk}/"):
        assert stranger.client.get(f"/households/{path}").status_code == 404
    assert (
        f"merge/{pair[1].pk}"
        not in colleague.client.get(f"/households/people/{pair[0].pk}/same/").content.decode()
    )
    assert not PersonMerge.objects.exists()


def test_the_page_of_a_merge_keeps_one_order_and_says_what_fills_an_empty_field(pair, worker):
    client = worker.client
    for kept, absorbed in (pair, pair[::-1]):
        answer = client.get(f"/households/people/{kept.pk}/merge/{absorbed.pk}/")
        homes = [label for _, label in answer.context["form"].fields["home"].choices]
        assert homes == [f"{kept} 世帯", f"{absorbed} 世帯"]
        assert "空欄は、もう一方の記録から入ります" in answer.content.decode()
    same = f.make_person("髙橋", "みどり", family_kana="", given_kana="")
    f.make_household("三 世帯", person=same, agency=worker.agency)
    page = client.get(f"/households/people/{pair[0].pk}/merge/{same.pk}/").content.decode()
    assert "空欄は" not in page


def test_a_second_undo_and_an_undo_below_a_later_merge_are_refused(pair, worker):
    third = f.make_person("高橋", "みどり", family_kana="たかはし", given_kana="みどり")
    f.make_household("三 世帯", person=third, agency=worker.agency)
    first = merge(pair, worker.actor)
    second = merge((pair[0], third), worker.actor)
    with pytest.raises(InvalidTransition, match="新しいもの"):
        part(first, worker.actor)
    with pytest.raises(RuleViolation, match="理由"):
        part(second, worker.actor, reason=" ")
    part(second, worker.actor)
    part(first, worker.actor)
    with pytest.raises(InvalidTransition, match="すでに"):
        part(first, worker.actor)


def test_a_row_written_on_the_record_that_was_just_merged_lands_on_the_one_that_stays(pair, worker):
    case = f.make_case(worker.actor, household=Household.objects.get(members__person=pair[1]))
    merge(pair, worker.actor)
    note = ProgressNote.objects.create(case=case, person_id=pair[1].pk, staff=worker.staff, agency=worker.agency, text="同時",
                                       started_at=f.NOW, written_at=f.NOW, minutes=5, way="phone")  # fmt: skip
    note.refresh_from_db()
    assert note.person_id == pair[0].pk


def test_link_tells_the_keepers_of_the_other_record_and_joins_nothing(pair, worker, center_worker):
    theirs = f.make_case(
        center_worker.actor, household=f.make_household("別 世帯", person=f.make_person("高橋", "みどり"))
    )
    other = Person.objects.get(given_name="みどり", family_name="高橋")
    link_people(
        person=pair[0], other=other, state=LinkState.POSSIBLE, reason="声が同じ", actor=worker.actor, at=f.NOW
    )
    notice = Notice.objects.get(staff=center_worker.staff)
    assert notice.url == f"/households/people/{other.pk}/same/"
    assert "声が同じ" in center_worker.client.get(notice.url).content.decode()
    assert PersonLink.objects.get().state == LinkState.POSSIBLE
    assert not MergedRow.objects.exists()
    link_people(
        person=other,
        other=pair[0],
        state=LinkState.DIFFERENT,
        reason="年が違う",
        actor=center_worker.actor,
        at=f.NOW,
    )
    assert PersonLink.objects.get().state == LinkState.DIFFERENT
    assert theirs.household.members.count() == 1


def test_why_two_records_are_one_passes_the_shield_of_both(pair, worker, center_worker):
    other = f.make_person("高橋", "みどり")
    f.make_case(center_worker.actor, household=f.make_household("別 世帯", person=other))
    link_people(
        person=pair[0],
        other=other,
        state=LinkState.POSSIBLE,
        reason="電話 059-555-0101 が同じ",
        actor=worker.actor,
        at=f.NOW,
    )
    url, client = f"/households/people/{other.pk}/same/", center_worker.client
    assert "059-555-0101" in client.get(url).content.decode()
    _protect(pair[0], worker.actor)
    assert "0101" not in client.get(url).content.decode()
    told = client.get(f"/api/v1/people/{other.pk}/links/").json()
    assert "電話" in str(told)
    assert "0101" not in str(told)


def test_pages_compare_merge_and_undo(pair, worker, django_assert_max_num_queries):
    client = worker.client
    with django_assert_max_num_queries(15):
        page = client.get(f"/households/people/{pair[0].pk}/same/").content.decode()
    assert "読みが同じ・生年月日が同じ" in page
    url = f"/households/people/{pair[0].pk}/merge/{pair[1].pk}/"
    with django_assert_max_num_queries(15):
        page = client.get(url)
    form = page.context["form"]
    post = {name: form[name].value() for name in ("request_key", "kept_version", "absorbed_version")}
    post |= {f"take_{row.name}": "kept" for row in page.context["rows"] if row.differs}
    wrong = client.post(url, post)
    assert wrong.status_code == 422
    assert {"basis", "home"} <= set(wrong.context["form"].errors)
    assert client.post(url, post | {"basis": "保険証", "home": _home(pair[0]).pk}).status_code == 302
    row = PersonMerge.objects.get()
    assert "保険証" in client.get(f"/households/people/{pair[0].pk}/same/").content.decode()
    undo = f"/households/merges/{row.pk}/undo/"
    assert client.post(undo, {"reason": ""}).status_code == 422
    assert client.post(undo, {"reason": "同姓同名だった"}).status_code == 302
    assert "同姓同名だった" in client.get(f"/households/people/{pair[0].pk}/same/").content.decode()
    assert Consent.objects.count() == 0
    assert SafeContact.objects.count() == 0
