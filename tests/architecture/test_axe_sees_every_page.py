"""No page of the program is left out of the axe tests (tests/browser/test_axe.py, test_axe_casework.py, test_axe_office.py)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve

from tests.browser.casework_pages import NO_PAGES, PAGES
from tests.browser.office_pages import FILES_AND_PARTS, NOT_YET, OFFICE_PAGES, TOLD

# addresses of others, and those that answer with data
FOREIGN = ("account_", "api:")
BROWSER = Path(__file__).parents[1] / "browser"


def addresses(resolver: URLResolver, namespace: str = "", prefix: str = "") -> Iterator[tuple[str, str]]:
    """(name, route) of every named address of the program."""
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern, pattern.namespace or namespace, route)
        elif isinstance(pattern, URLPattern) and pattern.name:
            name = f"{namespace}:{pattern.name}" if namespace else pattern.name
            if not name.startswith(FOREIGN):
                yield name, route


def filled(route: str) -> str:
    """The route with something in the place of its parameters."""
    return "/" + re.sub(r"<\w+:\w+>", "1", route)


def checks(function: ast.AST) -> bool:
    """Whether it hands pages to axe by ``check(page, base, paths)`` of tests/browser/test_axe.py."""
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "check"
        for node in ast.walk(function)
    )


def visited() -> set[str]:
    """Names of the addresses in the lists of the axe tests: every text beginning with a slash beside a ``check``."""
    found = set()
    for file in BROWSER.glob("test_*.py"):
        for function in ast.parse(file.read_text()).body:
            if (
                isinstance(function, ast.FunctionDef)
                and function.name.startswith("test_")
                and checks(function)
            ):
                found |= {name for node in ast.walk(function) if (name := named(node))}
    return found


def named(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        path = "".join(str(v.value) if isinstance(v, ast.Constant) else "1" for v in node.values)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        path = node.value
    else:
        return ""
    try:
        return resolve(path.split("?")[0]).view_name if path.startswith("/") else ""
    except Resolver404:
        return ""


@pytest.mark.django_db
def test_every_page_is_seen_by_axe(worker):
    client = worker.client
    found = dict(addresses(get_resolver()))
    assert len(found) > 300
    seen = visited() | PAGES.keys() | OFFICE_PAGES.keys() | TOLD.keys()
    unseen = []
    for name, route in found.items():
        if name in seen or name in {*NO_PAGES, *FILES_AND_PARTS, *NOT_YET}:
            continue
        if client.get(filled(route)).status_code != 405:  # what only takes a form has no page of its own
            unseen.append(name)
    assert unseen == []


def test_no_page_is_named_that_is_not_there_or_twice():
    found = dict(addresses(get_resolver()))
    lists = [*PAGES, *OFFICE_PAGES, *TOLD, *NO_PAGES, *FILES_AND_PARTS, *NOT_YET]
    assert set(lists) - found.keys() == {"gallery"} - found.keys()  # there in debug mode only
    assert len(lists) == len(set(lists))
    assert not visited() & {*FILES_AND_PARTS, *NOT_YET}
    for name, where in TOLD.items():
        assert "Axe()" in (BROWSER / where.split(":")[0]).read_text(), name


def test_a_list_beside_a_check_is_read():
    seen = ast.parse(
        'def test_x(page, case):\n    check(page, "", ["/cases/", f"/cases/{case.number}/close/"])'
    ).body[0]
    assert checks(seen)
    assert {named(node) for node in ast.walk(seen)} >= {"cases:list", "cases:close"}
    assert not checks(ast.parse('def test_x(page):\n    page.goto("/cases/")').body[0])
