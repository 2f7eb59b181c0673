"""知らせ: telling a worker, on the home page at once and by mail in the way that they chose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Agency, Appointment, Notice, NoticeSetting, Staff
from accounts.notice_kinds import NoticeKind, NoticeWay, Urgency
from audit.actions import record
from common.errors import NotAllowed, RuleViolation
from common.jobs import enqueue


@transaction.atomic
def notify(
    *, staff_ids: Iterable[int], text: str, url: str, at: datetime, kind: NoticeKind = NoticeKind.OTHER,
    about: int | None = None, agency_id: int | None = None,
) -> None:  # fmt: skip
    """One notice for each worker; letters go out after the commit, or at the next round if the queue is down.

    ``about`` is the household that it is about, if any: who acts for the addressee and is on its deny list never reads
    it. ``agency_id`` is where the addressee has to do with it (None: where they work, or worked last). The words hold no
    name and no address of anybody who asks for help.
    """
    people = sorted(set(staff_ids))
    if not people:
        return
    agencies = {} if agency_id is not None else _agencies(people, at)
    Notice.objects.bulk_create(
        Notice(
            staff_id=pk, text=text, url=url, created_at=at, kind=kind, about=about,
            agency_id=agency_id or agencies.get(pk),
        )
        for pk in people
    )  # fmt: skip
    enqueue("accounts.tasks.mail_notices")


def _agencies(people: list[int], at: datetime) -> dict[int, int]:
    """Where each works (the first appointment, as for the Actor), or where they worked last."""
    today = timezone.localdate(at)
    rows = Appointment.objects.filter(staff__in=people)
    last = dict(rows.order_by("during", "pk").values_list("staff_id", "agency_id"))
    return last | dict(rows.current(today).order_by("-pk").values_list("staff_id", "agency_id"))


def move_notices(*, old: Agency, new: Agency) -> None:
    """What is unread of an agency that is dissolved is read at its successor."""
    Notice.objects.unread().filter(agency=old).update(agency=new)


@transaction.atomic
def read_notice(*, notice: Notice, actor: Actor, at: datetime) -> None:
    """The worker has seen it, for themselves or for somebody who is away; the first reading counts."""
    if notice.read_at is None and actor.staff is not None:
        Notice.objects.filter(pk=notice.pk, read_at=None).update(read_at=at, read_by=actor.staff)
        notice.refresh_from_db(fields=["read_at", "read_by"])


@transaction.atomic
def choose_ways(*, ways: Mapping[str, str], actor: Actor, at: datetime) -> None:
    """How the actor hears of each kind of urgency. What is urgent comes at once and cannot be chosen."""
    if actor.staff is None:
        raise NotAllowed("職員だけが、知らせの受け取り方を選べます。")
    Staff.objects.select_for_update(of=("self",)).get(pk=actor.staff.pk)
    for urgency, way in ways.items():
        if urgency not in Urgency.values or way not in NoticeWay.values:
            raise RuleViolation("受け取り方を一覧から選んでください。", field=urgency)
        if urgency == Urgency.URGENT and way != NoticeWay.AT_ONCE:
            raise RuleViolation("急ぎの知らせは、止めることも後にすることもできません。", field=urgency)
        NoticeSetting.objects.update_or_create(staff=actor.staff, urgency=urgency, defaults={"way": way})
    record(actor=actor, action="notice.choose_ways", target=actor.staff, at=at, ways=dict(ways))
