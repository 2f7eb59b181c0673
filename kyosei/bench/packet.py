"""A packet of 10 households for 25 recipients, made by two real worker processes; removed again afterwards."""

from __future__ import annotations

import time
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta
from multiprocessing import get_context
from typing import Final
from uuid import uuid4

import pgtrigger
from django.db import connection, connections, transaction

from accounts.actor import build_actor
from accounts.models import Agency, Staff
from cases.models import Case
from kyosei.bench.process import start_process
from kyosei.bench.report import Line, line, missing
from kyosei.bench.scales import Scale
from referrals.actions.packets import make_copies, order_packet
from referrals.models import (
    AgendaItem,
    Conference,
    ConferenceMember,
    ItemAttendee,
    PacketCopy,
    PacketJob,
)
from referrals.workflow import ConferenceState, CopyState

HOUSEHOLDS: Final = 10
RECIPIENTS: Final = 25
WORKERS: Final = 2
SECONDS: Final = 60
CONVENER: Final = "desk1-1"


def _work(moment: datetime) -> int:
    """What a worker process does with the task."""
    connections.close_all()
    made = make_copies(at=moment)
    connections.close_all()
    return made


def _conference(now: datetime) -> Conference | None:
    """A 支援会議 of the first desk with ten of its households, heard by twenty-five agencies that accepted secrecy."""
    staff = Staff.objects.get(username=CONVENER)
    actor = build_actor(staff, on=now.date())
    assert actor.agency is not None
    cases = list(Case.objects.visible_to(actor).open().order_by("pk")[:HOUSEHOLDS])
    others = list(Agency.objects.exclude(pk=actor.agency.pk).order_by("pk")[: RECIPIENTS - 1])
    if len(cases) < HOUSEHOLDS or len(others) < RECIPIENTS - 1:
        return None
    conference = Conference.objects.create(
        request_key=uuid4(), kind="support", kind_code="support", title="資料の計測", convener=actor.agency, convened_by=staff,
        starts_at=now + timedelta(days=1), state=ConferenceState.PLANNED, place="市役所",
    )  # fmt: skip
    seats = [
        ConferenceMember.objects.create(
            conference=conference, agency=agency, secrecy_accepted_at=now,
            staff=staff if agency.pk == actor.agency.pk else None,
        )
        for agency in (actor.agency, *others)
    ]  # fmt: skip
    for n, case in enumerate(cases, 1):
        item = AgendaItem.objects.create(
            conference=conference, position=n, case=case, topic="支援の方向と役割分担", ground="article_106_6",
            situation="通院が途絶え、家計の見通しが立たない。" * 8, request_text="それぞれの訪問の頻度を決めたい。" * 4,
            no_consent_reason="本人と連絡がとれない",
        )  # fmt: skip
        ItemAttendee.objects.bulk_create([ItemAttendee(agenda_item=item, member=seat) for seat in seats])
    return conference


def measure_packet(scale: Scale, *, now: datetime) -> list[Line]:
    """From the order to the last copy. The bar is held where the machine has the two workers to itself."""
    name = f"{scale.name}: packet of {HOUSEHOLDS} households x {RECIPIENTS} recipients, {WORKERS} workers"
    with transaction.atomic():
        conference = _conference(now)
    if conference is None:
        return [] if not scale.has_bars else [missing(name, "too few households or agencies")]
    actor = build_actor(conference.convened_by, on=now.date())
    try:
        context = get_context("spawn")
        with ProcessPoolExecutor(WORKERS, mp_context=context, initializer=start_process) as workers:
            list(workers.map(abs, range(WORKERS)))  # both have started
            began = time.monotonic()
            job = order_packet(conference=conference, actor=actor, at=now)
            shares = list(workers.map(_work, [now] * WORKERS))
            seconds = time.monotonic() - began
        copies = PacketCopy.objects.filter(job=job)
        made = copies.filter(state=CopyState.MADE)
        size = sum(len(pdf or b"") for pdf in made.order_by("pk").values_list("pdf", flat=True))
        return [
            line(name, seconds, "s", below=SECONDS if scale.has_bars else None),
            line(
                f"{scale.name}: packet copies made", made.count(), "copies", at_least=HOUSEHOLDS * RECIPIENTS
            ),
            line(f"{scale.name}: packet copies of the busier worker", max(shares), "copies"),
            line(f"{scale.name}: packet size", size / 1_000_000, "MB"),
        ]
    finally:
        _remove(conference)


def _remove(conference: Conference) -> None:
    with transaction.atomic(), pgtrigger.ignore():
        PacketJob.objects.filter(conference=conference).delete()
        ConferenceMember.objects.filter(conference=conference).delete()
        AgendaItem.objects.filter(conference=conference).delete()
        Conference.objects.filter(pk=conference.pk).delete()
    connection.close()
