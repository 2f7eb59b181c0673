"""The week page: what it shows, what it takes, what it answers to nonsense, and at what cost."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest
import time_machine
from django.urls import reverse

from accounts.enums import Sector
from audit.models import AccessKind, AccessRecord
from budgets.actions.work_entries import add_entry
from budgets.masters import load_streams
from budgets.models import WorkEntry, WorkFinding
from budgets.selectors import home_rows
from budgets.selectors_work import week_of
from common.queue import QueueGroup
from tests import factories as f
from tests.budgets.work import MONDAY, derive, lock, make_consultation, make_note, moment

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}
WEEK = f"/work/?day={MONDAY.isoformat()}"


@pytest.fixture(autouse=True)
def clock(db):
    load_streams(2026)
    with time_machine.travel(f.NOW, tick=False):
        yield


def post_line(persona, line: str, day: date = MONDAY, *, htmx: bool = True, key=None):
    data = {"day": day.isoformat(), "line": line, "request_key": str(key or uuid4())}
    return persona.client.post(reverse("work:add"), data, **(HTMX if htmx else {}))


def fill(persona, days: int = 5, per_day: int = 6, clock: str = "8:30") -> None:
    case = f.make_case(persona.actor, sectors=(Sector.POVERTY,))
    for n in range(days):
        day = MONDAY + timedelta(days=n)
        for k in range(per_day):
            start = moment(day, clock) + timedelta(minutes=30 * k)
            if k % 3 == 0:
                derive(make_note(persona, case, start, 20), persona)
            elif k % 3 == 1:
                derive(make_consultation(persona, start, 20), persona)
            else:
                add_entry(starts_at=start, minutes=20, category_code="meeting", actor=persona.actor, at=f.NOW)


def test_week_shows_records_gaps_and_reasons(worker):
    case = f.make_case(worker.actor, sectors=(Sector.POVERTY,))
    derive(make_note(worker, case, moment(MONDAY, "10:00"), 45, way="home_visit"), worker)
    text = worker.client.get(WEEK).content.decode()
    for words in (
        "令和8年11月16日（月）", "令和8年11月22日（日）", "閉庁日", "10:00〜10:45", case.number, "訪問", "困窮のみ → 自立相談支援事業",
        "8:30〜10:00", "10:45〜12:00", "13:00〜17:15", "work-line--derived", "ここに入れる",
    ):  # fmt: skip
        assert words in text, words


def test_week_marks_holidays_and_today(worker):
    text = worker.client.get("/work/").content.decode()
    assert "勤労感謝の日" in text
    assert "今日" in text


@pytest.mark.parametrize("per_day", [1, 6])
def test_week_queries_do_not_grow(worker, per_day, django_assert_max_num_queries):
    fill(worker, per_day=per_day)
    client = worker.client
    client.get(WEEK)
    with django_assert_max_num_queries(13):
        assert client.get(WEEK).status_code == 200


def test_saving_a_line_asks_as_much_with_3_and_43_entries(worker, django_assert_max_num_queries):
    fill(worker, days=1, per_day=3)
    client, counts = worker.client, []

    def save(line: str) -> None:
        data = {"day": MONDAY.isoformat(), "line": line, "request_key": str(uuid4())}
        assert client.post(reverse("work:add"), data, **HTMX).status_code == 200

    for hour in (4, 5, 6):
        save(f"{hour}:00 5 会議")
        with django_assert_max_num_queries(20) as queries:
            save(f"{hour}:30 5 会議")
        counts.append(len(queries))
        if hour == 4:
            fill(worker, days=5, per_day=8, clock="10:00")
    assert len(set(counts)) == 1, counts


def test_a_day_alone_is_the_day_of_the_week_and_the_weeks_sums(worker):
    """What HTMX gets after a change: each day as the page shows it, and the same sums."""
    fill(worker, per_day=9)
    add_entry(
        starts_at=moment(MONDAY, "23:00"), minutes=570, category_code="meeting", actor=worker.actor, at=f.NOW
    )
    whole = week_of(staff=worker.staff, day=MONDAY, actor=worker.actor, now=f.NOW)
    assert any(line.url for line in whole.days[0].lines)
    for day in whole.days:
        alone = week_of(staff=worker.staff, day=day.day, actor=worker.actor, now=f.NOW, only=True)
        assert alone.days == [day]
        assert alone == replace(whole, days=[day])


def test_what_reaches_into_the_next_day_fills_it(worker):
    add_entry(
        starts_at=moment(MONDAY, "23:00"), minutes=700, category_code="meeting", actor=worker.actor, at=f.NOW
    )
    tuesday = week_of(staff=worker.staff, day=MONDAY, actor=worker.actor, now=f.NOW).days[1]
    assert [(line.start, line.end) for line in tuesday.lines if line.entry is None] == [
        ("10:40", "12:00"), ("13:00", "17:15"),
    ]  # fmt: skip


def test_unfilled_counts_only_duty_that_is_over(worker):
    add_entry(
        starts_at=moment(MONDAY, "11:30"), minutes=120, category_code="meeting", actor=worker.actor, at=f.NOW
    )
    week = week_of(staff=worker.staff, day=MONDAY, actor=worker.actor, now=f.NOW)
    assert week.of_day(MONDAY).unfilled == 465 - 60  # the break is not duty
    assert week.of_day(MONDAY + timedelta(days=5)).unfilled == 0
    assert (week.duty, week.unfilled, week.filled) == (465 * 5, 465 * 5 - 60, 60)
    tuesday = moment(f.TODAY + timedelta(days=1), "9:30")
    this = week_of(staff=worker.staff, day=f.TODAY, actor=worker.actor, now=tuesday)
    assert (this.duty, this.unfilled) == (60, 60)  # Monday is a holiday; of Tuesday one hour is over


def test_add_line_by_htmx_answers_the_day_and_the_sums(worker):
    response = post_line(worker, "9:30 60 地域づくり")
    text = response.content.decode()
    assert response.status_code == 200
    assert f'id="day-{MONDAY.isoformat()}"' in text
    assert 'hx-swap-oob="true"' in text
    assert "<html" not in text
    assert WorkEntry.objects.get().category.code == "community"


def test_add_line_without_htmx_goes_back_to_the_week(worker):
    response = post_line(worker, "930-1030 会議", htmx=False)
    assert response.status_code == 302
    assert response["Location"].startswith(WEEK)


def test_add_line_without_a_time_takes_the_first_gap(worker):
    post_line(worker, "8:30 30 会議")
    post_line(worker, "60 事務")
    assert WorkEntry.objects.latest("pk").during.lower == moment(MONDAY, "9:00")
    assert "始まりの時刻も" in post_line(worker, "60 事務", MONDAY + timedelta(days=5)).content.decode()


def test_add_line_sent_twice_is_one(worker):
    key = uuid4()
    for _ in range(2):
        assert post_line(worker, "9:30 60 会議", key=key).status_code == 200
    assert WorkEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "時刻・分・業務を入力"), ("9:30 0 会議", "1分以上"), ("9:30 -5 会議", "1分以上"), ("9:30 60 おやつ", "という業務はありません"),
        ("8:45 30 会議", "8:30〜9:30 の「会議・連絡調整（共通）」と重なっています"), ("99 99 99", "という時刻はありません"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("htmx", [True, False])
def test_bad_line_keeps_what_was_typed(worker, line, says, htmx):
    post_line(worker, "8:30 60 会議")
    response = post_line(worker, line, htmx=htmx)
    text = response.content.decode()
    assert response.status_code == 422
    assert says in text
    assert f'value="{line}"' in text or not line
    assert 'aria-invalid="true"' in text
    assert WorkEntry.objects.count() == 1


def test_bad_day_and_key_are_no_server_error(worker):
    client = worker.client
    assert client.get("/work/?day=令和8年2月30日").status_code == 200
    assert client.get("/work/?day=9999-99-99").status_code == 200
    assert (
        client.post(reverse("work:add"), {"day": "x", "line": "9:30 60 会議", "request_key": "x"}).status_code
        == 422
    )


def test_edit_and_delete(worker):
    post_line(worker, "9:30 60 会議 打合せ")
    entry = WorkEntry.objects.get()
    form = worker.client.get(reverse("work:edit", args=[entry.pk]), **HTMX)
    assert 'value="9:30-10:30 会議 打合せ"' in form.content.decode()
    url = reverse("work:edit", args=[entry.pk])
    assert worker.client.post(url, {"line": "9:30 0 会議"}, **HTMX).status_code == 422
    assert worker.client.post(url, {"line": "9:45 30 研修"}, **HTMX).status_code == 200
    entry.refresh_from_db()
    assert (entry.minutes, entry.category.code) == (30, "training")
    assert worker.client.post(reverse("work:delete", args=[entry.pk]), **HTMX).status_code == 200
    assert not WorkEntry.objects.exists()


def test_work_past_midnight_can_be_typed_over(worker):
    post_line(worker, "23:30 60 会議")
    entry = WorkEntry.objects.get()
    url = reverse("work:edit", args=[entry.pk])
    assert 'value="23:30 60 会議"' in worker.client.get(url, **HTMX).content.decode()
    assert "23:30〜翌0:30" in worker.client.get(WEEK).content.decode()
    assert worker.client.post(url, {"line": "23:30 60 研修"}, **HTMX).status_code == 200


def test_locked_month_is_read_only(worker, finance):
    day = date(2026, 10, 5)
    post_line(worker, "9:30 60 会議", day)
    entry = WorkEntry.objects.get()
    lock(date(2026, 10, 1), finance.staff)
    text = worker.client.get(f"/work/?day={day.isoformat()}").content.decode()
    assert "締め" in text
    assert reverse("work:edit", args=[entry.pk]) not in text
    assert post_line(worker, "11:00 60 会議", day).status_code == 422
    response = worker.client.post(reverse("work:delete", args=[entry.pk]), **HTMX)
    assert response.status_code == 422
    assert "締められています" in response.content.decode()


def test_copy_week_tells_what_it_did(worker):
    post_line(worker, "9:30 60 会議")
    response = worker.client.post(reverse("work:copy_week"), {"day": f.TODAY.isoformat()}, follow=True)
    assert "先週から 1 件を入れました" in response.content.decode()
    response = worker.client.post(reverse("work:copy_week"), {"day": f.TODAY.isoformat()}, follow=True)
    assert "入れなかったもの" in response.content.decode()
    response = worker.client.post(reverse("work:copy_week"), {"day": "2027-01-04"}, follow=True)
    assert "今週の終わりまで" in response.content.decode()


def test_finding_stands_on_the_day_until_looked_at(worker):
    finding = WorkFinding.objects.create(
        staff=worker.staff, agency=worker.agency, worked_on=MONDAY, source_type="conference", source_id=1,
        text="会議は重なるため、入れていません。", raised_at=f.NOW,
    )  # fmt: skip
    assert finding.text in worker.client.get(WEEK).content.decode()
    worker.client.post(reverse("work:settle", args=[finding.pk]), **HTMX)
    assert finding.text not in worker.client.get(WEEK).content.decode()


# ── Whose week ──────────────────────────────────────────────────────────────────────────────────────────────


def test_manager_reads_the_agencys_weeks_and_writes_none(worker, manager):
    fill(worker, days=1)
    text = manager.client.get(f"{WEEK}&staff={worker.staff.pk}").content.decode()
    assert "中川 千秋" in text
    assert "work-line--derived" in text
    assert "work-add" not in text
    entry = WorkEntry.objects.filter(source_type="manual").first()
    assert manager.client.post(reverse("work:delete", args=[entry.pk])).status_code == 403


def test_others_weeks_are_404_and_logged(worker, colleague, stranger, manager, center_worker):
    for persona, other in (
        (colleague, worker),
        (stranger, worker),
        (manager, center_worker),
        (worker, manager),
    ):
        assert persona.client.get(f"{WEEK}&staff={other.staff.pk}").status_code == 404
    assert worker.client.get(f"{WEEK}&staff=abc").status_code == 404
    assert AccessRecord.objects.filter(kind=AccessKind.DENIED).count() == 5


def test_a_strangers_entry_is_404(worker, stranger):
    post_line(worker, "9:30 60 会議")
    pk = WorkEntry.objects.get().pk
    for name in ("work:edit", "work:delete"):
        assert stranger.client.post(reverse(name, args=[pk])).status_code == 404


def test_roles_without_a_week(finance, admin, auditor, client):
    for persona in (finance, admin, auditor):
        assert persona.client.get("/work/").status_code == 403
    assert client.get("/work/").status_code == 302


# ── Home ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_home_tells_unfilled_days(worker, finance, django_assert_max_num_queries):
    fill(worker)
    with django_assert_max_num_queries(2):
        rows = home_rows(worker.actor, f.NOW)
    assert [(r.group, r.title) for r in rows] == [
        (QueueGroup.TODAY, "先週の業務記録に未記入が 28時間45分 あります")
    ]
    assert rows[0].url == f"/work/?day={MONDAY.isoformat()}"
    assert home_rows(finance.actor, f.NOW) == []


def test_home_near_the_months_end_it_is_the_months_work(worker):
    at = moment(date(2026, 11, 28), "9:00")
    groups = {row.group for row in home_rows(worker.actor, at)}
    assert groups == {QueueGroup.MONTH}


def test_home_says_nothing_of_locked_or_full_weeks(worker, finance):
    lock(date(2026, 11, 1), finance.staff)
    assert home_rows(worker.actor, f.NOW) == []
