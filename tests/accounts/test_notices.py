"""知らせ: real letters that hold no word about anybody, once, at the time and in the way that the person chose."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from celery import current_app
from kombu.exceptions import OperationalError

from accounts.actions.notice_delivery import next_digest, retry_after
from accounts.actions.notice_mail import GIVE_UP, mail_notices
from accounts.actions.notices import choose_ways, notify, read_notice
from accounts.models import Notice, NoticeDelivery
from accounts.notice_kinds import DeliveryState, NoticeKind, NoticeWay, Urgency
from accounts.tasks import mail_notices as job
from cases.actions.break_glass import break_glass
from common.errors import RuleViolation
from households.actions.denials import deny_staff
from tests import factories as f
from tests.accounts.mailbox import post_office, with_address

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
URL = "https://kyosei.example.lg.jp"


@pytest.fixture
def post(settings):
    with post_office(settings) as letters:
        yield letters


def on(text: str, clock: str = "10:00") -> datetime:
    return datetime.fromisoformat(f"{text}T{clock}").replace(tzinfo=f.TOKYO)


def tell(*people, kind=NoticeKind.WATCH, at=f.NOW, **more) -> None:
    notify(
        staff_ids=[p.staff.pk for p in people], text="K08-00001の見守りを頼まれました。", url="/cases/K08-00001/", at=at,
        kind=kind, **more,
    )  # fmt: skip


def test_a_notice_is_mailed_once(worker, colleague, post):
    with_address(worker)
    tell(worker, colleague)
    assert mail_notices(at=f.NOW) == 1
    assert mail_notices(at=f.NOW + MINUTE) == 0
    (letter,) = post.kept
    assert letter["To"] == f"{worker.staff.username}@example.lg.jp"
    assert post.subjects() == ["kyosei 知らせ1件（見守り）"]
    notice = Notice.objects.get(staff=worker.staff)
    assert f"{URL}/staff/notices/{notice.pk}/" in post.bodies()[0]
    assert "これを入れて1件" in post.bodies()[0]
    states = dict(NoticeDelivery.objects.values_list("staff_id", "channel"))
    assert states == {
        worker.staff.pk: "at_once",
        colleague.staff.pk: "page",
    }  # who has no address reads it at home


def test_no_letter_tells_anything_of_anybody(worker, center_worker, manager, elderly_director, post):
    """An emergency has the most words: a name, an agency, a number. None of them is in the mail, and it is urgent."""
    with_address(worker, manager, elderly_director)
    case = f.make_case(worker.actor)
    break_glass(
        person=case.person, reason="life", text="意識がないと隣の人から電話があり、持病を知る必要がある", actor=center_worker.actor,
        at=f.NOW, request_key="5d3f6f52-6a5c-4f0f-9f0e-3a3b5c6d7e8f",
    )  # fmt: skip
    assert mail_notices(at=f.NOW) >= 2
    words = [
        case.number, case.person.family_name, case.person.given_name, case.household.name, center_worker.staff.name,
        center_worker.agency.short_name, worker.staff.name, "意識", "持病", "電話",
    ]  # fmt: skip
    for letter, subject, body in zip(post.kept, post.subjects(), post.bodies(), strict=True):
        assert subject == "【急ぎ】kyosei 知らせ1件（緊急閲覧）"
        said = subject + body + str(letter)
        assert [w for w in words if w in said] == []
        assert re.findall(r"https?://\S+", body) == [re.search(rf"{URL}/staff/notices/\d+/", body)[0]]


def test_the_day_in_one_letter_on_working_days(worker, post):
    """23 November is a holiday: what came then waits for the 24th, half past eight, in one letter."""
    with_address(worker)
    choose_ways(ways={Urgency.ACTION: NoticeWay.DIGEST}, actor=worker.actor, at=f.NOW)
    tell(worker)
    tell(worker)
    tell(worker, kind=NoticeKind.ANSWER)
    for moment in (on("2026-11-23", "23:00"), on("2026-11-24", "08:29")):
        assert mail_notices(at=moment) == 0
    assert mail_notices(at=on("2026-11-24", "08:31")) == 1
    assert mail_notices(at=on("2026-11-24", "09:00")) == 0
    (body,) = post.bodies()
    assert post.subjects() == ["kyosei 今日の知らせ3件"]
    assert "令和8年11月24日（火）の知らせです。" in body
    assert "・見守り　2件" in body
    assert "・つなぎの返事と結果　1件" in body
    assert "K08" not in body
    # what stays unread is a number on the next day's letter, not the same letter again
    tell(worker, kind=NoticeKind.ANSWER, at=on("2026-11-24", "11:00"))
    assert mail_notices(at=on("2026-11-25", "08:30")) == 1
    assert post.subjects()[-1] == "kyosei 今日の知らせ1件"
    assert "ほかに、まだ読んでいない知らせが3件あります。" in post.bodies()[-1]


@pytest.mark.parametrize(
    ("at", "due"),
    [
        (on("2026-11-20", "08:00"), on("2026-11-20", "08:30")),  # a Friday, early
        (on("2026-11-20", "08:30"), on("2026-11-24", "08:30")),  # over a weekend and 勤労感謝の日
        (on("2026-12-28", "12:00"), on("2027-01-04", "08:30")),  # over the New Year
    ],
)
def test_when_the_digest_goes_out(at, due):
    assert next_digest(at) == due


def test_what_was_read_or_switched_off_makes_no_letter(worker, colleague, post):
    with_address(worker, colleague)
    choose_ways(ways={Urgency.ACTION: NoticeWay.NONE}, actor=colleague.actor, at=f.NOW)
    tell(worker, colleague)
    read_notice(notice=Notice.objects.get(staff=worker.staff), actor=worker.actor, at=f.NOW)
    assert mail_notices(at=f.NOW) == 0
    tell(worker, colleague, kind=NoticeKind.ESCALATION)  # urgent: whatever they chose
    assert mail_notices(at=f.NOW) == 2


def test_what_is_urgent_cannot_be_switched_off(worker):
    for way in (NoticeWay.NONE, NoticeWay.DIGEST):
        with pytest.raises(RuleViolation, match="急ぎ"):
            choose_ways(ways={Urgency.URGENT: way}, actor=worker.actor, at=f.NOW)
    with pytest.raises(RuleViolation, match="一覧から"):
        choose_ways(ways={Urgency.NEWS: "pigeon"}, actor=worker.actor, at=f.NOW)


def test_a_server_that_refuses_is_asked_again_later_and_later(worker, post):
    with_address(worker)
    tell(worker)
    post.answer = "451 4.3.0 try later"
    moment = f.NOW
    for attempt in range(1, GIVE_UP + 1):
        assert mail_notices(at=moment) == 0
        row = NoticeDelivery.objects.get()
        assert (row.attempts, row.error) == (attempt, "メールサーバーが断りました（451）")
        assert mail_notices(at=moment) == 0  # not before its time
        assert NoticeDelivery.objects.get().attempts == attempt
        moment += retry_after(attempt)
    assert row.state == DeliveryState.FAILED
    assert [retry_after(n) // MINUTE for n in (1, 2, 3, 12)] == [1, 2, 4, 240]
    post.answer = "250 OK"
    assert mail_notices(at=moment) == 0
    assert Notice.objects.visible_to(worker.actor).unread().count() == 1  # it still is on the page


def test_a_server_that_is_back_gets_the_letter_once(worker, post):
    with_address(worker)
    tell(worker)
    post.answer = "451 4.3.0 try later"
    assert mail_notices(at=f.NOW) == 0
    post.answer = "250 OK"
    assert mail_notices(at=f.NOW + MINUTE) == 1
    assert mail_notices(at=f.NOW + 2 * MINUTE) == 0
    assert len(post.kept) == 1


def test_a_post_office_that_is_shut_loses_nothing(worker, settings):
    with_address(worker)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 1, 1
    tell(worker)
    assert mail_notices(at=f.NOW) == 0
    assert NoticeDelivery.objects.get().error == "メールサーバーにつながりません"
    with post_office(settings) as letters:
        assert mail_notices(at=f.NOW + MINUTE) == 1
        assert len(letters.kept) == 1


@pytest.fixture
def no_broker():
    """The address of the queue leads nowhere, as when Redis is down; the real publish fails."""
    url = current_app.conf.broker_url
    _connect("redis://127.0.0.1:1/0", task_publish_retry=False)
    yield
    _connect(url, task_publish_retry=True)


def _connect(url: str, **conf: object) -> None:
    current_app.conf.update(broker_url=url, broker_write_url=url, **conf)
    current_app.amqp._producer_pool = None
    current_app._pool = None


def test_with_the_queue_down_the_next_round_finds_it(
    worker, post, no_broker, django_capture_on_commit_callbacks
):
    with_address(worker)
    with pytest.raises((OperationalError, OSError)):
        current_app.send_task(job.name)
    with django_capture_on_commit_callbacks(execute=True):
        tell(worker)
    assert post.kept == []
    beat = current_app.conf.beat_schedule["mail-notices"]
    assert beat["task"] == job.name
    assert mail_notices(at=f.NOW + MINUTE) == 1


def test_whoever_is_denied_meanwhile_gets_no_letter(worker, colleague, manager, post):
    with_address(worker, manager)
    case = f.make_case(worker.actor)
    tell(worker, about=case.household_id)
    deny_staff(
        household=case.household,
        staff=worker.staff,
        reason="relative",
        note="",
        actor=colleague.actor,
        at=f.NOW,
    )
    assert mail_notices(at=f.NOW) == 1
    assert post.to() == [f"{manager.staff.username}@example.lg.jp"]
    assert "不在の人の代わりに" in post.bodies()[0]
    assert not Notice.objects.visible_to(worker.actor).exists()


def test_reading_twice_keeps_the_first_moment(worker, manager):
    tell(worker)
    notice = Notice.objects.get()
    read_notice(notice=notice, actor=worker.actor, at=f.NOW)
    read_notice(notice=notice, actor=manager.actor, at=f.NOW.replace(year=2030))
    notice.refresh_from_db()
    assert (notice.read_at, notice.read_by) == (f.NOW, worker.staff)


def test_every_process_knows_our_queue():
    assert current_app.main == "kyosei"
