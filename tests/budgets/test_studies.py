"""A time study from its draft to the comparison of three methods on one month, to the yen."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from fractions import Fraction

import pytest
from django.db import DatabaseError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from budgets.actions.assignments import AssignmentData, set_assignment
from budgets.actions.studies import StudyData, answer_moment, approve_study, create_study, grid
from budgets.enums import StudySampling
from budgets.masters import load_streams
from budgets.methods.time_study import evaluate
from budgets.models import FundingStream, PersonnelCost, StudyMoment, TimeStudy, WorkCategory, WorkEntry
from budgets.selectors_compare import compare
from budgets.study_inputs import digest, study_inputs, thaw_result
from common.errors import InvalidTransition, NotAllowed, RuleViolation
from tests import factories as f
from tests.budgets.test_apportionment_run import VECTOR_A

OCTOBER = date(2026, 10, 1)
CONTINUOUS, MOMENTS = StudySampling.CONTINUOUS, StudySampling.MOMENTS


@pytest.fixture(autouse=True)
def loaded(db, time_machine):
    time_machine.move_to(f.NOW)
    load_streams(2026)


def work(who, minutes: dict[str, int], first: date) -> None:
    at = datetime(first.year, first.month, first.day, 0, 0, tzinfo=f.TOKYO)
    for code, total in minutes.items():
        category = WorkCategory.objects.get(code=code)
        while total:
            part = min(total, 480)
            WorkEntry.objects.create(
                staff=who.staff, agency=who.agency, category=category, case_number="K08-1",
                during=DateTimeTZRange(at, at + timedelta(minutes=part)),
            )  # fmt: skip
            at, total = at + timedelta(minutes=part), total - part


def study_data(**changes) -> StudyData:
    given = {
        "name": "共生型センターの業務調査", "sampling": CONTINUOUS, "starts_on": date(2026, 8, 1),
        "ends_on": date(2026, 9, 30), "covers_from": OCTOBER, "covers_to": date(2027, 3, 1), "basis": "令和8年7月決裁",
    }  # fmt: skip
    return StudyData(**(given | changes))


def draw_up(finance, *members, **changes) -> TimeStudy:
    return create_study(
        data=study_data(**changes),
        members=[(p.staff, p.agency) for p in members],
        actor=finance.actor,
        at=f.NOW,
    )


def approve(study: TimeStudy, who) -> TimeStudy:
    return approve_study(study=study, expected_hash=digest(study_inputs(study)), actor=who.actor, at=f.NOW)


@pytest.fixture
def study_b(worker, finance) -> TimeStudy:
    """Vector B's ratios at a tenth of its minutes, in August and September."""
    work(
        worker,
        {"care": 5_234, "disability_core": 612, "child": 288, "poverty": 746, "meeting": 300},
        date(2026, 8, 3),
    )
    return draw_up(finance, worker)


@pytest.fixture
def october(worker, finance, study_b):
    minutes = {
        ("meeting" if k == "shared" else "disability_core" if k == "disability" else k): n
        for k, n in VECTOR_A.items()
    }
    work(worker, minutes, OCTOBER)
    PersonnelCost.objects.create(staff=worker.staff, agency=worker.agency, month=OCTOBER, yen=412_345)
    return study_b


def by_code(yen: dict[int, int]) -> dict[str, int]:
    codes = dict(FundingStream.objects.values_list("pk", "code"))
    return {codes[pk]: part for pk, part in yen.items() if part}


# ── The study ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_continuous_study_reads_the_work_records_and_nobody_writes_twice(study_b):
    inputs = study_inputs(study_b)
    result = evaluate(inputs)
    assert by_code(result.weights) == {"care": 5234, "disability": 612, "child": 288, "poverty": 746}
    assert result.shared == 300
    assert inputs.asked == 39  # working days of 令和8年8月 and 9月, one worker
    assert 0 < result.response_rate < 1


def test_after_approval_the_result_stands_and_the_row_is_frozen(study_b, finance, worker):
    before = evaluate(study_inputs(study_b))
    approve(study_b, finance)
    WorkEntry.objects.filter(category__code="child").delete()
    study = TimeStudy.objects.get()
    kept = thaw_result(study.result)
    assert (kept.weights, kept.intervals) == (before.weights, before.intervals)
    with pytest.raises(DatabaseError), transaction.atomic():
        TimeStudy.objects.update(name="別の名")
    with pytest.raises(InvalidTransition):
        approve(study, finance)
    again = draw_up(finance, worker, name="二度目")
    with pytest.raises(RuleViolation, match="共生型センターの業務調査"):
        approve(again, finance)


