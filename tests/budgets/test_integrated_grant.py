"""重層的支援体制整備事業交付金: vector C per programme, report by field, what is missing named, page and files."""

from __future__ import annotations

import io
from fractions import Fraction

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from budgets.actions.adjustments import approve_adjustment
from budgets.actions.integrated import LineData, open_year, set_line
from budgets.models import IntegratedGrantLine
from budgets.selectors_integrated import apportioned_yen, grant_report
from common.errors import NotAllowed, RuleViolation, StaleRecord
from tests import factories as f
from tests.budgets.test_adjustments import category, locked, propose, second
from tests.budgets.test_apportionment_run import LARGEST, vector_a

__all__ = ["locked", "second", "vector_a"]
YEAR = 2026


@pytest.fixture
def opened(db, finance, time_machine):
    time_machine.move_to(f.NOW)
    assert open_year(year=YEAR, actor=finance.actor, at=f.NOW) == 12
    return finance


def line(code: str) -> IntegratedGrantLine:
    return IntegratedGrantLine.objects.get(fiscal_year=YEAR, code=code)


def put(who, code: str, *, version: int = 1, rate=None, **amounts) -> IntegratedGrantLine:
    row = line(code)
    base = {
        "standard_yen": None,
        "total_yen": None,
        "income_yen": None,
        "eligible_yen": None,
        "granted_yen": None,
    }
    data = LineData(version=version, rate=rate or row.rate, source="", needs_check=False, **(base | amounts))
    return set_line(line=row, data=data, actor=who.actor, at=f.NOW)


VECTOR_C = {"standard_yen": 5_000_000, "eligible_yen": 4_876_543, "total_yen": 5_120_000}


def test_vector_c_per_programme_and_per_field(opened):
    put(opened, "counsel_poverty", income_yen=300_000, **VECTOR_C)
    put(opened, "community_poverty", income_yen=0, **VECTOR_C)
    report = grant_report(opened.actor, YEAR)
    done = {row.row.code: row.done for _, rows in report.parts for row in rows if row.done}
    assert (done["counsel_poverty"].selected, done["counsel_poverty"].required) == (4_820_000, 3_615_000)
    assert (done["community_poverty"].selected, done["community_poverty"].required) == (4_876_543, 2_438_000)
    poverty = next(t for t in report.fields if t.label == "困窮")
    assert (poverty.incomplete, poverty.required, poverty.total_yen) == (0, 6_053_000, 10_240_000)
    elderly = next(t for t in report.fields if t.label == "高齢")
    assert (elderly.incomplete, elderly.required) == (3, None)  # never a silent zero
    assert report.whole.required is None


def test_rates_are_those_of_the_fields(opened):
    assert {row.code: row.rate for row in IntegratedGrantLine.objects.all() if row.code.startswith("counsel")} == {
        "counsel_elderly": Fraction(385, 1000), "counsel_disability": Fraction(1, 2), "counsel_child": Fraction(2, 3),
        "counsel_poverty": Fraction(3, 4),
    }  # fmt: skip
    assert set(
        IntegratedGrantLine.objects.filter(part="added").values_list("rate_numerator", "rate_denominator")
    ) == {(1, 2)}
    assert open_year(year=YEAR, actor=opened.actor, at=f.NOW) == 0


def test_what_is_refused(opened, worker, auditor):
    with pytest.raises(StaleRecord):
        put(opened, "added_multi", version=9)
    with pytest.raises(RuleViolation, match="総事業費を超えて"):
        put(opened, "added_multi", total_yen=1, eligible_yen=2)
    with pytest.raises(RuleViolation, match="補助率"):
        put(opened, "added_multi", rate=Fraction(3, 2))
    with pytest.raises(RuleViolation, match="0円以上"):
        put(opened, "added_multi", total_yen=-1)
    with pytest.raises(RuleViolation, match="令和3年度"):
        open_year(year=2020, actor=opened.actor, at=f.NOW)
    for who in (worker, auditor):
        with pytest.raises(NotAllowed):
            open_year(year=2027, actor=who.actor, at=f.NOW)


def test_the_locked_months_stand_beside_by_their_last_computation(locked, vector_a, finance, second):
    def by_code() -> dict[str, int]:
        codes = dict(vector_a_streams())
        return {codes[pk]: yen for pk, yen in apportioned_yen(finance.actor, YEAR).items()}

    assert by_code() == LARGEST
    row = propose(
        vector_a, finance, from_category=category("child"), to_category=category("disability"), minutes=720
    )
    approve_adjustment(adjustment=row, actor=second.actor, at=f.NOW)
    assert by_code() == {"care": 250_451, "disability": 118_999, "poverty": 42_895}


def vector_a_streams():
    from budgets.models import FundingStream

    return FundingStream.objects.values_list("pk", "code")


def test_the_page_and_its_files(opened, auditor, worker, django_assert_max_num_queries):
    client, url = opened.client, "/apportionment/integrated/"
    row = line("counsel_poverty")
    sent = {
        "version": "1", "rate": "3/4", "standard_yen": "5,000,000", "total_yen": "5,120,000", "income_yen": "300,000",
        "eligible_yen": "4,876,543", "granted_yen": "3,600,000", "needs_check": "",
    }  # fmt: skip
    assert client.post(f"{url}{row.pk}/", sent | {"rate": "4/3"}).status_code == 422
    assert client.post(f"{url}{row.pk}/", sent | {"eligible_yen": "5,120,001"}).status_code == 422
    assert client.post(f"{url}{row.pk}/", sent).status_code == 302
    assert client.post(f"{url}{row.pk}/", sent).status_code == 422  # somebody saved it meanwhile
    with django_assert_max_num_queries(15):
        page = client.get(url).content.decode()
    for words in ("3,615,000円", "+15,000円", "未入力の事業", "地域づくり事業", "参加支援事業"):
        assert words in page
    book = load_workbook(io.BytesIO(client.get(f"{url}juso.xlsx").content))
    assert book.sheetnames == ["事業別", "分野別", "条件"]
    values = [cell for sheet in book for cells in sheet.values for cell in cells]
    assert 3_615_000 in values
    assert "未入力 1件" in values
    text = "".join(
        p.extract_text() for p in PdfReader(io.BytesIO(client.get(f"{url}juso.pdf").content)).pages
    )
    assert "3,615,000円" in text
    assert "取扱注意" in text
    assert auditor.client.get(url).status_code == 200
    assert auditor.client.post(f"{url}{row.pk}/", sent).status_code == 403
    assert auditor.client.post(f"{url}open/", {"year": "2027"}).status_code == 403
    assert worker.client.get(url).status_code == 403
    client.post(f"{url}open/", {"year": "2027"})
    assert IntegratedGrantLine.objects.filter(fiscal_year=2027).count() == 12
