"""No page of the program is left out of the axe tests (tests/browser/test_axe.py, test_axe_casework.py, test_axe_office.py)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve

from tests.browser.casework_pages import NO_PAGES, PAGES
from tests.browser.office_pages import FILES_AND_PARTS, OFFICE_PAGES, TOLD

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


def handed(function: ast.AST) -> Iterator[ast.AST]:
    """What it hands to axe by ``check(page, base, paths)`` of tests/browser/test_axe.py, through its own variables too."""
    nodes = list(ast.walk(function))
    given = [
        node.args[2]
        for node in nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "check"
    ]
    kept: dict[str, list[ast.AST]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    kept.setdefault(target.id, []).append(node.value)
    followed: set[str] = set()
    while given:
        for node in ast.walk(given.pop()):
            yield node
            if isinstance(node, ast.Name) and node.id not in followed:
                followed.add(node.id)
                given += kept.get(node.id, [])


def visited() -> set[str]:
    """Names of the addresses in the lists that the axe tests hand to ``check``, which fails where a page is not that one."""
    found = set()
    for file in BROWSER.glob("test_*.py"):
        for function in ast.parse(file.read_text()).body:
            if isinstance(function, ast.FunctionDef) and function.name.startswith("test_"):
                found |= names(function)
    return found


def names(function: ast.AST) -> set[str]:
    return {name for node in handed(function) if (name := named(node))}


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
        if name in seen or name in {*NO_PAGES, *FILES_AND_PARTS}:
            continue
        if client.get(filled(route)).status_code != 405:  # what only takes a form has no page of its own
            unseen.append(name)
    assert unseen == []


def test_no_page_is_named_that_is_not_there_or_twice():
    found = dict(addresses(get_resolver()))
    lists = [*PAGES, *OFFICE_PAGES, *TOLD, *NO_PAGES, *FILES_AND_PARTS]
    assert set(lists) - found.keys() == {"gallery"} - found.keys()  # there in debug mode only
    assert len(lists) == len(set(lists))
    assert not visited() & FILES_AND_PARTS.keys()
    for name, where in TOLD.items():
        assert "Axe()" in (BROWSER / where.split(":")[0]).read_text(), name


def test_pages_of_the_office_have_the_addresses_of_their_names():
    for name, (_, paths) in OFFICE_PAGES.items():
        found = {named(ast.Constant(re.sub(r"{[^}]+}", "1", path))) for path in paths}
        assert found == {name}


@pytest.mark.parametrize(
    "lines",
    [
        'check(page, "", ["/cases/", f"/cases/{case.number}/close/"])',
        'paths = ["/cases/", f"/cases/{case.number}/close/"]; check(page, "", paths)',
        'paths = {"/cases/": "words"}; more = {**paths, f"/cases/{n}/close/": ""}; check(page, "", more)',
        'check(page, "", ["/cases/"]); other = ["/search/"]; check(page, "", [f"/cases/{n}/close/"])',
    ],
)
def test_a_list_handed_to_check_is_read(lines):
    assert names(ast.parse(f"def test_x(page, case):\n    {lines}").body[0]) == {"cases:list", "cases:close"}


@pytest.mark.parametrize(
    "lines",
    [
        'page.goto("/cases/")',
        'page.goto("/cases/"); check(page, "", paths)',
        'x = "/cases/"; check(page, "/cases/", y)',
    ],
)
def test_an_address_beside_a_check_does_not_count(lines):
    assert names(ast.parse(f"def test_x(page):\n    {lines}").body[0]) == set()
