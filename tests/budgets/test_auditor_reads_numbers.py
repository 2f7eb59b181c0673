"""The auditor follows every figure and reads no typed word and no worker's name: on pages, in files and in the API."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.db import connection
from openpyxl import load_workbook
from pypdf import PdfReader

from accounts.enums import Role
from budgets.actions.adjustments import AdjustmentData, approve_adjustment, propose_adjustment
from budgets.actions.report_jobs import make_reports, order_report
from budgets.enums import FindingKind
from budgets.masters import category_of
from budgets.models import (
    AttributionTable,
    ComplianceFinding,
    GrantClaim,
    ReportPiece,
    WorkCategory,
    WorkEntry,
)
from budgets.pack.build import build
from budgets.pack.verify import verify
from budgets.readers import Readers, sealed, words_for
from budgets.settlement.trail import corrections
from budgets.workflow_claims import ReportKind
from tests import factories as f
from tests.budgets.claims import YEAR
from tests.budgets.pack.test_adjusted import APRIL, april, csv_of
from tests.conftest import persona

__all__ = ["april"]
PERSON = "田中 一郎"


def named(what: str) -> str:
    """What somebody might type, about somebody who came for help."""
    return f"{PERSON}さんの{what}"


REASONS = {
    what: named(what)
    for what in (
        "相談の誤入力",
        "賃金の訂正",
        "要綱の改正",
        "精算の訂正",
        "備考",
        "確認事項の回答",
        "区分の直し",
    )
}


@pytest.fixture
def clerk(finance):
    return persona(finance.agency, Role.FINANCE_CLERK, name="堀 美里")


def adjust(worker, finance, clerk, reason: str, minute: int, **what):
    row = propose_adjustment(
        month=APRIL, actor=finance.actor, at=f.NOW, data=AdjustmentData(worker.staff, worker.agency, f.TODAY, reason, **what)
    )  # fmt: skip
    return approve_adjustment(adjustment=row, actor=clerk.actor, at=f.NOW + timedelta(minutes=minute))


@pytest.fixture
def told(april, worker, finance, clerk):
    """A reason that names somebody wherever a reason can be typed. Returns the claim that corrects another."""
    category = WorkCategory.objects.get
    adjust(
        worker, finance, clerk, REASONS["相談の誤入力"], 1, from_category=category(code="child"),
        to_category=category(code="care"), minutes=60,
    )  # fmt: skip
    adjust(worker, finance, clerk, REASONS["賃金の訂正"], 2, yen=-5_000)
    AttributionTable.objects.create(
        fiscal_year=YEAR, version=1, valid_from=APRIL, lines=[], examples=[], note=REASONS["要綱の改正"],
        saved_at=f.NOW, saved_by=finance.staff,
    )  # fmt: skip
    ComplianceFinding.objects.create(
        key="x", kind=FindingKind.COPIED, staff=worker.staff, agency=worker.agency, month=APRIL, text="同じ週です。",
        raised_at=f.NOW, answer=REASONS["確認事項の回答"], answered_at=f.NOW, answered_by=worker.staff,
    )  # fmt: skip
    entry = WorkEntry.objects.filter(staff=worker.staff, worked_on__month=4, category__code="care").first()
    with connection.cursor() as cursor:  # the month is locked: this stands for what was there before
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE budgets_workentry SET derived_category_id = %s, correction = %s, corrected_at = %s, reason = %s"
            " WHERE id = %s",
            [category(code="child").pk, REASONS["区分の直し"], f.NOW, "18歳未満 → 子ども", entry.pk],
        )
        cursor.execute("SET LOCAL session_replication_role = origin")
    stream = category(code="care").stream
    common = {"stream": stream, "fiscal_year": YEAR, "drafted_at": f.NOW, "drafted_by": finance.staff}
    first = GrantClaim.objects.create(
        **common, state="filed", filed_at=f.NOW, filed_by=finance.staff, result={"required": 100_000}, inputs={},
        input_hash="0" * 64, income_yen=0,
    )  # fmt: skip
    return GrantClaim.objects.create(
        **common, revision=2, corrects=first, correction_reason=REASONS["精算の訂正"], note=REASONS["備考"], income_yen=7_000
    )  # fmt: skip


def addresses(worker, told) -> list[str]:
    care = told.stream
    month, year = f"/apportionment/{APRIL:%Y%m}/", f"/claims/{YEAR}/"
    key = f"{year}care/{APRIL:%Y%m}/workers/"
    return [
        "/apportionment/", month, f"{month}adjustments/", f"{month}approvals/", f"{month}compare/", f"{month}overheads/",
        f"{month}entries/{worker.staff.pk}/{care.pk}/", f"{month}anbun.csv", f"{month}anbun.xlsx", f"{month}anbun.pdf",
        "/apportionment/review/?show=all", "/apportionment/rules/", "/apportionment/methods/", "/apportionment/assignments/",
        "/apportionment/studies/", "/apportionment/pools/", "/apportionment/streams/", "/apportionment/integrated/",
        f"/claims/?year={YEAR}", f"/claims/corrections/?year={YEAR}", f"/claims/outlook/?year={YEAR}", f"{year}care/",
        f"{year}care/outlook/", f"/claims/statement/?year={YEAR}&by=worker", f"/claims/statement/anbun.csv?year={YEAR}&by=worker",
        f"/claims/filed/{told.pk}/", f"{year}seisan.csv", f"{year}seisan.xlsx", f"{year}seisan.pdf", key,
        f"{key}{worker.staff.pk}/", "/claims/reports/", "/api/v1/claims/", f"/api/v1/claims/{told.pk}/", "/api/v1/work-entries/",
        "/api/v1/apportionments/", f"/api/v1/actuals/?year={YEAR}", f"/api/v1/journal/?year={YEAR}", "/manage/changes/",
    ]  # fmt: skip


def text_of(answer) -> str:
    kind = answer.headers["Content-Type"]
    if kind == "application/pdf":
        return "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)
    if "spreadsheet" in kind:
        book = load_workbook(io.BytesIO(answer.content))
        return " ".join(str(c.value) for sheet in book for row in sheet.iter_rows() for c in row)
    return answer.content.decode("utf-8-sig")


def test_no_page_file_or_answer_of_the_api_tells_the_auditor_a_name(told, worker, center_worker, auditor):
    forbidden = (
        *REASONS.values(),
        PERSON,
        "田中",
        worker.staff.name,
        center_worker.staff.name,
        "室長に確認した",
    )
    leaks, read = [], 0
    for address in addresses(worker, told):
        answer = auditor.client.get(address)
        assert answer.status_code == 200, address
        text = text_of(answer)
        leaks += [(address, word) for word in forbidden if word in text]
        read += len(text)
    assert leaks == []
    assert read > 100_000


def test_the_clerk_reads_the_words_that_clerks_wrote(told, worker, finance):
    texts = "".join(text_of(finance.client.get(a)) for a in addresses(worker, told) if not a.endswith(".pdf"))
    for what, words in REASONS.items():
        assert (words in texts) is (what != "区分の直し"), (
            what
        )  # a worker's word on the own work is the desk's
    assert "室長に確認した" in texts
    assert worker.staff.name in texts


def test_the_list_of_corrections_says_everything_but_the_words(told, worker, finance, auditor):
    page = auditor.client.get(f"/claims/corrections/?year={YEAR}").content.decode()
    for what in ("相談の誤入力", "賃金の訂正", "精算の訂正"):
        length, sha256 = sealed(REASONS[what])
        assert f"文は経理担当が読めます（{length}字、SHA-256 {sha256[:16]}…）" in page
    for words in (
        "業務区分の訂正", f"職員 {worker.staff.username}", "60分", "人件費の減額", "-5,000円", "入力した金額の訂正",
        "寄付金その他の収入額：0円 → 7,000円", f"備考：0字 → {len(REASONS['備考'])}字", f"起案 {finance.staff.name}", "承認 堀 美里",
    ):  # fmt: skip
        assert words in page
    by_kind = {c.kind: c for c in corrections(auditor.actor, YEAR)}
    moved = by_kind["業務区分の訂正"].changes[0]
    assert (moved.before, moved.after) == ("子ども", "包括的支援")
    assert all(c.reason.is_held and not c.reason.text for c in by_kind.values())


@pytest.mark.parametrize(
    ("address", "what"),
    [("rules", "要綱の改正"), ("adjustments", "相談の誤入力"), ("review", "確認事項の回答"), ("claim", "備考"), ("entries", "区分の直し"),
     ("trail", "区分の直し")],
)  # fmt: skip
def test_each_page_says_how_long_the_held_words_are_and_who_can_show_them(
    told, worker, auditor, address, what
):
    month = f"/apportionment/{APRIL:%Y%m}/"
    url, readers = {
        "rules": ("/apportionment/rules/", Readers.CLERKS), "adjustments": (f"{month}adjustments/", Readers.CLERKS),
        "review": ("/apportionment/review/?show=all", Readers.BOTH), "claim": (f"/claims/{YEAR}/care/", Readers.CLERKS),
        "entries": (f"{month}entries/{worker.staff.pk}/{told.stream_id}/", Readers.DESK),
        "trail": (f"/claims/{YEAR}/care/{APRIL:%Y%m}/workers/{worker.staff.pk}/", Readers.DESK),
    }[address]  # fmt: skip
    page = auditor.client.get(url).content.decode()
    length, sha256 = sealed(REASONS[what])
    seal = (
        f"、SHA-256 {sha256[:16]}…" if readers is Readers.CLERKS else ""
    )  # a desk's words could be guessed from it
    assert f"文は{readers.value}が読めます（{length}字{seal}）" in page
    assert bool(seal) or sha256[:8] not in page
    if readers == Readers.DESK:
        assert "職員が直した区分（表では「" in page
        assert "18歳未満 → 子ども" in page


@pytest.mark.parametrize("kind", [ReportKind.SHEETS, ReportKind.ENTRIES])
def test_reports_that_an_auditor_orders_name_no_worker(
    told, worker, auditor, finance, kind, tmp_path, settings
):
    settings.VAR_DIR = tmp_path
    texts = {}
    for who in (auditor, finance):
        job = order_report(kind=kind, fiscal_year=YEAR, month=APRIL, actor=who.actor, at=f.NOW)
        make_reports(at=f.NOW)
        data = b"".join(
            bytes(p)
            for p in ReportPiece.objects.filter(job=job).order_by("number").values_list("data", flat=True)
        )
        assert data
        if kind == ReportKind.SHEETS:
            texts[who.staff.pk] = "".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)
            assert worker.staff.username in texts[who.staff.pk]
        else:
            texts[who.staff.pk] = data.decode("utf-8-sig")
        assert PERSON not in texts[who.staff.pk]
    assert worker.staff.name not in texts[auditor.staff.pk]
    assert (worker.staff.name in texts[finance.staff.pk]) is (kind == ReportKind.SHEETS)


def test_files_and_the_api_say_that_the_worker_corrected_the_table(told, worker, auditor, tmp_path):
    """The reason of an entry is the table's line; where the worker decided otherwise, it says so, without the words."""
    path = tmp_path / "pack.zip"
    build(YEAR, actor=auditor.actor, at=f.NOW, path=path, work_dir=tmp_path, tick=lambda *a: None)
    assert verify(path).problems == []
    rows = [(r["category"], r["reason"]) for r in csv_of(path, "entries")]
    assert [row for row in rows if row[1] != "支援の記録から"] == [
        ("care", "職員が直した区分（表では child：18歳未満 → 子ども）")
    ]
    assert len(rows) > 1
    answers = auditor.client.get("/api/v1/work-entries/?category__code=care").json()["results"]
    found = [(a["category"], a["table_category"], a["reason"]) for a in answers if a["table_category"]]
    assert found == [("care", "child", "18歳未満 → 子ども")]


