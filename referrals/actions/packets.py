"""配布資料: ordering the copies of a conference, making them one by one, cancelling, forgetting.

What is to be made stands in the database: a worker takes a waiting copy by locking its row, makes it and commits. A
worker that dies leaves the row waiting, any number of workers may run, and none makes a copy twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.actor import Actor, build_actor
from audit.actions import record, record_access
from audit.models import AccessKind
from common.errors import InvalidTransition, RuleViolation
from common.jobs import enqueue
from referrals.actions.lock_conference import check_papers_open, lock_managed
from referrals.models import AgendaItem, Conference, ConferenceMember, ItemAttendee, PacketCopy, PacketJob
from referrals.packet_pdf import CopyMaker
from referrals.permissions_conferences import check_can_manage
from referrals.selectors_blind import blind_seats
from referrals.workflow import CopyState, PacketState

WORKERS = 2
KEPT = timedelta(days=7)
TASK = "referrals.tasks.make_packet_copies"
log = structlog.get_logger(__name__)


@transaction.atomic
def order_packet(*, conference: Conference, actor: Actor, at: datetime) -> PacketJob:
    """A copy of each item for each recipient to whom it is open. While one order is being made, ordering again returns it."""
    conference = lock_managed(conference, actor)
    check_papers_open(conference, actor)
    assert actor.staff is not None and actor.appointment is not None
    running = conference.packets.filter(state=PacketState.RUNNING).first()
    if running is not None:
        return running
    pairs = list(_pairs(conference, at))
    if not pairs:
        raise RuleViolation(
            "資料を渡せる出席者がいません。議題と出席者（支援会議では守秘の確認）を確かめてください。"
        )
    job = PacketJob.objects.create(
        conference=conference,
        asked_by=actor.staff,
        appointment=actor.appointment,
        asked_at=at,
        state=PacketState.RUNNING,
    )
    PacketCopy.objects.bulk_create(
        [PacketCopy(job=job, agenda_item=item, member=seat, number=number) for item, seat, number in pairs]
    )
    record(actor=actor, action="conference.order_packet", target=conference, at=at, copies=len(pairs))
    for _ in range(WORKERS):
        enqueue(TASK)
    return job


def _pairs(conference: Conference, at: datetime) -> Iterator[tuple[AgendaItem, ConferenceMember, int]]:
    """Items and recipients with the recipients' numbers (the place of the seat, as on the single print)."""
    items = list(conference.agenda.select_related("case", "conference").order_by("position", "pk"))
    seats = list(conference.members.select_related("agency").order_by("pk"))
    chosen = set(
        ItemAttendee.objects.filter(agenda_item__in=items).values_list("agenda_item_id", "member_id")
    )
    blind = {} if conference.is_secret else blind_seats(items, seats, at)
    for item in items:
        hidden = blind.get(item.pk, [])
        for number, seat in enumerate(seats, 1):
            if conference.is_secret:
                is_open = seat.secrecy_accepted_at is not None and (item.pk, seat.pk) in chosen
            else:
                is_open = seat.agency_id == conference.convener_id or seat.agency.short_name not in hidden
            if is_open:
                yield item, seat, number


def make_copies(*, at: datetime | None = None, most: int | None = None) -> int:
    """Make waiting copies until there are none (or ``most``); returns how many. Safe to run anywhere, any number of times."""
    maker, made = CopyMaker(), 0
    while (most is None or made < most) and _make_next(maker, at or timezone.now()):
        made += 1
    end_jobs(at=at or timezone.now())
    return made


@transaction.atomic
def _make_next(maker: CopyMaker, at: datetime) -> bool:
    copy = (
        PacketCopy.objects.filter(state=CopyState.WAITING, job__state=PacketState.RUNNING)
        .select_for_update(of=("self",), skip_locked=True)
        .order_by("agenda_item_id", "pk")
        .first()
    )
    if copy is None:
        return False
    try:
        with transaction.atomic():
            copy.pdf, copy.note = _made(copy, maker, at)
    except Exception as error:  # one copy that cannot be made holds nobody up
        log.warning("packet_copy_failed", copy=copy.pk, error=type(error).__name__)
        copy.pdf, copy.note = None, "作成中に問題が起きました。もう一度作ってください。"
    copy.state = CopyState.REFUSED if copy.note else CopyState.MADE
    copy.made_at = at
    copy.save(update_fields=["pdf", "note", "state", "made_at"])
    return True


