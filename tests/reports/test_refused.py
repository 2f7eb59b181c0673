"""断られた操作: the page on which the auditor and the manager of an agency see refused acts and forged ids."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from audit.actions import record_access
from audit.models import AccessKind
from households.actions.denials import deny_staff
from tests import factories as f

URL = "/trail/refused/"


@pytest.fixture(autouse=True)
def today():
    with time_machine.travel(f.NOW, tick=False):
        yield


def lines(who, **query):
    answer = who.client.get(URL, query)
    assert answer.status_code == 200
    return answer.context["lines"]


def refuse(
    who, *, kind=AccessKind.REFUSED, view="referrals:new", what="403", at=f.NOW, path="/referrals/new/"
):
    record_access(
        actor=who.actor, kind=kind, target_type=view, target_id=what, at=at, path=path, remote_addr="10.1.2.3"
    )


def test_what_the_program_refused_stands_there(worker, stranger, auditor, manager, finance):
    case = f.make_case(worker.actor)
    assert stranger.client.get(f"/cases/{case.number}/").status_code == 404
    assert worker.client.get("/trail/chain/").status_code == 403
    sent = {"to_agency": "999999", "purpose": "訪問", "ground": "coordination"}
    assert worker.client.post(f"/referrals/new/?case={case.number}", sent).status_code == 422
    found = {(line.who, line.kind, line.what): line for line in lines(auditor)}
    missed = found[stranger.staff.name, "閲覧不可", "ケース"]
    assert (missed.why, missed.path) == ("見られないか、ない記録", f"/cases/{case.number}/")
    assert found[worker.staff.name, "断られた操作", "閲覧の記録"].why == "権限がない"
    assert "to_agency：選べないもの（番号 999999）" in found[worker.staff.name, "断られた操作", "つなぎ"].why
    assert {line.who for line in lines(manager)} == {worker.staff.name}  # of one's own agency
    for who in (worker, finance):
        assert who.client.get(URL).status_code == 403


def test_period_agency_and_kind(worker, stranger, auditor, manager):
    refuse(worker)
    refuse(stranger, kind=AccessKind.DENIED, view="cases.case", what="K08-00001")
    refuse(worker, at=f.NOW - timedelta(days=40))
    assert len(lines(auditor)) == 2
    assert len(lines(auditor, since="R8.10.1", until="R8.10.31")) == 1
    assert len(lines(auditor, since="R8.10.1", until="R8.11.23")) == 3
    assert [line.who for line in lines(auditor, agency=stranger.agency.pk)] == [stranger.staff.name]
    assert [line.who for line in lines(auditor, kind="refused")] == [worker.staff.name]
    assert len(lines(manager, agency=stranger.agency.pk)) == 1  # a manager has no such choice
    for wrong in ({"agency": "999999"}, {"since": "R8.4.1", "until": "R8.11.1"}, {"kind": "view"}):
        assert auditor.client.get(URL, wrong).status_code == 422


def test_who_was_refused_most_often_comes_first(worker, colleague, auditor):
    refuse(colleague)
    for _ in range(3):
        refuse(worker, kind=AccessKind.DENIED, view="cases.case", what="1")
    workers = auditor.client.get(URL).context["workers"]
    assert [(w.name, w.refused, w.missed) for w in workers] == [
        (worker.staff.name, 0, 3),
        (colleague.staff.name, 1, 0),
    ]


def test_nothing_that_was_typed_and_no_number_for_who_is_on_a_deny_list(worker, manager, auditor):
    case = f.make_case(worker.actor)
    refuse(
        worker,
        kind=AccessKind.DENIED,
        view="cases.case",
        what=case.number,
        path=f"/cases/{case.number}/consent/",
    )
    refuse(
        worker,
        view="cases:consent",
        what="422 agencies:invalid_choice=77",
        path=f"/cases/{case.number}/consent/",
    )
    assert case.number in manager.client.get(URL).content.decode()
    deny_staff(
        household=case.household,
        staff=manager.staff,
        reason="relative",
        note="",
        actor=worker.actor,
        at=f.NOW,
    )
    said = manager.client.get(URL).content.decode()
    assert case.number not in said
    assert "77" not in next(line.why for line in lines(manager))
    assert [line.path for line in lines(manager)] == ["/cases/…/consent/"] * 2
    assert len(lines(auditor)) == 2


@pytest.mark.parametrize("count", [1, 40])
def test_queries_do_not_grow(worker, colleague, auditor, django_assert_max_num_queries, count):
    for n in range(count):
        refuse((worker, colleague)[n % 2], what=f"422 staff:invalid_choice={n}")
    client = auditor.client
    client.get(URL)
    with django_assert_max_num_queries(15):
        assert client.get(URL).status_code == 200


def test_the_page_of_management_leads_there(manager, auditor, worker):
    for who in (manager, auditor):
        assert URL in who.client.get("/manage/").content.decode()
    assert "断られた操作はありません" in manager.client.get(URL).content.decode()
