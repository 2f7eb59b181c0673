"""No page of money breaks a rule that axe knows: what is behind an apportioned month, and behind a filed claim.

The quarter of the three municipalities (kyosei/demo/municipalities.py), and a year of claims in which everything is long.
That each page shows something to look at is asserted with it.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from budgets.actions.export_layouts import LayoutData, save_layout
from budgets.actions.report_jobs import MOST_STARTS, make_reports, order_report
from budgets.enums import PoolDriver
from budgets.models import (
    CostPool,
    CostUpload,
    ExportLayout,
    FundingStream,
    GrantClaim,
    IntegratedGrantLine,
    ReportJob,
    TimeStudy,
)
from budgets.settlement.layouts import default_columns
from budgets.workflow_claims import LayoutKind, ReportKind
from kyosei.demo.municipalities import Municipalities
from tests import factories as f
from tests.browser.test_axe import check
from tests.browser.test_long_claims import long_year
from tests.budgets.claims import YEAR
from tests.budgets.test_streams_and_pools import pool_post

__all__ = ["long_year"]
WIDTHS = (1280, 768)
HEADINGS = "社員コード,氏名漢字,本俸,地域手当および住居手当,時間外勤務手当,共済組合負担金,公務災害補償基金負担金,備考"
PLAN = "つつじが丘まるごと広場_1階平面図_令和8年4月改修後_面積計算書つき.pdf"


@pytest.fixture
def quarter(db) -> Municipalities:
    made = Municipalities(timezone.localdate())
    made.load()
    return made


def enter_a_pool(client: Client) -> CostPool:
    """With a paper behind one number, and a name that does not fit into one line."""
    name = "つつじが丘まるごと広場（地域子育て支援拠点事業と介護予防普及啓発事業の一体的な実施）"
    paper = SimpleUploadedFile(PLAN, b"%PDF-1.4 plan", content_type="application/pdf")
    care = FundingStream.objects.get(code="care").pk
    answer = client.post("/apportionment/pools/new/", pool_post(name=name, **{f"file_{care}": paper}))
    assert answer.status_code == 302
    return CostPool.objects.get(driver=PoolDriver.FLOOR_AREA)


def send_costs(client: Client, key: str) -> CostUpload:
    """A file whose headings nobody has explained."""
    file = SimpleUploadedFile("給与システム出力.csv", f"{HEADINGS}\r\n".encode())
    assert client.post(f"/apportionment/{key}/costs/import/", {"file": file}).status_code == 302
    return CostUpload.objects.get()


def save_a_layout(finance) -> ExportLayout:
    columns = [
        *default_columns(LayoutKind.WORKERS),
        {"label": "予算科目（款・項・目・節）", "fixed": "03-01-02-12"},
    ]
    data = LayoutData("財務会計システム 人件費振替 取込用", LayoutKind.WORKERS, columns)
    return save_layout(layout=None, data=data, version=0, actor=finance.actor, at=f.NOW)


def order_reports(finance) -> tuple[ReportJob, ...]:
    """One that is made, one that cannot be made, one that waits for its turn after it had stopped once."""
    of = {"fiscal_year": YEAR, "actor": finance.actor, "at": f.NOW}
    failed = order_report(kind=ReportKind.SHEETS, **of)
    ReportJob.objects.filter(pk=failed.pk).update(starts=MOST_STARTS)
    done = order_report(kind=ReportKind.ENTRIES, **of)
    assert make_reports(at=f.NOW) == 2
    waiting = order_report(kind=ReportKind.SHEETS, **of)
    ReportJob.objects.filter(pk=waiting.pk).update(starts=2, step="令和7年6月", whole=24, done=5)
    return done, failed, waiting


def full(client: Client, pages: Mapping[str, str]) -> None:
    """Each page shows what it was made for."""
    for path, words in pages.items():
        assert words in client.get(path).content.decode(), path


def test_what_is_behind_an_apportioned_month(sign_in, live_server, quarter, finance):
    key, client = f"{quarter.months[2]:%Y%m}", finance.client
    study, line = TimeStudy.objects.get(), IntegratedGrantLine.objects.get(code="counsel_poverty")
    pool, upload = enter_a_pool(client), send_costs(client, key)
    staff, care = quarter.a.workers[0].pk, FundingStream.objects.get(code="care").pk
    paths = {
        f"/apportionment/studies/{study.pk}/": "直接の業務の合計",
        f"/apportionment/pools/{pool.pk}/": PLAN,
        f"/apportionment/integrated/{line.pk}/": "4,876,543",
        f"/apportionment/{key}/costs/columns/{upload.pk}/": "地域手当および住居手当",
        f"/apportionment/{key}/entries/{staff}/{care}/": "data-row",
        f"/apportionment/{key}/entries/{staff}/shared/": "data-row",
    }
    full(client, paths)
    for width in WIDTHS:
        check(sign_in(finance.staff, width=width), live_server.url, paths)


def test_what_is_behind_a_filed_claim(sign_in, live_server, long_year, worker, finance, auditor):
    client, staff, layout = finance.client, worker.staff.pk, save_a_layout(finance)
    done, failed, waiting = order_reports(finance)
    first, _, last = GrantClaim.objects.filter(stream=long_year["care"]).order_by("revision")
    trail = {
        f"/claims/filed/{first.pk}/": "訂正済み",
        f"/claims/filed/{last.pk}/": "提出済み",
        f"/claims/{YEAR}/care/202506/workers/": "data-row",
        f"/claims/{YEAR}/care/202506/workers/{staff}/": "data-row",
    }
    full(client, trail)
    paths = {
        **trail,
        f"/claims/reports/{done.pk}/": "受け取る",
        f"/claims/reports/{failed.pk}/": "作成が何度も止まりました",
        f"/claims/reports/{waiting.pk}/": "2回目の作成です",
        f"/claims/layouts/{layout.pk}/": "予算科目（款・項・目・節）",
    }
    full(client, paths)
    for width in WIDTHS:
        check(sign_in(finance.staff, width=width), live_server.url, paths)
        check(sign_in(auditor.staff, width=width), live_server.url, trail)
