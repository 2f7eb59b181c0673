"""What an auditor would ask about: raised on the day, shown to the three who can mend it, answered or corrected."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test.utils import CaptureQueriesContext

from accounts.enums import Role, Sector
from budgets.actions.assignments import AssignmentData, set_assignment
from budgets.actions.review import answer_finding, review_month, review_worker
from budgets.actions.run_apportionment import lock_month, run_apportionment
from budgets.actions.work_entries import add_entry, delete_entry, edit_entry
from budgets.enums import FindingKind, RemainderRule
from budgets.masters import load_streams
from budgets.models import (
    ApportionmentRow,
    ApportionmentRun,
    ComplianceFinding,
    CostPool,
    FundingStream,
    PersonnelCost,
    StreamYear,
    WorkCategory,
    WorkEntry,
    WorkMonth,
)
from common.errors import NotAllowed, RuleViolation
from tests import factories as f
from tests.budgets.work import MONDAY, approve_all, derive, lock, make_consultation, make_note, moment
from tests.conftest import persona

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
LARGEST = RemainderRule.LARGEST_REMAINDER


@pytest.fixture(autouse=True)
def loaded(db, time_machine):
    time_machine.move_to(f.NOW)
    load_streams(2026)


@pytest.fixture
def dedicated(center_worker, finance):
    """岡部 is paid from 包括的支援事業 alone since 1 April, as the staff of C市 were."""
    assign(center_worker, finance, "care", date(2026, 10, 1))
    return center_worker


def assign(who, finance, code: str | None, first: date, last: date | None = None):
    stream = FundingStream.objects.get(code=code) if code else None
    data = AssignmentData(who.staff, who.agency, stream, first, last)
    return set_assignment(data=data, actor=finance.actor, at=f.NOW)


def enter(who, code: str, minutes: int = 60, day: date = MONDAY, clock: str = "9:00") -> WorkEntry:
    return add_entry(
        starts_at=moment(day, clock), minutes=minutes, category_code=code, actor=who.actor, at=f.NOW
    )


def bulk(who, code: str, minutes: int, days: list[date], clock: str = "9:00", **kw) -> None:
    """Entries as they stand after a month, written past the actions."""
    category = WorkCategory.objects.get(code=code)
    at = [moment(day, clock) for day in days]
    WorkEntry.objects.bulk_create(
        WorkEntry(
            staff=who.staff, agency=who.agency, category=category,
            during=DateTimeTZRange(a, a + timedelta(minutes=minutes)), **kw,
        )
        for a in at
    )  # fmt: skip


def days_of(month: date, count: int) -> list[date]:
    return [month + timedelta(days=n) for n in range(count)]


def waiting() -> list[ComplianceFinding]:
    return list(ComplianceFinding.objects.waiting().order_by("pk"))


# ── 専従 (vector D) ─────────────────────────────────────────────────────────────────────────────────────────


def test_one_minute_outside_is_raised_in_the_same_moment_and_not_refused(dedicated):
    entry = enter(dedicated, "child", minutes=1)
    (finding,) = waiting()
    assert (finding.kind, finding.entry_id, finding.worked_on) == (FindingKind.DEDICATED, entry.pk, MONDAY)
    for words in ("包括的支援", "令和8年11月16日", "1分", "利用者支援事業"):
        assert words in finding.text


def test_a_record_of_casework_is_caught_too(dedicated):
    person = f.make_person("若宮", "海斗", birth_on=date(2018, 5, 1))
    record = make_consultation(dedicated, moment(MONDAY, "9:00"), person=person, sectors=[Sector.CHILD])
    derive(record, dedicated)
    assert [row.kind for row in waiting()] == [FindingKind.DEDICATED]


@pytest.mark.parametrize("code", ["care", "life_support", "meeting", "training", "leave"])
def test_own_stream_shared_work_and_leave_raise_nothing(dedicated, code):
    enter(dedicated, code)
    assert waiting() == []


def test_nobody_else_and_no_other_day_is_concerned(dedicated, worker, finance):
    enter(worker, "child")
    assign(worker, finance, None, date(2026, 10, 1))
    assert waiting() == []
    bulk(dedicated, "child", 60, [date(2026, 9, 30)])
    assert review_month(date(2026, 9, 1), f.NOW) == 0


def test_correcting_the_entry_or_deleting_it_mends_the_finding(dedicated):
    entry = enter(dedicated, "child")
    edit_entry(
        entry=entry, starts_at=moment(MONDAY, "9:00"), minutes=60, category_code="care",
        actor=dedicated.actor, at=f.NOW,
    )  # fmt: skip
    assert waiting() == []
    other = enter(dedicated, "child", clock="13:00")
    delete_entry(entry=other, actor=dedicated.actor, at=f.NOW)
    assert waiting() == []
    assert ComplianceFinding.objects.filter(mended_at__isnull=False).count() == 2


def test_an_assignment_made_later_finds_what_was_recorded_before(center_worker, finance):
    enter(center_worker, "child")
    assert waiting() == []
    assign(center_worker, finance, "care", date(2026, 11, 1))
    assert [row.kind for row in waiting()] == [FindingKind.DEDICATED]


def test_an_answer_that_the_record_no_longer_fits_is_asked_again(dedicated):
    entry = enter(dedicated, "child", minutes=30)
    answer_finding(finding=waiting()[0], answer="災害の応援", actor=dedicated.actor, at=f.NOW)
    assert waiting() == []
    edit_entry(
        entry=entry, starts_at=moment(MONDAY, "9:00"), minutes=90, category_code="child",
        actor=dedicated.actor, at=f.NOW,
    )  # fmt: skip
    assert "1時間30分" in waiting()[0].text


def test_a_stream_that_asks_for_dedicated_staff_asks_about_who_is_not(dedicated, worker, finance):
    """By day: 岡部 is 専従 for 包括的支援, 中川 is not; the setting is the municipality's, shipped as not asked."""
    days = days_of(OCTOBER, 4)
    for who in (dedicated, worker):
        bulk(who, "care", 60, days, case_number="K08-00001")
    review_month(OCTOBER, f.NOW)
    assert [row.kind for row in waiting() if row.kind == "not_dedicated"] == []
    StreamYear.objects.update_or_create(
        stream=FundingStream.objects.get(code="care"), fiscal_year=2026, defaults={"must_be_dedicated": True}
    )
    review_month(OCTOBER, f.NOW)
    (found,) = [row for row in waiting() if row.kind == "not_dedicated"]
    assert found.staff == worker.staff
    assert "4時間（4日）" in found.text
    WorkEntry.objects.filter(staff=worker.staff).delete()
    review_month(OCTOBER, f.NOW)
    assert [row.kind for row in waiting() if row.kind == "not_dedicated"] == []


