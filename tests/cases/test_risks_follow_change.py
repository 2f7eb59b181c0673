"""気がかり are made anew on change: after every kind of change of a household they are what the night would make of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from celery import current_app
from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse

from accounts.actions.absences import enter_absence
from accounts.actions.staff import appoint
from accounts.enums import Role
from accounts.models import Appointment, StaffAbsence
from cases.actions.silent_risks import put_off, refresh_all
from cases.masters import load_codes
from cases.models import Case, RiskPutOff, SilentRisk
from cases.tasks import refresh_risks
from households.actions.denials import deny_staff, release_staff
from households.actions.join import join_household
from households.actions.kinship import record_marriage
from households.actions.lives import record_birth, record_death
from households.actions.members import add_member, end_membership
from households.actions.merge_people import MergeData, merge_people
from households.actions.movements import Moved, keep_movement, open_movement, withdraw_movement
from households.actions.moves import Place, change_living, move_household, move_out
from households.actions.persons import PersonData, update_person
from households.actions.protection import end_protection, protect_address, renew_protection
from households.actions.split import NewHome, split_household
from households.actions.undo_merge import undo_merge
from households.enums import MovementKind as K
from households.models import HouseholdDenial, HouseholdMember, Person, PersonMerge
from tests import factories as f

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
ON = f.TODAY - 3 * DAY


@pytest.fixture(autouse=True)
def masters(db, time_machine):
    time_machine.move_to(f.NOW)
    load_codes()
    f.make_streams()


class Homes:
    """Two households with a case each: in the first a grandmother who turns 65 and a boy who turns 15; she belongs to the
    second as well.
    """

    def __init__(self, actor) -> None:
        self.actor = actor
        self.here, self.there = self._case(actor), self._case(actor)
        self.own = Person.objects.get(memberships__household=self.here)
        self.old = self._member("森下", "トメ", date(1961, 12, 10))
        self.boy = self._member("森下", "陽", date(2011, 12, 20))
        HouseholdMember.objects.create(
            household=self.there, person=self.old, relation="parent", lives_together=False,
            during=DateRange(date(2020, 4, 1), None),
        )  # fmt: skip

    def _case(self, actor):
        case = f.make_case(actor)
        Case.objects.filter(pk=case.pk).update(last_contact_at=f.NOW - 40 * DAY, next_on=f.TODAY + DAY)
        return case.household

    def _member(self, family, given, birth_on) -> Person:
        person = f.make_person(family, given, birth_on=birth_on)
        HouseholdMember.objects.create(
            household=self.here, person=person, relation="other", during=DateRange(date(2020, 4, 1), None)
        )
        return person

    def moved(self, *people: Person) -> dict[str, Any]:
        moved = Moved(ON, tuple(p.pk for p in people), "", uuid4())
        return {"household": self.here, "moved": moved, "actor": self.actor, "at": f.NOW}

    def data(self, person: Person, **values: object) -> PersonData:
        return PersonData(
            **{name: getattr(person, name) for name in PersonData.__dataclass_fields__} | values
        )

    def rename(self):
        opened = open_movement(**self.moved(self.old))
        opened.changes.change(self.old, given_name="とめ")
        return keep_movement(opened, K.CORRECTION, actor=self.actor, at=f.NOW)


@pytest.fixture
def homes(worker) -> Homes:
    return Homes(worker.actor)


def rows() -> set[tuple]:
    return set(
        SilentRisk.objects.standing().values_list(
            "case", "kind", "subject_id", "about_id", "due_on", "urgency", "owner_agency", "owner_staff", "owner_as"
        )
    )  # fmt: skip


@pytest.fixture
def change(django_capture_on_commit_callbacks):
    """Does it, and compares what its commit left with what the night makes of it; says whether any row is another."""

    def run(action: Callable[[], Any]) -> tuple[Any, bool]:
        refresh_all(at=f.NOW)
        before = rows()
        with django_capture_on_commit_callbacks(execute=True):
            result = action()
        after = rows()
        refresh_all(at=f.NOW)
        assert after == rows()
        return result, before != after

    return run


# kind: what does it, and whether it makes other rows
MOVEMENTS: dict[str, tuple[Callable[[Homes], Any], bool]] = {
    K.BIRTH: (
        lambda h: record_birth(**h.moved(), child=PersonData(family_name="森下", given_name="光"), relation="other"),
        False,
    ),
    K.MOVE_IN: (lambda h: move_household(**h.moved(), place=Place(address="名張市"), kind=K.MOVE_IN), False),
    K.MOVE: (lambda h: move_household(**h.moved(), place=Place(address="名張市"), kind=K.MOVE), False),
    K.MOVE_OUT: (lambda h: move_out(**h.moved(h.boy), place=Place()), True),
    K.DEATH: (lambda h: record_death(**h.moved(h.old)), True),
    K.FACILITY_IN: (lambda h: change_living(**h.moved(h.old), kind=K.FACILITY_IN), False),
    K.FACILITY_OUT: (lambda h: apart_then(h, K.FACILITY_IN, K.FACILITY_OUT), False),
    K.APART: (lambda h: change_living(**h.moved(h.old), kind=K.APART), False),
    K.TOGETHER: (lambda h: apart_then(h, K.APART, K.TOGETHER), False),
    K.SPLIT: (lambda h: split_household(**h.moved(h.boy), home=NewHome()), True),
    K.JOIN: (lambda h: join_household(**h.moved(h.boy), into=h.there), True),
    K.MARRIAGE: (lambda h: record_marriage(**h.moved(h.own, h.old), kind=K.MARRIAGE), False),
    K.DIVORCE: (lambda h: married_then_divorced(h), False),
    K.CORRECTION: (lambda h: h.rename(), False),
}  # fmt: skip


def apart_then(homes: Homes, first: K, then: K):
    change_living(**homes.moved(homes.old), kind=first)
    return change_living(**homes.moved(homes.old), kind=then)


def married_then_divorced(homes: Homes):
    record_marriage(**homes.moved(homes.own, homes.old), kind=K.MARRIAGE)
    return record_marriage(**homes.moved(homes.own, homes.old), kind=K.DIVORCE)


def test_every_kind_of_movement_is_tried():
    assert set(MOVEMENTS) == set(K)


@pytest.mark.parametrize("kind", list(K))
def test_a_movement_and_taking_it_back(homes, change, kind):
    act, expected = MOVEMENTS[kind]
    movement, is_other = change(lambda: act(homes))
    assert is_other is expected
    _, is_back = change(
        lambda: withdraw_movement(movement=movement, reason="誤り", actor=homes.actor, at=f.NOW)
    )
    assert is_back is expected


def test_a_death_ends_the_birthday_in_every_household(homes, change):
    change(lambda: record_death(**homes.moved(homes.old)))
    assert not SilentRisk.objects.standing().filter(kind="turns_65").exists()


def test_members_and_dates(homes, change):
    add = {"data": None, "relation": "child", "lives_together": False, "is_key_person": False, "since": ON}
    member, is_other = change(
        lambda: add_member(household=homes.there, person=homes.boy, **add, actor=homes.actor, at=f.NOW)
    )
    assert is_other
    end = {"last_on": f.TODAY - DAY, "actor": homes.actor, "at": f.NOW}
    assert change(lambda: end_membership(member=member, **end))[1]
    data = homes.data(homes.old, birth_on=date(1950, 1, 1))
    changed = {"data": data, "version": homes.old.version, "actor": homes.actor, "at": f.NOW}
    assert change(lambda: update_person(person=homes.old, **changed))[1]


def test_two_records_made_one_and_parted_again(homes, change):
    twin = f.make_person("森下", "トメ", birth_on=date(1961, 12, 10))
    HouseholdMember.objects.create(
        household=homes.there, person=twin, relation="other", lives_together=False,
        during=DateRange(date(2010, 4, 1), date(2015, 4, 1)),
    )  # fmt: skip
    third = f.make_case(homes.actor).household
    HouseholdMember.objects.create(
        household=third,
        person=twin,
        relation="other",
        lives_together=False,
        during=DateRange(date(2020, 4, 1), None),
    )
    merge, is_other = change(
        lambda: merge_people(
            kept=homes.old, absorbed=twin, versions=(homes.old.version, twin.version), data=MergeData(basis="保険証"),
            request_key=uuid4(), actor=homes.actor, at=f.NOW,
        )
    )  # fmt: skip
    assert is_other
    merge = PersonMerge.objects.get(pk=merge.pk)
    assert change(lambda: undo_merge(merge=merge, reason="別の人", actor=homes.actor, at=f.NOW))[1]


def test_protection_and_deny_list(homes, manager, change):
    protection, is_other = change(
        lambda: protect_address(
            person=homes.old,
            units=[],
            first_on=f.TODAY,
            last_on=f.TODAY + 5 * DAY,
            actor=homes.actor,
            at=f.NOW,
        )
    )
    assert is_other
    renewed, is_other = change(
        lambda: renew_protection(
            protection=protection, last_on=f.TODAY + 300 * DAY, units=[], version=protection.version,
            actor=homes.actor, at=f.NOW,
        )
    )  # fmt: skip
    assert is_other
    change(
        lambda: end_protection(
            protection=renewed, note="転居した", version=renewed.version, actor=homes.actor, at=f.NOW
        )
    )
    given, is_other = change(
        lambda: deny_staff(
            household=homes.there,
            staff=homes.actor.staff,
            reason="relative",
            note="",
            actor=manager.actor,
            at=f.NOW,
        )
    )
    assert is_other
    denial = HouseholdDenial.objects.get(pk=given.pk)
    assert change(lambda: release_staff(denial=denial, reason="異動", actor=manager.actor, at=f.NOW))[1]


def test_the_night_makes_them_anew(homes):
    beat = current_app.conf.beat_schedule["refresh-risks"]
    assert beat["task"] == refresh_risks.name
    assert (beat["schedule"].hour, beat["schedule"].minute) == ({0}, {20})
    assert refresh_risks() == len(rows()) > 0
    Case.objects.update(last_contact_at=f.NOW)
    SilentRisk.objects.filter(kind="turns_15").delete()
    current_app.tasks[beat["task"]].apply()
    assert {row[1] for row in rows()} == {"turns_15", "turns_65"}


# ── Nobody of the agency is here ────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def empty_desk(worker, elderly_director, disability_director):
    """A case of 高齢 that has been quiet for two months, with a reason why it was put off; its only worker is gone."""
    case = f.make_case(worker.actor)
    Person.objects.filter(memberships__household=case.household).update(birth_on=date(1961, 12, 10))
    Case.objects.filter(pk=case.pk).update(last_contact_at=f.NOW - 60 * DAY)
    refresh_all(at=f.NOW)
    risk = SilentRisk.objects.standing().get(kind="quiet")
    put_off(risk=risk, until=f.TODAY + DAY, reason="入院中。", actor=worker.actor, at=f.NOW)
    Appointment.objects.filter(staff=worker.staff).update(during=DateRange(date(2024, 4, 1), f.TODAY))
    refresh_all(at=f.NOW)
    return case


def seen_by(who) -> set[str]:
    return set(SilentRisk.objects.standing().visible_to(who.actor).values_list("kind", flat=True))


def test_where_nobody_is_at_the_agency_the_office_of_the_sector_owns_it(
    empty_desk, elderly_director, disability_director, center_worker, admin
):
    risen = SilentRisk.objects.standing().filter(owner_agency=elderly_director.agency)
    assert {(r.kind, r.owner_staff, r.owner_as) for r in risen} == {
        ("quiet", None, "agency"), ("no_next", None, "agency"), ("owner_left", None, "agency"),
    }  # fmt: skip
    assert seen_by(elderly_director) == {"quiet", "no_next", "owner_left"}  # not whose birthday is near
    for who in (disability_director, center_worker, admin):
        assert seen_by(who) == set()
    assert not Case.objects.visible_to(elderly_director.actor).exists()
    assert not RiskPutOff.objects.visible_to(
        elderly_director.actor
    ).exists()  # the reason tells of the record


def test_the_page_of_the_office_shows_the_number_and_no_name(empty_desk, elderly_director):
    page = elderly_director.client.get("/worries/?whose=agency&show=").content.decode()
    assert empty_desk.number in page
    assert empty_desk.lead_agency.short_name + "にだれもいないため" in page
    assert empty_desk.household.name not in page
    risk = SilentRisk.objects.standing().get(kind="quiet")
    page = elderly_director.client.get(reverse("worries:put_off", args=[risk.pk])).content.decode()
    assert empty_desk.number in page
    for hidden in ("入院中", empty_desk.household.name):
        assert hidden not in page


def test_who_is_on_the_deny_list_or_away_does_not_take_it(empty_desk, elderly_director, disability_director):
    denial = HouseholdDenial.objects.create(
        household=empty_desk.household, staff=elderly_director.staff, reason="relative",
        given_by=disability_director.staff, given_at=f.NOW,
    )  # fmt: skip
    assert seen_by(elderly_director) == set()  # before anything is made anew
    refresh_all(at=f.NOW)
    assert seen_by(disability_director) == {"quiet", "no_next", "owner_left"}
    denial.delete()
    StaffAbsence.objects.create(
        staff=elderly_director.staff, during=DateRange(f.TODAY, None), entered_at=f.NOW,
        entered_by=elderly_director.staff,
    )  # fmt: skip
    refresh_all(at=f.NOW)
    assert seen_by(elderly_director) == set()
    assert seen_by(disability_director) == {"quiet", "no_next", "owner_left"}


def test_it_goes_back_when_somebody_comes(empty_desk, elderly_director, colleague, admin, change):
    Appointment.objects.filter(staff=colleague.staff).delete()
    post = {
        "staff": colleague.staff, "agency": empty_desk.lead_agency, "role": Role.AGENCY_MANAGER, "sector": "",
        "title": "", "starts_on": f.TODAY, "ends_on": None,
    }  # fmt: skip
    assert change(lambda: appoint(**post, actor=admin.actor, at=f.NOW))[1]
    assert seen_by(elderly_director) == set()
    away = {
        "staff": colleague.staff,
        "first_on": f.TODAY,
        "last_on": None,
        "deputy": None,
        "request_key": uuid4(),
    }
    assert change(lambda: enter_absence(**away, actor=colleague.actor, at=f.NOW))[1]
    assert seen_by(elderly_director) == {"quiet", "no_next", "owner_left"}
