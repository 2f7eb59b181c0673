"""A notice about a case says about which household it is: the deny list bars its readers by that, also later ones."""

from __future__ import annotations

import ast

from tests.architecture.sources import ROOT, python_files, tree

ABOUT_PEOPLE = ("cases:", "referrals:", "households:", "break_glass:", "outreach:")


def _is_about_people(call: ast.Call) -> bool:
    """Its words hold the number of a case, or its page is one of somebody's records."""
    for node in ast.walk(call):
        if isinstance(node, ast.Attribute) and node.attr == "number":
            return True
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node.value.startswith(ABOUT_PEOPLE)
        ):
            return True
    return False


def test_every_notice_about_a_case_names_its_household():
    found, calls = [], 0
    for file in python_files():
        for node in ast.walk(tree(file)):
            if not (
                isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "notify"
            ):
                continue
            if _is_about_people(node):
                calls += 1
                if not any(word.arg == "about" for word in node.keywords):
                    found.append(f"{file.relative_to(ROOT)}:{node.lineno}")
    assert found == []
    assert calls > 10