def test_what_cannot_be_approved_says_why(worker, finance, colleague):
    empty = draw_up(finance, colleague)
    with pytest.raises(RuleViolation, match="回答が1件もない"):
        approve(empty, finance)
    running = draw_up(finance, worker, starts_on=date(2026, 11, 1), ends_on=date(2026, 11, 30))
    with pytest.raises(RuleViolation, match="終わるまで"):
        approve(running, finance)
    with pytest.raises(NotAllowed):
        approve(empty, worker)
    page = finance.client.get(f"/apportionment/studies/{empty.pk}/").content.decode()
    assert "直接の業務の回答が1件もないため" in page


def test_only_the_result_that_was_shown_is_approved(study_b, finance, worker):
    shown = digest(study_inputs(study_b))
    work(worker, {"care": 30}, date(2026, 9, 30))
    answer = finance.client.post(f"/apportionment/studies/{study_b.pk}/approve/", {"digest": shown})
    assert answer.status_code == 422
    assert "もう一度確かめて" in answer.content.decode()
    assert not TimeStudy.objects.get().is_approved


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"ends_on": date(2026, 7, 31)}, "ends_on"), ({"covers_to": date(2026, 9, 1)}, "covers_to"),
     ({"sampling": MOMENTS, "moments_each": 0}, "moments_each"), ({"level": 80}, "level"),
     ({"sampling": MOMENTS, "moments_each": 200, "ends_on": date(2026, 8, 3)}, "moments_each")],
)  # fmt: skip
def test_a_study_that_cannot_be_is_refused_beside_its_field(worker, finance, changes, field):
    with pytest.raises(RuleViolation) as refused:
        draw_up(finance, worker, **changes)
    assert refused.value.field == field
    assert not TimeStudy.objects.exists()


# ── Random moments ──────────────────────────────────────────────────────────────────────────────────────────


def test_moments_lie_in_duty_are_drawn_again_alike_and_are_answered_by_their_worker(
    worker, colleague, finance
):
    study = draw_up(finance, worker, colleague, sampling=MOMENTS, moments_each=30)
    mine = list(StudyMoment.objects.filter(staff=worker.staff).order_by("moment_at"))
    assert len(mine) == 30 == len({m.moment_at for m in mine})
    assert {m.moment_at for m in mine} <= set(grid(study.starts_on, study.ends_on))
    assert [m.moment_at for m in mine] != list(
        StudyMoment.objects.filter(staff=colleague.staff)
        .order_by("moment_at")
        .values_list("moment_at", flat=True)
    )
    for n, moment in enumerate(mine[:20]):
        answer_moment(
            moment=moment, category_code="care" if n < 15 else "child", actor=worker.actor, at=f.NOW
        )
    result = evaluate(study_inputs(study))
    assert by_code(result.weights) == {"care": 15, "child": 5}
    assert result.response_rate == Fraction(20, 60)
    with pytest.raises(StudyMoment.DoesNotExist):
        answer_moment(moment=mine[0], category_code="care", actor=colleague.actor, at=f.NOW)


def test_the_page_of_moments_proposes_what_the_work_record_says(worker, colleague, finance):
    study = draw_up(finance, worker, sampling=MOMENTS, moments_each=3)
    first = StudyMoment.objects.order_by("moment_at")[0]
    WorkEntry.objects.create(
        staff=worker.staff, agency=worker.agency, category=WorkCategory.objects.get(code="poverty"),
        during=DateTimeTZRange(first.moment_at - timedelta(minutes=10), first.moment_at + timedelta(minutes=10)),
    )  # fmt: skip
    page = worker.client.get("/work/moments/").content.decode()
    assert page.count('<option value="poverty" selected>') == 1
    assert worker.client.post(f"/work/moments/{first.pk}/answer/", {"category": ""}).status_code == 422
    assert colleague.client.post(f"/work/moments/{first.pk}/answer/", {"category": "care"}).status_code == 404
    assert worker.client.post(f"/work/moments/{first.pk}/answer/", {"category": "poverty"}).status_code == 302
    first.refresh_from_db()
    assert first.category.code == "poverty"
    approve(study, finance)
    with pytest.raises(RuleViolation, match="承認されている"):
        answer_moment(moment=first, category_code="care", actor=worker.actor, at=f.NOW)


# ── Side by side ────────────────────────────────────────────────────────────────────────────────────────────


