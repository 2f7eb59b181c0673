"""再相談: a contact about somebody whose support has ended takes up the closed case, where the desk may read it."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from cases.actions.closing import ClosingData, close_case
from cases.actions.receive_consultation import ContactData, receive_consultation
from cases.models import Case, WatchCycle
from tests import factories as f


def closed_case(worker) -> Case:
    person = f.make_person()
    f.make_household(person=person, agency=worker.agency, actor=worker.actor)
    contact(worker, person, at=f.NOW - timedelta(days=90))
    case = Case.objects.get()
    return close_case(
        case=case, actor=worker.actor, at=f.NOW - timedelta(days=30),
        data=ClosingData(
            kind="close", reason=f.make_code("closing_reason", "z01", "目標達成"), note="落ち着いた",
            follow_up_on=f.TODAY + timedelta(days=60), every="3",
        ),
    )  # fmt: skip


def contact(worker, person, *, at=f.NOW, sectors=("elderly",), outcome="support"):
    data = ContactData(
        started_at=at, minutes=20, way="phone", text="また困っている", outcome=outcome, sectors=sectors
    )
    return receive_consultation(
        data=data, person_id=person.pk, actor=worker.actor, at=at, request_key=uuid4()
    )


def test_the_closed_case_goes_on_and_its_watch_ends(worker):
    case = closed_case(worker)
    person = case.person
    received = contact(worker, person, sectors=("poverty",))
    case.refresh_from_db()
    assert (received.case, Case.objects.count()) == (case, 1)
    assert (case.is_open, case.reopened_count, case.sectors) == (True, 1, ["elderly", "poverty"])
    assert not WatchCycle.objects.running().exists()


def test_a_contact_that_ends_as_information_opens_nothing(worker):
    case = closed_case(worker)
    contact(worker, case.person, outcome="information")
    case.refresh_from_db()
    assert not case.is_open
    assert WatchCycle.objects.running().exists()


def test_another_desk_that_does_not_see_it_begins_its_own(worker, center_worker):
    case = closed_case(worker)
    received = contact(center_worker, case.person)
    case.refresh_from_db()
    assert not case.is_open
    assert received.case != case
    assert received.case.lead_agency == center_worker.agency
