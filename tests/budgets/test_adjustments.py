"""After the lock: dated adjustments of two people, and a re-run that shows old, new and difference to the yen."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from accounts.enums import Role
from budgets.actions.adjustments import (
    AdjustmentData,
    approve_adjustment,
    propose_adjustment,
    refuse_adjustment,
)
from budgets.actions.run_apportionment import lock_month, recompute, run_apportionment
from budgets.enums import RemainderRule
from budgets.models import (
    ApportionmentRow,
    ApportionmentRun,
    MonthAdjustment,
    PersonnelCost,
    WorkCategory,
    WorkEntry,
)
from budgets.selectors_approvals import rerun
from common.errors import InvalidTransition, NotAllowed, RuleViolation
from tests import factories as f
from tests.budgets.test_apportionment_run import LARGEST, MONTH, VECTOR_A, vector_a, yen_of
from tests.budgets.work import approve_all
from tests.conftest import persona

__all__ = ["vector_a"]
RULE = RemainderRule.LARGEST_REMAINDER


@pytest.fixture
def second(finance):
    """Another clerk of the same office."""
    return persona(finance.agency, Role.FINANCE_CLERK, name="堀 美里")


@pytest.fixture
def locked(vector_a, finance):
    run = run_apportionment(month=MONTH, rule=RULE, actor=finance.actor, at=f.NOW)
    approve_all(MONTH)
    return lock_month(month=MONTH, actor=finance.actor, at=f.NOW, expected_hash=run.input_hash)


def category(code: str) -> WorkCategory:
    return WorkCategory.objects.get(code=code)


def data(who, **fields) -> AdjustmentData:
    base = {"dated_on": f.TODAY, "reason": "記録の区分の誤り"}
    return AdjustmentData(who.staff, who.agency, **(base | fields))


def propose(who, clerk, **fields) -> MonthAdjustment:
    return propose_adjustment(month=MONTH, data=data(who, **fields), actor=clerk.actor, at=f.NOW)


def test_minutes_move_and_both_computations_stay(locked, vector_a, finance, second):
    """720 minutes of 子ども were 障害: recomputed by hand from 2,580 of 8,940."""
    row = propose(
        vector_a, finance, from_category=category("child"), to_category=category("disability"), minutes=720
    )
    with pytest.raises(NotAllowed, match="起案した人は承認できません"):
        approve_adjustment(adjustment=row, actor=finance.actor, at=f.NOW)
    new = approve_adjustment(adjustment=row, actor=second.actor, at=f.NOW)
    # 412,345 × 2,580 ÷ 8,940 = 118,998.89…; 包括 250,451.157…, 困窮 42,894.949…
    assert yen_of(new) == {"care": 250_451, "disability": 118_999, "poverty": 42_895}
    assert yen_of(locked) == LARGEST
    found = rerun(finance.actor, new, locked)
    assert {d.stream.code: d.moved for d in found.streams} == {
        "care": 0, "disability": 118_999 - 85_790, "child": -33_209, "poverty": 0,
    }  # fmt: skip
    assert sum(d.moved for d in found.streams) == 0
    assert (new.adjustment_no, new.corrects, new.is_final) == (1, locked, False)
    assert new.input_hash != locked.input_hash
    assert new.rule_versions == locked.rule_versions
    assert recompute(new)
    assert recompute(locked)
    assert WorkEntry.objects.filter(
        category__code="child"
    ).exists()  # the record itself stands as it was locked


def test_the_next_adjustment_goes_on_from_the_last_one(locked, vector_a, finance, second):
    first = propose(
        vector_a, finance, from_category=category("child"), to_category=category("disability"), minutes=720
    )
    one = approve_adjustment(adjustment=first, actor=second.actor, at=f.NOW)
    paid = propose(vector_a, second, yen=-12_345, reason="手当の誤払い")
    two = approve_adjustment(adjustment=paid, actor=finance.actor, at=f.NOW)
    assert (two.adjustment_no, two.corrects, two.total_yen) == (2, one, 400_000)
    assert sum(yen_of(two).values()) == 400_000
    whole = rerun(finance.actor, two, locked)
    assert sum(d.moved for d in whole.streams) == -12_345


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"minutes": 0, "from_category": "child"}, "1分以上"),
        ({}, "どちらか一方"),
        ({"minutes": 10, "from_category": "child", "yen": 5}, "どちらか一方"),
        ({"minutes": 10, "from_category": "child", "to_category": "child"}, "同じです"),
        ({"minutes": 721, "from_category": "child"}, "より多くの時間"),
        ({"yen": -412_346}, "0円を下回る"),
        ({"yen": 1, "reason": " "}, "理由"),
        ({"yen": 1, "dated_on": f.TODAY.replace(year=2027)}, "今日まで"),
    ],
)
def test_what_cannot_be_is_refused_in_words(locked, vector_a, finance, fields, words):
    fields = {k: category(v) if k.endswith("category") else v for k, v in fields.items()}
    with pytest.raises(RuleViolation, match=words):
        propose(vector_a, finance, **fields)
    assert not MonthAdjustment.objects.exists()


def test_a_worker_without_cost_is_named_and_an_open_month_is_corrected_itself(
    locked, vector_a, finance, colleague
):
    with pytest.raises(RuleViolation, match="人件費のない職員"):
        propose(colleague, finance, to_category=category("care"), minutes=30)
    with pytest.raises(RuleViolation, match="締められていません"):
        propose_adjustment(
            month=MONTH.replace(month=11), data=data(vector_a, yen=1), actor=finance.actor, at=f.NOW
        )


def test_decided_is_decided_and_nothing_of_it_moves(locked, vector_a, finance, second):
    row = propose(vector_a, finance, yen=1)
    refuse_adjustment(adjustment=row, actor=finance.actor, at=f.NOW)
    with pytest.raises(InvalidTransition):
        approve_adjustment(adjustment=row, actor=second.actor, at=f.NOW)
    done = approve_adjustment(adjustment=propose(vector_a, finance, yen=1), actor=second.actor, at=f.NOW)
    attempts = [
        lambda: MonthAdjustment.objects.update(reason="x"),
        lambda: MonthAdjustment.objects.all().delete(),
        lambda: ApportionmentRun.objects.filter(pk=done.pk).update(total_yen=1),
        lambda: ApportionmentRow.objects.filter(run=done).update(yen=1),
        lambda: PersonnelCost.objects.update(yen=1),
    ]
    for attempt in attempts:
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    waiting = propose(vector_a, finance, yen=1)
    with pytest.raises(IntegrityError, match="adjustment_two_people"), transaction.atomic():
        MonthAdjustment.objects.filter(pk=waiting.pk).update(
            state="approved", decided_at=f.NOW, decided_by=finance.staff, run=done
        )


def test_the_page_takes_two_people_and_shows_what_moved(locked, vector_a, finance, second, auditor, worker):
    client, url = finance.client, "/apportionment/202610/adjustments/"
    sent = {
        "staff": vector_a.staff.pk, "dated_on": "R8.11.20", "from_category": "child", "to_category": "disability",
        "minutes": "720", "reason": "区分の誤り",
    }  # fmt: skip
    assert client.post(url, sent | {"staff": "999999"}).status_code == 422
    assert client.post(url, sent | {"minutes": "99999"}).status_code == 422
    assert client.post(url, sent).status_code == 302
    row = MonthAdjustment.objects.get()
    assert "承認はほかの人が行います" in client.get(url).content.decode()
    assert client.post(f"{url}{row.pk}/approve/").status_code == 403
    assert auditor.client.post(url, sent).status_code == 403
    assert worker.client.get(url).status_code == 403
    assert second.client.post(f"{url}{row.pk}/approve/").status_code == 302
    page = client.get(url).content.decode()
    for words in ("+33,209円", "−33,209円", "±0円", "118,999円", "第1回"):
        assert words in page
    assert (
        "118,999円" not in client.get("/apportionment/202610/").content.decode()
    )  # the lock shows its own figures
    assert auditor.client.get(url).status_code == 200


def test_the_largest_sum_and_every_minute(locked, vector_a, finance, second):
    """A worker's whole direct time may be moved, but not away."""
    with pytest.raises(RuleViolation, match="1分もなくなる"):
        rest = {"from_category": category("care"), "minutes": 5430}
        moved = propose(vector_a, finance, **rest)
        approve_adjustment(adjustment=moved, actor=second.actor, at=f.NOW)
        for code in ("disability", "child", "poverty"):
            row = propose(vector_a, finance, from_category=category(code), minutes=VECTOR_A[code])
            approve_adjustment(adjustment=row, actor=second.actor, at=f.NOW)
