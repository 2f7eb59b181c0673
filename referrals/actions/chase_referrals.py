"""催促: both ends of an unanswered request are reminded on set working days, each time once."""

from __future__ import annotations

from datetime import date, datetime, time

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.urls import reverse
from django.utils import timezone

from accounts.actions.notices import notify
from accounts.actor import Actor
from accounts.models import Staff
from accounts.notice_kinds import NoticeKind
from audit.actions import record
from common.japan.business_days import add_working_days, is_working_day
from households.models import staff_denied
from referrals.models import Referral, ReferralChase

OPENING_TIME = time(8, 30)  # 開庁時間の始まり


def chase_step(sent_on: date, today: date, steps: tuple[int, ...]) -> int:
    """The largest of ``steps`` (working days after ``sent_on``) that has come by ``today``; 0 before the first."""
    return max((n for n in steps if n > 0 and add_working_days(sent_on, n) <= today), default=0)


def chase_waiting(*, actor: Actor, at: datetime) -> int:
    """Chase every unanswered request whose next step has come; returns how many were chased.

    The row in the database is what is due and what is done: a queue that was down only makes a chase late, and a step
    that was missed meanwhile is not sent after a later one. Nobody is chased outside office days and hours.
    """
    local = timezone.localtime(at)
    if not is_working_day(local.date()) or local.time() < OPENING_TIME:
        return 0
    steps = tuple(settings.REFERRAL_CHASE_DAYS)
    waiting = Referral.objects.unanswered().annotate(chased=Max("chases__working_days"))
    rows = waiting.order_by("pk").values_list("pk", "sent_at", "chased")
    due = [
        pk
        for pk, sent_at, chased in rows
        if chase_step(timezone.localdate(sent_at), local.date(), steps) > (chased or 0)
    ]
    return sum(chase_referral(referral_id=pk, actor=actor, at=at) for pk in due)


@transaction.atomic
def chase_referral(*, referral_id: int, actor: Actor, at: datetime) -> bool:
    """Tell the receiving agency and whoever sent it; False when it was answered or chased meanwhile."""
    referral = (
        Referral.objects.unanswered()
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("to_agency", "case")
        .filter(pk=referral_id)
        .first()
    )
    if referral is None:
        return False
    today = timezone.localdate(at)
    step = chase_step(timezone.localdate(referral.sent_at), today, tuple(settings.REFERRAL_CHASE_DAYS))
    last = referral.chases.aggregate(last=Max("working_days"))["last"] or 0
    if step <= last:
        return False
    ReferralChase.objects.create(referral=referral, working_days=step, chased_at=at)
    denied = staff_denied(referral.case.household_id)
    url = reverse("referrals:detail", args=[referral.pk])
    receivers = set(Staff.objects.of_agency(referral.to_agency, on=today).values_list("pk", flat=True))
    number = referral.case.number
    notify(
        staff_ids=receivers - denied,
        text=f"{number}のつなぎが、届いてから{step}開庁日たっても返事待ちです。",
        url=url, at=at, kind=NoticeKind.REFERRAL, about=referral.case.household_id,
    )  # fmt: skip
    notify(
        staff_ids={referral.sent_by_id} - denied - receivers,
        text=f"{number}のつなぎに{step}開庁日たっても返事がないため、つなぎ先に催促しました。",
        url=url, at=at, kind=NoticeKind.REFERRAL, about=referral.case.household_id,
    )  # fmt: skip
    record(
        actor=actor, action="referral.chase", target=referral, at=at, case=referral.case_id, working_days=step
    )
    return True
