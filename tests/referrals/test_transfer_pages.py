"""The pages of 年度替わりの引き継ぎ, from the rule to the undoing."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.enums import Role
from cases.models import Case
from households.actions.denials import deny_staff
from referrals.actions.transfer_cases import plan_transfer, run_transfers
from referrals.models import Transfer
from tests import factories as f
from tests.conftest import persona
from tests.referrals.transfers import draft, leads, many_cases, row

pytestmark = pytest.mark.django_db
NEW = "/handover/april/new/"


def test_from_the_rule_to_the_undoing(worker, colleague, manager):
    (case,) = many_cases(worker, 1)
    client = manager.client
    assert NEW in client.get("/handover/april/").content.decode()
    page = client.get(NEW).content.decode()
    assert "令和9年4月1日" in page and colleague.staff.name in page
    data = {
        "effective_on": "R8.11.23", "spread": "even", "targets": [colleague.staff.pk], "note": "よろしく",
        "request_key": str(uuid4()),
    }  # fmt: skip
    made = client.post(NEW, data)
    assert client.post(NEW, data)["Location"] == made["Location"]  # sent twice: one draft
    url = made["Location"]
    transfer = Transfer.objects.get()
    page = client.get(url).content.decode()
    assert "まだ何も移していません" in page and case.number in page and case.household.name in page
    pk = row(transfer, case).pk
    saved = client.post(url, {f"to-{pk}": colleague.staff.pk, f"note-{pk}": "鍵のこと"})
    assert saved.status_code == 302 and row(transfer, case).note == "鍵のこと"
    assert client.post(f"{url}plan/").status_code == 302
    assert 'hx-trigger="every 2s"' in client.get(f"{url}progress/").content.decode()
    run_transfers(at=f.NOW)
    assert leads([case]) == {case.pk: colleague.staff.pk}
    done = client.get(url).content.decode()
    assert "移し終えた" in done and "every 2s" not in done and f"/rows/{pk}/undo/" in done
    assert client.post(f"{url}rows/{pk}/undo/").status_code == 302
    assert leads([case]) == {case.pk: worker.staff.pk}
    assert "前の担当者に戻しました" in client.get(url).content.decode()
    assert client.post(f"{url}undo/").status_code == 302
    run_transfers(at=f.NOW)
    assert "戻した" in client.get(url).content.decode()


def test_a_draft_is_dropped(worker, colleague, manager):
    many_cases(worker, 1)
    transfer = draft(manager, colleague.staff)
    manager.client.post(f"/handover/april/{transfer.pk}/drop/")
    transfer.refresh_from_db()
    assert transfer.state == "dropped"
    page = manager.client.post(f"/handover/april/{transfer.pk}/plan/", follow=True).content.decode()
    assert "いまその操作ができません" in page


@pytest.mark.parametrize(
    "change",
    [
        {"effective_on": "R7.4.1"}, {"effective_on": "いつか"}, {"targets": []}, {"targets": ["999999"]}, {"spread": "x"},
        {"spread": "area"}, {"from_staff": "999999"}, {"sector": "x"}, {"request_key": ""},
    ],
)  # fmt: skip
def test_bad_input_is_said_beside_its_cause(worker, colleague, manager, change):
    many_cases(worker, 1)
    data = {
        "effective_on": "R8.11.23", "spread": "even", "targets": [colleague.staff.pk], "request_key": str(uuid4())
    } | change  # fmt: skip
    response = manager.client.post(NEW, data)
    assert response.status_code == 422
    assert 'role="alert"' in response.content.decode()
    assert not Transfer.objects.exists()


def test_a_worker_who_is_none_of_ours_cannot_be_chosen(worker, colleague, manager, stranger):
    (case,) = many_cases(worker, 1)
    transfer = draft(manager, colleague.staff)
    pk = row(transfer, case).pk
    response = manager.client.post(f"/handover/april/{transfer.pk}/", {f"to-{pk}": stranger.staff.pk})
    assert response.status_code == 422
    assert row(transfer, case).to_staff == colleague.staff


def test_who_may_not(worker, colleague, manager, care_center):
    (case,) = many_cases(worker, 1)
    transfer = draft(manager, colleague.staff)
    other = persona(care_center, Role.AGENCY_MANAGER)
    url = f"/handover/april/{transfer.pk}/"
    row_url = f"{url}rows/{row(transfer, case).pk}/undo/"
    for path in ("/handover/april/", NEW, url, f"{url}progress/"):
        assert worker.client.get(path).status_code == 403
    assert case.number not in other.client.get("/handover/april/").content.decode()
    assert [other.client.get(p).status_code for p in (url, f"{url}progress/")] == [404, 404]
    for path in (f"{url}plan/", f"{url}drop/", f"{url}undo/", row_url):
        assert worker.client.post(path).status_code == 403
        assert other.client.post(path).status_code == 404


def test_a_denied_head_sees_neither_row_nor_count(worker, colleague, manager):
    hidden, shown = many_cases(worker, 2)
    transfer = draft(manager, colleague.staff)
    url = f"/handover/april/{transfer.pk}/"
    deny_staff(
        household=hidden.household,
        staff=manager.staff,
        reason="relative",
        note="",
        actor=worker.actor,
        at=f.NOW,
    )
    page = manager.client.get(url).content.decode()
    assert hidden.number not in page and shown.number in page
    numbers = re.findall(r'stat__value">(\d+)', page)
    assert numbers[0] == "1"
    pk = row(transfer, hidden).pk
    plan_transfer(transfer=transfer, actor=manager.actor, at=f.NOW)
    run_transfers(at=f.NOW)
    assert manager.client.post(f"{url}rows/{pk}/undo/").status_code == 404


def test_as_many_questions_with_one_case_as_with_thirty(worker, colleague, manager):
    client = manager.client
    many_cases(worker, 1)
    one = draft(manager, colleague.staff)
    many_cases(worker, 30)
    many = draft(manager, colleague.staff)
    client.get(f"/handover/april/{one.pk}/")
    with CaptureQueriesContext(connection) as few:
        client.get(f"/handover/april/{one.pk}/")
    with CaptureQueriesContext(connection) as more:
        client.get(f"/handover/april/{many.pk}/")
    assert len(few) == len(more) <= 20
    assert Case.objects.count() == 31
