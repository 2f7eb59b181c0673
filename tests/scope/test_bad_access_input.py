"""Bad input about who sees what, as pages get it: answered in words, logged, and nothing half done."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from accounts.actions.absences import enter_absence
from accounts.models import Appointment, Staff, StaffAbsence
from audit.models import AccessRecord
from cases.actions.closing import ClosingData, close_case
from cases.actions.consent import withdraw_consent
from cases.actions.plan import start_plan
from cases.enums import Judgement
from cases.models import Case, CaseGrant
from common.errors import RuleViolation
from households.actions.grants import end_grants_resting_on
from households.actions.protection import protect_address
from households.models import Consent, HouseholdGrant, HouseholdMember, Person, PersonMerge
from referrals.models import Referral
from tests import factories as f
from tests.conftest import persona
from tests.referrals import conferences as c

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(f.NOW)


@pytest.fixture
def case(worker):
    case = f.make_case(worker.actor)
    case.person = Person.objects.get()
    case.save()
    return case


def logged(view: str, said: str) -> bool:
    rows = AccessRecord.objects.filter(kind="refused", target_type=view)
    return any(said in row.target_id for row in rows)


def answer(**changes):
    return {
        "request_key": str(uuid4()), "state": "yes", "given_on": "R8.11.23", "giver": "self", "kinds": ["identity"],
        "method": "spoken", "witness": "長女", "purpose": "支えるため", **changes,
    }  # fmt: skip


def test_consent_in_the_future_and_withdrawn_twice(case, worker, care_center):
    url = f"/cases/{case.number}/consent/"
    told = worker.client.post(url, answer(given_on="R8.12.1", agencies=[care_center.pk]))
    assert told.status_code == 422
    assert "今日より後" in told.content.decode()
    assert not Consent.objects.exists()
    assert logged("cases:consent", "given_on:rule")
    given = f.give_consent(case, worker.actor, care_center)
    back = {"withdrawn_on": "R8.11.23", "version": given.version, "note": ""}
    assert worker.client.post(f"{url}{given.pk}/withdraw/", back).status_code == 302
    again = worker.client.post(f"{url}{given.pk}/withdraw/", back)
    assert again.status_code == 422
    assert "すでに撤回されています" in again.content.decode()
    assert logged("cases:consent_withdraw", "422")


def test_an_appointment_that_overlaps_itself_and_one_for_oneself(admin, worker, desk):
    sent = {"agency": desk.pk, "role": "desk_worker", "starts_on": "R8.11.24", "ends_on": "", "sector": ""}
    told = admin.client.post(f"/manage/staff/{worker.staff.pk}/", sent)
    assert told.status_code == 422
    assert "重な" in told.content.decode()
    assert logged("manage:staff", "422")
    own = admin.client.post(f"/manage/staff/{admin.staff.pk}/", sent)
    assert own.status_code in (403, 422)
    assert Appointment.objects.filter(staff=admin.staff).count() == 1
    line = (
        AccessRecord.objects.filter(kind="refused", staff_id_text=str(admin.staff.pk)).order_by("-pk").first()
    )
    assert (line.path, line.target_type) == (f"/manage/staff/{admin.staff.pk}/", "manage:staff")
    assert line.target_id.startswith(str(own.status_code))


def test_a_grant_to_ones_own_agency(case, worker):
    """A つなぎ or a consent for oneself opens nothing: told beside the field, and logged with the id."""
    grants, me = CaseGrant.objects.count(), worker.agency.pk
    sent = {"to_agency": me, "purpose": "訪問", "ground": "coordination", "request_key": str(uuid4())}
    told = worker.client.post(f"/referrals/new/?case={case.number}", sent)
    assert told.status_code == 422
    assert logged("referrals:new", "to_agency")
    api = {
        "case": case.number, "to_agency": worker.agency.code, "purpose": "訪問", "ground": "coordination",
        "deadline_at": "2026-11-27T17:00:00+09:00",
    }  # fmt: skip
    refused = worker.client.post("/api/v1/referrals/", api, content_type="application/json")
    assert refused.status_code in (400, 422)
    assert logged("api:referral-list", str(refused.status_code))
    assert not Referral.objects.exists()
    assert CaseGrant.objects.count() == grants


@pytest.fixture
def twins(worker, center_worker):
    """Two records that the desk and a partner see; the second is protected, and the partner is no unit."""
    people = [f.make_person("髙橋", "みどり"), f.make_person("高橋", "翠", phone="059-555-0101")]
    for person in people:
        home = f.make_household(person=person, agency=worker.agency)
        f.grant_household(
            household=home,
            agency=center_worker.agency,
            ground="own_duty",
            basis=person,
            actor=worker.actor,
            at=f.NOW,
        )
    protect_address(
        person=people[1],
        units=[],
        first_on=f.TODAY,
        last_on=f.TODAY + timedelta(days=300),
        actor=worker.actor,
        at=f.NOW,
    )
    return people


def merge_form(people, **changes):
    versions = Person.objects.in_bulk([p.pk for p in people])
    return {
        "request_key": str(uuid4()), "kept_version": versions[people[0].pk].version,
        "absorbed_version": versions[people[1].pk].version, "basis": "本人に確かめた", "take_family_name": "kept",
        "take_given_name": "kept", **changes,
    }  # fmt: skip


def test_a_merge_of_a_protected_and_an_open_person(twins, worker, center_worker):
    """Only a unit of the protection: the others are told so, it is logged, and both records stay as they were."""
    url = f"/households/people/{twins[0].pk}/merge/{twins[1].pk}/"
    told = center_worker.client.post(url, merge_form(twins))
    assert told.status_code in (403, 422)
    assert "見てよい機関" in told.content.decode()
    assert "0101" not in told.content.decode()
    line = AccessRecord.objects.get(kind="refused")
    assert (line.target_type, line.path, line.staff_id_text) == (
        "households:merge",
        url,
        str(center_worker.staff.pk),
    )
    assert line.target_id.startswith(str(told.status_code))
    assert not PersonMerge.objects.exists()
    home = HouseholdMember.objects.get(person=twins[1])
    assert worker.client.post(url, merge_form(twins, home=home.pk)).status_code == 302


def test_a_forged_home_at_a_merge(twins, worker, stranger):
    """The home of the merged person is one of the two, whatever number is sent."""
    url = f"/households/people/{twins[0].pk}/merge/{twins[1].pk}/"
    f.make_household(person=f.make_person("よその", "人"), agency=stranger.agency)
    elsewhere = HouseholdMember.objects.exclude(person__in=twins).get()
    for given in (elsewhere.pk, 999999):
        told = worker.client.post(url, merge_form(twins, home=given))
        assert told.status_code == 422
        assert "よその" not in told.content.decode()
        assert logged("households:merge", f"home:invalid_choice={given}")
    assert not PersonMerge.objects.exists()


def test_a_row_that_the_database_refuses_at_a_merge(twins, worker, monkeypatch):
    """Whatever the database refuses between the form and the write (a row that went meanwhile) is told, and nothing moved."""

    def move(self, *args):
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        HouseholdMember.objects.filter(person=twins[1]).update(person_id=999999)

    monkeypatch.setattr("households.actions.merge_people._Rows.move", move)
    home = HouseholdMember.objects.get(person=twins[1])
    told = worker.client.post(
        f"/households/people/{twins[0].pk}/merge/{twins[1].pk}/", merge_form(twins, home=home.pk)
    )
    assert told.status_code == 422
    assert "両立しないもの" in told.content.decode()
    assert logged("households:merge", "422")
    assert HouseholdMember.objects.filter(person=twins[1]).exists()
    assert not PersonMerge.objects.exists()


def test_forged_people_at_an_absence(worker, manager, stranger):
    """Who is away and who acts for them are people of the agency; the page and the action both say so."""
    url, sent = "/staff/absences/", {"first_on": "R8.11.23", "staff": worker.staff.pk, "deputy": ""}
    for who, field in ((worker, "staff"), (worker, "deputy"), (manager, "staff"), (manager, "deputy")):
        for given in (stranger.staff.pk, 999999):
            told = who.client.post(url, sent | {"request_key": str(uuid4()), field: given})
            assert told.status_code == 422
            assert logged("accounts:absences", f"{field}:invalid_choice={given}")
    nobody = Staff(pk=999999, name="いない人")
    for fields in ({"staff": nobody, "deputy": None}, {"staff": worker.staff, "deputy": nobody}):
        with pytest.raises((RuleViolation, Staff.DoesNotExist)):
            enter_absence(
                first_on=f.TODAY, last_on=None, actor=manager.actor, at=f.NOW, request_key=uuid4(), **fields
            )
    assert not StaffAbsence.objects.exists()


def test_a_guest_after_the_sitting(case, worker, disability_section):
    guest = persona(disability_section, "conference_guest", name="三浦 民生委員")
    sitting = c.convene(worker.actor, kind="support", invite=(disability_section,))
    c.put(sitting, case, worker.actor, topic="朽葉色の議題")
    c.accept(sitting, guest.actor)
    c.sit(sitting, worker.actor)
    url = f"/conferences/{sitting.pk}/"
    assert "朽葉色の議題" in guest.client.get(url).content.decode()
    type(sitting).objects.filter(pk=sitting.pk).update(papers_until=f.NOW - timedelta(minutes=1))
    told = guest.client.get(url).content.decode()
    assert "朽葉色の議題" not in told
    assert "閉じました" in told
    assert guest.client.get(f"{url}handout.pdf").status_code == 403
    assert logged("conferences:handout_pdf", "403")
    for link in ("run/", "minutes/", "close/"):
        late = guest.client.get(f"{url}{link}")
        assert late.status_code == 403, link
        assert "朽葉色の議題" not in late.content.decode()
        assert logged(f"conferences:{link.strip('/')}", "403")


def test_an_export_that_ends_after_the_right_to_it(case, worker, center_worker, monkeypatch):
    consent = f.share_by_consent(case, worker.actor, center_worker.actor)
    assert Case.objects.visible_to(center_worker.actor).exists()

    def slow(*args, **kwargs):
        withdraw_consent(
            consent=consent,
            withdrawn_on=f.TODAY,
            note="",
            version=consent.version,
            actor=worker.actor,
            at=f.NOW,
        )
        return b"%PDF-1.7 all of it"

    monkeypatch.setattr("cases.views.stream.render_pdf", slow)
    told = center_worker.client.get(f"/cases/households/{case.household_id}/stream/pdf/")
    assert told.status_code == 404
    assert b"%PDF" not in told.content
    assert AccessRecord.objects.filter(kind="denied", staff_id_text=str(center_worker.staff.pk)).exists()


def during(monkeypatch, where: str, what) -> None:
    """``what`` happens while the paper is laid out."""

    def slow(*args, **kwargs):
        what()
        return b"%PDF-1.7 all of it"

    monkeypatch.setattr(f"{where}.render_pdf", slow)


def not_given_out(who, url: str) -> None:
    told = who.client.get(url)
    assert told.status_code in (403, 404), url
    assert b"%PDF" not in told.content
    assert AccessRecord.objects.filter(
        kind__in=["denied", "refused"], staff_id_text=str(who.staff.pk), path=url.split("?")[0]
    ).exists()


def test_a_print_of_a_household_of_whose_cases_one_closed_meanwhile(case, worker, center_worker, monkeypatch):
    """The household stays visible by its other case; the print held lines of the one that did not."""
    consent = f.share_by_consent(case, worker.actor, center_worker.actor)
    reason = f.make_code("closing_reason", "e1", "目標を達成した")
    closing = ClosingData(
        kind=Judgement.CLOSE, reason=reason, note="落ち着いた", follow_up_on=f.TODAY + timedelta(days=90)
    )
    close_case(case=case, actor=worker.actor, at=f.NOW, data=closing)
    second = f.make_case(center_worker.actor, household=case.household)
    assert Case.objects.visible_to(center_worker.actor).count() == 2

    def withdraw():
        withdraw_consent(
            consent=consent,
            withdrawn_on=f.TODAY,
            note="",
            version=consent.version,
            actor=worker.actor,
            at=f.NOW,
        )

    url = f"/cases/households/{case.household_id}/stream/pdf/"
    during(monkeypatch, "cases.views.stream", lambda: None)
    assert center_worker.client.get(url).status_code == 200
    during(monkeypatch, "cases.views.stream", withdraw)
    not_given_out(center_worker, url)
    during(monkeypatch, "cases.views.stream", lambda: None)
    assert center_worker.client.get(url).status_code == 200  # what is left may be printed
    assert Case.objects.visible_to(center_worker.actor).get() == second


def test_a_print_of_somebody_who_was_protected_meanwhile(case, worker, center_worker, monkeypatch):
    f.share_by_consent(case, worker.actor, center_worker.actor)

    def protect():
        protect_address(
            person=case.person,
            units=[],
            first_on=f.TODAY,
            last_on=f.TODAY + timedelta(days=300),
            actor=worker.actor,
            at=f.NOW,
        )

    during(monkeypatch, "cases.views.stream", protect)
    not_given_out(center_worker, f"/cases/households/{case.household_id}/stream/pdf/")


def test_the_consent_paper_and_the_plan_after_the_right_to_them(case, worker, center_worker, monkeypatch):
    consent = f.share_by_consent(case, worker.actor, center_worker.actor)
    plan = start_plan(case=case, actor=worker.actor, at=f.NOW)

    def end():
        end_grants_resting_on(consent, grant_models=(CaseGrant, HouseholdGrant), at=timezone.now())

    for where, url in (
        ("cases.views.consents", f"/cases/{case.number}/consent/paper/"), ("cases.views.plans", f"/cases/plans/{plan.pk}/pdf/"),
    ):  # fmt: skip
        for model in (CaseGrant, HouseholdGrant):
            model.objects.filter(basis_id=str(consent.pk)).update(ends_at=None)
        during(monkeypatch, where, lambda: None)
        assert center_worker.client.get(url).status_code == 200, url
        during(monkeypatch, where, end)
        not_given_out(center_worker, url)


def test_the_papers_of_a_sitting_after_its_window(case, worker, disability_section, monkeypatch):
    guest = persona(disability_section, "conference_guest", name="三浦 民生委員")
    sitting = c.convene(worker.actor, kind="support", invite=(disability_section,))
    c.put(sitting, case, worker.actor)
    c.accept(sitting, guest.actor)
    c.sit(sitting, worker.actor)

    def shut():
        type(sitting).objects.filter(pk=sitting.pk).update(papers_until=f.NOW - timedelta(minutes=1))

    during(monkeypatch, "referrals.views.conference_agenda", shut)
    not_given_out(guest, f"/conferences/{sitting.pk}/handout.pdf")