def test_a_month_is_locked_only_when_every_finding_is_answered_or_corrected(dedicated, finance):
    bulk(dedicated, "care", 420, days_of(OCTOBER, 10), case_number="K08-00001")
    bulk(dedicated, "child", 1, [date(2026, 10, 20)], case_number="K08-00001")
    PersonnelCost.objects.create(staff=dedicated.staff, agency=dedicated.agency, month=OCTOBER, yen=300_000)
    run = run_apportionment(month=OCTOBER, rule=LARGEST, actor=finance.actor, at=f.NOW)
    approve_all(OCTOBER)
    (finding,) = waiting()
    with pytest.raises(RuleViolation, match=r"岡部 真理.*専従"):
        lock_month(month=OCTOBER, actor=finance.actor, at=f.NOW, expected_hash=run.input_hash)
    page = finance.client.get("/apportionment/202610/lock/").content.decode()
    assert finding.text in page
    with pytest.raises(RuleViolation, match="理由を入力"):
        answer_finding(finding=finding, answer="　 ", actor=finance.actor, at=f.NOW)
    answer_finding(finding=finding, answer="電話の取次ぎ1分。決裁済み", actor=finance.actor, at=f.NOW)
    lock_month(month=OCTOBER, actor=finance.actor, at=f.NOW, expected_hash=run.input_hash)
    assert WorkMonth.objects.get(month=OCTOBER).is_locked


# ── Who sees it, who may answer ─────────────────────────────────────────────────────────────────────────────


