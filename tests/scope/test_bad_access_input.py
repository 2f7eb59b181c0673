"""Bad input about who sees what, as pages get it: answered in words, logged, and nothing half done."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from accounts.models import Appointment
from audit.models import AccessRecord
from cases.actions.consent import withdraw_consent
from cases.models import Case
from households.models import Consent, Person
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
