"""知らせ: on the home page at once, by real mail after the commit, once, and without a word about anybody."""

from __future__ import annotations

import asyncio
import email
import socket
from email.header import decode_header, make_header

import pytest
from aiosmtpd.controller import Controller
from celery import current_app

from accounts.actions.notices import mail_notices, notify, read_notice
from accounts.models import Notice
from accounts.tasks import mail_notices as job
from tests import factories as f


class Letters:
    """A real SMTP server that keeps what it was given."""

    def __init__(self) -> None:
        self.kept: list[email.message.Message] = []

    async def handle_DATA(self, server, session, envelope):
        await asyncio.sleep(0)
        self.kept.append(email.message_from_bytes(envelope.content))
        return "250 OK"


@pytest.fixture
def post(settings):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    letters = Letters()
    server = Controller(letters, hostname="127.0.0.1", port=port)
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.PUBLIC_URL = "https://kyosei.example.lg.jp"
    yield letters
    server.stop()


def test_a_notice_is_mailed_once(worker, colleague, post):
    worker.staff.email = "worker@example.lg.jp"
    worker.staff.save()
    notify(
        staff_ids=[worker.staff.pk, colleague.staff.pk],
        text="K08-00001が緊急閲覧されました。",
        url="/break-glass/1/",
        at=f.NOW,
    )
    assert mail_notices(at=f.NOW) == 1
    assert mail_notices(at=f.NOW) == 0
    (letter,) = post.kept
    assert letter["To"] == "worker@example.lg.jp"
    assert str(make_header(decode_header(letter["Subject"]))) == "kyosei からの知らせ"
    body = letter.get_payload(decode=True).decode()
    assert "https://kyosei.example.lg.jp/break-glass/1/" in body
    assert Notice.objects.filter(mailed_at__isnull=False).count() == 1


def test_a_post_office_that_is_shut_loses_nothing(worker, settings):
    worker.staff.email = "worker@example.lg.jp"
    worker.staff.save()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 1, 1
    notify(staff_ids=[worker.staff.pk], text="知らせ", url="/", at=f.NOW)
    with pytest.raises(OSError):
        mail_notices(at=f.NOW)
    assert Notice.objects.get().mailed_at is None
    assert job.name == "accounts.tasks.mail_notices"


def test_reading_twice_keeps_the_first_moment(worker):
    notify(staff_ids=[worker.staff.pk], text="知らせ", url="/", at=f.NOW)
    notice = Notice.objects.get()
    read_notice(notice=notice, at=f.NOW)
    read_notice(notice=notice, at=f.NOW.replace(year=2030))
    assert notice.read_at == f.NOW


def test_every_process_knows_our_queue():
    assert current_app.main == "kyosei"