def test_every_sort_of_adjustment_says_what_it_is_and_where_it_moves(april, worker, finance, clerk, auditor):
    child, care, community, meeting = map(category_of, ("child", "care", "community", "meeting"))
    for n, what in enumerate((
        {"from_category": child, "to_category": community, "minutes": 60}, {"from_category": care, "to_category": meeting, "minutes": 30},
        {"to_category": care, "minutes": 5}, {"from_category": care, "minutes": 5}, {"yen": 700},
    )):  # fmt: skip
        adjust(worker, finance, clerk, "x", n + 1, **what)
    found = [
        (c.kind, c.changes[0].before, c.changes[0].after) for c in reversed(corrections(auditor.actor, YEAR))
    ]
    assert found == [
        ("業務区分の訂正", "子ども", "地域づくり（一体的実施）（一般財源）"), ("業務区分の訂正", "包括的支援", "会議・連絡調整（共通）"),
        ("業務の時間の追加", "（なし）", "包括的支援"), ("業務の時間の取消し", "包括的支援", "（なし）"), ("人件費の増額", "", "+700円"),
    ]  # fmt: skip


def test_words_by_reader(worker, manager, finance, auditor):
    held = {
        readers: {who for who, p in (("worker", worker), ("manager", manager), ("clerk", finance), ("auditor", auditor))
                  if words_for(p.actor, "理由", readers).is_held}
        for readers in Readers
    }  # fmt: skip
    assert held == {
        Readers.CLERKS: {"worker", "manager", "auditor"}, Readers.DESK: {"clerk", "auditor"}, Readers.BOTH: {"auditor"},
    }  # fmt: skip
    assert not words_for(auditor.actor, "")
    assert words_for(finance.actor, "理由").text == "理由"
