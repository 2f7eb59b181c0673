"""The claim of a stream: drafted, filed from twelve locked months, frozen, corrected; its pages and files say the same."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from django.db import DatabaseError, transaction
from openpyxl import load_workbook
from pypdf import PdfReader

from audit.models import ChangeRecord
from budgets.actions.claims import ClaimData, change_shares, correct_claim, data_of, file_claim, save_claim
from budgets.enums import Payer
from budgets.models import ApportionmentRow, GrantClaim, StreamYear, WorkMonth
from budgets.settlement.actuals import month_actuals
from budgets.settlement.inputs import claim_inputs, share_changes
from budgets.settlement.selectors import year_table
from budgets.workflow_claims import CLAIM_TRANSITIONS, ClaimEvent, ClaimState
from common.errors import InvalidTransition, NotAllowed, RuleViolation, StaleRecord
from tests import factories as f
from tests.budgets.claims import YEAR, Book, lock_months, make_shares


@pytest.fixture
def streams(db, time_machine):
    time_machine.move_to(f.NOW)
    return make_shares()


@pytest.fixture
def locked_year(streams, worker, center_worker, finance):
    lock_months([worker, center_worker], finance)
    return streams


def draft(finance, stream, version=0, **data) -> GrantClaim:
    return save_claim(
        stream=stream, fiscal_year=YEAR, data=ClaimData(**data), version=version, actor=finance.actor, at=f.NOW
    )  # fmt: skip


def digest(finance, claim) -> str:
    actor = finance.actor
    return claim_inputs(actor, claim, month_actuals(actor, YEAR), share_changes(actor, YEAR)).digest()


def filed(finance, stream, **data) -> GrantClaim:
    claim = draft(finance, stream, **data)
    return file_claim(
        claim=claim, typed=None, expected_hash=digest(finance, claim), actor=finance.actor, at=f.NOW
    )


def test_every_stream_of_a_locked_year_adds_up_to_its_cost(locked_year, finance):
    table = year_table(finance.actor, YEAR)
    rows = ApportionmentRow.objects.filter(run__is_final=True)
    by_code = {line.stream.code: line.table for line in table.lines}
    for code in ("care", "child", "poverty"):
        cost = sum(rows.filter(stream__code=code).values_list("yen", flat=True))
        assert by_code[code].total == cost == sum(by_code[code].parts.values())
    assert table.total == sum(rows.values_list("yen", flat=True)) == sum(table.parts.values())
    assert not table.months.opened


def test_filing_freezes_figures_inputs_and_the_trail(locked_year, finance):
    claim = filed(finance, locked_year["care"], other_yen=120_000, income_yen=50_000, granted_yen=1_000_000)
    assert claim.state == ClaimState.FILED
    assert claim.result["required"] % 1000 == 0
    assert len(claim.inputs["monthly"]) == 12
    actions = list(ChangeRecord.objects.filter(action__startswith="claim.").values_list("action", flat=True))
    assert sorted(actions) == ["claim.file", "claim.save"]
    for change in ({"income_yen": 1}, {"result": {}}, {"state": ClaimState.DRAFT}):
        with pytest.raises(DatabaseError), transaction.atomic():
            GrantClaim.objects.filter(pk=claim.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        GrantClaim.objects.filter(pk=claim.pk).delete()
    with pytest.raises(InvalidTransition):
        draft(finance, locked_year["care"])


def test_masters_that_change_later_do_not_move_a_filed_claim(locked_year, finance):
    claim = filed(finance, locked_year["care"])
    StreamYear.objects.filter(stream=locked_year["care"]).update(standard_yen=1)
    shown = next(x for x in year_table(finance.actor, YEAR).lines if x.stream.code == "care")
    assert shown.table.rows() == claim.result


def test_a_claim_of_a_year_with_open_months_is_not_filed(streams, worker, finance):
    lock_months([worker], finance, months=10)
    claim = draft(finance, streams["care"])
    with pytest.raises(RuleViolation, match=r"締めていない月.*令和8年2月分、令和8年3月分"):
        file_claim(
            claim=claim, typed=None, expected_hash=digest(finance, claim), actor=finance.actor, at=f.NOW
        )
    page = finance.client.get(f"/claims/{YEAR}/care/").content.decode()
    assert "すべて締めるまで提出できません" in page
    assert "この額で提出済みにする" not in page


def test_what_was_not_looked_at_is_not_filed(locked_year, finance, worker):
    claim = draft(finance, locked_year["care"])
    seen = digest(finance, claim)
    draft(finance, locked_year["care"], version=1, income_yen=999_000)
    with pytest.raises(RuleViolation, match="金額が変わりました"):
        file_claim(claim=claim, typed=None, expected_hash=seen, actor=finance.actor, at=f.NOW)
    with pytest.raises(StaleRecord):
        draft(finance, locked_year["care"], version=1)
    with pytest.raises(NotAllowed):
        draft(worker, locked_year["care"], version=2)


def test_what_is_typed_and_not_saved_is_refused_on_every_surface(locked_year, finance):
    """The action itself compares what stands typed with what is saved: amounts and the note, which no digest holds."""
    claim = draft(finance, locked_year["care"], income_yen=5_000, granted_yen=900_000, note="確認済み")
    seen, saved = digest(finance, claim), data_of(claim)

    def file(typed) -> GrantClaim:
        return file_claim(claim=claim, typed=typed, expected_hash=seen, actor=finance.actor, at=f.NOW)

    for change in (
        {"other_yen": 1}, {"ineligible_yen": 1}, {"income_yen": 6_000}, {"granted_yen": None}, {"note": "足した"}, {"note": ""},
    ):  # fmt: skip
        with pytest.raises(RuleViolation, match="まだ保存されていません"):
            file(replace(saved, **change))
    draft(
        finance,
        locked_year["care"],
        version=1,
        income_yen=5_000,
        granted_yen=900_000,
        note="ほかの経理担当が直した",
    )
    with pytest.raises(RuleViolation, match="まだ保存されていません"):
        file(saved)  # somebody else saved another note since
    assert GrantClaim.objects.get().state == ClaimState.DRAFT
    assert not ChangeRecord.objects.filter(action="claim.file").exists()
    typed = replace(saved, note=" ほかの経理担当が直した\n")  # saved without the spaces around it
    assert file(typed).state == ClaimState.FILED


def test_a_correction_takes_the_place_of_a_filed_claim_when_it_is_filed(locked_year, finance):
    first = filed(finance, locked_year["care"], granted_yen=900_000)
    with pytest.raises(RuleViolation, match="理由"):
        correct_claim(claim=first, reason=" ", actor=finance.actor, at=f.NOW)
    second = correct_claim(claim=first, reason="寄付金の計上漏れ", actor=finance.actor, at=f.NOW)
    with pytest.raises(InvalidTransition):
        correct_claim(claim=first, reason="もう一度", actor=finance.actor, at=f.NOW)
    first.refresh_from_db()
    assert first.state == ClaimState.FILED  # stands until the other is filed
    draft(finance, locked_year["care"], version=1, income_yen=300_000, granted_yen=900_000)
    second = file_claim(
        claim=second, typed=None, expected_hash=digest(finance, GrantClaim.objects.get(pk=second.pk)), actor=finance.actor, at=f.NOW
    )  # fmt: skip
    first.refresh_from_db()
    assert (first.state, second.state, second.revision) == (ClaimState.CORRECTED, ClaimState.FILED, 2)
    assert second.result["total"] == first.result["total"]
    assert second.result["net"] == first.result["net"] - 300_000
    page = finance.client.get(f"/claims/corrections/?year={YEAR}").content.decode()
    assert "寄付金の計上漏れ" in page
    assert f"{first.result['required']:,}円" in page
    assert "訂正済み" in finance.client.get(f"/claims/filed/{first.pk}/").content.decode()


@pytest.mark.parametrize("state", ClaimState)
@pytest.mark.parametrize("event", ClaimEvent)
def test_every_step_of_the_state_table(locked_year, finance, state, event):
    if state == ClaimState.DRAFT:
        claim = draft(finance, locked_year["care"])
    else:
        claim = filed(finance, locked_year["care"])
        if state == ClaimState.CORRECTED:
            new = correct_claim(claim=claim, reason="訂正", actor=finance.actor, at=f.NOW)
            file_claim(
                claim=new, typed=None, expected_hash=digest(finance, new), actor=finance.actor, at=f.NOW
            )
    before = ChangeRecord.objects.count()

    def step() -> None:
        if event == ClaimEvent.FILE:
            shown = digest(finance, GrantClaim.objects.get(pk=claim.pk))
            file_claim(claim=claim, typed=None, expected_hash=shown, actor=finance.actor, at=f.NOW)
        else:
            correct_claim(claim=claim, reason="訂正", actor=finance.actor, at=f.NOW)

    if (state, event) in CLAIM_TRANSITIONS:
        step()
        assert ChangeRecord.objects.count() == before + 1
    else:
        with pytest.raises(InvalidTransition):
            step()
        assert ChangeRecord.objects.count() == before


def test_shares_that_change_in_mid_year(locked_year, finance):
    third = {Payer.STATE: Fraction(1, 3), Payer.MUNICIPALITY: Fraction(2, 3)}
    change_shares(
        stream=locked_year["poverty"], first=date(2025, 10, 1), shares=third, source="県通知", actor=finance.actor, at=f.NOW
    )  # fmt: skip
    line = next(x for x in year_table(finance.actor, YEAR).lines if x.stream.code == "poverty")
    assert [p.first.month for p, _ in line.table.periods] == [4, 10]
    exact = sum(p.shares[Payer.STATE] * yen for p, yen in line.table.periods)
    assert line.table.required == exact // 1000 * 1000
    page = finance.client.get(f"/claims/{YEAR}/poverty/").content.decode()
    assert "年度途中の割合の変更" in page
    assert "75% → 1/3" in page
    with pytest.raises(RuleViolation, match="合計が1"):
        change_shares(
            stream=locked_year["poverty"], first=date(2025, 10, 1), shares={Payer.STATE: Fraction(1, 3)}, source="x",
            actor=finance.actor, at=f.NOW,
        )  # fmt: skip


def test_pages_and_files_say_the_same(locked_year, finance, auditor, worker, django_assert_max_num_queries):
    filed(finance, locked_year["care"], income_yen=10_000)
    table = year_table(finance.actor, YEAR)
    client = finance.client
    for path in (
        f"/claims/?year={YEAR}",
        f"/claims/{YEAR}/care/",
        f"/claims/{YEAR}/child/",
        f"/claims/{YEAR}/child/shares/",
    ):
        client.get(path)
        with django_assert_max_num_queries(15):
            assert client.get(path).status_code == 200
    page = client.get(f"/claims/?year={YEAR}").content.decode()
    book = Book(client.get(f"/claims/{YEAR}/seisan.xlsx").content)
    text = "".join(
        p.extract_text()
        for p in PdfReader(io.BytesIO(client.get(f"/claims/{YEAR}/seisan.pdf").content)).pages
    )
    csv = client.get(f"/claims/{YEAR}/seisan.csv").content.decode("utf-8-sig")
    for n, line in enumerate((x for x in table.lines if x.table), start=3):
        assert f"{line.table.required:,}円" in page
        assert f"{line.table.total:,}" in text
        assert str(line.table.total) in csv
        assert book.value("精算書", f"L{n}") == line.table.required
        assert book.value("精算書", f"P{n}") == line.table.municipal
    assert auditor.client.get(f"/claims/{YEAR}/care/").status_code == 200
    assert auditor.client.post(f"/claims/{YEAR}/care/", {}).status_code == 403
    assert worker.client.get("/claims/").status_code == 403


def test_the_clerk_drafts_and_files_on_the_page(locked_year, finance):
    client = finance.client
    data = {
        "version": 0,
        "other_yen": "100,000",
        "ineligible_yen": "0",
        "income_yen": "0",
        "granted_yen": "",
        "note": "",
    }
    assert client.post(f"/claims/{YEAR}/child/", data | {"income_yen": "-1"}).status_code == 422
    assert client.post(f"/claims/{YEAR}/child/", data).status_code == 302
    claim = GrantClaim.objects.get()
    page = client.get(f"/claims/{YEAR}/child/").content.decode()
    assert digest(finance, claim) in page
    assert client.post(f"/claims/filed/{claim.pk}/file/", {"digest": "old"}).status_code == 422
    beside = data | {"version": 1, "digest": digest(finance, claim)}
    for typed in ({"income_yen": "5,000"}, {"income_yen": "x"}, {"note": "足した"}):  # and not saved
        answer = client.post(f"/claims/filed/{claim.pk}/file/", beside | typed)
        assert answer.status_code == 422
        assert "まだ保存されていません" in answer.content.decode()
        assert next(iter(typed.values())) in answer.content.decode()  # nothing typed is lost
    assert client.post(f"/claims/filed/{claim.pk}/file/", beside).status_code == 302
    claim.refresh_from_db()
    assert claim.state == ClaimState.FILED
    assert client.post(f"/claims/filed/{claim.pk}/correct/", {"reason": ""}).status_code == 422
    assert client.post(f"/claims/filed/{claim.pk}/correct/", {"reason": "集計の誤り"}).status_code == 302
    assert GrantClaim.objects.count() == 2


def test_months_before_the_records_want_a_word(streams, worker, finance):
    lock_months([worker], finance, months=12)
    months = WorkMonth.objects.filter(month__lte=date(2025, 5, 1))
    assert months.count() == 2
    later = GrantClaim(stream=streams["care"], fiscal_year=2024)
    assert later.is_draft  # a year of which nothing is known at all
    claim = save_claim(
        stream=streams["care"], fiscal_year=2024, data=ClaimData(other_yen=5_000_000), version=0, actor=finance.actor,
        at=f.NOW,
    )  # fmt: skip
    actor = finance.actor
    shown = claim_inputs(actor, claim, month_actuals(actor, 2024), share_changes(actor, 2024)).digest()
    with pytest.raises(RuleViolation, match="記録のない月"):
        file_claim(claim=claim, typed=None, expected_hash=shown, actor=actor, at=f.NOW)


def test_from_the_claim_down_to_the_entries_and_back(locked_year, finance, auditor, worker):
    claim = filed(finance, locked_year["care"])
    client = auditor.client
    page = client.get(f"/claims/{YEAR}/care/").content.decode()
    assert f"/claims/{YEAR}/care/202504/workers/" in page
    down = client.get(f"/claims/{YEAR}/care/202504/workers/").content.decode()
    row = ApportionmentRow.objects.get(
        run__month__month=date(2025, 4, 1), staff=worker.staff, stream__code="care"
    )
    assert f"{row.yen:,}円" in down
    assert f"{row.minutes} / {row.direct_minutes}分" in down
    assert worker.staff.name not in down  # the auditor reads numbers, not names
    assert worker.staff.name in finance.client.get(f"/claims/{YEAR}/care/202504/workers/").content.decode()
    entries = client.get(f"/claims/{YEAR}/care/202504/workers/{worker.staff.pk}/").content.decode()
    assert "K07-00001" in entries
    assert "職員が選んだ区分" in entries or "支援の記録から" in entries
    assert f"所要額 {claim.result['required']:,}円" in entries
    assert f"/claims/{YEAR}/care/" in entries
    assert client.get(f"/claims/{YEAR}/care/202604/workers/").status_code == 404


@pytest.mark.parametrize(
    ("by", "span"), [("worker", "year"), ("agency", "q2"), ("stream", "year"), ("worker", "202505")]
)
def test_the_statement_of_any_span_adds_up(locked_year, finance, auditor, worker, by, span):
    from budgets.settlement.statement import By, months_in, statement

    data = statement(finance.actor, YEAR, by=By(by), span=span)
    rows = ApportionmentRow.objects.filter(run__is_final=True, run__month__month__in=months_in(YEAR, span))
    assert data.total == sum(rows.values_list("yen", flat=True)) == sum(data.sums)
    query = f"?year={YEAR}&by={by}&span={span}"
    page = finance.client.get(f"/claims/statement/{query}").content.decode()
    assert f"{data.total:,}円" in page
    book = load_workbook(io.BytesIO(finance.client.get(f"/claims/statement/anbun.xlsx{query}").content))
    assert data.total in {c.value for r in book["按分計算書"].iter_rows() for c in r}
    assert str(data.total) in finance.client.get(f"/claims/statement/anbun.csv{query}").content.decode(
        "utf-8-sig"
    )
    assert finance.client.get(f"/claims/statement/anbun.pdf{query}").content[:5] == b"%PDF-"
    assert worker.staff.name not in auditor.client.get(f"/claims/statement/{query}").content.decode()
    assert finance.client.get(f"/claims/statement/anbun.exe{query}").status_code == 404
