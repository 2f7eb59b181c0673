"""A month that was computed again after its lock: claims, corrections and the pack all follow the later run."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import replace
from datetime import date, timedelta
from zipfile import ZipFile

import pytest

from accounts.enums import Role
from budgets.actions.adjustments import AdjustmentData, approve_adjustment, propose_adjustment
from budgets.actions.claims import ClaimData, correct_claim, file_claim, save_claim
from budgets.actions.month_steps import approve_month, withdraw_approval
from budgets.actions.personnel_costs import CostLine, set_costs
from budgets.actions.run_apportionment import lock_month, run_apportionment, write_run
from budgets.apportionment import Inputs
from budgets.enums import RemainderRule
from budgets.models import ApportionmentRun, AttributionTable, GrantClaim, MonthApproval, WorkCategory
from budgets.pack.build import build
from budgets.pack.verify import verify
from budgets.settlement.actuals import month_actuals
from budgets.settlement.inputs import claim_inputs, share_changes
from budgets.settlement.selectors import year_table
from budgets.settlement.trail import corrections
from tests import factories as f
from tests.budgets.claims import YEAR, lock_months, make_shares, work
from tests.budgets.work import digest_of
from tests.conftest import persona

APRIL = date(YEAR, 4, 1)


def test_what_is_adjusted_after_the_lock_is_in_every_figure(
    db, worker, center_worker, finance, tmp_path, time_machine
):
    time_machine.move_to(f.NOW)
    streams = make_shares()
    lock_months([worker, center_worker], finance, months=2)
    before = {line.stream.code: line.table.total for line in year_table(finance.actor, YEAR).lines}
    final = ApportionmentRun.objects.get(month__month=date(YEAR, 4, 1))
    inputs = Inputs.thaw(final.inputs)
    moved = tuple(  # an hour of the first worker was for the general stream
        replace(m, minutes=m.minutes - 60)
        if m.staff_id == worker.staff.pk and m.stream_id == streams["care"].pk
        else m
        for m in inputs.minutes
    )
    hour = replace(
        moved[0], staff_id=worker.staff.pk, kind="direct", stream_id=streams["general"].pk, minutes=60
    )
    costs = tuple(replace(c, yen=c.yen + 5_000) if c.staff_id == worker.staff.pk else c for c in inputs.costs)
    write_run(
        month=final.month, inputs=replace(inputs, minutes=(*moved, hour), costs=costs), actor=finance.actor,
        at=f.NOW + timedelta(minutes=1), is_final=False, corrects=final, adjustment_no=1,
    )  # fmt: skip
    after = {line.stream.code: line.table.total for line in year_table(finance.actor, YEAR).lines}
    assert after["general"] > before["general"]
    assert after["care"] < before["care"]
    assert sum(after.values()) == sum(before.values()) + 5_000
    assert "締め後の調整" in finance.client.get(f"/claims/corrections/?year={YEAR}").content.decode()
    path = tmp_path / "pack.zip"
    build(YEAR, actor=finance.actor, at=f.NOW, path=path, work_dir=tmp_path, tick=lambda *a: None)
    assert verify(path).problems == []
    with ZipFile(path) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("csv/adjustments.csv").decode())))
    assert sorted((r["stream"], r["minutes"]) for r in rows) == [("care", "-60"), ("general", "60")]


def csv_of(path, name: str) -> list[dict[str, str]]:
    with ZipFile(path) as archive:
        return list(csv.DictReader(io.StringIO(archive.read(f"csv/{name}.csv").decode())))


def hashed(words: str) -> tuple[str, str]:
    return str(len(words)), hashlib.sha256(words.encode()).hexdigest()


@pytest.fixture
def april(db, worker, center_worker, finance, time_machine):
    """One locked month: approved by the manager of the desk (twice), confirmed by the clerk for the centre."""
    time_machine.move_to(f.NOW)
    make_shares()
    for who in (worker, center_worker):
        work(who, APRIL, {"care": 600, "child": 300})
    lines = [CostLine(who.staff, who.agency, 400_000) for who in (worker, center_worker)]
    set_costs(month=APRIL, lines=lines, actor=finance.actor, at=f.NOW)
    rule = RemainderRule.LARGEST_REMAINDER
    run = run_apportionment(month=APRIL, rule=rule, actor=finance.actor, at=f.NOW)
    head = persona(worker.agency, Role.AGENCY_MANAGER, name="窓口 長子")

    def approve(agency, actor, reason=""):
        approve_month(
            month=APRIL, agency=agency, expected_digest=digest_of(APRIL, agency.pk), actor=actor, at=f.NOW,
            instead_reason=reason,
        )  # fmt: skip

    approve(worker.agency, head.actor)
    withdraw_approval(month=APRIL, agency=worker.agency, reason="見落とし", actor=head.actor, at=f.NOW)
    approve(worker.agency, head.actor)
    approve(center_worker.agency, finance.actor, "長が欠員のため室長に確認した")
    return lock_month(month=APRIL, actor=finance.actor, at=f.NOW, expected_hash=run.input_hash)


@pytest.fixture
def moved(april, worker, finance):
    """An hour of the worker, proposed by one clerk and approved by another."""
    second = persona(finance.agency, Role.FINANCE_CLERK, name="堀 美里")
    row = propose_adjustment(
        month=APRIL, actor=finance.actor, at=f.NOW,
        data=AdjustmentData(
            worker.staff, worker.agency, f.TODAY, "区分の誤りが監査で分かった",
            from_category=WorkCategory.objects.get(code="child"), to_category=WorkCategory.objects.get(code="care"), minutes=60,
        ),
    )  # fmt: skip
    return approve_adjustment(adjustment=row, actor=second.actor, at=f.NOW + timedelta(minutes=1))


def test_a_correction_says_why_and_by_whom(moved, april, finance, auditor):
    found = corrections(finance.actor, YEAR)
    assert [(c.reason.text, c.who, c.before, c.after) for c in found] == [
        ("区分の誤りが監査で分かった", (f"起案 {finance.staff.name}", "承認 堀 美里"), 800_000, 800_000)
    ]
    parts = dict(found[0].parts)  # an hour of 900 minutes for 400,000 yen
    assert parts == {"包括的支援": 26_666, "子ども": -26_666}
    assert sum(parts.values()) == 0
    for who in (finance, auditor):
        page = who.client.get(f"/claims/corrections/?year={YEAR}").content.decode()
        assert ("区分の誤りが監査で分かった" in page) is (who is finance)  # the auditor reads numbers
        assert "承認 堀 美里" in page
        assert "子ども −26,666円" in page


def test_the_approvals_of_the_pack_are_all_that_led_to_its_months(
    moved, april, worker, center_worker, finance, tmp_path
):
    path = tmp_path / "pack.zip"
    build(YEAR, actor=finance.actor, at=f.NOW, path=path, work_dir=tmp_path, tick=lambda *a: None)
    assert verify(path).problems == []
    rows = csv_of(path, "approvals")
    clerk = finance.staff.name
    instead, wrong = "長が欠員のため室長に確認した", "区分の誤りが監査で分かった"
    assert sorted((r["what"], r["who"], r["proposed_by"], r["reason_length"], r["reason_sha256"]) for r in rows) == sorted([
        ("月の承認", "窓口 長子", "", "0", ""), ("月の承認の取り消し", "", "", *hashed("見落とし")),
        ("月の承認", "窓口 長子", "", "0", ""), ("承認に代わる確認", clerk, "", *hashed(instead)),
        ("月の締め", clerk, "", "0", ""), ("締め後の調整の承認", "堀 美里", clerk, *hashed(wrong)),
    ])  # fmt: skip
    by_what = {r["what"]: r for r in rows}
    agency_of = {r["agency"] for r in csv_of(path, "costs")}
    assert {r["of"].split()[1] for r in rows if "承認" in r["what"] and "調整" not in r["what"]} == agency_of
    digest = MonthApproval.objects.standing().get(agency=center_worker.agency).digest
    assert by_what["承認に代わる確認"]["hash"] == digest
    assert by_what["月の締め"]["hash"] == april.input_hash
    assert by_what["締め後の調整の承認"]["hash"] == moved.input_hash


def test_a_name_typed_into_a_reason_stays_out_of_the_pack(april, worker, center_worker, finance, tmp_path):
    """The words are in kyosei for whoever may read them; the pack proves that they have not changed since."""
    named = f"{worker.staff.name}が田中 一郎さんの相談を誤って入れた"
    second = persona(finance.agency, Role.FINANCE_CLERK, name="堀 美里")
    row = propose_adjustment(
        month=APRIL, actor=finance.actor, at=f.NOW,
        data=AdjustmentData(
            worker.staff, worker.agency, f.TODAY, named,
            from_category=WorkCategory.objects.get(code="child"), to_category=WorkCategory.objects.get(code="care"), minutes=60,
        ),
    )  # fmt: skip
    approve_adjustment(adjustment=row, actor=second.actor, at=f.NOW + timedelta(minutes=1))
    AttributionTable.objects.create(
        fiscal_year=YEAR, version=1, valid_from=APRIL, lines=[], examples=[], note=named, saved_at=f.NOW, saved_by=finance.staff
    )  # fmt: skip
    path = tmp_path / "pack.zip"
    build(YEAR, actor=finance.actor, at=f.NOW, path=path, work_dir=tmp_path, tick=lambda *a: None)
    with ZipFile(path) as archive:
        texts = {
            name: archive.read(name).decode()
            for name in archive.namelist()
            if name.endswith((".csv", "json", "txt"))
        }
        rules = json.loads(archive.read("rules.json"))
    for name, text in texts.items():
        for part in (worker.staff.name, "田中", "一郎", "誤って入れた"):
            assert part not in text, name
    (told,) = (r for r in csv_of(path, "approvals") if "調整" in r["what"])
    assert (told["reason_length"], told["reason_sha256"]) == hashed(named)
    assert [r["note_sha256"] for r in rules] == [hashed(named)[1]]
    assert named in finance.client.get(f"/claims/corrections/?year={YEAR}").content.decode()


def claims_of(path) -> dict[str, dict[str, str]]:
    return {r["stream"]: r for r in csv_of(path, "claims")}


def file_year(streams, finance, version: int = 0, **amounts) -> GrantClaim:
    """The claim of the child stream with the figures that stand now; a word on the months without records."""
    claim = save_claim(
        stream=streams["child"], fiscal_year=YEAR, version=version, actor=finance.actor, at=f.NOW, data=ClaimData(**amounts)
    )  # fmt: skip
    shown = claim_inputs(
        finance.actor, claim, month_actuals(finance.actor, YEAR), share_changes(finance.actor, YEAR)
    )
    return file_claim(claim=claim, typed=None, expected_hash=shown.digest(), actor=finance.actor, at=f.NOW)


def test_a_claim_that_was_filed_before_its_month_was_adjusted(
    db, worker, center_worker, finance, tmp_path, time_machine
):
    """The filed claim stands as it is and the pack says so; the correction claims what is true now; both packs agree."""
    time_machine.move_to(f.NOW)
    streams = make_shares()
    lock_months([worker, center_worker], finance)
    first = file_year(streams, finance, granted_yen=700_000)
    second = persona(finance.agency, Role.FINANCE_CLERK, name="堀 美里")
    row = propose_adjustment(
        month=APRIL, actor=finance.actor, at=f.NOW,
        data=AdjustmentData(
            worker.staff, worker.agency, f.TODAY, "区分の誤り",
            from_category=WorkCategory.objects.get(code="child"), to_category=WorkCategory.objects.get(code="care"), minutes=60,
        ),
    )  # fmt: skip
    approve_adjustment(adjustment=row, actor=second.actor, at=f.NOW + timedelta(minutes=1))
    paths = [tmp_path / name for name in ("moved.zip", "corrected.zip")]
    build(YEAR, actor=finance.actor, at=f.NOW, path=paths[0], work_dir=tmp_path, tick=lambda *a: None)
    assert "提出した後に実績が変わりました" in finance.client.get(f"/claims/{YEAR}/child/").content.decode()
    fresh = correct_claim(claim=first, reason="四月の区分の誤り", actor=finance.actor, at=f.NOW)
    assert fresh.revision == 2
    assert "必要なら、理由を書いて" in finance.client.get(f"/claims/filed/{first.pk}/").content.decode()
    file_year(streams, finance, version=1, granted_yen=700_000)
    replaced = finance.client.get(f"/claims/filed/{first.pk}/").content.decode()
    assert "訂正済み" in replaced
    assert "必要なら、理由を書いて" not in replaced  # it was corrected already
    build(YEAR, actor=finance.actor, at=f.NOW, path=paths[1], work_dir=tmp_path, tick=lambda *a: None)
    assert [verify(path).problems for path in paths] == [[], []]
    moved, corrected = (claims_of(path)["child"] for path in paths)
    assert (moved["moved"], moved["revision"], moved["total"]) == ("1", "1", str(first.result["total"]))
    assert (corrected["moved"], corrected["revision"]) == ("0", "2")
    assert int(corrected["total"]) < int(moved["total"])
    lines = {line.stream.code: line for line in year_table(finance.actor, YEAR).lines}
    assert int(corrected["total"]) == lines["child"].table.total
