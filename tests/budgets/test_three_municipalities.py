"""docs/three-municipalities.md says what the program computes."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

from budgets.allocation import allocate, cut_below, largest_remainder, truncate_to
from budgets.enums import RemainderRule
from budgets.methods.statistics import sample_size

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "three-municipalities.md").read_text()
A = {1: 5430, 2: 1860, 3: 720, 4: 930}
B = {1: 52_340, 2: 6_120, 3: 2_880, 4: 7_460}
GENERAL = 9


def section(title: str) -> str:
    return TEXT.split(f"## {title}")[1].split("\n## ")[0]


def test_every_yen_of_a_town_is_on_the_page():
    rows = [
        line.split("|")
        for line in section("A町").splitlines()
        if re.match("[|] (高齢|障害|子ども|困窮|一般財源) ", line)
    ]
    largest, cut = largest_remainder(412_345, A), truncate_to(412_345, A, remainder_key=GENERAL)
    for row, key in zip(rows, (1, 2, 3, 4, GENERAL), strict=True):
        assert row[4].strip() == f"{largest.get(key, 0):,}円"
        assert row[5].strip() == f"{cut[key]:,}円"
    shares = {1: Fraction(77, 200), 2: Fraction(77, 400), 3: Fraction(77, 400), 4: Fraction(23, 100)}
    for yen in truncate_to(250_451, shares, remainder_key=GENERAL).values():
        assert f"{yen:,}円" in section("A町")
    first_rounded = cut_below(412_345 * Fraction(81, 1000), 1)
    assert f"{first_rounded:,}円, {first_rounded - cut[3]}円 too many" in section("A町")


def test_every_yen_of_b_city_is_on_the_page():
    text = section("B市")
    accounts = allocate(
        26_480_000, {1: 16_460, 2: 52_340}, rule=RemainderRule.TRUNCATE_TO_GENERAL, remainder_key=2
    )
    for yen in (*accounts.values(), *truncate_to(26_480_000, B, remainder_key=GENERAL).values()):
        assert f"{yen:,}円" in text
    rounded = 26_480_000 * Fraction(2392, 10_000)
    assert f"{int(rounded):,}円: {int(accounts[1] - rounded):,}円 less" in text
    size = sample_size(margin=Fraction(1, 20), response_rate=Fraction(4, 5))
    assert f"{size} moments" in text


def test_every_yen_of_c_city_is_on_the_page():
    moved = 412_345 - largest_remainder(412_345, A)[1]
    assert f"{moved:,}円 (412,345 − 250,451)" in section("C市")