def _made(copy: PacketCopy, maker: CopyMaker, at: datetime) -> tuple[bytes | None, str]:
    """The copy, or why not: rights are asked again when it is made, both of who ordered and of who receives."""
    job = PacketJob.objects.select_related("asked_by").get(pk=copy.job_id)
    actor = build_actor(job.asked_by, on=timezone.localdate(at), appointment_id=job.appointment_id)
    papers = maker.paper(copy, actor, job)
    if papers is None:
        return None, "この議題を見る権限が終わりました。"
    if not _is_open(papers, copy.member_id, at):
        return None, "配布先に、この議題を見る根拠がありません。"
    return maker.pdf(copy, papers, job), ""


def _is_open(item: AgendaItem, member_id: int, at: datetime) -> bool:
    """Whether the recipient may have the item at this moment."""
    seat = ConferenceMember.objects.select_related("agency").get(pk=member_id)
    conference = item.conference
    if conference.is_secret:
        return seat.secrecy_accepted_at is not None and item.chosen.filter(member=seat).exists()
    return seat.agency_id == conference.convener_id or not blind_seats([item], [seat], at, found_only=True)


def end_jobs(*, at: datetime) -> int:
    """Jobs of which nothing is waiting any more are done; asked after each worker's last copy."""
    with transaction.atomic():
        waiting = PacketCopy.objects.filter(job=OuterRef("pk"), state=CopyState.WAITING)
        jobs = list(
            PacketJob.objects.filter(~Exists(waiting), state=PacketState.RUNNING)
            .select_for_update(of=("self",))
            .order_by("pk")
        )
        for job in jobs:
            job.state, job.ended_at = PacketState.DONE, at
            job.save(update_fields=["state", "ended_at"])
            record(
                actor=Actor.system("配布資料"), action="conference.packet_done",
                target=Conference(pk=job.conference_id), at=at, job=job.pk,
            )  # fmt: skip
    return len(jobs)


@transaction.atomic
def cancel_packet(*, job: PacketJob, actor: Actor, at: datetime) -> PacketJob:
    """Stop making copies and throw away those that are made."""
    job = (
        PacketJob.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .select_related("conference__convener")
        .get(pk=job.pk)
    )
    check_can_manage(actor, job.conference)
    if job.state != PacketState.RUNNING:
        raise InvalidTransition(f"この作成は「{job.get_state_display()}」のため、取り消せません。")
    job.state, job.ended_at = PacketState.CANCELLED, at
    job.save(update_fields=["state", "ended_at"])
    job.copies.filter(pdf__isnull=False).update(pdf=None)
    record(actor=actor, action="conference.cancel_packet", target=job.conference, at=at, job=job.pk)
    return job


def log_prints(copies: list[PacketCopy], actor: Actor, at: datetime, path: str, remote: str) -> None:
    """Who takes copies away has printed the conference and the cases in them."""
    cases = {copy.agenda_item.case_id for copy in copies}
    targets = [("referrals.conference", str(pk)) for pk in {copy.job.conference_id for copy in copies}]
    for kind, key in [*targets, *(("cases.case", str(pk)) for pk in sorted(cases))]:
        record_access(
            actor=actor,
            kind=AccessKind.PRINT,
            target_type=kind,
            target_id=key,
            at=at,
            path=path,
            remote_addr=remote,
        )


@transaction.atomic
def forget_packets(*, at: datetime) -> int:
    """Copies are kept for a week, then thrown away; that they were made stays on record."""
    return PacketCopy.objects.filter(pdf__isnull=False, job__asked_at__lt=at - KEPT).update(pdf=None)
