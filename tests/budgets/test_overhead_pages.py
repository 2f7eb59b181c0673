"""Overheads by the three methods, through the action and the page; the choice and its order are printed."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from budgets.actions.overheads import OverheadData, compute, enter_overheads
from budgets.enums import OverheadMethod, RemainderRule
from budgets.methods.overheads import Centre
from budgets.models import FundingStream, OverheadPlan
from budgets.views.overheads import shown
from common.errors import NotAllowed, RuleViolation
from tests import factories as f
from tests.budgets.test_apportionment_run import MONTH, VECTOR_A, work

LARGEST = RemainderRule.LARGEST_REMAINDER


@pytest.fixture
def streams(db, worker, time_machine):
    time_machine.move_to(f.NOW)
    f.make_streams()
    work(worker.staff, worker.agency, VECTOR_A)
    return {s.code: s.pk for s in FundingStream.objects.all()}


def enter(finance, centres, method, order=(), rule=LARGEST, by="総務課長"):
    data = OverheadData(MONTH, method, centres, order, rule, date(2026, 11, 2), by)
    return enter_overheads(data=data, actor=finance.actor, at=f.NOW)


def yen_of(plan, streams) -> dict[str, int]:
    code = {pk: c for c, pk in streams.items()}
    return {code[int(pk)]: cell["yen"] for pk, cell in plan.result.items() if cell["yen"]}


def two(streams) -> list[Centre]:
    """総務 100,000円 serves 車両 1/5, 高齢 2/5, 子ども 2/5; 車両 60,000円 serves 総務 1/4, 高齢 1/2, 障害 1/4."""
    care, child, disability = streams["care"], streams["child"], streams["disability"]
    return [
        Centre("A", "総務", 100_000, {care: 2, child: 2}, {"B": 1}),
        Centre("B", "車両", 60_000, {care: 2, disability: 1}, {"A": 1}),
    ]


def test_direct_labour_without_weights_follows_the_direct_minutes(streams, finance):
    plan = enter(finance, [Centre("A", "管理職", 412_345, {}, {})], OverheadMethod.DIRECT_LABOUR)
    assert yen_of(plan, streams) == {
        "care": 250_451,
        "disability": 85_790,
        "child": 33_209,
        "poverty": 42_895,
    }
    assert plan.printed == "直接労働の割合"


def test_step_down_and_reciprocal_by_hand(streams, finance):
    """Step-down A→B: A gives 20,000 to B, 40,000 each to 高齢 and 子ども; B's 80,000 go 2:1 (A is closed).
    Reciprocal: a = 100,000 + b/4, b = 60,000 + a/5 → a = 115,000 / 0.95 = 121,052.63…, b = 84,210.52…"""
    step = enter(finance, two(streams), OverheadMethod.STEP_DOWN, ["A", "B"])
    assert yen_of(step, streams) == {"care": 93_333, "disability": 26_667, "child": 40_000}
    assert step.printed == "階梯式配賦（順序：総務 → 車両）"
    other = enter(finance, two(streams), OverheadMethod.STEP_DOWN, ["B", "A"])
    # B: 15,000 to A, 30,000 高齢, 15,000 障害; A: 115,000 half and half
    assert yen_of(other, streams) == {"care": 87_500, "disability": 15_000, "child": 57_500}
    both = enter(finance, two(streams), OverheadMethod.RECIPROCAL)
    a, b = Fraction(115_000) / Fraction(95, 100), Fraction(80_000) / Fraction(95, 100)
    exact = {"care": a * 2 / 5 + b / 2, "child": a * 2 / 5, "disability": b / 4}
    got = yen_of(both, streams)
    assert sum(got.values()) == 160_000 == sum(exact.values())
    assert all(abs(got[code] - amount) < 1 for code, amount in exact.items())
    assert [p.version for p in OverheadPlan.objects.order_by("pk")] == [1, 2, 3]
    for plan in OverheadPlan.objects.all():
        again = compute(plan.inputs)
        assert {str(k): v for k, v in again.yen.items()} == {k: v["yen"] for k, v in plan.result.items()}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"order": ["A"]}, "すべての間接部門を1回ずつ"),
        ({"by": " "}, "決裁者"),
        ({"centres": []}, "1つ以上"),
        ({"centres": "zero"}, "基準の合計が0"),
        ({"centres": "circle", "method": OverheadMethod.RECIPROCAL}, "財源に届きません"),
    ],
)
def test_what_does_not_carry_the_cost_is_refused_by_name(streams, finance, change, words):
    care = streams["care"]
    kinds = {
        "zero": [Centre("A", "総務", 100, {care: 0}, {}), Centre("B", "車両", 1, {care: 1}, {})],
        "circle": [
            Centre("A", "総務", 100, {care: 0}, {"B": 1}),
            Centre("B", "車両", 1, {care: 0}, {"A": 1}),
        ],
    }
    asked = {"centres": two(streams), "method": OverheadMethod.STEP_DOWN, "order": ["A", "B"]} | change
    asked["centres"] = (
        kinds.get(asked["centres"], asked["centres"])
        if isinstance(asked["centres"], str)
        else asked["centres"]
    )
    with pytest.raises(RuleViolation, match=words):
        enter(finance, **asked)
    assert not OverheadPlan.objects.exists()


def test_the_page(streams, finance, auditor, worker, django_assert_max_num_queries):
    client, url = finance.client, "/apportionment/202610/overheads/"
    sent = {
        "method": "step_down", "order": "ab", "remainder_rule": "largest_remainder", "decided_on": "R8.11.2",
        "decided_by": "総務課長", "name_A": "総務", "yen_A": "100,000", f"s_A_{streams['care']}": "2",
        f"s_A_{streams['child']}": "2", "c_A_B": "1", "name_B": "車両", "yen_B": "60,000",
        f"s_B_{streams['care']}": "2", f"s_B_{streams['disability']}": "1", "c_B_A": "1",
    }  # fmt: skip
    assert client.post(url, sent | {"order": "a"}).status_code == 422
    assert client.post(url, sent | {"yen_A": ""}).status_code == 422
    assert client.post(url, sent).status_code == 302
    with django_assert_max_num_queries(15):
        page = client.get(url).content.decode()
    for words in (
        "階梯式配賦（順序：総務 → 車両）",
        "93,333円",
        "26,667円",
        "160,000円",
        "計算し直しても一致します",
    ):
        assert words in page
    assert auditor.client.post(url, sent).status_code == 403
    assert auditor.client.get(url).status_code == 200
    assert worker.client.get(url).status_code == 403
    with pytest.raises(NotAllowed):
        enter(worker, two(streams), OverheadMethod.RECIPROCAL)


@pytest.mark.parametrize(
    ("exact", "words"),
    [(Fraction(160_000, 3), "53,333.333…"), (Fraction(-2, 3), "-0.666…"), (Fraction(1, 8), "0.125"),
     (Fraction(3 * 10**13 + 1, 3), "10,000,000,000,000.333…"), (Fraction(40_000), "40,000.000")],
)  # fmt: skip
def test_exact_amounts_are_shown_cut_and_never_through_a_float(exact, words):
    assert shown(exact) == words
