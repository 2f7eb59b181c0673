"""Who is told of a notice, and on which way: one row for each, made anew whenever somebody else has to read it."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.models import Notice, NoticeDelivery, NoticeQuerySet, NoticeSetting, Staff
from accounts.models.notice import AGENCY, DEPUTY, MANAGER, SELF, colleagues_of
from accounts.notice_kinds import CHANNEL, USUAL, Channel, DeliveryState, NoticeWay, Urgency
from common.japan.business_days import add_working_days, is_working_day
from common.japan.clock import parse_time


def digest_time() -> time:
    return parse_time(settings.NOTICE_DIGEST_AT)


def next_digest(at: datetime) -> datetime:
    """When the digest goes out that a notice of ``at`` still catches: on working days only."""
    local = timezone.localtime(at)
    day = local.date()
    if not is_working_day(day) or local.time() >= digest_time():
        day = add_working_days(day, 1)
    return timezone.make_aware(datetime.combine(day, digest_time()))


def readers(notices: NoticeQuerySet, on: date) -> dict[int, list[int]]:
    """Who has to read each notice on a day (``NoticeQuerySet.with_stage``); a notice that nobody reads has no entry."""
    found: dict[int, list[int]] = {}
    groups: dict[tuple[str, int, int | None], list[int]] = defaultdict(list)
    staged: Any = notices.with_stage(on)
    for row in staged.values("pk", "stage", "staff_id", "deputy_id", "agency_id", "about"):
        if row["stage"] == SELF:
            found[row["pk"]] = [row["staff_id"]]
        elif row["stage"] == DEPUTY:
            found[row["pk"]] = [row["deputy_id"]]
        elif row["stage"] in (MANAGER, AGENCY):
            groups[row["stage"], row["agency_id"], row["about"]].append(row["pk"])
    for (stage, agency_id, about), pks in groups.items():
        people = sorted(colleagues_of(agency_id, about, on, managers=stage == MANAGER))
        found |= dict.fromkeys(pks, people)
    return found


def address_notices(*, at: datetime) -> int:
    """Give every unread notice that needs it a row for each of today's readers. Safe to run twice and side by side.

    Those are notices whose addressee was not told yet, and notices whose addressee is away, gone, or on the deny list by
    now.
    Returns how many rows were new.
    """
    on = timezone.localdate(at)
    told = Exists(NoticeDelivery.objects.filter(notice=OuterRef("pk"), staff=OuterRef("staff")))
    waiting = Notice.objects.unread().with_stage(on).filter(Q(~told) | ~Q(stage=SELF))
    notices = {n.pk: n for n in waiting.order_by("pk")}
    if not notices:
        return 0
    reading = readers(Notice.objects.filter(pk__in=notices), on)
    already = set(
        NoticeDelivery.objects.filter(notice__in=notices).values_list("notice_id", "staff_id").distinct()
    )
    pairs = [(pk, s) for pk, people in reading.items() for s in people if (pk, s) not in already]
    people = {staff_id for _, staff_id in pairs}
    chosen = {(r.staff_id, r.urgency): r.way for r in NoticeSetting.objects.filter(staff__in=people)}
    reached = set(Staff.objects.filter(pk__in=people).exclude(email="").values_list("pk", flat=True))
    rows = []
    for pk, staff_id in pairs:
        notice = notices[pk]
        # the addressee's digest is that of the notice's own time, however late this round is
        since = notice.created_at if staff_id == notice.staff_id else at
        rows.append(make_row(pk, staff_id, _channel(notice.urgency, staff_id, chosen, reached), since))
    return len(NoticeDelivery.objects.bulk_create(rows, ignore_conflicts=True))


def _channel(
    urgency: Urgency, staff_id: int, chosen: dict[tuple[int, str], str], reached: set[int]
) -> Channel:
    """The way that the person chose; what is urgent at once; nothing but the page for who has no mail address."""
    if staff_id not in reached:
        return Channel.PAGE
    if urgency is Urgency.URGENT:
        return Channel.AT_ONCE
    return CHANNEL[NoticeWay(chosen.get((staff_id, urgency), USUAL[urgency]))]


def make_row(notice_id: int, staff_id: int, channel: Channel, at: datetime) -> NoticeDelivery:
    """A row that waits; on the page alone it is there at once."""
    row = NoticeDelivery(notice_id=notice_id, staff_id=staff_id, channel=channel, due_at=at)
    if channel is Channel.PAGE:
        row.state, row.sent_at = DeliveryState.SENT, at
    elif channel is Channel.DIGEST:
        row.due_at = next_digest(at)
    return row


def retry_after(attempts: int) -> timedelta:
    """1, 2, 4 … minutes, at most four hours."""
    return timedelta(minutes=min(2 ** max(attempts - 1, 0), 240))
