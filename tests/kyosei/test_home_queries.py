"""The home page of whoever has most on it: a manager with an emergency to answer for, a leaver's work, a protection that ends."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

from django.utils import timezone

from accounts.actions.notices import notify
from accounts.enums import Role
from accounts.models import Appointment
from accounts.notice_kinds import NoticeKind
from cases.actions.break_glass import break_glass
from common.queue import QueueGroup
from households.actions.protection import protect_address
from households.models import Person
from kyosei.home import OPEN_NOTICES, home_groups
from tests import factories as f
from tests.conftest import persona


def test_a_managers_home_stays_within_fifteen_queries(
    worker, manager, stranger, care_center, django_assert_max_num_queries
):
    for _ in range(3):
        case = f.make_case(worker.actor)
        case.person = Person.objects.filter(memberships__household=case.household).get()
        case.save()
        today = timezone.localdate()
        protect_address(
            person=case.person, units=[], first_on=today - timedelta(days=300), last_on=today + timedelta(days=3),
            actor=worker.actor, at=timezone.now(),
        )  # fmt: skip
        break_glass(
            person=case.person, reason="life", text="返事がないと通報があり、安否を確かめる。", actor=stranger.actor,
            at=timezone.now(), request_key=uuid4(),
        )  # fmt: skip
    Appointment.objects.filter(staff=worker.staff).update(during=(date(2024, 4, 1), timezone.localdate()))
    kinds = {r.row.kind for g in home_groups(manager.actor, timezone.now()) for r in g.rows}
    assert {"緊急閲覧", "引き継ぎ", "支援措置", "知らせ"} <= kinds
    client = manager.client
    client.get("/")
    with django_assert_max_num_queries(15):
        assert client.get("/").status_code == 200
    boss = persona(care_center, Role.AGENCY_MANAGER, name="古川 実")
    theirs = boss.client
    with django_assert_max_num_queries(15):
        assert theirs.get("/").status_code == 200


def test_the_newest_notices_stand_open_and_the_rest_is_folded(worker):
    for n in range(OPEN_NOTICES + 2):
        notify(
            staff_ids=[worker.staff.pk],
            text=f"知らせ{n}です。",
            url="/",
            at=f.NOW + timedelta(minutes=n),
            kind=NoticeKind.WATCH,
        )
    group = next(g for g in home_groups(worker.actor, timezone.now()) if g.key == QueueGroup.NOTICE)
    assert [r.row.title for r in group.first] == ["知らせ4です。", "知らせ3です。", "知らせ2です。"]
    assert [r.row.title for r in group.folded] == ["知らせ1です。", "知らせ0です。"]
    text = worker.client.get("/").content.decode()
    assert "ほか2件の知らせ" in text
    assert all(f"知らせ{n}です。" in text for n in range(5))
