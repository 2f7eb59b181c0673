"""A month from minutes and cost to locked yen: vector A both ways, through the database, the pages and the files."""

from __future__ import annotations

import csv
import io
import threading
from datetime import date, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from openpyxl import load_workbook
from pypdf import PdfReader

from budgets.actions.personnel_costs import CostLine, set_costs
from budgets.actions.run_apportionment import lock_month, recompute, run_apportionment
from budgets.enums import RemainderRule
from budgets.models import (
    ApportionmentRow,
    ApportionmentRun,
    FundingStream,
    PersonnelCost,
    StreamYear,
    WorkCategory,
    WorkEntry,
    WorkMonth,
)
from budgets.selectors_duty import short_workers
from common.errors import InvalidTransition, NotAllowed, RuleViolation
from tests import factories as f
from tests.budgets.work import approve_all

MONTH = date(2026, 10, 1)
VECTOR_A = {"care": 5430, "disability": 1860, "child": 720, "poverty": 930, "shared": 660}
LARGEST = {"care": 250_451, "disability": 85_790, "child": 33_209, "poverty": 42_895}
TRUNCATED = {"care": 250_451, "disability": 85_789, "child": 33_208, "poverty": 42_894, "general": 3}


def work(staff, agency, minutes: dict[str, int], month: date = MONTH) -> None:
    """Entries of at most eight hours, one a day, that add up to ``minutes`` by category."""
    at = datetime(month.year, month.month, 1, 0, 0, tzinfo=f.TOKYO)
    for code, total in minutes.items():
        category = WorkCategory.objects.get(code=code)
        while total:
            part = min(total, 480)
            WorkEntry.objects.create(
                staff=staff, agency=agency, category=category, during=DateTimeTZRange(at, at + timedelta(minutes=part)),
                case_number="K08-00009", note="電話",
            )  # fmt: skip
            at += timedelta(minutes=part)
            total -= part


@pytest.fixture
def vector_a(db, worker, finance, time_machine):
    time_machine.move_to(f.NOW)
    f.make_streams()
    work(worker.staff, worker.agency, VECTOR_A)
    set_costs(
        month=MONTH, lines=[CostLine(worker.staff, worker.agency, 412_345)], actor=finance.actor, at=f.NOW
    )
    return worker


def run(actor, rule=RemainderRule.LARGEST_REMAINDER) -> ApportionmentRun:
    return run_apportionment(month=MONTH, rule=rule, actor=actor, at=f.NOW)


def yen_of(run: ApportionmentRun) -> dict[str, int]:
    return dict(run.rows.values_list("stream__code", "yen"))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [(RemainderRule.LARGEST_REMAINDER, LARGEST), (RemainderRule.TRUNCATE_TO_GENERAL, TRUNCATED)],
)
def test_vector_a_comes_out_to_the_yen(vector_a, finance, rule, expected):
    done = run(finance.actor, rule)
    assert yen_of(done) == expected
    assert sum(yen_of(done).values()) == done.total_yen == 412_345
    page = finance.client.get("/apportionment/202610/").content.decode()
    for yen in expected.values():
        assert f"{yen:,}円" in page


def test_files_say_the_same_as_the_page(vector_a, finance):
    run(finance.actor)
    client = finance.client
    book = load_workbook(io.BytesIO(client.get("/apportionment/202610/anbun.xlsx").content))
    values = {c.value for row in book["按分計算書"].iter_rows() for c in row}
    assert {*LARGEST.values(), 412_345} <= values
    basis = {c.value for row in book["根拠"].iter_rows() for c in row}
    assert {5430, 8940, 660} <= basis
    for encoding, query in (("utf-8-sig", ""), ("cp932", "?encoding=cp932")):
        text = client.get(f"/apportionment/202610/anbun.csv{query}").content.decode(encoding)
        rows = list(csv.DictReader(io.StringIO(text)))
        assert {r["財源コード"]: int(r["按分額"]) for r in rows} == LARGEST


def test_the_rule_of_a_stream_of_its_own_is_printed_as_it_was(
    vector_a, finance, django_assert_max_num_queries
):
    """By what the yen were cut stands on the page and on every form, also when the year's rule is another one later."""
    care = FundingStream.objects.get(code="care")
    year, _ = StreamYear.objects.update_or_create(
        stream=care, fiscal_year=2026, defaults={"remainder_rule": RemainderRule.TRUNCATE_TO_GENERAL}
    )
    run(finance.actor)
    StreamYear.objects.filter(pk=year.pk).update(remainder_rule="")
    client = finance.client
    words = f"{care.short_name}は{RemainderRule.TRUNCATE_TO_GENERAL.label}"
    client.get("/apportionment/202610/")
    with django_assert_max_num_queries(15):
        page = client.get("/apportionment/202610/").content.decode()
    assert "財源ごとの端数の扱い" in page
    assert words in page
    book = load_workbook(io.BytesIO(client.get("/apportionment/202610/anbun.xlsx").content))
    assert words in {c.value for row in book["条件"].iter_rows() for c in row}
    run(finance.actor)  # by the year's rule of now: none of its own
    assert "財源ごとの端数の扱い" not in client.get("/apportionment/202610/").content.decode()