def test_worker_manager_and_finance_see_it_and_nobody_else(dedicated, finance, auditor, worker, manager):
    enter(dedicated, "child")
    (finding,) = waiting()
    head = persona(dedicated.agency, Role.AGENCY_MANAGER, name="所長 千代")
    sees = {p.staff.name for p in (dedicated, head, finance, auditor) if finding in
            ComplianceFinding.objects.visible_to(p.actor)}  # fmt: skip
    assert sees == {"岡部 真理", "所長 千代", "長谷 昭", "戸田 光"}
    for stranger in (worker, manager):
        assert finding not in ComplianceFinding.objects.visible_to(stranger.actor)
        with pytest.raises(ComplianceFinding.DoesNotExist):
            answer_finding(finding=finding, answer="x", actor=stranger.actor, at=f.NOW)
        assert stranger.client.post(f"/work/review/{finding.pk}/answer/", {"answer": "x"}).status_code == 404
    with pytest.raises(NotAllowed):
        answer_finding(finding=finding, answer="x", actor=auditor.actor, at=f.NOW)
    assert (
        auditor.client.post(f"/apportionment/review/{finding.pk}/answer/", {"answer": "x"}).status_code == 403
    )
    for who, url in (
        (dedicated, "/work/review/"),
        (head, "/work/review/"),
        (finance, "/apportionment/review/"),
    ):
        assert finding.text in who.client.get(url).content.decode()
        assert "確認事項" in who.client.get("/").content.decode()
    assert finding.text not in worker.client.get("/work/review/").content.decode()


def test_the_week_shows_it_on_its_day_and_takes_the_reason_there(dedicated):
    enter(dedicated, "child")
    (finding,) = waiting()
    page = dedicated.client.get("/work/?day=2026-11-16").content.decode()
    day = page.split('id="day-2026-11-16"')[1].split('id="day-2026-11-17"')[0]
    assert finding.text in day
    url = f"/work/review/{finding.pk}/answer/"
    refused = dedicated.client.post(url, {"answer": " "})
    assert refused.status_code == 422
    assert "理由を入力してください" in refused.content.decode()
    assert dedicated.client.post(url, {"answer": "電話の取次ぎ"}).status_code == 302
    finding.refresh_from_db()
    assert (finding.answer, finding.answered_by) == ("電話の取次ぎ", dedicated.staff)


def test_a_month_that_raises_the_same_again_is_asked_once_and_not_written(dedicated):
    enter(dedicated, "poverty", clock="9:00")
    before = list(ComplianceFinding.objects.order_by("pk").values())
    with CaptureQueriesContext(connection) as queries:
        review_worker(staff_id=dedicated.staff.pk, month=NOVEMBER, at=f.NOW + timedelta(hours=1))
    assert len(queries) == 1
    assert list(ComplianceFinding.objects.order_by("pk").values()) == before


def test_only_direct_work_is_asked_about_when_it_is_entered(dedicated):
    enter(dedicated, "meeting", clock="9:00")
    with CaptureQueriesContext(connection) as queries:
        enter(dedicated, "meeting", clock="11:00")
        assert not any("a.stream_id <> s.id" in q["sql"] for q in queries)
        enter(dedicated, "poverty", clock="13:00")
        assert any("a.stream_id <> s.id" in q["sql"] for q in queries)
    assert ComplianceFinding.objects.get(entry_id__isnull=False).kind == FindingKind.DEDICATED


def test_pages_ask_the_same_with_1_and_30_findings(dedicated, finance, django_assert_num_queries):
    enter(dedicated, "child", minutes=5, clock="9:00")
    pages = [(dedicated.client, "/work/review/"), (finance.client, "/apportionment/review/")]
    asked = []
    for client, url in pages:
        client.get(url)
        with CaptureQueriesContext(connection) as queries:
            client.get(url)
        assert len(queries) < 15
        asked.append(len(queries))
    for n in range(29):
        enter(dedicated, "child", minutes=5, clock=f"{10 + n // 10}:{n % 10 * 5:02}")
    for (client, url), count in zip(pages, asked, strict=True):
        with django_assert_num_queries(count):
            assert client.get(url).content.decode().count("利用者支援事業") >= 30


