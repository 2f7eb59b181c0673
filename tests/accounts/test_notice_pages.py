"""The pages of 知らせ: how one hears of them, and what is stuck for the administrator (no words, nobody's name)."""

from __future__ import annotations

import pytest

from accounts.actions.notice_mail import mail_notices
from accounts.actions.notices import notify
from accounts.models import NoticeDelivery, NoticeSetting
from accounts.notice_kinds import DeliveryState, NoticeKind
from audit.models import ChangeRecord
from tests import factories as f
from tests.accounts.mailbox import post_office, with_address

pytestmark = pytest.mark.django_db
SETTINGS = "/staff/notices/settings/"


@pytest.fixture
def stuck(worker, settings):
    """One letter that the server refused."""
    with_address(worker)
    notify(
        staff_ids=[worker.staff.pk],
        text="K08-00001の見守りを頼まれました。",
        url="/",
        at=f.NOW,
        kind=NoticeKind.WATCH,
    )
    with post_office(settings) as letters:
        letters.answer = "550 5.1.1 no such mailbox morishita@example"
        mail_notices(at=f.NOW)
        yield letters


def test_everybody_chooses_for_themselves(worker, colleague):
    client = worker.client
    page = client.get(SETTINGS).content.decode()
    assert "止めることはできません" in page and "登録がありません" in page
    assert client.post(SETTINGS, {"action": "digest", "news": "none"}).status_code == 302
    assert dict(NoticeSetting.objects.values_list("urgency", "way")) == {"action": "digest", "news": "none"}
    assert set(NoticeSetting.objects.values_list("staff", flat=True)) == {worker.staff.pk}
    assert ChangeRecord.objects.filter(action="notice.choose_ways").count() == 1
    assert SETTINGS in client.get("/").content.decode()


@pytest.mark.parametrize("wrong", [{}, {"action": "digest"}, {"action": "pigeon", "news": "none"}])
def test_a_wrong_choice_changes_nothing(worker, wrong):
    response = worker.client.post(SETTINGS, wrong)
    assert response.status_code == 422
    assert "の受け取り方を選んでください。" in response.content.decode()
    assert not NoticeSetting.objects.exists()


def test_urgent_is_not_a_field(worker):
    worker.client.post(SETTINGS, {"action": "at_once", "news": "digest", "urgent": "none"})
    assert not NoticeSetting.objects.filter(urgency="urgent").exists()


def test_the_administrator_sees_what_is_stuck_and_sends_it_again(stuck, admin, worker):
    page = admin.client.get("/manage/notices/").content.decode()
    assert worker.staff.username in page
    assert "メールサーバーが断りました（550）" in page
    for word in ("K08", "見守り", "morishita", worker.staff.name, "mailbox"):
        assert word not in page.split("<main")[1]
    NoticeDelivery.objects.update(state=DeliveryState.FAILED)
    assert admin.client.post("/manage/notices/again/").status_code == 302
    stuck.answer = "250 OK"
    assert mail_notices(at=f.NOW.replace(hour=21)) == 1
    assert "止まっているメールはありません" in admin.client.get("/manage/notices/").content.decode()
    assert ChangeRecord.objects.filter(action="notice.send_again").count() == 1


def test_the_post_is_the_administrators(stuck, worker, manager, auditor):
    for persona in (worker, manager, auditor):
        assert persona.client.get("/manage/notices/").status_code == 403
        assert persona.client.post("/manage/notices/again/").status_code == 403


def test_the_page_asks_the_same_with_many(stuck, admin, worker, colleague, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = admin.client
    client.get("/manage/notices/")
    with CaptureQueriesContext(
        connection,
    ) as one:
        client.get("/manage/notices/")
    for _ in range(29):
        notify(staff_ids=[worker.staff.pk], text="知らせ", url="/", at=f.NOW, kind=NoticeKind.WATCH)
    mail_notices(at=f.NOW)
    with django_assert_num_queries(len(one)):
        assert client.get("/manage/notices/").content.decode().count("（550）") == 30
