"""引き継ぎ: what a leaver has open goes to colleagues in one act, and nothing is left without a person."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from accounts.actions.staff import end_appointment
from accounts.enums import Role
from accounts.models import Appointment, Notice
from cases.actions.closing import ClosingData, close_case
from cases.enums import Judgement
from cases.models import Case, FollowUp
from common.errors import NotAllowed, RuleViolation
from households.actions.denials import deny_staff
from kyosei.home import home_groups
from referrals.actions.handover import hand_over
from referrals.actions.run_conference import start_conference
from referrals.handover import Kind, open_work, staff_with_work
from referrals.models import ActionItem
from tests import factories as f
from tests.conftest import persona
from tests.referrals import conferences as c


def make_all(worker):
    case = f.make_case(worker.actor)
    conference = c.convene(worker.actor)
    item = c.put(conference, case, worker.actor)
    start_conference(conference=conference, actor=worker.actor, at=c.START)
    c.decide(item, worker.agency, worker.staff, worker.actor)
    closed = f.make_case(worker.actor)
    code = f.make_code("closing_reason", "e1", "目標を達成した")
    close_case(
        case=closed, actor=worker.actor, at=f.NOW,
        data=ClosingData(kind=Judgement.CLOSE, reason=code, note="落ち着いた", follow_up_on=f.TODAY + timedelta(days=90)),
    )  # fmt: skip
    FollowUp.objects.update(staff=worker.staff)
    return case


def test_everything_open_moves_at_once(worker, colleague, manager, desk):
    case = make_all(worker)
    pieces = open_work(worker.staff, desk, manager.actor)
    assert {p.kind for p in pieces} == {Kind.CASE, Kind.FOLLOW_UP, Kind.ACTION_ITEM, Kind.SEAT}
    moved = hand_over(
        staff=worker.staff,
        to={p.key: colleague.staff for p in pieces},
        note="",
        actor=manager.actor,
        at=f.NOW,
    )
    assert moved == len(pieces)
    assert open_work(worker.staff, desk, manager.actor) == []
    case.refresh_from_db()
    assert (case.lead_staff, case.lead_agency) == (colleague.staff, desk)
    assert ActionItem.objects.get().staff == colleague.staff
    assert "引き継ぎました" in Notice.objects.get(staff=colleague.staff).text


def test_nothing_moves_when_one_piece_has_nobody(worker, colleague, manager, desk):
    case = make_all(worker)
    pieces = open_work(worker.staff, desk, manager.actor)
    to = {p.key: colleague.staff for p in pieces[1:]}
    with pytest.raises(RuleViolation) as error:
        hand_over(staff=worker.staff, to=to, note="", actor=manager.actor, at=f.NOW)
    assert error.value.field == pieces[0].key
    assert len(open_work(worker.staff, desk, manager.actor)) == len(pieces)
    assert Case.objects.get(pk=case.pk).lead_staff == worker.staff


def test_not_to_strangers_themselves_or_the_denied(worker, colleague, manager, stranger, desk):
    case = f.make_case(worker.actor)
    deny_staff(
        household=case.household,
        staff=colleague.staff,
        reason="relative",
        note="",
        actor=worker.actor,
        at=f.NOW,
    )
    key = open_work(worker.staff, desk, manager.actor)[0].key
    for new, words in (
        (stranger, "所属していません"),
        (worker, "元の担当者のまま"),
        (colleague, "引き継げません"),
    ):
        with pytest.raises(RuleViolation, match=words):
            hand_over(staff=worker.staff, to={key: new.staff}, note="", actor=manager.actor, at=f.NOW)


def test_only_the_manager_of_that_agency(worker, colleague, care_center, desk):
    f.make_case(worker.actor)
    other = persona(care_center, Role.AGENCY_MANAGER)
    assert open_work(worker.staff, care_center, other.actor) == []
    with pytest.raises(NotAllowed):
        hand_over(staff=worker.staff, to={}, note="", actor=colleague.actor, at=f.NOW)
    assert colleague.client.get("/handover/").status_code == 403
    assert other.client.get(f"/handover/{worker.staff.pk}/").status_code == 404


def test_a_leaver_stands_on_the_managers_home_until_handed_over(worker, colleague, manager, admin, desk):
    f.make_case(worker.actor)
    Appointment.objects.filter(staff=worker.staff).update(during=(date(2024, 4, 1), f.TODAY))

    def waiting():
        return [r for g in home_groups(manager.actor, f.NOW) for r in g.rows if r.row.kind == "引き継ぎ"]

    assert len(waiting()) == 1
    (piece,) = open_work(worker.staff, desk, manager.actor)
    hand_over(staff=worker.staff, to={piece.key: colleague.staff}, note="", actor=manager.actor, at=f.NOW)
    assert waiting() == []


def test_the_manager_hears_that_an_appointment_ends(worker, manager, admin):
    appointment = Appointment.objects.get(staff=worker.staff)
    end_appointment(appointment=appointment, ends_on=date(2027, 3, 31), actor=admin.actor, at=f.NOW)
    assert "引き継いで" in Notice.objects.get(staff=manager.staff).text


def test_the_page(worker, colleague, manager, desk, django_assert_max_num_queries):
    case = f.make_case(worker.actor)
    client = manager.client
    assert worker.staff.name in client.get("/handover/").content.decode()
    url = f"/handover/{worker.staff.pk}/"
    with django_assert_max_num_queries(15):
        assert case.number in client.get(url).content.decode()
    key = f"case-{case.pk}"
    assert client.post(url, {key: ""}).status_code == 422
    assert client.post(url, {key: "999999"}).status_code == 422
    assert client.post(url, {key: colleague.staff.pk}).status_code == 302
    assert Case.objects.get().lead_staff == colleague.staff
    assert "残っている仕事はありません" in client.get(url).content.decode()
    assert [s.pk for s in staff_with_work(desk, f.TODAY, manager.actor)] == [colleague.staff.pk]
