"""もしも: what each model would have done with last year's cases, and how cases lie on people. Counts, never names."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from accounts.enums import AgencyKind, Sector
from cases.actions.notes import NoteData, write_note
from cases.actions.receive_consultation import ContactData, receive_consultation
from cases.coordination import Model
from cases.masters import load_codes
from cases.models import Case
from households.actions.persons import PersonData
from referrals.actions import what_if as job
from referrals.actions.answer_referral import answer_referral
from referrals.actions.what_if import reckon
from referrals.concentration import concentration
from referrals.models import WhatIfRun
from referrals.models.what_if import STEPS
from referrals.what_if import load_year, outcomes, read_outcome, year_before
from tests import factories as f
from tests.conftest import persona
from tests.factories import NOW, TODAY
from tests.referrals.helpers import send

BOTH = (Sector.ELDERLY, Sector.DISABILITY)
MAY = datetime(2026, 5, 12, 10, 0, tzinfo=f.TOKYO)


def hear(who, *, sectors, at, first_after=timedelta(days=2)):
    load_codes()
    contact = ContactData(
        started_at=at, minutes=30, way="phone", text="困っている", sectors=sectors, outcome="support"
    )
    person = PersonData(family_name="藤堂", given_name="明", family_kana="とうどう", given_kana="あきら")
    case = receive_consultation(
        data=contact, actor=who.actor, at=at, request_key=uuid4(), new_person=person
    ).case
    if first_after is not None:
        when = at + first_after
        note = NoteData(started_at=when, minutes=20, way="phone", text="様子を聞いた")
        write_note(case=case, data=note, actor=who.actor, at=when, request_key=uuid4())
    return case


@pytest.fixture
def year(worker, center_worker, disability_worker, elderly_director, disability_director):
    """Two cases of both sectors and one of 高齢 heard at the desk, one of both heard at the centre; one of each outside."""
    council = persona(f.make_agency("社会福祉協議会", kind=AgencyKind.COUNCIL), name="牧 冬子")
    for n in range(2):
        hear(worker, sectors=BOTH, at=MAY + timedelta(days=10 * n))
    hear(worker, sectors=(Sector.ELDERLY,), at=MAY + timedelta(days=30))
    moved = hear(center_worker, sectors=BOTH, at=MAY + timedelta(days=4), first_after=timedelta(days=6))
    sent = MAY + timedelta(days=5)
    referral = send(center_worker.actor, moved, disability_worker.agency, at=sent)
    answer_referral(
        referral=referral, event="take_lead", actor=disability_worker.actor, at=sent + timedelta(days=3)
    )
    hear(worker, sectors=BOTH, at=MAY - timedelta(days=400), first_after=None)
    hear(worker, sectors=BOTH, at=NOW - timedelta(days=1), first_after=None)
    return council


def by_model():
    year = load_year(NOW)
    return year, {found.model: found for found in outcomes(year, TODAY)}


def test_the_year_is_the_last_twelve_full_months(year):
    assert tuple(map(str, year_before(TODAY))) == ("2025-11-01", "2026-11-01")
    found = load_year(NOW)
    assert (found.cases, found.complex_cases) == (4, 3)


def test_load_of_who_coordinates(year, worker, elderly_director, disability_director):
    _, found = by_model()
    assert dict(found[Model.DIRECTOR_PER_SECTOR].load) == {
        elderly_director.agency.short_name: 3, disability_director.agency.short_name: 3,
    }  # fmt: skip
    central = found[Model.CENTRAL_DIRECTOR]
    assert [count for _, count in central.load] == [3]
    assert found[Model.DIRECTOR_PER_SECTOR].is_in_force and not central.is_in_force
    assert [count for _, count in found[Model.ONE_STOP].load] == [3]
    assert found[Model.ONE_STOP].center == worker.agency.short_name  # who hears the most people


def test_hand_overs_and_days_to_the_first_action(year, worker, center_worker):
    _, found = by_model()
    assert found[Model.DIRECTOR_PER_SECTOR].handovers == 1  # what really moved
    assert found[Model.ONE_STOP].handovers == 1  # the centre's case comes to the desk and stays there
    assert found[Model.PROMOTER_TAKES].handovers == 1
    assert found[Model.DIRECTOR_PER_SECTOR].median_days == 2
    assert found[Model.DIRECTOR_PER_SECTOR].late_days == 6
    assert found[Model.ONE_STOP].late_days == 9  # three days until an agency answers stand before the six


def test_conferences_are_those_of_complex_cases(year):
    _, found = by_model()
    assert {m: o.conferences for m, o in found.items()} == {
        Model.CENTRAL_DIRECTOR: 3, Model.DIRECTOR_PER_SECTOR: 3, Model.PROMOTER_TAKES: 0, Model.PROMOTER_CONVENES: 3,
        Model.ONE_STOP: 0, Model.HUBS: 3,
    }  # fmt: skip


PAGE = "/manage/coordination/what-if/"


def weighed(director) -> str:
    """The page after somebody has asked and a worker has reckoned."""
    assert director.client.post(f"{PAGE}order/").status_code == 302
    assert reckon(at=NOW) == STEPS
    return director.client.get(PAGE).content.decode()


def test_the_page_names_nobody(year, elderly_director):
    page = weighed(elderly_director)
    assert "4件のケース（うち複数の分野 3件）" in page
    for case in Case.objects.select_related("household", "lead_staff"):
        assert case.number not in page
        assert case.household.name not in page
        assert case.lead_staff.name not in page
    assert "藤堂" not in page


def test_it_is_ordered_once_and_shows_how_far_it_is(
    year, elderly_director, disability_director, django_assert_max_num_queries
):
    assert "計算する" in elderly_director.client.get(PAGE).content.decode()
    for who in (elderly_director, disability_director, elderly_director):
        who.client.post(f"{PAGE}order/")
    run = WhatIfRun.objects.get()
    assert run.asked_by == elderly_director.staff
    page = disability_director.client.get(f"{PAGE}progress/", headers={"HX-Request": "true"}).content.decode()
    assert "0 / 8" in page and "every 1s" in page
    assert reckon(at=NOW) == STEPS
    client = elderly_director.client
    with django_assert_max_num_queries(10):
        page = client.get(f"{PAGE}progress/", headers={"HX-Request": "true"}).content.decode()
    assert page.count("<tr") == 10 and "いまの型" in page and "every 1s" not in page
    assert reckon(at=NOW) == 0


def test_what_a_dead_worker_left_the_next_one_finishes(year, elderly_director, monkeypatch):
    elderly_director.client.post(f"{PAGE}order/")
    real, calls = job.outcome, []

    def dies(*args, **kwargs):
        calls.append(1)
        if len(calls) == 3:
            raise SystemExit
        return real(*args, **kwargs)

    monkeypatch.setattr(job, "outcome", dies)
    with pytest.raises(SystemExit):
        reckon(at=NOW)
    assert WhatIfRun.objects.get().done == 4  # two steps and two models stand
    assert reckon(at=NOW) == 4
    found = WhatIfRun.objects.get()
    assert [row["model"] for row in found.result["outcomes"]] == list(Model)
    assert found.ended_at == NOW


def test_the_stored_result_is_what_was_reckoned(year, elderly_director):
    weighed(elderly_director)
    stored = [read_outcome(row) for row in WhatIfRun.objects.get().result["outcomes"]]
    assert stored == outcomes(load_year(NOW), TODAY)


def test_a_year_without_cases_says_so(elderly_director):
    page = weighed(elderly_director)
    assert "この一年に受理したケースがありません" in page and "複数の分野のケースはありません" in page


def test_only_who_sees_a_sector_opens_it(worker, finance, admin):
    for who in (worker, finance, admin):
        assert who.client.get(PAGE).status_code == 403
        assert who.client.post(f"{PAGE}order/").status_code == 403
    assert not WhatIfRun.objects.exists()


@pytest.mark.parametrize(
    ("counts", "people", "share", "like", "gini", "words"),
    [
        ((), 0, 0, 0, 0, "ありません"),
        ((7,), 1, 1, 1, 0, "7件のすべてを、一人が"),
        ((5, 5, 5, 5), 4, 0.25, 4, 0, "4.0人で等しく分けたのと同じ集まり方です。おおむね"),
        ((17, 1, 1, 1), 4, 0.85, 1.37, 0.6, "一部の人に集まっています"),
        ((0, 3, 1), 2, 0.75, 1.6, 0.25, "おおむね"),
    ],
)
def test_concentration_in_numbers_and_in_a_sentence(counts, people, share, like, gini, words):
    found = concentration(counts)
    assert (found.people, round(found.share, 2), round(found.like, 2), round(found.gini, 2)) == (
        people, share, like, gini,
    )  # fmt: skip
    assert words in found.sentence
