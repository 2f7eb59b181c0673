"""Yen are integers and ratios exact fractions: no float, no rounding built-in, no literal with a point where money is computed."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.sources import ROOT, python_files, tree

# what has a point there is no money: a ratio for a spreadsheet's reader, places on a sheet of paper, seconds
NO_MONEY = {"budgets/exports.py", "budgets/pack/sheets.py", "budgets/actions/report_jobs.py"}


def floats(module: ast.Module) -> list[int]:
    """The lines that name float or round, or write a number with a point."""
    return [
        node.lineno
        for node in ast.walk(module)
        if (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"float", "round"})
        or (isinstance(node, ast.Constant) and isinstance(node.value, float))
    ]  # fmt: skip


def test_no_float_touches_money():
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in python_files()
        if path.relative_to(ROOT).parts[0] == "budgets" and str(path.relative_to(ROOT)) not in NO_MONEY
        for line in floats(tree(path))
    ]
    assert found == []


@pytest.mark.parametrize("code", ["yen = 0.5", "yen = float(x)", "yen = round(x / 3)"])
def test_the_guard_itself_sees_one(code):
    assert floats(ast.parse(code)) == [1]