def test_sql_and_python_agree(vector_a, finance):
    """The same method written a second time, in SQL over the entries."""
    run(finance.actor)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH m AS (SELECT s.code, s.position, sum(e.minutes)::numeric AS n FROM budgets_workentry e
                         JOIN budgets_workcategory c ON c.id = e.category_id
                         JOIN budgets_fundingstream s ON s.id = c.stream_id
                        WHERE c.kind = 'direct' GROUP BY 1, 2),
                 q AS (SELECT *, (412345 * n) / sum(n) OVER () AS exact FROM m),
                 r AS (SELECT *, floor(exact) AS low, row_number() OVER
                        (ORDER BY exact - floor(exact) DESC, n DESC, position) AS place FROM q)
            SELECT code, (low + (place <= 412345 - (SELECT sum(low) FROM r))::int)::bigint FROM r"""
        )
        assert dict(cursor.fetchall()) == LARGEST


def test_cell_leads_to_its_entries_and_no_word_of_a_case(vector_a, finance):
    run(finance.actor)
    case = f.make_case(vector_a.actor)
    stream = ApportionmentRow.objects.get(stream__code="care").stream_id
    answer = finance.client.get(f"/apportionment/202610/entries/{vector_a.staff.pk}/{stream}/")
    page = answer.content.decode()
    assert answer.context["total"] == 5430
    assert sum(e.minutes for e in answer.context["page"].rows) == 5430
    assert "K08-00009" in page
    assert case.household.name not in page


def test_locked_month_moves_no_more(vector_a, finance):
    done = run(finance.actor)
    approve_all(MONTH)
    final = lock_month(month=MONTH, actor=finance.actor, at=f.NOW, expected_hash=done.input_hash)
    entry, cost = WorkEntry.objects.first(), PersonnelCost.objects.get()
    late = DateTimeTZRange(
        datetime(2026, 10, 31, 20, 0, tzinfo=f.TOKYO), datetime(2026, 10, 31, 21, 0, tzinfo=f.TOKYO)
    )
    attempts = [
        lambda: WorkEntry.objects.filter(pk=entry.pk).update(note="x"),
        lambda: entry.delete(),
        lambda: WorkEntry.objects.create(
            staff=vector_a.staff, agency=vector_a.agency, category=entry.category, during=late
        ),
        lambda: PersonnelCost.objects.filter(pk=cost.pk).update(yen=1),
        lambda: cost.delete(),
        lambda: ApportionmentRun.objects.filter(pk=final.pk).update(total_yen=1),
        lambda: ApportionmentRow.objects.filter(run=final).update(yen=1),
        lambda: WorkMonth.objects.update(state="open"),
    ]
    for attempt in attempts:
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    with pytest.raises(InvalidTransition):
        lock_month(month=MONTH, actor=finance.actor, at=f.NOW, expected_hash=done.input_hash)
    with pytest.raises(RuleViolation, match="締め"):
        run(finance.actor)
    assert recompute(final)
    WorkCategory.objects.filter(code="child").update(stream=None, kind="shared")
    assert recompute(final)


def test_lock_takes_only_what_was_looked_at_and_only_a_month_that_is_over(vector_a, finance, worker):
    done = run(finance.actor)
    work(worker.staff, worker.agency, {"care": 0})
    set_costs(
        month=MONTH, lines=[CostLine(worker.staff, worker.agency, 400_000)], actor=finance.actor, at=f.NOW
    )
    with pytest.raises(RuleViolation, match="もう一度計算"):
        lock_month(month=MONTH, actor=finance.actor, at=f.NOW, expected_hash=done.input_hash)
    with pytest.raises(RuleViolation, match="終わっていない"):
        lock_month(month=date(2026, 11, 1), actor=finance.actor, at=f.NOW, expected_hash="")


def test_locking_names_who_has_less_than_the_duty_of_the_month(vector_a, finance, worker, colleague):
    set_costs(
        month=MONTH, lines=[CostLine(colleague.staff, colleague.agency, 1)], actor=finance.actor, at=f.NOW
    )
    short = {row.staff.name: (row.recorded, row.duty) for row in short_workers(finance.actor, MONTH)}
    assert short[colleague.staff.name] == (0, 21 * 465)  # 令和8年10月: 21 working days of 7時間45分
    assert short[worker.staff.name][0] == sum(VECTOR_A.values())
    page = finance.client.get("/apportionment/202610/lock/").content.decode()
    assert colleague.staff.name in page
    assert "162時間45分不足" in page


def test_no_button_locks_a_month_that_is_not_over(vector_a, finance, worker):
    november = date(2026, 11, 1)
    work(worker.staff, worker.agency, {"care": 60}, month=november)
    set_costs(
        month=november, lines=[CostLine(worker.staff, worker.agency, 100)], actor=finance.actor, at=f.NOW
    )
    assert "btn--primary" not in main_of(finance.client.get("/apportionment/202611/"))
    run_apportionment(month=november, rule=RemainderRule.LARGEST_REMAINDER, actor=finance.actor, at=f.NOW)
    page = main_of(finance.client.get("/apportionment/202611/"))
    assert "btn--primary" not in page
    assert "/202611/lock/" not in page
    assert "btn--primary" not in main_of(finance.client.get("/apportionment/202611/lock/"))


def main_of(answer) -> str:
    return answer.content.decode().split("<main", 1)[1].split("</main>")[0]


def test_the_paper_is_one_landscape_page_in_wareki(vector_a, finance):
    run(finance.actor)
    data = finance.client.get("/apportionment/202610/anbun.pdf").content
    pages = PdfReader(io.BytesIO(data)).pages
    text = pages[0].extract_text()
    assert len(pages) == 1
    assert float(pages[0].mediabox.width) > float(pages[0].mediabox.height)
    for words in ("按分計算書", "250,451円", "入力のハッシュ", "令和8年11月23日"):
        assert words in text
    assert text.count("取扱注意") == 1
    assert "2026年" not in text


def test_what_is_missing_is_named(vector_a, finance, colleague):
    set_costs(
        month=MONTH, lines=[CostLine(colleague.staff, colleague.agency, 1)], actor=finance.actor, at=f.NOW
    )
    with pytest.raises(RuleViolation, match=colleague.staff.name):
        run(finance.actor)
    assert not ApportionmentRun.objects.exists()
    assert finance.client.post("/apportionment/202610/run/", {"rule": "largest_remainder"}).status_code == 422


def test_only_finance_runs_and_the_auditor_only_reads(vector_a, finance, worker, auditor):
    run(finance.actor)
    assert auditor.client.get("/apportionment/202610/").status_code == 200
    for path in ("run", "lock", "costs/import"):
        assert auditor.client.post(f"/apportionment/202610/{path}/").status_code == 403
    for path in ("", "202610/", "202610/costs/", "202610/anbun.xlsx", "202610/anbun.pdf"):
        assert worker.client.get(f"/apportionment/{path}").status_code == 403
    with pytest.raises(NotAllowed):
        run(worker.actor)


@pytest.mark.django_db(transaction=True)
def test_two_clerks_locking_at_once_make_one_final_run(vector_a, finance):
    done, results = run(finance.actor), []
    approve_all(MONTH)

    def lock() -> None:
        try:
            lock_month(month=MONTH, actor=finance.actor, at=f.NOW, expected_hash=done.input_hash)
            results.append("locked")
        except InvalidTransition:
            results.append("too late")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=lock) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(results) == ["locked", "too late"]
    assert ApportionmentRun.objects.filter(is_final=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_entry_under_way_is_in_the_lock_or_refused(vector_a, finance, worker):
    """The clerk waits for an entry that is being written; the lock then finds the month changed."""
    done, outcome = run(finance.actor), []
    approve_all(MONTH)

    def lock() -> None:
        try:
            lock_month(month=MONTH, actor=finance.actor, at=f.NOW, expected_hash=done.input_hash)
            outcome.append("locked")
        except RuleViolation:
            outcome.append("changed")
        finally:
            connections.close_all()

    late = datetime(2026, 10, 31, 20, 0, tzinfo=f.TOKYO)
    thread = threading.Thread(target=lock)
    with transaction.atomic():
        WorkEntry.objects.create(
            staff=worker.staff, agency=worker.agency, category=WorkCategory.objects.get(code="care"),
            during=DateTimeTZRange(late, late + timedelta(minutes=30)),
        )  # fmt: skip
        thread.start()
        thread.join(1)
        assert thread.is_alive()
    thread.join(20)
    assert outcome == ["changed"]


def test_pages_ask_the_same_with_1_and_30_workers(vector_a, finance, desk, django_assert_max_num_queries):
    run(finance.actor)
    client = finance.client
    client.get("/apportionment/202610/")
    with django_assert_max_num_queries(15):
        client.get("/apportionment/202610/")
    lines = []
    for _ in range(29):
        staff = f.make_staff(desk)
        work(staff, desk, {"care": 60, "child": 30})
        lines.append(CostLine(staff, desk, 300_001))
    set_costs(month=MONTH, lines=lines, actor=finance.actor, at=f.NOW)
    run(finance.actor)
    for path in ("", "202610/", "202610/costs/"):
        with django_assert_max_num_queries(15):
            assert client.get(f"/apportionment/{path}").status_code == 200
