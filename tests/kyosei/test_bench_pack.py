"""The pack of the benchmark agrees with itself, and its verification notices when it does not. Never a time."""

from __future__ import annotations

from budgets.pack.verify import verify
from kyosei.bench.pack_year import make_pack


def test_the_made_up_year_agrees(tmp_path):
    path = tmp_path / "pack.zip"
    make_pack(path, 12_000, workers=20)
    report = verify(path)
    assert report.problems == []
    assert (report.entries, report.months, report.claims) == (12_000, 12, 7)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert not verify(path).agrees
