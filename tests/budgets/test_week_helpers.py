"""Steps of five minutes, templates, the timer on the server, and reminders: the worker first, then the manager."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Notice
from budgets.actions.remind_work import remind_work, unfilled_minutes
from budgets.actions.week_helpers import add_template, start_timer, stepped, stop_timer
from budgets.actions.work_entries import add_entry
from budgets.masters import load_streams
from budgets.models import WorkEntry, WorkReminder, WorkTemplate, WorkTimer
from common.errors import Overlap, RuleViolation
from tests import factories as f
from tests.budgets.work import MONDAY, moment

pytestmark = pytest.mark.django_db
WEEK = MONDAY  # Monday 16 November 2026; the next week begins with a holiday (23 November)


@pytest.fixture(autouse=True)
def loaded(time_machine):
    time_machine.move_to(f.NOW)
    load_streams(2026)


def enter(who, clock: str, minutes: int, step: int = 5, day: date = MONDAY) -> WorkEntry:
    return add_entry(
        starts_at=moment(day, clock),
        minutes=minutes,
        category_code="care",
        actor=who.actor,
        at=f.NOW,
        step=step,
    )


@pytest.mark.parametrize(("clock", "minutes"), [("9:03", 60), ("9:00", 7), ("9:02", 8)])
def test_what_is_typed_stands_on_the_step(worker, clock, minutes):
    with pytest.raises(RuleViolation, match="5分きざみ"):
        enter(worker, clock, minutes)
    assert enter(worker, clock, minutes, step=1).minutes == minutes


def test_an_end_may_touch_another_entry(worker):
    enter(worker, "9:00", 17, step=1)
    assert enter(worker, "9:17", 43).minutes == 43
    with pytest.raises(RuleViolation, match="5分きざみ"):
        enter(worker, "10:01", 4)


def test_the_name_of_a_template_is_a_line(worker, colleague):
    """Typed alone it stands for its line; another's, or a name with more behind it, is read as it was typed."""
    add_template(name="巡回", line="14:30 120 地域 集いの場の巡回", actor=worker.actor, at=f.NOW)
    sent = {"day": MONDAY.isoformat(), "request_key": "7f1c1b9e-6d1f-4b57-9a3e-000000000009"}
    for who, line in ((colleague, "巡回"), (worker, "巡回 30")):
        assert who.client.post("/work/add/", sent | {"line": line}).status_code == 422
    assert not WorkEntry.objects.exists()
    assert worker.client.post("/work/add/", sent | {"line": " 巡回 "}).status_code == 302
    entry = WorkEntry.objects.get()
    assert (entry.category.code, entry.minutes, entry.note) == ("community", 120, "集いの場の巡回")


def test_the_step_is_a_setting_of_the_page(worker, settings):
    sent = {
        "day": MONDAY.isoformat(),
        "line": "9:00 7 包括",
        "request_key": "7f1c1b9e-6d1f-4b57-9a3e-000000000001",
    }
    answer = worker.client.post("/work/add/", sent)
    assert answer.status_code == 422
    assert "5分きざみ" in answer.content.decode()
    settings.KYOSEI_WORK_STEP = 1
    assert worker.client.post("/work/add/", sent).status_code == 302


def test_templates_are_ones_own_and_readable(worker, colleague):
    client = worker.client
    client.post("/work/templates/add/", {"name": "朝礼", "line": "8:30 15 会議 朝礼"})
    row = WorkTemplate.objects.get()
    assert 'data-template="8:30 15 会議 朝礼"' in client.get("/work/").content.decode()
    assert "data-template" not in colleague.client.get("/work/").content.decode()
    assert colleague.client.post(f"/work/templates/{row.pk}/delete/").status_code == 404
    for name, line, words in (
        ("朝礼", "60 事務", "もうあります"),
        ("x", "あした", "時刻か分"),
        (" ", "60 事務", "30字"),
    ):
        with pytest.raises(RuleViolation, match=words):
            add_template(name=name, line=line, actor=worker.actor, at=f.NOW)
    client.post(f"/work/templates/{row.pk}/delete/")
    assert not WorkTemplate.objects.exists()


