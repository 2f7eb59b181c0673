"""Who and what a stream's year is for: age, sectors and activities as dated data, asked of each record on its day."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.enums import Sector
from budgets.actions.correct_category import correct_category
from budgets.actions.review import review_month
from budgets.actions.stream_years import YearData, copy_year, save_year
from budgets.enums import Activity, FindingKind, Payer
from budgets.masters import load_streams
from budgets.models import ComplianceFinding, FundingStream, StreamYear, WorkEntry
from budgets.selectors_streams import stream_lines
from cases.actions.closing import ClosingData, close_case
from cases.actions.open_case import set_sectors
from cases.enums import OutreachAnswer, OutreachWay, WatchWay, Way, WorrySource
from cases.masters import load_codes
from cases.models import Code, FollowUp, Outreach, OutreachAttempt, WatchAttempt
from common.errors import RuleViolation
from tests import factories as f
from tests.budgets.work import MONDAY, derive, make_consultation, make_note, moment

OWN = {Payer.MUNICIPALITY: 1}
NOVEMBER = date(2026, 11, 1)


@pytest.fixture(autouse=True)
def loaded(db, time_machine):
    time_machine.move_to(f.NOW)
    load_streams(2026)


def year_of(code: str, **values) -> StreamYear:
    StreamYear.objects.filter(stream__code=code, fiscal_year=2026).update(**values)
    return StreamYear.objects.get(stream__code=code, fiscal_year=2026)


def waiting() -> list[tuple[str, str]]:
    rows = ComplianceFinding.objects.waiting().order_by("key")
    return [(row.kind, row.text) for row in rows]


def contact(who, clock: str, *sectors: Sector, birth: date | None = date(1986, 5, 1), **fields):
    person = f.make_person("若宮", "海斗", birth_on=birth)
    return make_consultation(who, moment(MONDAY, clock), person=person, sectors=list(sectors), **fields)


def corrected(who, record, code: str):
    entry = derive(record, who)
    correct_category(entry=entry, category_code=code, reason="実際の業務はこちら", actor=who.actor, at=f.NOW)
    return entry


# ── As data of the year ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("code", "age_from", "sectors"),
    [("care", 65, []), ("prevention", 65, []), ("disability", None, ["disability"]), ("child", None, ["child", "education"]),
     ("child_base", None, ["child"]), ("poverty", None, ["poverty"]), ("multi", None, []), ("general", None, [])],
)  # fmt: skip
def test_the_shipped_year_says_whom_a_stream_is_for(code, age_from, sectors):
    row = StreamYear.objects.get(stream__code=code, fiscal_year=2026)
    assert (row.age_from, row.sectors, row.activities) == (age_from, sectors, [])


def test_they_are_kept_in_order_with_a_version_and_copied_forward(finance):
    child = FundingStream.objects.get(code="child")
    data = YearData(shares=OWN, sectors=["education", "child"], activities=["watch", "home_visit"])
    row = save_year(stream=child, fiscal_year=2026, data=data, version=1, actor=finance.actor, at=f.NOW)
    assert (row.sectors, row.activities, row.version) == (["child", "education"], ["home_visit", "watch"], 2)
    history = StreamYear.pgh_event_model.objects.filter(pgh_obj=row).order_by("pgh_id")
    assert [h.activities for h in history][-2:] == [[], ["home_visit", "watch"]]
    copy_year(from_year=2026, actor=finance.actor, at=f.NOW)
    later = StreamYear.objects.get(stream=child, fiscal_year=2027)
    assert (later.sectors, later.activities) == (row.sectors, row.activities)
    data = YearData(shares=OWN, sectors=["child"])
    save_year(stream=child, fiscal_year=2027, data=data, version=1, actor=finance.actor, at=f.NOW)
    line = next(line for line in stream_lines(finance.actor, 2027) if line.stream == child)
    values = {v.label: (v.before, v.now) for v in line.values if v.has_changed}
    assert values == {"分野": ("児童・教育", "児童"), "活動": ("訪問・終結後の見守り", "")}


@pytest.mark.parametrize("field", ["sectors", "activities"])
def test_what_is_no_sector_and_no_activity_is_refused(finance, field):
    data = YearData(shares=OWN, **{field: ["teleport"]})
    with pytest.raises(RuleViolation) as refused:
        save_year(
            stream=FundingStream.objects.get(code="child"), fiscal_year=2026, data=data, version=1,
            actor=finance.actor, at=f.NOW,
        )  # fmt: skip
    assert refused.value.field == field
    assert year_of("child").version == 1


def test_the_page_shows_keeps_and_refuses_them(finance):
    url = "/apportionment/streams/2026/child/"
    page = finance.client.get(url).content.decode()
    assert "対象の分野" in page
    assert page.count(" checked") == 3  # 児童, 教育, 要確認
    good = {
        "version": 1,
        "share_municipality": "1/1",
        "sectors": ["child"],
        "activities": ["home_visit", "phone"],
    }
    bad = finance.client.post(url, good | {"activities": ["teleport"]})
    assert (bad.status_code, year_of("child").version) == (422, 1)
    assert finance.client.post(url, good).status_code == 302
    row = year_of("child")
    assert (row.sectors, row.activities) == (["child"], ["phone", "home_visit"])
    page = finance.client.get("/apportionment/streams/?year=2026").content.decode()
    assert "分野 児童" in page
    assert "活動 電話・訪問" in page


# ── Asked of each record ────────────────────────────────────────────────────────────────────────────────────


def test_a_record_of_another_sector_is_asked_about_on_the_day(worker):
    corrected(worker, contact(worker, "9:00", Sector.DISABILITY), "poverty")
    ((kind, text),) = waiting()
    assert kind == FindingKind.NO_PERSON
    assert text == (
        "財源「困窮」の対象は困窮の分野ですが、令和8年11月16日（月）の30分は障害の分野への支援です。"
    )


def test_what_the_table_decides_and_one_of_several_sectors_are_inside(worker):
    for clock, sector in (("9:00", Sector.POVERTY), ("10:00", Sector.CHILD), ("11:00", Sector.DISABILITY)):
        derive(contact(worker, clock, sector), worker)
    corrected(worker, contact(worker, "13:00", Sector.DISABILITY, Sector.POVERTY), "poverty")
    derive(
        contact(worker, "14:00", birth=date(2012, 5, 1)), worker
    )  # 14 years, no sector: 利用者支援事業 by the age
    assert waiting() == []


def test_without_any_sector_only_the_workers_own_correction_is_asked_about(worker):
    corrected(worker, contact(worker, "9:00"), "poverty")
    ((kind, text),) = waiting()
    assert kind == FindingKind.NO_PERSON
    assert "30分は分野の記録がない人への支援です。" in text


def test_a_note_shows_the_sectors_of_its_case(worker):
    case = f.make_case(worker.actor, sectors=(Sector.CHILD,))
    corrected(worker, make_note(worker, case, moment(MONDAY, "9:00")), "poverty")
    assert "児童の分野への支援" in waiting()[0][1]


@pytest.mark.parametrize(
    ("way", "is_inside"), [(Way.HOME_VISIT, True), (Way.ACCOMPANY, True), (Way.PHONE, False)]
)
def test_an_activity_outside_is_a_kind_of_its_own(worker, way, is_inside):
    year_of("poverty", activities=[Activity.HOME_VISIT, Activity.ACCOMPANY])
    case = f.make_case(worker.actor, sectors=(Sector.POVERTY,))
    derive(make_note(worker, case, moment(MONDAY, "9:00"), way=way), worker)
    if is_inside:
        assert waiting() == []
    else:
        assert waiting() == [
            (
                FindingKind.ACTIVITY,
                "財源「困窮」の対象の活動は訪問・同行ですが、令和8年11月16日（月）の30分の活動は電話です。",
            )
        ]


def test_a_first_contact_and_a_watch_are_activities_however_they_came_about(worker):
    year_of("poverty", activities=[Activity.CONSULTATION])
    derive(contact(worker, "9:00", Sector.POVERTY, way=Way.PHONE), worker)
    assert waiting() == []
    derive(watch(worker), worker)
    ((_, text),) = waiting()
    assert "30分の活動は終結後の見守りです。" in text


def watch(worker) -> WatchAttempt:
    load_codes()
    data = ClosingData(
        kind="close", reason=Code.objects.get(code_list="closing_reason", code="z01"), note="納得している。",
        follow_up_on=date(2026, 12, 23), every="1",
    )  # fmt: skip
    case = f.make_case(worker.actor, sectors=(Sector.POVERTY,))
    close_case(case=case, data=data, actor=worker.actor, at=f.NOW)
    return WatchAttempt.objects.create(
        follow_up=FollowUp.objects.get(case=case), case=case, agency=worker.agency, staff=worker.staff, minutes=30,
        started_at=moment(MONDAY, "14:00"), way=WatchWay.PHONE, has_reached=True, written_at=f.NOW,
    )  # fmt: skip


def test_age_sector_and_activity_of_one_record_are_three_questions(worker):
    year_of("poverty", age_from=18, activities=[Activity.HOME_VISIT])
    corrected(worker, contact(worker, "9:00", Sector.CHILD, birth=date(2016, 5, 1)), "poverty")
    kinds = [kind for kind, _ in waiting()]
    assert sorted(kinds) == [FindingKind.ACTIVITY, FindingKind.NO_PERSON, FindingKind.NO_PERSON]
    texts = [text for _, text in waiting()]
    assert (
        texts[1] == "財源「困窮」の対象は18歳以上ですが、令和8年11月16日（月）の30分は10歳の人への支援です。"
    )


def test_another_year_asks_for_itself(worker, finance):
    year_of("poverty", sectors=[])
    copy_year(from_year=2026, actor=finance.actor, at=f.NOW)
    StreamYear.objects.filter(stream__code="poverty", fiscal_year=2027).update(sectors=[Sector.POVERTY])
    corrected(worker, contact(worker, "9:00", Sector.CHILD), "poverty")
    assert waiting() == []


def test_the_month_finds_the_same_and_mends_it_when_the_year_changes(worker, finance):
    corrected(worker, contact(worker, "9:00", Sector.CHILD), "poverty")
    on_the_day = waiting()
    review_month(NOVEMBER, f.NOW)
    assert waiting() == on_the_day != []
    data = YearData(shares=OWN, sectors=[Sector.POVERTY, Sector.CHILD])
    poverty = FundingStream.objects.get(code="poverty")
    save_year(stream=poverty, fiscal_year=2026, data=data, version=1, actor=finance.actor, at=f.NOW)
    assert waiting() == []  # the open months are looked at with it
    data = YearData(shares=OWN, sectors=[Sector.POVERTY])
    save_year(stream=poverty, fiscal_year=2026, data=data, version=2, actor=finance.actor, at=f.NOW)
    assert waiting() == on_the_day


def test_a_case_that_was_of_the_sector_on_that_day_is_inside(worker):
    """It became one of 障害 on the 20th: the table had decided rightly on the 16th, and what comes later is asked about."""
    case = f.make_case(worker.actor, sectors=(Sector.POVERTY,))
    derive(make_note(worker, case, moment(MONDAY, "9:00")), worker)
    set_sectors(case=case, sectors=[Sector.DISABILITY], actor=worker.actor, at=f.NOW)
    review_month(NOVEMBER, f.NOW)
    assert waiting() == []  # its history begins after that day: what it was first
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # history as it stands after weeks
        move = "UPDATE cases_caseevent SET pgh_created_at = %s WHERE pgh_obj_id = %s AND 'disability' = ANY(sectors) = %s"
        cursor.execute(move, [moment(date(2026, 11, 2), "9:00"), case.pk, False])
        cursor.execute(move, [moment(date(2026, 11, 20), "9:00"), case.pk, True])
        cursor.execute("SET LOCAL session_replication_role = origin")
    review_month(NOVEMBER, f.NOW)
    assert waiting() == []
    case.refresh_from_db()
    corrected(worker, make_note(worker, case, moment(date(2026, 11, 21), "9:00")), "poverty")
    assert len(waiting()) == 1
    review_month(NOVEMBER, f.NOW)
    assert len(waiting()) == 1


def test_a_record_that_goes_to_another_month_takes_its_finding_along(worker):
    record = contact(worker, "9:00", Sector.CHILD)
    entry = corrected(worker, record, "poverty")
    record.started_at = moment(date(2026, 10, 30), "9:00")
    record.save()
    derive(record, worker)
    row = ComplianceFinding.objects.get(entry_id=entry.pk)
    assert (row.month, row.worked_on, row.is_waiting) == (date(2026, 10, 1), date(2026, 10, 30), True)
    for month in (NOVEMBER, date(2026, 10, 1)):
        review_month(month, f.NOW)
    assert [(r.pk, r.month) for r in ComplianceFinding.objects.waiting()] == [(row.pk, date(2026, 10, 1))]
    ComplianceFinding.objects.update(month=NOVEMBER)  # as one stood that went before findings followed
    review_month(date(2026, 10, 1), f.NOW)
    row.refresh_from_db()
    assert row.month == date(2026, 10, 1)


def test_outreach_is_asked_for_the_person_and_the_sector_but_for_no_other_activity(worker):
    year_of("multi", age_from=65, activities=[Activity.HOME_VISIT])
    person = f.make_person("若宮", "海斗", birth_on=date(1986, 5, 1))
    home = f.make_household("若宮 世帯", person=person, agency=worker.agency)
    outreach = Outreach.objects.create(
        household=home, person=person, described="青い屋根の家の息子さん", worry="閉じこもっている", agency=worker.agency,
        staff=worker.staff, source=WorrySource.values[0], heard_at=f.NOW, next_on=date(2026, 12, 1),
    )  # fmt: skip
    attempt = OutreachAttempt.objects.create(
        outreach=outreach, agency=worker.agency, staff=worker.staff, started_at=moment(MONDAY, "9:00"), minutes=30,
        way=OutreachWay.values[0], answer=OutreachAnswer.values[0], written_at=f.NOW,
    )  # fmt: skip
    entry = derive(attempt, worker)
    ((kind, text),) = waiting()
    assert (kind, "40歳の人への支援" in text) == (FindingKind.NO_PERSON, True)
    correct_category(entry=entry, category_code="poverty", reason="実際", actor=worker.actor, at=f.NOW)
    ((kind, text),) = waiting()
    assert (kind, "分野の記録がない人" in text) == (FindingKind.NO_PERSON, True)


def test_an_entry_whose_record_is_gone_stops_no_review(worker):
    year_of("poverty", activities=[Activity.HOME_VISIT])
    case = f.make_case(worker.actor, sectors=(Sector.POVERTY,))
    entry = derive(make_note(worker, case, moment(MONDAY, "9:00")), worker)
    WorkEntry.objects.filter(pk=entry.pk).update(source_id=entry.source_id + 1000)
    review_month(NOVEMBER, f.NOW)
    assert waiting() == []


def test_age_sector_and_activity_are_asked_in_one_statement(worker):
    record = contact(worker, "9:00", Sector.CHILD)
    with CaptureQueriesContext(connection) as queries:
        derive(record, worker)
    asked = [q["sql"] for q in queries if "budgets_streamyear" in q["sql"] and "is_activity" in q["sql"]]
    assert len(asked) == 1