# ── The other checks ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("born", "raised"),
    [(date(1961, 11, 17), False), (date(1961, 11, 18), True), (date(1950, 1, 1), False), (None, True)],
)
def test_minutes_on_the_65_grant_for_somebody_younger_or_of_unknown_age(worker, born, raised):
    """The table never gives them; a date of birth corrected later, or a changed table, does."""
    old = f.make_person("柳", "キヨ", birth_on=date(1940, 1, 1))
    case = f.make_case(worker.actor, sectors=(Sector.ELDERLY,))
    note = make_note(worker, case, moment(MONDAY, "9:00"), person=old)
    entry = derive(note, worker)
    assert entry.category.code == "care"
    type(old).objects.filter(pk=old.pk).update(birth_on=born)
    assert review_month(NOVEMBER, f.NOW) == int(raised)
    if raised:
        text = waiting()[0].text
        assert "65歳以上" in text
        assert ("64歳の人" if born else "年齢が記録されていない人") in text


def test_hours_on_a_grant_for_certain_people_with_nobody_behind_them(worker):
    bulk(worker, "care", 120, days_of(OCTOBER, 6))
    assert review_month(OCTOBER, f.NOW) == 1
    assert "12時間のうち12時間" in waiting()[0].text
    bulk(worker, "care", 120, days_of(OCTOBER, 7), clock="13:00", case_number="K08-00002")
    assert review_month(OCTOBER, f.NOW) == 0
    bulk(worker, "general", 400, days_of(OCTOBER, 6), clock="16:00")
    assert review_month(OCTOBER, f.NOW) == 0


def test_a_cost_in_a_pool_and_in_the_apportionment(worker, finance):
    PersonnelCost.objects.create(staff=worker.staff, agency=worker.agency, month=OCTOBER, yen=412_345)
    CostPool.objects.create(
        name="つつじが丘まるごと広場", month_from=date(2026, 4, 1), month_to=date(2027, 3, 1), total_yen=3_000_000,
        driver="users", decided_on=date(2026, 4, 1), decided_by="課長決裁", worker_ids=[worker.staff.pk], entered_at=f.NOW,
        entered_by=finance.staff,
    )  # fmt: skip
    assert review_month(OCTOBER, f.NOW) == 1
    assert "412,345円" in waiting()[0].text
    assert waiting()[0].kind == FindingKind.DOUBLE
    assert review_month(date(2026, 3, 1), f.NOW) == 0


def test_a_ratio_that_jumps_against_last_year(worker, finance):
    last_year = WorkMonth.objects.create(month=date(2025, 10, 1))
    run = ApportionmentRun.objects.create(
        month=last_year, remainder_rule=LARGEST, ran_at=f.NOW, ran_by=finance.staff, total_yen=1, input_hash="x",
        code_version="x", is_final=True,
    )  # fmt: skip
    care, child = (FundingStream.objects.get(code=code) for code in ("care", "child"))
    for stream, minutes in ((care, 800), (child, 200)):
        ApportionmentRow.objects.create(
            run=run,
            staff=worker.staff,
            agency=worker.agency,
            stream=stream,
            minutes=minutes,
            direct_minutes=1000,
            yen=0,
        )
    bulk(worker, "care", 61, days_of(OCTOBER, 10), case_number="K08-1")
    bulk(worker, "child", 39, days_of(OCTOBER, 10), clock="13:00", case_number="K08-1")
    assert review_month(OCTOBER, f.NOW) == 0
    bulk(worker, "child", 60, [date(2026, 10, 20)], case_number="K08-1")
    assert review_month(OCTOBER, f.NOW) == 2
    texts = " ".join(row.text for row in waiting())
    assert "令和7年10月分の80%から57%" in texts
    assert "令和7年10月分の20%から42%" in texts