def test_three_methods_on_one_month_to_the_yen(october, worker, finance):
    approve(october, finance)
    care = FundingStream.objects.get(code="care")
    set_assignment(
        data=AssignmentData(worker.staff, worker.agency, care, OCTOBER), actor=finance.actor, at=f.NOW
    )
    found = compare(finance.actor, OCTOBER)
    assert by_code(found.actual.yen) == {
        "care": 250_451,
        "disability": 85_790,
        "child": 33_209,
        "poverty": 42_895,
    }
    study = {
        "care": 313_694,
        "disability": 36_679,
        "child": 17_261,
        "poverty": 44_711,
    }  # 412,345 × 5234, 612, 288, 746 ÷ 6880
    assert by_code(found.study.yen) == study
    assert by_code(found.dedicated.yen) == {"care": 412_345}
    assert found.actual.total == found.study.total == found.dedicated.total == found.total == 412_345
    assert found.study_moved == (313_694 - 250_451) + (44_711 - 42_895)
    assert found.dedicated_moved == 412_345 - 250_451
    assert found.outside_minutes == 1860 + 720 + 930
    line = next(row for row in found.lines if row.stream == care)
    assert line.study_moves == 63_243
    low, high = line.bounds
    assert low < 313_694 < high
    page = finance.client.get("/apportionment/202610/compare/").content.decode()
    for words in (
        "+63,243円",
        "313,694円",
        f"{low:,}円〜{high:,}円",
        "−49,111円",
        "58時間30分",
        "信頼水準95%",
    ):
        assert words in page


def test_what_a_method_cannot_decide_is_named_and_never_a_silent_zero(october, colleague, finance, worker):
    PersonnelCost.objects.create(staff=colleague.staff, agency=colleague.agency, month=OCTOBER, yen=300_000)
    approve(october, finance)
    care = FundingStream.objects.get(code="care")
    half = AssignmentData(worker.staff, worker.agency, care, date(2026, 10, 10), date(2026, 10, 20))
    set_assignment(data=half, actor=finance.actor, at=f.NOW)
    found = compare(finance.actor, OCTOBER)
    assert [(p.name, found.study.undecided) for p in found.study.people] == [("西尾 悠", 300_000)]
    assert found.actual.undecided == 300_000
    assert found.study.total == found.actual.total == found.total == 712_345
    assert "専従の割当がある職員がいません" in found.dedicated.missing
    page = finance.client.get("/apportionment/202610/compare/").content.decode()
    assert "西尾 悠" in page
    assert "調査に加わっていません" in page


def test_without_a_study_the_page_says_so_and_a_draft_can_be_tried(october, finance):
    assert (
        "承認されたタイムスタディがありません"
        in finance.client.get("/apportionment/202610/compare/").content.decode()
    )
    tried = compare(finance.actor, OCTOBER, october.pk)
    assert by_code(tried.study.yen)["care"] == 313_694
    assert compare(finance.actor, date(2026, 9, 1)).studies == []


def test_the_comparison_is_for_those_who_settle_money_and_asks_the_same_for_30(
    october, finance, worker, auditor, desk, django_assert_max_num_queries
):
    approve(october, finance)
    assert worker.client.get("/apportionment/202610/compare/").status_code == 403
    assert auditor.client.get("/apportionment/202610/compare/").status_code == 200
    for _ in range(29):
        staff = f.make_staff(desk)
        PersonnelCost.objects.create(staff=staff, agency=desk, month=OCTOBER, yen=300_001)
    client = finance.client
    client.get("/apportionment/202610/compare/")
    with django_assert_max_num_queries(20):
        client.get("/apportionment/202610/compare/")


def test_the_form_makes_a_study_and_the_helper_says_how_many_moments(worker, colleague, finance, auditor):
    good = {
        "name": "無作為の調査", "sampling": "moments", "starts_on": "令和8年8月3日", "ends_on": "令和8年9月30日",
        "covers_from": "令和8年10月", "covers_to": "令和9年3月", "moments_each": "20", "level": "95", "basis": "課長決裁",
        "members": [worker.staff.pk, colleague.staff.pk],
    }  # fmt: skip
    url = "/apportionment/studies/new/"
    page = finance.client.get(f"{url}?margin=5%25&expected=50%25&response_rate=80%25").content.decode()
    assert "481時点" in page
    assert (
        "誤差の幅は0より大きく"
        in finance.client.get(f"{url}?margin=0&expected=50%25&response_rate=80%25").content.decode()
    )
    for wrong, words in (({"members": []}, "職員"), ({"basis": ""}, "根拠"), ({"moments_each": ""}, "尋ねる時点"),
                         ({"ends_on": "令和8年8月1日"}, "初日より前")):  # fmt: skip
        answer = finance.client.post(url, good | wrong)
        assert answer.status_code == 422
        assert words in answer.content.decode()
    assert not TimeStudy.objects.exists()
    assert finance.client.post(url, good).status_code == 302
    assert StudyMoment.objects.count() == 40
    assert auditor.client.get(url).status_code == 403
    assert "無作為の調査" in auditor.client.get("/apportionment/studies/").content.decode()
