"""職員と辞令."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError

from accounts.actions.staff import appoint, end_appointment, register_staff
from accounts.enums import Role
from accounts.models import Appointment, Notice, Staff
from audit.models import ChangeRecord
from cases.models import Case
from common.errors import NotAllowed, Overlap, RuleViolation
from tests import factories as f


def give(staff, agency, actor, **over):
    values = {
        "role": Role.DESK_WORKER,
        "sector": "",
        "title": "",
        "starts_on": date(2026, 4, 1),
        "ends_on": None,
    } | over
    return appoint(staff=staff, agency=agency, actor=actor, at=f.NOW, **values)


def test_appointment_overlapping_itself_is_refused(admin, desk):
    staff = f.make_staff()
    give(staff, desk, admin.actor, ends_on=date(2027, 3, 31))
    with pytest.raises(Overlap):
        give(staff, desk, admin.actor, starts_on=date(2027, 3, 31))
    give(staff, desk, admin.actor, starts_on=date(2027, 4, 1))
    assert Appointment.objects.filter(staff=staff).count() == 2


def test_nobody_appoints_themselves(admin, desk):
    with pytest.raises(NotAllowed):
        give(admin.staff, desk, admin.actor)


def test_worker_may_not_appoint(worker, desk):
    with pytest.raises(NotAllowed):
        give(f.make_staff(), desk, worker.actor)
    assert not ChangeRecord.objects.filter(action="appointment.give").exists()


def test_director_needs_a_sector(admin, desk):
    with pytest.raises(RuleViolation) as caught:
        give(f.make_staff(), desk, admin.actor, role=Role.AREA_DIRECTOR)
    assert caught.value.field == "sector"


def test_ending_stops_rights_after_the_day(admin, desk):
    staff = f.make_staff(desk)
    appointment = staff.appointments.get()
    end_appointment(appointment=appointment, ends_on=f.TODAY, actor=admin.actor, at=f.NOW)
    assert f.actor_of(staff, on=f.TODAY).permissions
    assert not f.actor_of(staff, on=f.TODAY + timedelta(days=1)).permissions
    with pytest.raises(RuleViolation):
        end_appointment(appointment=appointment, ends_on=date(2026, 11, 1), actor=admin.actor, at=f.NOW)


def test_pages_of_administration(admin, worker, client):
    c = admin.client
    assert c.get("/manage/").status_code == 200
    assert c.get("/manage/agencies/").status_code == 200
    assert worker.staff.name in c.get("/manage/staff/").content.decode()
    answer = c.post(
        "/manage/staff/new/",
        {"username": "n1", "name": "新宮 遥", "kana": "しんぐう はるか", "email": "", "password": "short"},
    )
    assert answer.status_code == 422
    assert not Staff.objects.filter(username="n1").exists()
    assert worker.client.get("/manage/staff/").status_code == 403
    assert client.get("/manage/staff/").status_code == 302


def test_short_password_is_named(admin):
    with pytest.raises(RuleViolation) as caught:
        register_staff(
            username="n2",
            name="新宮 遥",
            kana="しんぐう はるか",
            email="",
            password="short",
            actor=admin.actor,
            at=f.NOW,
        )
    assert caught.value.field == "password"


def test_switching_takes_only_own_appointments(worker, care_center, center_worker, client):
    mine = Appointment.objects.create(
        staff=worker.staff, agency=care_center, role=Role.DESK_WORKER, during=(date(2026, 4, 1), None)
    )
    c = worker.client
    c.post("/staff/switch/", {"appointment": center_worker.staff.appointments.get().pk})
    assert "appointment_id" not in c.session
    c.post("/staff/switch/", {"appointment": mine.pk})
    assert c.session["appointment_id"] == mine.pk


def test_auditor_reads_the_change_records(auditor, worker):
    case = f.make_case(worker.actor)
    page = auditor.client.get("/manage/changes/").content.decode()
    assert "case.open" in page
    assert case.household.name not in page


# ── Support: no superuser, but an appointment that is short, reasoned and logged ────────────────────────────


def test_support_is_an_appointment_with_a_reason_and_an_end(admin, desk, manager):
    staff = f.make_staff()
    given = give(
        staff, desk, admin.actor, starts_on=f.TODAY, ends_on=f.TODAY + timedelta(days=6), is_support=True,
        reason="印刷できない障害の調査",
    )  # fmt: skip
    assert (given.is_support, given.given_by) == (True, admin.staff)
    change = ChangeRecord.objects.get(action="appointment.give")
    assert change.detail["reason"] == "印刷できない障害の調査"
    assert "一時的な権限" in Notice.objects.get(staff=manager.staff).text
    assert f.actor_of(staff).role == Role.DESK_WORKER
    assert not f.actor_of(staff, on=f.TODAY + timedelta(days=7)).permissions


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"ends_on": None}, "ends_on"),
        ({"ends_on": f.TODAY + timedelta(days=7)}, "ends_on"),
    ],
)
def test_support_without_reason_or_too_long_is_refused(admin, desk, over, field):
    values = {"starts_on": f.TODAY, "ends_on": f.TODAY, "is_support": True, "reason": "調査", **over}
    with pytest.raises(RuleViolation) as caught:
        give(f.make_staff(), desk, admin.actor, **values)
    assert caught.value.field == field
    assert not Appointment.objects.filter(is_support=True).exists()


def test_the_database_refuses_long_support_too(desk):
    with pytest.raises(IntegrityError):
        Appointment.objects.create(
            staff=f.make_staff(), agency=desk, role=Role.DESK_WORKER, is_support=True, reason="x",
            during=(f.TODAY, f.TODAY + timedelta(days=8)),
        )  # fmt: skip


def test_a_move_takes_effect_on_its_date(admin, worker, desk, care_center):
    case = f.make_case(worker.actor)
    appointment = worker.staff.appointments.get()
    end_appointment(appointment=appointment, ends_on=date(2027, 3, 31), actor=admin.actor, at=f.NOW)
    give(worker.staff, care_center, admin.actor, starts_on=date(2027, 4, 1))
    before, after = (f.actor_of(worker.staff, on=day) for day in (date(2027, 3, 31), date(2027, 4, 1)))
    assert (before.agency, after.agency) == (desk, care_center)
    assert Case.objects.visible_to(before).get() == case
    assert not Case.objects.visible_to(after).exists()
