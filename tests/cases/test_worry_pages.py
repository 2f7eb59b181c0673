"""気がかり through HTTP: the queue, its filters and counts, the case's part, putting off, the home page."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.enums import Sector
from cases.actions.silent_risks import refresh_all, refresh_cases
from cases.masters import load_codes
from cases.models import Case, RiskPutOff, SilentRisk
from cases.selectors import worries
from households.actions.denials import deny_staff
from households.actions.protection import protect_address
from households.enums import DenialReason
from households.models import Person
from tests import factories as f

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def masters(db, time_machine):
    time_machine.move_to(f.NOW)
    load_codes()
    f.make_streams()


def worried(actor, *, days: int = 40, **kw) -> Case:
    """A case without a contact for so many days and without a next date."""
    case = f.make_case(actor, **kw)
    Case.objects.filter(pk=case.pk).update(last_contact_at=f.NOW - days * DAY)
    refresh_cases([case.pk], at=f.NOW)
    return case


def rows(client, query: str = "") -> int:
    return client.get(f"/worries/?{query}").content.decode().count("<tr data-row")


def test_the_queue_says_what_who_and_the_way_out(worker):
    case = worried(worker.actor, days=70)
    page = worker.client.get("/worries/").content.decode()
    for said in (
        "すぐに", "対応がない", "次の予定がない", "森下 和子 世帯", worker.staff.name, "経過を書く",
        f"/cases/{case.number}/#composer", "先送り",
    ):  # fmt: skip
        assert said in page


def test_filters_and_counts(worker, colleague, center_worker, elderly_director):
    worried(worker.actor, sectors=(Sector.ELDERLY, Sector.CHILD))
    worried(colleague.actor)
    worried(center_worker.actor)
    client = worker.client
    assert [rows(client, q) for q in ("", "whose=own", "whose=", "kind=quiet", "sector=child")] == [
        4,
        2,
        4,
        2,
        2,
    ]
    assert rows(client, f"agency={center_worker.agency.pk}&whose=") == 0
    assert rows(elderly_director.client) == 2  # the case of several sectors, which the director coordinates
    page = client.get("/worries/").content.decode()
    assert "気がかりの種類（4件）" in page
    for odd in ("kind=x", "agency=%EF%BC%91", "sector=x", "cursor=zzz", "whose=x", "sort=x"):
        assert client.get(f"/worries/?{odd}").status_code == 200


def test_paging_keeps_the_filter(worker):
    for _ in range(26):
        worried(worker.actor, days=70)
    page = worker.client.get("/worries/")
    assert page.content.decode().count("<tr data-row") == 30
    following = page.context["page"].next_url
    assert worker.client.get(f"/worries/{following}").content.decode().count("<tr data-row") == 22


@pytest.mark.parametrize("count", [1, 30])
def test_the_pages_ask_as_many_queries_for_thirty_as_for_one(
    worker, manager, elderly_director, count, django_assert_max_num_queries
):
    for _ in range(count):
        case = worried(worker.actor, days=70, sectors=(Sector.ELDERLY, Sector.CHILD))
        Person.objects.filter(memberships__household=case.household).update(birth_on=date(1961, 12, 1))
    refresh_all(at=f.NOW)
    risk = SilentRisk.objects.order_by("pk").first()
    for who, urls in (
        (worker, ("/worries/", "/", f"/worries/case/{case.number}/", f"/worries/{risk.pk}/put-off/", "/staff/absences/")),
        (manager, ("/worries/", "/", f"/cases/{case.number}/")),
        (elderly_director, ("/worries/", "/")),
    ):  # fmt: skip
        client = who.client
        for url in urls:
            client.get(url)
            with django_assert_max_num_queries(15):
                assert client.get(url).status_code == 200


def test_putting_off_through_the_page(worker, colleague, center_worker):
    worried(worker.actor)
    risk = SilentRisk.objects.get(kind="quiet")
    url = f"/worries/{risk.pk}/put-off/"
    wrong = worker.client.post(url, {"until": "R8.11.23", "reason": "入院中"})
    page = wrong.content.decode()
    assert (wrong.status_code, "明日以降" in page, "入院中" in page) == (422, True, True)
    assert (
        worker.client.post(url, {"until": "R8.12.7", "reason": "入院中。退院日に電話する"}).url == "/worries/"
    )
    assert rows(worker.client) == 1
    assert rows(worker.client, "show=put_off") == 1
    assert "退院日に電話する" in worker.client.get(url).content.decode()
    assert RiskPutOff.objects.get().until_on == date(2026, 12, 7)
    assert colleague.client.get(url).status_code == 403
    assert center_worker.client.get(url).status_code == 404
    assert center_worker.client.post(url, {"until": "R8.12.8", "reason": "x"}).status_code == 404


def test_the_case_shows_its_worries(worker, center_worker):
    case = worried(worker.actor)
    assert f"/worries/case/{case.number}/" in worker.client.get(f"/cases/{case.number}/").content.decode()
    part = worker.client.get(f"/worries/case/{case.number}/", headers={"HX-Request": "true"}).content.decode()
    assert "次の予定が決まっていません" in part
    assert "<html" not in part
    assert "<html" in worker.client.get(f"/worries/case/{case.number}/").content.decode()
    assert center_worker.client.get(f"/worries/case/{case.number}/").status_code == 404


def test_what_is_about_a_protected_person_is_for_its_units(worker, center_worker, elderly_director):
    case = worried(worker.actor, sectors=(Sector.ELDERLY, Sector.CHILD))
    person = Person.objects.get(memberships__household=case.household)
    Person.objects.filter(pk=person.pk).update(birth_on=date(1961, 12, 1))
    protect_address(
        person=person,
        units=[],
        first_on=f.TODAY - 300 * DAY,
        last_on=f.TODAY + 3 * DAY,
        actor=worker.actor,
        at=f.NOW,
    )
    refresh_cases([case.pk], at=f.NOW)
    kinds = {"quiet", "no_next", "protection", "turns_65"}
    assert set(SilentRisk.objects.visible_to(worker.actor).values_list("kind", flat=True)) == kinds
    seen = set(SilentRisk.objects.visible_to(elderly_director.actor).values_list("kind", flat=True))
    assert seen == {"quiet", "no_next"}
    url = f"/worries/?agency={worker.agency.pk}&whose="
    assert rows(elderly_director.client, url.partition("?")[2]) == 0  # which desk it is would tell the place
    assert (
        worker.agency.short_name
        not in elderly_director.client.get("/worries/").content.decode().partition("<tbody>")[2]
    )


def test_asked_row_by_row_the_same_is_seen(worker, colleague, center_worker, elderly_director, monkeypatch):
    """As of a long list: by nobody more, by nobody less, also what is about a protected person or denied."""
    case = worried(worker.actor, sectors=(Sector.ELDERLY, Sector.CHILD))
    person = Person.objects.get(memberships__household=case.household)
    Person.objects.filter(pk=person.pk).update(birth_on=date(1961, 12, 1))
    protect_address(
        person=person, units=[], first_on=f.TODAY - 300 * DAY, last_on=f.TODAY + 3 * DAY, actor=worker.actor, at=f.NOW
    )  # fmt: skip
    refresh_cases([case.pk], at=f.NOW)
    hidden = worried(colleague.actor, days=70)
    worried(center_worker.actor, days=50, sectors=(Sector.ELDERLY, Sector.DISABILITY))
    deny_staff(
        household=hidden.household, staff=worker.staff, reason=DenialReason.RELATIVE, note="親族", actor=colleague.actor,
        at=f.NOW,
    )  # fmt: skip
    found = {}
    for who in (worker, colleague, center_worker, elderly_director):
        seen = set(SilentRisk.objects.visible_to(who.actor).values_list("pk", flat=True))
        found[who.staff.pk] = seen
        assert set(SilentRisk.objects.visible_to(who.actor, few=True).values_list("pk", flat=True)) == seen
        pages = []
        for many in (1, 1000):
            monkeypatch.setattr(worries, "MANY", many)
            pages += [
                who.client.get(f"/worries/?whose={more}").content.decode().partition("<tbody>")[2]
                for more in ("", "&sort=due", "&kind=quiet")
            ]
        assert [page.partition("</tbody>")[0] for page in pages[:3]] == [
            page.partition("</tbody>")[0] for page in pages[3:]
        ]
    assert len({frozenset(seen) for seen in found.values()}) == 4
    for many, by_row in ((1, True), (1000, False)):  # and it is asked so
        monkeypatch.setattr(worries, "MANY", many)
        with CaptureQueriesContext(connection) as asked:
            elderly_director.client.get("/worries/?whose=")
        assert any("OFFSET 0" in query["sql"] for query in asked.captured_queries if query["sql"]) is by_row


def test_home_shows_the_most_urgent_with_the_count(worker, colleague):
    for n in range(7):
        worried(worker.actor, days=40 + n * 10)
    worried(colleague.actor)
    page = worker.client.get("/").content.decode()
    assert page.count("対応がない・次の予定がない") == 5
    assert "自分の気がかりをすべて見る（14件）" in page
    assert page.index("対応がない") < page.index("自分の気がかりをすべて見る")
