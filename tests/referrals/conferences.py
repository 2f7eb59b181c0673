"""Conferences for tests, made by the real actions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from accounts.actor import Actor
from accounts.models import Agency, Staff
from audit.models import ChangeRecord
from cases.models import Case
from referrals.actions.agenda import add_item
from referrals.actions.convene_conference import accept_secrecy, convene_conference, set_seat
from referrals.actions.run_conference import (
    close_conference,
    conclude_item,
    record_decision,
    start_conference,
)
from referrals.enums import Attendance, ConferenceKind
from referrals.models import ActionItem, AgendaItem, Conference, ConferenceMember
from referrals.workflow import ConferenceState
from tests.factories import NOW

START = NOW + timedelta(minutes=10)


def convene(
    actor: Actor, *, kind: str = ConferenceKind.INDIVIDUAL, invite: tuple[Agency, ...] = (), **kw
) -> Conference:
    fields = {
        "title": "支援会議" if kind == ConferenceKind.SUPPORT else "森下さん世帯の支援について", "starts_at": START, "minutes": 60, "place": "市役所2階", "sector": "",
        "request_key": uuid4(), "at": NOW, **kw,
    }  # fmt: skip
    return convene_conference(kind=kind, actor=actor, invite=invite, **fields)


def put(conference: Conference, case: Case, actor: Actor, **kw) -> AgendaItem:
    if conference.is_secret:
        kw.setdefault("no_consent_reason", "本人と連絡がとれない")
    return add_item(conference=conference, case=case, actor=actor, at=NOW, **kw)


def seat(conference: Conference, agency: Agency) -> ConferenceMember:
    return ConferenceMember.objects.select_related("conference", "agency", "staff").get(
        conference=conference, agency=agency
    )


def attend(conference: Conference, agency: Agency, staff: Staff, actor: Actor) -> ConferenceMember:
    return set_seat(
        member=seat(conference, agency), staff=staff, attendance=Attendance.ATTENDING, actor=actor, at=NOW
    )


def accept(conference: Conference, actor: Actor) -> ConferenceMember:
    return accept_secrecy(member=seat(conference, actor.agency), actor=actor, at=NOW)


def decide(item: AgendaItem, agency: Agency, staff: Staff, actor: Actor, **kw) -> ActionItem:
    fields = {
        "text": "訪問して確認", "due_on": NOW.date() + timedelta(days=7), "request_key": uuid4(), "at": START, **kw,
    }  # fmt: skip
    return record_decision(item=item, agency=agency, staff=staff, actor=actor, **fields)


def bring_to(conference: Conference, state: str, actor: Actor, at: datetime = START) -> Conference:
    """Walk a planned conference to ``state`` by the real actions."""
    if state != ConferenceState.PLANNED:
        conference = start_conference(conference=conference, actor=actor, at=at)
    if state == ConferenceState.CLOSED:
        for item in conference.agenda.order_by("pk"):
            conclude_item(item=item, conclusion="引き続き見守る", actor=actor, at=at)
        conference = close_conference(
            conference=conference, summary="要旨", actor=actor, at=at + timedelta(minutes=50)
        )
    return conference


def sit(conference: Conference, actor: Actor) -> Conference:
    """Open the sitting for as long as a test may take: the window is held by the clock of the database."""
    conference = start_conference(conference=conference, actor=actor, at=START)
    Conference.objects.filter(pk=conference.pk).update(papers_until=datetime(2199, 1, 1, tzinfo=UTC))
    conference.refresh_from_db()
    return conference


def changes(row, action: str = "") -> int:
    found = ChangeRecord.objects.filter(target_type=row._meta.label_lower, target_id=str(row.pk))
    return found.filter(action=action).count() if action else found.count()
