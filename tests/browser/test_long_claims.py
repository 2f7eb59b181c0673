"""Claims and corrections with everything that makes a page wide or long: names, reasons, many corrections, changed shares."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest
from playwright.sync_api import expect

from accounts.enums import Role
from accounts.models import Staff
from budgets.actions.adjustments import AdjustmentData, approve_adjustment, propose_adjustment
from budgets.actions.claims import ClaimData, change_shares, correct_claim, file_claim, save_claim
from budgets.models import FundingStream, GrantClaim, StreamYear, WorkCategory
from budgets.settlement.actuals import month_actuals
from budgets.settlement.inputs import claim_inputs, share_changes
from budgets.workflow_claims import ClaimState
from tests import factories as f
from tests.browser.test_finance_year import look
from tests.budgets.claims import YEAR, lock_months, make_shares
from tests.conftest import persona

REASON = (
    "寄付金の計上漏れが監査委員の定期監査で指摘され、関係する所属に確認したところ、十月分の研修参加費の返還金も収入に入れるべきもの"
    "であったため、あわせて訂正する。"
)
MOVED = "区分の誤りが監査で分かった。"


def file_care(stream, finance, income: int) -> None:
    """The claim, or the correction of the one that is filed."""
    former = GrantClaim.objects.filter(stream=stream).order_by("-revision").first()
    if former is not None:
        former = correct_claim(claim=former, reason=REASON, actor=finance.actor, at=f.NOW)
    claim = save_claim(
        stream=stream, fiscal_year=YEAR, version=former.version if former else 0, actor=finance.actor, at=f.NOW,
        data=ClaimData(other_yen=1_234_567, income_yen=income, granted_yen=9_000_000),
    )  # fmt: skip
    shown = claim_inputs(
        finance.actor, claim, month_actuals(finance.actor, YEAR), share_changes(finance.actor, YEAR)
    )
    file_claim(claim=claim, typed=None, expected_hash=shown.digest(), actor=finance.actor, at=f.NOW)


@pytest.fixture
def long_year(worker, center_worker, finance):
    streams = make_shares()
    name = "包括的支援事業（地域包括支援センターの運営）及び認知症総合支援事業"
    FundingStream.objects.filter(pk=streams["care"].pk).update(name=name)
    StreamYear.objects.filter(stream=streams["care"]).update(standard_yen=123_456_789)
    Staff.objects.filter(pk=worker.staff.pk).update(name="勅使河原 美由紀子")
    lock_months([worker, center_worker], finance)
    change_shares(
        stream=streams["care"], first=date(YEAR, 10, 1), source="令和7年9月30日付け通知", actor=finance.actor, at=f.NOW,
        shares={"state": Fraction(1, 2), "prefecture": Fraction(1, 4), "municipality": Fraction(1, 4)},
    )  # fmt: skip
    for income in (987_654, 988_654, 999_654):
        file_care(streams["care"], finance, income)
    save_claim(
        stream=streams["child"], fiscal_year=YEAR, version=0, actor=finance.actor, at=f.NOW,
        data=ClaimData(other_yen=22_222, note="記録のない月の経費は、その他の事業費に入れました。" * 8),
    )  # fmt: skip
    second = persona(finance.agency, Role.FINANCE_CLERK, name="堀 美里")
    child, care = (WorkCategory.objects.get(code=code) for code in ("child", "care"))
    for n in range(1, 5):
        row = propose_adjustment(
            month=date(YEAR, 3 + n, 1), actor=finance.actor, at=f.NOW,
            data=AdjustmentData(
                worker.staff, worker.agency, f.TODAY, MOVED * n, from_category=child, to_category=care, minutes=30
            ),
        )  # fmt: skip
        approve_adjustment(adjustment=row, actor=second.actor, at=f.NOW + timedelta(minutes=n))
    return streams


def test_claims_and_corrections_stay_readable(sign_in, live_server, long_year, finance):
    for width in (1280, 768):
        page = sign_in(finance.staff, width=width)
        for name, path in {
            "claim-draft": f"{YEAR}/child/", "claim-filed": f"{YEAR}/care/", "claims": f"?year={YEAR}",
            "corrections": f"corrections/?year={YEAR}", "workers": f"{YEAR}/care/202506/workers/",
        }.items():  # fmt: skip
            assert page.goto(f"{live_server.url}/claims/{path}").status == 200, path
            look(page, f"long-{name}-{width}")
        page.goto(f"{live_server.url}/claims/corrections/?year={YEAR}")
        cell = page.locator("td.corrections__what").first.bounding_box()
        assert cell["width"] >= 250, width  # a reason is read in lines, not in a column of single words
        if width == 1280:  # what is typed, what follows and the button, in one look
            page.goto(f"{live_server.url}/claims/{YEAR}/child/")
            amounts, table = (
                page.locator(x).bounding_box() for x in ("#amounts", "[aria-label='精算書の表']")
            )
            assert amounts["x"] + amounts["width"] <= table["x"]


def test_the_auditor_reads_the_same_without_the_words(sign_in, live_server, long_year, auditor):
    for width in (1280, 768):
        page = sign_in(auditor.staff, width=width)
        for name, path in {
            "corrections": f"claims/corrections/?year={YEAR}", "claim": f"claims/{YEAR}/care/",
            "adjustments": f"apportionment/{YEAR}04/adjustments/", "month": f"apportionment/{YEAR}04/",
        }.items():  # fmt: skip
            assert page.goto(f"{live_server.url}/{path}").status == 200, path
            look(page, f"auditor-{name}-{width}")
            assert "勅使河原" not in page.content()
            assert REASON not in page.content()
        page.goto(f"{live_server.url}/claims/corrections/?year={YEAR}")
        expect(page.locator("main")).to_contain_text("文は経理担当が読めます")
        cell = page.locator("td.corrections__what").first.bounding_box()
        assert cell["width"] >= 250, width


def test_typed_amounts_are_not_left_behind_by_filing(sign_in, live_server, long_year, finance):
    page = sign_in(finance.staff)
    page.goto(f"{live_server.url}/claims/{YEAR}/child/")
    page.get_by_label("寄付金その他の収入額（円）").fill("40,000")
    page.get_by_role("button", name="この額で提出済みにする").click()
    expect(page.locator("main")).to_contain_text("まだ保存されていません")
    expect(page.get_by_label("寄付金その他の収入額（円）")).to_have_value("40,000")
    claim = GrantClaim.objects.get(stream=long_year["child"])
    assert claim.state == ClaimState.DRAFT
    page.get_by_role("button", name="保存する").click()
    page.get_by_role("button", name="この額で提出済みにする").click()
    expect(page.locator("main")).to_contain_text("提出済み")
    claim.refresh_from_db()
    assert (claim.state, claim.income_yen) == (ClaimState.FILED, 40_000)
