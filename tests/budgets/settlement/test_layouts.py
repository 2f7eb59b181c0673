"""Files in the columns of another system, the journal, and the same through the API."""

from __future__ import annotations

import csv
import io

import pytest

from budgets.actions.claims import ClaimData as Data
from budgets.actions.claims import file_claim, save_claim
from budgets.actions.export_layouts import LayoutData, remove_layout, save_layout
from budgets.models import ApportionmentRow, ExportLayout
from budgets.settlement.actuals import month_actuals
from budgets.settlement.inputs import claim_inputs, share_changes
from budgets.settlement.layouts import FIELDS, default_columns, journal
from budgets.workflow_claims import LayoutKind
from common.errors import NotAllowed, RuleViolation, StaleRecord
from tests import factories as f
from tests.budgets.claims import YEAR, lock_months, make_shares


@pytest.fixture
def locked(db, worker, center_worker, finance, time_machine):
    time_machine.move_to(f.NOW)
    streams = make_shares()
    lock_months([worker, center_worker], finance)
    claim = save_claim(
        stream=streams["care"], fiscal_year=YEAR, version=0, actor=finance.actor, at=f.NOW, data=Data(other_yen=1)
    )  # fmt: skip
    shown = claim_inputs(
        finance.actor, claim, month_actuals(finance.actor, YEAR), share_changes(finance.actor, YEAR)
    )
    return file_claim(claim=claim, typed=None, expected_hash=shown.digest(), actor=finance.actor, at=f.NOW)


def save(finance, layout=None, version=0, **more) -> ExportLayout:
    base = {
        "name": "財務会計 取込",
        "kind": LayoutKind.ACTUALS,
        "columns": default_columns(LayoutKind.ACTUALS),
    }
    return save_layout(
        layout=layout, data=LayoutData(**(base | more)), version=version, actor=finance.actor, at=f.NOW
    )


def read(finance, layout) -> list[list[str]]:
    response = finance.client.get(f"/claims/layouts/{layout.pk}/{YEAR}.csv")
    encoding = "cp932" if layout.encoding == "cp932" else "utf-8-sig"
    return list(csv.reader(io.StringIO(response.content.decode(encoding), newline="")))


def total() -> int:
    return sum(ApportionmentRow.objects.filter(run__is_final=True).values_list("yen", flat=True))


def test_the_file_stands_in_the_columns_of_the_other_system(locked, finance):
    columns = [{"label": "所属", "fixed": "0312"}, {"label": "金額", "field": "yen"}, {"label": "節", "field": "stream_code"},
               {"label": "執行日", "field": "month_last_wareki"}]  # fmt: skip
    layout = save(finance, columns=columns, encoding="cp932")
    rows = read(finance, layout)
    assert rows[0] == ["所属", "金額", "節", "執行日"]
    assert {r[0] for r in rows[1:]} == {"0312"}
    assert sum(int(r[1]) for r in rows[1:]) == total()
    assert rows[1][3].startswith("令和7年4月30日")
    bare = save(finance, layout=layout, version=1, columns=columns, has_header=False)
    assert len(read(finance, bare)) == len(rows) - 1


@pytest.mark.parametrize("kind", LayoutKind)
def test_every_kind_gives_each_of_its_fields(locked, finance, kind):
    layout = save(finance, name=kind.label, kind=kind, columns=default_columns(kind))
    rows = read(finance, layout)
    assert len(rows[0]) == len(FIELDS[kind])
    assert len(rows) > 12
    if kind != LayoutKind.JOURNAL:
        at = list(FIELDS[kind]).index("yen")
        assert sum(int(r[at]) for r in rows[1:]) == total()


def test_the_journal_is_the_cost_of_the_months_and_the_claims(locked, finance):
    entries = journal(finance.actor, YEAR)
    assert sum(e.yen for e in entries if e.number.startswith("A")) == total()
    parts = locked.result["parts"]
    claimed = sum(e.yen for e in entries if e.number.startswith("S"))
    assert claimed == parts["state"] + parts["prefecture"] + parts["premium_2"] > 0
    assert len({e.number for e in entries}) == len(entries)


def test_layouts_are_saved_by_name_and_refuse_what_cannot_be(locked, finance, worker):
    layout = save(finance)
    for more, words in (
        ({"columns": []}, "1つ以上"), ({"columns": [{"label": "x", "field": "secret"}]}, "ありません"), ({}, "同じ名称"),
    ):  # fmt: skip
        with pytest.raises(RuleViolation, match=words):
            save(finance, **more)
    with pytest.raises(StaleRecord):
        save(finance, layout=layout, version=7)
    with pytest.raises(NotAllowed):
        save(worker)
    client = finance.client
    form = {
        "version": 0,
        "name": "仕訳 取込",
        "kind": "journal",
        "encoding": "cp932",
        "columns": '日付 = date\n科目 = "5-1"\n',
    }
    assert client.post("/claims/layouts/new/", form | {"columns": "日付"}).status_code == 422
    assert client.post("/claims/layouts/new/", form | {"columns": "日付 = yesterday"}).status_code == 422
    assert client.post("/claims/layouts/new/", form).status_code == 302
    made = ExportLayout.objects.get(name="仕訳 取込")
    assert "科目 = &quot;5-1&quot;" in client.get(f"/claims/layouts/{made.pk}/").content.decode()
    assert "仕訳 取込" in client.get("/claims/layouts/").content.decode()
    remove_layout(layout=made, actor=finance.actor, at=f.NOW)
    assert client.get(f"/claims/layouts/{made.pk}/").status_code == 404


def test_the_api_reads_the_same(locked, finance, auditor, worker):
    for person in (finance, auditor):
        claims = person.client.get(f"/api/v1/claims/?fiscal_year={YEAR}").json()["results"]
        assert claims[0]["result"] == locked.result
        actuals = person.client.get(f"/api/v1/actuals/?year={YEAR}").json()
        assert sum(a["yen"] for a in actuals) == total()
        entries = person.client.get(f"/api/v1/journal/?year={YEAR}").json()
        assert len(entries) == len(journal(person.actor, YEAR))
    assert finance.client.get("/api/v1/actuals/").status_code == 400
    assert finance.client.get("/api/v1/actuals/?year=x").status_code == 400
    assert finance.client.post("/api/v1/claims/", {}).status_code == 405
    assert worker.client.get(f"/api/v1/claims/{locked.pk}/").status_code in {403, 404}
    assert worker.client.get(f"/api/v1/journal/?year={YEAR}").status_code == 403
