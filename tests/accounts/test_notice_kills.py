"""kill -9 of whoever sends: no letter leaves twice, and no notice is lost."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from datetime import timedelta
from random import Random

import pytest

from accounts.actions.notice_mail import LOST_AFTER, mail_notices
from accounts.actions.notices import notify
from accounts.models import Notice, NoticeDelivery
from accounts.notice_kinds import DeliveryState, NoticeKind
from tests import factories as f
from tests.accounts.mailbox import post_office, with_address
from tests.children import in_a_child

pytestmark = pytest.mark.django_db(transaction=True)
KILLS = int(os.environ.get("KYOSEI_KILLS", "25"))


@pytest.fixture
def post(settings):
    with post_office(settings) as letters:
        yield letters


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


@pytest.mark.parametrize(
    ("kind", "channels"),
    [(NoticeKind.WATCH, ["at_once", "digest"]), (NoticeKind.ESCALATION, ["at_once", "reminder"])],
)
def test_killed_between_the_letter_and_the_mark(worker, post, kind, channels):
    """The server has taken the letter, the sender dies before it hears so: not again, but by the next way."""
    with_address(worker)
    notify(staff_ids=[worker.staff.pk], text="知らせ", url="/", at=f.NOW, kind=kind)
    post.stalls = True
    pid = in_a_child(lambda: mail_notices(at=f.NOW))
    assert post.taken.wait(20)
    kill(pid)
    post.stalls = False
    assert NoticeDelivery.objects.get().state == DeliveryState.SENDING
    assert mail_notices(at=f.NOW + timedelta(minutes=1)) == 0  # perhaps it still is being sent
    later = f.NOW + LOST_AFTER
    assert mail_notices(at=later) == (1 if kind == NoticeKind.ESCALATION else 0)
    rows = NoticeDelivery.objects.order_by("pk")
    assert [r.channel for r in rows] == channels
    assert rows[0].state == DeliveryState.UNSURE
    morning = f.NOW.replace(day=24, hour=8, minute=30)
    mail_notices(at=morning)
    assert len(post.kept) == 2
    assert len({letter["Message-ID"] for letter in post.kept}) == 2
    assert mail_notices(at=morning + timedelta(hours=1)) == 0


def test_killed_anywhere(worker, colleague, post, record_property):
    """Rounds that are killed after a time drawn by chance, then one that is left alone."""
    with_address(worker, colleague)
    dice, at = Random(7), f.NOW
    post.pause = 0.05
    for _ in range(KILLS):
        notify(
            staff_ids=[worker.staff.pk, colleague.staff.pk], text="知らせ", url="/", at=at,
            kind=dice.choice([NoticeKind.WATCH, NoticeKind.ESCALATION]),
        )  # fmt: skip
        post.taken.clear()
        pid = in_a_child(lambda at=at: mail_notices(at=at))
        # half of them anywhere, half of them when the server has just taken a letter
        if dice.random() < 0.5:
            time.sleep(dice.random() * 0.25)
        else:
            post.taken.wait(10)
        kill(pid)
        at += timedelta(minutes=1)
    # everything that was interrupted is looked after, and the next morning comes
    for moment in (at + LOST_AFTER, at + 2 * LOST_AFTER, f.NOW.replace(day=24, hour=8, minute=30)):
        mail_notices(at=moment)
    assert Notice.objects.count() == 2 * KILLS
    assert not NoticeDelivery.objects.filter(
        state__in=[DeliveryState.WAITING, DeliveryState.SENDING]
    ).exists()
    ids = Counter(letter["Message-ID"] for letter in post.kept)
    assert set(ids.values()) == {1}
    # each notice has a letter that surely left: at once, as a reminder, or in the day's letter
    surely = set(NoticeDelivery.objects.filter(state=DeliveryState.SENT).values_list("notice", flat=True))
    assert surely == set(Notice.objects.values_list("pk", flat=True))
    unsure = NoticeDelivery.objects.filter(state=DeliveryState.UNSURE).count()
    assert unsure > 0
    record_property(
        "figure", f"{KILLS} kills, {len(ids)} letters, none twice, {unsure} interrupted, none lost"
    )
