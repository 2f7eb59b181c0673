"""A month that was computed again after its lock: claims, corrections and the pack all follow the later run."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date, timedelta
from zipfile import ZipFile

from budgets.actions.run_apportionment import write_run
from budgets.apportionment import Inputs
from budgets.models import ApportionmentRun
from budgets.pack.build import build
from budgets.pack.verify import verify
from budgets.settlement.selectors import year_table
from tests import factories as f
from tests.budgets.claims import YEAR, lock_months, make_shares


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
