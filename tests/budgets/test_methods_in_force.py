"""Running and locking a month by the method in force: a study for the months it covers, dedicated staff fixed, dated choices."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection

from accounts.models import Appointment
from budgets.actions.assignments import AssignmentData, set_assignment
from budgets.actions.method_choices import choose_method
from budgets.actions.run_apportionment import lock_month, recompute, run_apportionment
from budgets.actions.studies import StudyData, approve_study, create_study
from budgets.enums import Method, RemainderRule, StudySampling
from budgets.models import FundingStream, PersonnelCost
from budgets.selectors_compare import compare
from budgets.study_inputs import digest, study_inputs
from common.errors import RuleViolation
from tests import factories as f
from tests.budgets.test_apportionment_run import work
from tests.budgets.work import approve_all

SEPTEMBER, OCTOBER, NOVEMBER = date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1)
RULE = RemainderRule.LARGEST_REMAINDER
B_TOWN = {"care": 5234, "disability": 612, "child": 288, "poverty": 746}  # a tenth of vector B


@pytest.fixture
def two(db, worker, center_worker, finance, time_machine):
    """中川 (desk) and 岡部 (center): October's records differ from what the study of September says."""
    time_machine.move_to(f.NOW)
    f.make_streams()
    work(worker.staff, worker.agency, B_TOWN, month=SEPTEMBER)
    work(worker.staff, worker.agency, {"care": 600, "child": 600}, month=OCTOBER)
    work(center_worker.staff, center_worker.agency, {"care": 540, "child": 60}, month=OCTOBER)
    for who, yen in ((worker, 26_480), (center_worker, 412_345)):
        PersonnelCost.objects.create(staff=who.staff, agency=who.agency, month=OCTOBER, yen=yen)
    return worker, center_worker


def study_of(*people, finance, covers=OCTOBER):
    study = create_study(
        data=StudyData("9月の調査", StudySampling.CONTINUOUS, SEPTEMBER, date(2026, 9, 30), covers, covers, "決裁"),
        members=[(p.staff, p.agency) for p in people], actor=finance.actor, at=f.NOW,
    )  # fmt: skip
    return approve_study(
        study=study, expected_hash=digest(study_inputs(study)), actor=finance.actor, at=f.NOW
    )


def choose(method: Method, finance, *, agency=None, since=OCTOBER):
    return choose_method(
        agency=agency, method=method, valid_from=since, basis="課長決裁", actor=finance.actor, at=f.NOW
    )


def run(finance):
    return run_apportionment(month=OCTOBER, rule=RULE, actor=finance.actor, at=f.NOW)


def dedicate(who, finance, first=SEPTEMBER, last=None):
    care = FundingStream.objects.get(code="care")
    return set_assignment(
        data=AssignmentData(who.staff, who.agency, care, first, last), actor=finance.actor, at=f.NOW
    )


def rows_of(done, who) -> dict[str, int]:
    return dict(done.rows.filter(staff=who.staff).values_list("stream__code", "yen"))


def test_an_agency_goes_by_its_study_and_the_other_by_its_minutes(two, finance):
    desk, center = two
    study_of(desk, finance=finance)
    choose(Method.TIME_STUDY, finance, agency=desk.agency)
    done = run(finance)
    # vector B: a tenth of the minutes and a thousandth of the cost, by largest remainder
    # 26,480 × (5,234 / 612 / 288 / 746) ÷ 6,880 = 20,144.81… / 2,355.48… / 1,108.46… / 2,871.23…
    assert rows_of(done, desk) == {"care": 20_145, "disability": 2_356, "child": 1_108, "poverty": 2_871}
    assert rows_of(done, center) == {"care": 371_111, "child": 41_234}
    assert (done.method, done.total_yen) == (Method.MIXED, 438_825)
    assert sum(yen for yen in done.rows.values_list("yen", flat=True)) == 438_825
    approve_all(OCTOBER)
    final = lock_month(month=OCTOBER, actor=finance.actor, at=f.NOW, expected_hash=done.input_hash)
    assert recompute(final)
    assert final.code_version == "month-by-plan/1"
    assert [m["method"] for m in final.rule_versions["methods"]] == ["time_study"]
    assert len(final.rule_versions["studies"]) == 1
    page = finance.client.get("/apportionment/202610/").content.decode()
    assert "（調査）" in page
    assert "機関ごとの方式" in page
    actual = {line.stream.code: line.actual for line in compare(finance.actor, OCTOBER).lines}
    assert actual["care"] == 13_240 + 371_111  # the comparison stays with the minutes


