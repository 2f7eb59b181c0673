"""The three demo municipalities come out to the yen of docs/three-municipalities.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Agency
from budgets.actions.run_apportionment import recompute
from budgets.models import (
    ApportionmentRun,
    ComplianceFinding,
    CostPool,
    OverheadPlan,
    TimeStudy,
    WorkMonth,
)
from budgets.pool_inputs import pool_rows
from kyosei.demo.municipalities import B_MINUTES, Municipalities, by_items, split
from tests import factories as f

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "three-municipalities.md").read_text()
QUARTER = TEXT.split("## A quarter")[1].split("\n## ")[0]


@pytest.fixture
def three(db, time_machine):
    time_machine.move_to(f.NOW)
    made = Municipalities(f.TODAY)
    made.load()
    return made


def yen(run: ApportionmentRun, agency: Agency) -> dict[str, int]:
    found: dict[str, int] = {}
    for code, part in run.rows.filter(agency=agency).values_list("stream__code", "yen"):
        found[code] = found.get(code, 0) + part
    return found


def test_the_quarter_of_the_three_is_what_the_page_says(three):
    first, second, third = (ApportionmentRun.objects.get(month__month=m) for m in three.months)
    assert [r.is_final for r in (first, second, third)] == [True, True, False]
    assert [WorkMonth.objects.get(month=m).state for m in three.months] == ["locked", "locked", "open"]
    for run in (first, second, third):
        assert yen(run, three.a.agency) == {
            "care": 250_451,
            "disability": 85_790,
            "child": 33_209,
            "poverty": 42_895,
        }
        assert yen(run, three.c.agency) == {"care": 412_345}
        assert recompute(run)
    study = TimeStudy.objects.get()
    assert sorted(study.result["weights"].values()) == sorted(B_MINUTES.values())
    by_study = yen(third, three.b.agency)
    assert sum(by_study.values()) == 2_206_667
    per_worker = {
        code: sorted(
            third.rows.filter(agency=three.b.agency, stream__code=code).values_list("yen", flat=True)
        )
        for code in by_study
    }
    assert {code: set(parts) for code, parts in per_worker.items()} == {
        "care": {419_683, 419_684}, "disability": {49_073}, "child": {23_093}, "poverty": {59_817},
    }  # fmt: skip
    for amount in (*yen(third, three.a.agency).values(), *by_study.values(), 412_345):
        assert f"{amount:,}円" in QUARTER
    (finding,) = ComplianceFinding.objects.waiting()
    assert (finding.kind, finding.staff, finding.month) == ("dedicated", three.c.workers[0], three.months[2])


def test_pool_and_overheads_of_the_third_month(three):
    rows = {r.stream_id: r.yen for r in pool_rows(CostPool.objects.get())}
    assert sorted(rows.values()) == [100_000, 420_000, 680_000]
    spread = OverheadPlan.objects.get()
    assert sorted(cell["yen"] for cell in spread.result.values() if cell["yen"]) == [26_667, 40_000, 93_333]
    for amount in (100_000, 420_000, 680_000, 26_667, 40_000, 93_333):
        assert f"{amount:,}円" in QUARTER
    assert spread.printed in QUARTER


def test_parts_add_up():
    assert split(52_340, 8) == [6543] * 4 + [6542] * 4
    assert sum(by_items(412_345).values()) == 412_345
    assert re.search(r"3,615,000円", QUARTER)


def test_the_command_takes_an_empty_database_alone(db, settings):
    f.make_agency()
    with pytest.raises(CommandError, match="空のデータベース"):
        call_command("demo_municipalities")
    settings.KYOSEI_ENV = "production"
    with pytest.raises(CommandError, match="本番環境"):
        call_command("demo_municipalities")
