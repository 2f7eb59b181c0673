"""The calendar of one person: nothing of any resident, a secret that can be stopped, a client that asks every second."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from icalendar import Calendar

from referrals.actions.calendar import MOST_READS, make_feed, stop_feed
from referrals.actions.convene_conference import set_seat
from referrals.models import CalendarFeed
from tests import factories as f
from tests.factories import NOW
from tests.referrals import conferences as c


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def conference(worker, disability_section):
    made = c.convene(
        worker.actor, title="森下さん世帯の支援", invite=(disability_section,), place="市役所 301会議室"
    )
    c.put(made, f.make_case(worker.actor), worker.actor, topic="通院と家計")
    return made


@pytest.fixture
def address(conference, worker):
    _, token = make_feed(actor=worker.actor, at=NOW)
    return reverse("calendar_feed", args=[token])


def events(body: bytes):
    return list(Calendar.from_ical(body).walk("VEVENT"))


def test_the_feed_says_kind_time_and_place_and_nothing_else(address, conference):
    answer = Client().get(address)
    assert answer["Content-Type"].startswith("text/calendar")
    (event,) = events(answer.content)
    assert str(event["summary"]) == "個別会議"
    assert str(event["location"]) == "市役所 301会議室"
    assert event.decoded("dtstart") == conference.starts_at
    assert event.decoded("dtend") == conference.ends_at
    said = answer.content.decode()
    assert not any(word in said for word in ("森下", "通院", "K08", conference.title))


def test_only_sittings_of_ones_own(address, conference, disability_worker):
    _, token = make_feed(actor=disability_worker.actor, at=NOW)
    theirs = reverse("calendar_feed", args=[token])
    assert events(Client().get(theirs).content) == []  # their agency is invited, they are not named
    seat = c.seat(conference, disability_worker.agency)
    set_seat(
        member=seat,
        staff=disability_worker.staff,
        attendance="invited",
        actor=disability_worker.actor,
        at=NOW,
    )
    assert len(events(Client().get(theirs).content)) == 1
    set_seat(
        member=seat, staff=disability_worker.staff, attendance="absent", actor=disability_worker.actor, at=NOW
    )
    assert events(Client().get(theirs).content) == []


def test_a_change_moves_the_event(address, conference):
    (before,) = events(Client().get(address).content)
    conference.starts_at = NOW + timedelta(days=3)
    conference.save(update_fields=["starts_at"])
    (after,) = events(Client().get(address).content)
    assert (str(after["uid"]), int(after["sequence"])) == (str(before["uid"]), int(before["sequence"]) + 1)


def test_unchanged_is_not_sent_again(address):
    first = Client().get(address)
    again = Client().get(address, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "private" in first["Cache-Control"]
    assert "max-age=900" in first["Cache-Control"]


def test_a_client_that_asks_every_second_is_held_back_and_served_again(
    address, time_machine, django_assert_num_queries, record_property
):
    client, answers = Client(), []
    for second in range(120):
        time_machine.move_to(NOW + timedelta(seconds=second), tick=False)
        answers.append(client.get(address).status_code)
    assert answers.count(200) == 2 * MOST_READS
    assert answers[:MOST_READS] == [200] * MOST_READS
    assert answers[60] == 200
    refused = client.get(address)
    assert refused.status_code == 429
    assert refused["Retry-After"] == "60"
    with django_assert_num_queries(2):  # who it is, and one statement that counts
        client.get(address)
    record_property(
        "figure",
        f"calendar asked every second for two minutes: {answers.count(200)} answers, {answers.count(429)} refusals of 2 queries",
    )


def test_a_stopped_unknown_or_former_address_is_not_found(address, worker):
    assert Client().get(reverse("calendar_feed", args=["x" * 43])).status_code == 404
    worker.staff.is_active = False
    worker.staff.save(update_fields=["is_active"])
    assert Client().get(address).status_code == 404
    worker.staff.is_active = True
    worker.staff.save(update_fields=["is_active"])
    stop_feed(actor=worker.actor, at=NOW)
    assert Client().get(address).status_code == 404
    assert not stop_feed(actor=worker.actor, at=NOW)


def test_the_page_shows_the_address_once_and_a_new_one_stops_the_old(worker, conference):
    client, page = worker.client, reverse("conferences:calendar")
    client.post(reverse("conferences:calendar_make"))
    address = client.get(page).context["address"]
    assert address
    assert client.get(page).context["address"] == ""
    token = address.rsplit("/", 1)[1].removesuffix(".ics")
    assert not CalendarFeed.objects.filter(token_hash__contains=token).exists()  # only its hash is kept
    assert Client().get(address).status_code == 200
    client.post(reverse("conferences:calendar_make"))
    assert Client().get(address).status_code == 404
    client.post(reverse("conferences:calendar_stop"))
    assert not CalendarFeed.objects.in_force().exists()


def test_one_conference_as_a_file(conference, worker, disability_worker, stranger):
    url = reverse("conferences:ics", args=[conference.pk])
    assert len(events(worker.client.get(url).content)) == 1
    assert disability_worker.client.get(url).status_code == 200
    assert stranger.client.get(url).status_code == 404