def test_a_second_path_in_sql_agrees(two, finance):
    desk, center = two
    study_of(desk, finance=finance)
    dedicate(center, finance)
    choose(Method.TIME_STUDY, finance)
    done = run(finance)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH w AS (SELECT (j.key)::bigint AS stream, (j.value)::text::numeric AS n
                         FROM budgets_timestudy t, jsonb_each(t.result -> 'weights') j),
                 k AS (SELECT c.staff_id, c.yen, (SELECT a.stream_id FROM budgets_dutyassignment a
                              WHERE a.staff_id = c.staff_id AND a.during @> daterange('2026-10-01', '2026-11-01')) AS own
                         FROM budgets_personnelcost c WHERE c.month = '2026-10-01'),
                 q AS (SELECT k.staff_id, w.stream, w.n, k.yen, s.position, div(k.yen * w.n, sum(w.n) OVER p) AS low,
                              mod(k.yen * w.n, sum(w.n) OVER p) AS rest
                         FROM k JOIN w ON k.own IS NULL JOIN budgets_fundingstream s ON s.id = w.stream
                       WINDOW p AS (PARTITION BY k.staff_id)),
                 r AS (SELECT q.*, yen - sum(low) OVER p AS spare,
                              row_number() OVER (PARTITION BY staff_id ORDER BY rest DESC, n DESC, position) AS place
                         FROM q WINDOW p AS (PARTITION BY staff_id))
            SELECT staff_id, stream, (low + (place <= spare)::int)::bigint FROM r
            UNION ALL SELECT staff_id, own, yen FROM k WHERE own IS NOT NULL"""
        )
        by_sql = {(staff, stream): int(yen) for staff, stream, yen in cursor.fetchall() if yen}
    assert {(r.staff_id, r.stream_id): r.yen for r in done.rows.all() if r.yen} == by_sql


def test_dedicated_staff_stay_fixed_whatever_they_recorded(two, finance):
    desk, center = two
    study_of(desk, finance=finance)
    dedicate(center, finance)
    choose(Method.TIME_STUDY, finance)
    done = run(finance)
    assert rows_of(done, center) == {"care": 412_345}
    assert sum(rows_of(done, desk).values()) == 26_480
    assert "専従" in finance.client.get("/apportionment/202610/").content.decode()


def test_whom_the_method_leaves_out_is_named_and_nothing_is_computed(two, finance):
    desk, center = two
    study_of(desk, finance=finance)
    choose(Method.TIME_STUDY, finance)
    with pytest.raises(RuleViolation, match=f"承認された調査の対象でない職員: {center.staff.name}"):
        run(finance)
    assert center.staff.name in finance.client.get("/apportionment/202610/").content.decode()
    choose(Method.DEDICATED, finance)
    with pytest.raises(RuleViolation, match="割当のない職員"):
        run(finance)


def test_a_study_is_used_for_the_months_it_covers_alone(two, finance):
    desk, center = two
    study_of(desk, center, finance=finance, covers=NOVEMBER)
    choose(Method.TIME_STUDY, finance)
    with pytest.raises(RuleViolation, match="調査の対象でない職員"):
        run(finance)


def test_choices_are_dated_the_own_one_goes_before_and_locked_months_keep_theirs(two, finance):
    desk, center = two
    choose(Method.TIME_STUDY, finance, since=NOVEMBER)
    assert run(finance).method == Method.ACTUAL_MINUTES
    choose(Method.TIME_STUDY, finance, since=SEPTEMBER)
    choose(Method.ACTUAL_MINUTES, finance, agency=desk.agency, since=SEPTEMBER)
    choose(Method.ACTUAL_MINUTES, finance, agency=center.agency, since=SEPTEMBER)
    done = run(finance)
    assert done.method == Method.ACTUAL_MINUTES
    approve_all(OCTOBER)
    lock_month(month=OCTOBER, actor=finance.actor, at=f.NOW, expected_hash=done.input_hash)
    with pytest.raises(RuleViolation, match="令和8年10月分は締められている"):
        choose(Method.DEDICATED, finance)
    with pytest.raises(RuleViolation, match="根拠"):
        choose_method(
            agency=None,
            method=Method.DEDICATED,
            valid_from=NOVEMBER,
            basis=" ",
            actor=finance.actor,
            at=f.NOW,
        )


def test_a_part_of_a_month_goes_by_minutes_and_an_appointment_that_ends_is_covered_to_its_end(two, finance):
    desk, center = two
    dedicate(desk, finance, first=date(2026, 10, 16))
    Appointment.objects.filter(staff=center.staff).update(during=(date(2024, 4, 1), date(2026, 10, 21)))
    dedicate(center, finance, last=date(2026, 10, 20))
    choose(Method.DEDICATED, finance)
    done = run(finance)
    assert rows_of(done, desk) == {"care": 13_240, "child": 13_240}
    assert rows_of(done, center) == {"care": 412_345}


def test_the_page_of_methods(two, finance, auditor, worker):
    client, url = finance.client, "/apportionment/methods/"
    sent = {"agency": "", "method": "time_study", "valid_from": "R8.11", "basis": "部長決裁"}
    assert client.post(url, sent | {"agency": "999999"}).status_code == 422
    assert client.post(url, sent | {"method": "mixed"}).status_code == 422
    assert client.post(url, sent | {"basis": ""}).status_code == 422
    assert client.post(url, sent).status_code == 302
    page = client.get(url).content.decode()
    assert "部長決裁" in page
    assert "タイムスタディ（B市方式）" in page
    assert auditor.client.get(url).status_code == 200
    assert auditor.client.post(url, sent).status_code == 403
    assert worker.client.get(url).status_code == 403
