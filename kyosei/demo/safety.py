"""What keeps people safe in the demo: a protected address near its end, a rule of safe contact, a worker who may not see
a household, and an emergency opening that waits for its review.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from django.db.models import Count
from django.utils import timezone

from accounts.actions.absences import enter_absence
from accounts.actions.notices import read_notice
from accounts.actor import build_actor
from accounts.models import Notice
from cases.actions.break_glass import break_glass
from cases.actions.silent_risks import refresh_all
from cases.enums import BreakGlassReason
from cases.models import Case
from households.actions.denials import deny_staff
from households.actions.protection import protect_address, set_safe_contact
from households.enums import DenialReason
from kyosei.demo.cast import Cast

_KEY: Final = UUID("5d3f6f52-6a5c-4f0f-9f0e-3a3b5c6d7e8f")
_READ_AFTER: Final = timedelta(days=3)
_OPENED_AGO: Final = timedelta(hours=3)


def keep_safe(cast: Cast, at: datetime) -> None:
    """On the oldest suitable cases of three desks, by the actions that a person at a screen would have called."""
    _protect(cast, at)
    _deny(cast, at)
    _emergency(cast, at)
    # what somebody heard of weeks ago has been read by now
    old = Notice.objects.unread().filter(created_at__lt=at - _READ_AFTER).select_related("staff")
    for notice in old.order_by("pk"):
        reader = build_actor(notice.staff, on=timezone.localdate(at))
        read_notice(notice=notice, actor=reader, at=notice.created_at + _READ_AFTER)


def leave_to_deputy(cast: Cast, at: datetime) -> None:
    """Two people are not there: one has named a deputy, the other nobody. Then the worries of the day are found."""
    today = timezone.localdate(at)
    for n, (who, deputy) in enumerate((("konkyu2", "konkyu1"), ("houkatsu2", None))):
        actor = cast.actor(who)
        _, staff = actor.office()
        enter_absence(
            staff=staff, first_on=today - timedelta(days=2 + n), last_on=today + timedelta(days=9 + n), actor=actor,
            deputy=cast.actor(deputy).staff if deputy else None, at=at - timedelta(days=4), request_key=uuid5(_KEY, who),
        )  # fmt: skip
    refresh_all(at=at)


def _led_by(cast: Cast, who: str) -> Case:
    rows = Case.objects.visible_to(cast.actor(who)).open().filter(lead_agency=cast.actor(who).agency_id)
    found: Case = rows.filter(person__isnull=False).select_related("person", "household").order_by("pk")[0]
    return found


def _protect(cast: Cast, at: datetime) -> None:
    case, today = _led_by(cast, "kodomo1"), timezone.localdate(at)
    actor = cast.actor("kodomo1")
    assert case.person is not None
    protect_address(
        person=case.person, units=[cast.agency("kyoiku")], first_on=today - timedelta(days=345),
        last_on=today + timedelta(days=19), adversary_name="元夫", decided_where="市民課（DV等支援措置）",
        note="学校にも伝えてある", actor=actor, at=at,
    )  # fmt: skip
    set_safe_contact(
        person=case.person, may_call=True, may_write=False, may_visit=False, when="平日10時〜14時",
        by_whom="こども家庭室の担当から。市役所とは名乗らない", caution="留守番電話に残さない。折り返しを頼まない",
        actor=actor, at=at,
    )  # fmt: skip


def _deny(cast: Cast, at: datetime) -> None:
    deny_staff(
        household=_led_by(cast, "houkatsu1").household, staff=cast.staff("hokenshitsu1"),
        reason=DenialReason.NEIGHBOUR, note="同じ自治会の役員", actor=cast.actor("houkatsu1"), at=at,
    )  # fmt: skip


def _emergency(cast: Cast, at: datetime) -> None:
    actor = cast.actor("shogai1")
    seen = Case.objects.visible_to(actor).values("pk")
    case = (
        Case.objects.visible_to(cast.actor("houkatsu1"))
        .open()
        .exclude(pk__in=seen)
        .filter(person__isnull=False, lead_agency=cast.agency("houkatsu"))
        .annotate(n=Count("notes"))
        .select_related("person")
        .order_by("-n", "pk")[0]
    )
    assert case.person is not None
    break_glass(
        person=case.person, reason=BreakGlassReason.MISSING, actor=actor, at=at - _OPENED_AGO, request_key=_KEY,
        text="通所先に三日来ておらず、電話も出ない。緊急連絡先と、最後に会った人を確かめたい。",
    )  # fmt: skip
