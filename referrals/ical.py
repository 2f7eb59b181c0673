"""Conferences as iCalendar. A calendar lies on phones and with providers: it says the kind, the time and the place, nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from icalendar import Calendar, Event

from referrals.models import Conference


def calendar_of(conferences: Iterable[Conference]) -> bytes:
    """One event a conference, with an id that stays, so that a change moves the event instead of adding one."""
    calendar = Calendar()
    calendar.add("prodid", "-//kyosei//conferences//JA")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "kyosei の会議")
    calendar.add("refresh-interval", "PT1H", parameters={"VALUE": "DURATION"}, encode=False)
    for conference in conferences:
        calendar.add_component(_event(conference))
    return bytes(calendar.to_ical())


def _event(conference: Conference) -> Event:
    event = Event()
    event.add("uid", f"conference-{conference.request_key}@kyosei")
    event.add("summary", conference.get_kind_display())
    event.add("dtstart", conference.starts_at.astimezone(UTC))
    event.add("dtend", conference.ends_at.astimezone(UTC))
    # the stamp follows the version: the same conference gives the same bytes
    event.add("dtstamp", _stamp(conference))
    event.add("sequence", conference.version - 1)
    event.add("class", "PRIVATE")
    place = getattr(conference, "shown_place", "")  # as its reader may know it (``visible_to``)
    if place:
        event.add("location", place)
    return event


def _stamp(conference: Conference) -> datetime:
    return conference.starts_at.astimezone(UTC)