def test_a_month_that_was_written_off_from_one_week(worker, colleague):
    days = [OCTOBER + timedelta(days=n) for n in range(31) if (OCTOBER + timedelta(days=n)).weekday() < 5]
    before = [
        day
        for day in (OCTOBER - timedelta(days=7) + timedelta(days=n) for n in range(7))
        if day.weekday() < 5
    ]
    for clock in ("9:00", "13:00"):
        bulk(worker, "general", 60, before + days, clock=clock)
        for n, day in enumerate(before + days):
            bulk(colleague, "general", 30 + n, [day], clock=clock)
    assert review_month(OCTOBER, f.NOW) == 1
    (finding,) = waiting()
    assert (finding.kind, finding.staff) == (FindingKind.COPIED, worker.staff)
    assert "44件のうち44件" in finding.text


def test_reviewing_again_changes_nothing(dedicated):
    enter(dedicated, "child")
    review_month(NOVEMBER, f.NOW)
    before = list(ComplianceFinding.objects.values())
    review_month(NOVEMBER, f.NOW + timedelta(days=1))
    assert list(ComplianceFinding.objects.values()) == before


def test_a_stream_that_ended_takes_no_more_minutes(worker, finance):
    StreamYear.objects.filter(stream__code="child", fiscal_year=2026).update(ends_on=date(2026, 10, 10))
    bulk(worker, "child", 60, [date(2026, 10, 9), date(2026, 10, 12)])
    PersonnelCost.objects.create(staff=worker.staff, agency=worker.agency, month=OCTOBER, yen=300_000)
    with pytest.raises(RuleViolation, match=r"子ども（令和8年10月10日.*まで）"):
        run_apportionment(month=OCTOBER, rule=LARGEST, actor=finance.actor, at=f.NOW)
    assert not ApportionmentRun.objects.exists()


# ── Assignments ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_new_assignment_ends_the_running_one_the_day_before(dedicated, finance):
    made = assign(dedicated, finance, None, date(2026, 11, 10))
    rows = list(type(made).objects.filter(staff=dedicated.staff).order_by("during"))
    assert [(r.is_dedicated, r.during.lower, r.during.upper) for r in rows] == [
        (True, date(2026, 10, 1), date(2026, 11, 10)), (False, date(2026, 11, 10), None),
    ]  # fmt: skip
    enter(dedicated, "child", day=date(2026, 11, 9))
    enter(dedicated, "child", day=date(2026, 11, 10))
    assert [row.worked_on for row in waiting()] == [date(2026, 11, 9)]


def test_assignments_that_cannot_be_are_refused_beside_their_field(dedicated, finance, worker):
    with pytest.raises(RuleViolation) as refused:
        assign(dedicated, finance, "care", date(2026, 11, 10), date(2026, 11, 9))
    assert refused.value.field == "last_on"
    with pytest.raises(RuleViolation) as refused:
        assign(dedicated, finance, "care", date(2026, 9, 1))
    assert refused.value.field == "first_on"
    lock(date(2026, 8, 1), finance.staff)
    with pytest.raises(RuleViolation, match="締められた月"):
        assign(worker, finance, "care", date(2026, 8, 1))
    with pytest.raises(NotAllowed):
        assign(dedicated, worker, "care", date(2026, 11, 10))


def test_assignment_page_saves_and_says_what_is_wrong(center_worker, finance, auditor, worker):
    care = FundingStream.objects.get(code="care")
    good = {
        "staff": center_worker.staff.pk, "stream": care.pk, "first_on": "令和8年11月1日", "last_on": "", "fte": "1",
        "qualification": "社会福祉士",
    }  # fmt: skip
    url = "/apportionment/assignments/"
    for wrong, words in (
        ({"first_on": ""}, "始まりの日を入力してください"), ({"fte": "2"}, "常勤換算は0より大きく1以下"),
        ({"staff": ""}, "職員を選んでください"), ({"last_on": "令和8年10月1日"}, "始まりの日より前"),
        ({"fte": "半分"}, "割合として読めません"),
    ):  # fmt: skip
        answer = finance.client.post(url, good | wrong)
        assert answer.status_code == 422, wrong
        assert words in answer.content.decode()
    assert finance.client.post(url, good).status_code == 302
    assert "岡部 真理" in finance.client.get(url).content.decode()
    page = auditor.client.get(url).content.decode()
    assert f"職員 {center_worker.staff.username}" in page
    assert "専従" in page
    assert auditor.client.post(url, good).status_code == 403
    assert worker.client.get(url).status_code == 403
