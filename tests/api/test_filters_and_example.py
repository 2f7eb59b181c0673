"""The filters that the pages have, pages of every list, and the example of docs/api.md as it stands there."""

from __future__ import annotations

import json
import re
import shlex
from datetime import date, timedelta

import pytest
from django.test import Client

from cases.actions.silent_risks import refresh_all
from cases.masters import load_codes
from cases.models import Case, Consultation, SilentRisk
from households.actions.protection import protect_address
from households.models import Person
from tests import factories as f
from tests.api.test_casework_api import NOTE, sent, tag
from tests.architecture.sources import ROOT

TOKEN = "a" * 32


@pytest.fixture(autouse=True)
def masters(db):
    load_codes()
    f.make_streams()


def rows(who, path):
    answer = who.client.get(f"/api/v1/{path}")
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def test_cases_by_sector_household_and_whose(worker, colleague):
    one = f.make_case(worker.actor, sectors=("elderly",))
    two = f.make_case(colleague.actor, sectors=("child",))
    Case.objects.filter(pk=one.pk).update(last_contact_at=f.NOW - timedelta(days=40))

    def numbers(query):
        return {row["number"] for row in rows(worker, f"cases/?{query}")}

    assert numbers("sector=elderly") == {one.number}
    assert numbers(f"household={two.household_id}") == {two.number}
    assert numbers("whose=mine") == {one.number}
    assert numbers("whose=lead") == {one.number, two.number}
    assert numbers("whose=partner") == set()
    assert numbers("silent_days=30") == {one.number}
    for query in ("sector=odd", "household=x", "whose=them", "silent_days=0"):
        assert worker.client.get(f"/api/v1/cases/?{query}").status_code == 400, query


def test_risks_by_owner_agency_sector_and_whether_they_are_put_off(worker, center_worker):
    case = f.make_case(worker.actor, sectors=("elderly",))
    Case.objects.filter(pk=case.pk).update(last_contact_at=f.NOW - timedelta(days=60))
    f.share_by_consent(case, worker.actor, center_worker.actor)
    refresh_all(at=f.NOW)
    risk = SilentRisk.objects.filter(kind="quiet").get()
    code = worker.agency.code

    def found(who, query):
        return risk.pk in {row["id"] for row in rows(who, f"risks/?kind=quiet&{query}")}

    assert found(worker, "whose=own")
    assert found(worker, "whose=agency")
    assert not found(center_worker, "whose=agency")
    assert found(center_worker, f"agency={code}")
    assert found(worker, f"sector=elderly&case={case.number}")
    assert not found(worker, "sector=child")
    assert found(worker, "put_off=false")
    assert not found(worker, "put_off=true")
    body, seen = {"until": "2026-11-30", "reason": "入院中"}, tag(worker, f"risks/{risk.pk}/")
    sent(worker, "post", f"risks/{risk.pk}/put-off/", body, If_Match=seen)
    assert found(worker, "put_off=true")
    assert not found(worker, "put_off=false")
    person = Person.objects.get(memberships__household=case.household)
    protect_address(
        person=person, units=[], first_on=f.TODAY, last_on=date(2027, 11, 22), actor=worker.actor, at=f.NOW
    )
    assert not found(center_worker, f"agency={code}")
    assert found(worker, f"agency={code}")


def test_consultations_by_day_and_by_who_received_them(worker, colleague):
    sent(worker, "post", "consultations/", NOTE | {"outcome": "information"})
    late = NOTE | {"outcome": "information", "started_at": "2026-11-22T23:50:00+09:00", "minutes": 5}
    sent(colleague, "post", "consultations/", late)
    assert len(rows(worker, "consultations/?since=2026-11-22&until=2026-11-23")) == 2
    assert len(rows(worker, "consultations/?since=2026-11-23")) == 1
    assert len(rows(worker, "consultations/?until=2026-11-22")) == 1
    (mine,) = rows(worker, "consultations/?mine=true")
    assert mine["staff"] == worker.staff.name
    assert worker.client.get("/api/v1/consultations/?since=R8").status_code == 400


def test_lists_that_are_made_come_by_pages(worker):
    for n in range(60):
        f.make_person("森下", f"名{n}")
    first = worker.client.get("/api/v1/people/", {"q": "森下"}).json()
    second = worker.client.get(first["next"]).json()
    ids = [row["id"] for row in first["results"] + second["results"]]
    assert (len(first["results"]), len(ids), len(set(ids)), second["next"]) == (50, 60, 60, None)
    home = f.make_case(worker.actor).household_id
    for path in (f"households/{home}/members/", f"households/{home}/movements/"):
        assert worker.client.get(f"/api/v1/{path}").json().keys() == {"count", "next", "previous", "results"}
        assert worker.client.get(f"/api/v1/{path}?cursor=x").status_code == 400


# ── The example ─────────────────────────────────────────────────────────────────────────────────────────────


def example():
    """(path, body, headers) of the example of docs/api.md, its variables filled in."""
    host, command = re.findall(r"```\nHOST=(\S+)\n(curl .*?)\n```", (ROOT / "docs/api.md").read_text(), re.S)[
        0
    ]
    words = shlex.split(command.replace("\\\n", " ").replace("$HOST", host).replace("$TOKEN", TOKEN))
    given = dict(words[n + 1].split(": ", 1) for n, word in enumerate(words) if word == "-H")
    return words[-1].removeprefix(host), json.loads(words[words.index("-d") + 1]), given, host


@pytest.mark.parametrize("secure", [False, True])
def test_the_example_of_the_documentation_is_accepted_with_csrf_enforced(worker, secure):
    path, body, headers, host = example()
    client = Client(enforce_csrf_checks=True)
    client.force_login(worker.staff, backend="allauth.account.auth_backends.AuthenticationBackend")
    client.cookies["csrftoken"] = TOKEN
    headers["Referer"] = headers["Referer"].replace(host, "https://testserver" if secure else host)
    ask = {"content_type": headers.pop("Content-Type"), "secure": secure}
    without = {name: value for name, value in headers.items() if name != "X-CSRFToken"}
    assert client.post(path, body, headers=without, **ask).status_code == 403
    if secure:
        nowhere = {name: value for name, value in headers.items() if name != "Referer"}
        assert client.post(path, body, headers=nowhere, **ask).status_code == 403
    answer = client.post(path, body, headers=headers, **ask)
    assert answer.status_code == 201, answer.content
    assert Consultation.objects.get().text == body["text"]
