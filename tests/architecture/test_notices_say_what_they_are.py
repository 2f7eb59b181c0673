"""Every notice says its kind, so that what is urgent is told at once; of a household, also whose deny list holds."""

from __future__ import annotations

import ast

from tests.architecture.sources import python_files, tree, where

# notices that are about no household
ABOUT_NOBODY = {
    "accounts/actions/absences.py", "accounts/actions/staff.py", "referrals/actions/handover.py",
    "referrals/actions/close_agency.py", "cases/actions/coordination.py", "referrals/actions/transfer_cases.py",
    "budgets/actions/remind_work.py", "budgets/actions/review_weekly.py",
}  # fmt: skip


def calls(module: ast.Module) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "notify"
    ]


def missing(call: ast.Call, path: str) -> set[str]:
    given = {keyword.arg for keyword in call.keywords}
    return {"kind"} - given if path in ABOUT_NOBODY else {"kind", "about"} - given


def test_every_notice_says_its_kind_and_household():
    found = [
        f"{where(p, call)}: {', '.join(sorted(gap))}"
        for p in python_files()
        for call in calls(tree(p))
        if (gap := missing(call, where(p, call).split(":")[0]))
    ]
    assert found == []


def test_the_guard_itself_sees_a_bare_notice():
    (call,) = calls(ast.parse("notify(staff_ids=[1], text='', url='', at=at)"))
    assert missing(call, "cases/actions/x.py") == {"kind", "about"}
    assert missing(call, "accounts/actions/staff.py") == {"kind"}
