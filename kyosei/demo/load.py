"""Loading the demo in stages, each in one transaction: a load that was cut off goes on where it stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import partial
from typing import Final

from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import Agency, StaffAbsence
from budgets.models import PersonnelCost, StreamBudget
from cases.actions.drafts import save_draft
from cases.models import Case
from households.models import AddressProtection
from kyosei.demo.after import AFTER
from kyosei.demo.casework import Teller
from kyosei.demo.cast import Cast
from kyosei.demo.community import work_together
from kyosei.demo.masters import AGENCIES, load_masters
from kyosei.demo.money import Ledger
from kyosei.demo.outreach import reach_out
from kyosei.demo.partners import ask_outside
from kyosei.demo.people import quiet_stories, short_stories
from kyosei.demo.safety import keep_safe, leave_to_deputy
from kyosei.demo.sittings import SITTINGS, Chair
from kyosei.demo.story import STORIES
from kyosei.demo.texts import DRAFTS
from referrals.models import CommunityIssue, OutsidePartner

_LOCK: Final = 7009  # advisory lock: two loads at once would make everything twice
_MARK: Final = AGENCIES[0].code


def is_foreign() -> bool:
    """Whether there are agencies, and none of them is the demo's."""
    return Agency.objects.exists() and not Agency.objects.filter(code=_MARK).exists()


@transaction.atomic
def _run(is_done: Callable[[], bool], load: Callable[[], None]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    if is_done():
        return False
    load()
    return True


def tell_all(at: datetime) -> None:
    """Every step of every story and every sitting, in the order of their days."""
    cast = Cast(timezone.localdate(at))
    stories = [*STORIES, *AFTER, *quiet_stories(), *short_stories()]
    teller = Teller(cast, stories)
    chair = Chair(cast, teller)
    chair.reserve()
    acts: list[tuple[date, int, Callable[[], None]]] = [
        (cast.day(step.ago), n, partial(teller.tell, story.key, step))
        for n, story in enumerate(stories)
        for step in story.steps
    ]
    for sitting in SITTINGS:
        acts.append((cast.day(sitting.called_ago), len(stories), partial(chair.call, sitting)))
        if sitting.ago > 0:
            acts.append((cast.day(sitting.ago), len(stories) + 1, partial(chair.hold, sitting)))
    for _day, _n, act in sorted(acts, key=lambda row: row[:2]):
        act()
    reach_out(cast)
    _begin_drafts(cast, teller, at)


def _begin_drafts(cast: Cast, teller: Teller, at: datetime) -> None:
    """Two forms that somebody began and did not save."""
    for who, key, minutes, text in DRAFTS:
        case = teller.told[key].open_case
        save_draft(
            key=f"note:{case.number}", title=f"支援経過: {text[:30]}", url=reverse("cases:detail", args=[case.number]),
            data={"text": [text], "way": ["phone"], "minutes": [str(minutes)]}, actor=cast.actor(who), at=at,
        )  # fmt: skip


def load_demo(at: datetime | None = None) -> Iterator[str]:
    """Load every stage that is not there yet; yields the name of each one that was loaded."""
    at = at or timezone.now()
    is_new = not Agency.objects.filter(code=_MARK).exists()
    _run(lambda: False, load_masters)  # adds what a later version of the program has more
    if is_new:
        yield "圏域・機関・職員"
    if _run(Case.objects.exists, lambda: tell_all(at)):
        yield "世帯・相談・ケース・つなぎ・会議"
    if _run(PersonnelCost.objects.exists, lambda: Ledger(timezone.localdate(at)).settle()):
        yield "業務記録・人件費・按分"
    if _run(StreamBudget.objects.exists, lambda: Ledger(timezone.localdate(at)).plan()):
        yield "予算と前年度の精算"
    if _run(AddressProtection.objects.exists, lambda: keep_safe(Cast(timezone.localdate(at)), at)):
        yield "支援措置・閲覧の制限・緊急閲覧"
    if _run(StaffAbsence.objects.exists, lambda: leave_to_deputy(Cast(timezone.localdate(at)), at)):
        yield "不在と気がかり"
    if _run(OutsidePartner.objects.exists, lambda: ask_outside(Cast(timezone.localdate(at)), at)):
        yield "協力者と受け入れの問い合わせ"
    if _run(CommunityIssue.objects.exists, lambda: work_together(Cast(timezone.localdate(at)), at)):
        yield "地域課題・準備シート・会議の決まり"