def test_the_nearest_step():
    at = moment(MONDAY, "9:07")
    assert [stepped(at + timedelta(minutes=n), 5).minute for n in range(6)] == [5, 10, 10, 10, 10, 10]
    assert stepped(moment(MONDAY, "9:58"), 5) == moment(MONDAY, "10:00")


def test_the_timer_is_kept_on_the_server_and_becomes_an_entry(worker, time_machine):
    client = worker.client
    time_machine.move_to(moment(MONDAY, "9:02"))
    client.post("/work/timer/start/", {"category": "care", "note": "窓口"})
    client.post("/work/timer/start/", {"category": "office"})  # one at a time
    assert WorkTimer.objects.get().category.code == "care"
    time_machine.move_to(moment(MONDAY, "9:49"))
    assert "計測中" in client.get("/work/").content.decode()
    client.post("/work/timer/stop/")
    entry = WorkEntry.objects.get()
    assert (timezone.localtime(entry.during.lower).minute, entry.minutes, entry.note) == (0, 50, "窓口")
    assert not WorkTimer.objects.exists()


def test_a_timer_that_collides_goes_on_and_a_forgotten_one_is_not_entered(worker):
    start_timer(category_code="care", note="", actor=worker.actor, at=moment(MONDAY, "9:00"))
    enter(worker, "9:30", 30)
    with pytest.raises(Overlap):
        stop_timer(step=5, actor=worker.actor, at=moment(MONDAY, "10:30"))
    assert WorkTimer.objects.exists()
    with pytest.raises(RuleViolation, match="12時間"):
        stop_timer(step=5, actor=worker.actor, at=moment(MONDAY + timedelta(days=1), "9:00"))
    worker.client.post("/work/timer/drop/")
    assert not WorkTimer.objects.exists()
    with pytest.raises(RuleViolation, match="計測していません"):
        stop_timer(step=5, actor=worker.actor, at=f.NOW)


def fill(who, days: int) -> None:
    for n in range(days):
        enter(who, "8:30", 210, day=WEEK + timedelta(days=n))
        enter(who, "13:00", 255, day=WEEK + timedelta(days=n))


def remind(day: date) -> int:
    return remind_work(actor=Actor.system("業務記録の催促"), at=moment(day, "8:45"))


def texts(who) -> list[str]:
    return [n.text for n in Notice.objects.filter(staff=who.staff).order_by("pk")]


def test_first_the_worker_then_the_manager_each_once(worker, colleague, manager):
    fill(worker, 5)
    fill(manager, 5)
    fill(colleague, 3)
    assert unfilled_minutes(WEEK) == {colleague.staff.pk: (colleague.agency.pk, 2 * 465)}
    assert remind(date(2026, 11, 23)) == 0  # 勤労感謝の日
    assert remind(date(2026, 11, 24)) == 1
    assert remind(date(2026, 11, 24)) == 0
    assert texts(colleague) == ["先週（11/16〜）の業務記録に未記入が15時間30分あります。"]
    assert texts(worker) == texts(manager) == []
    assert remind(date(2026, 11, 26)) == 0
    assert remind(date(2026, 11, 27)) == 1
    assert texts(manager) == ["先週（11/16〜）の業務記録が未記入の職員が1人います。本人には知らせました。"]
    assert remind(date(2026, 11, 27)) == 0
    assert WorkReminder.objects.count() == 2


def test_whoever_filled_it_meanwhile_is_not_told_of(worker, colleague, manager):
    for who in (worker, manager):
        fill(who, 5)
    assert remind(date(2026, 11, 24)) == 1
    fill(colleague, 5)
    assert remind(date(2026, 11, 27)) == 0
    assert texts(manager) == []
