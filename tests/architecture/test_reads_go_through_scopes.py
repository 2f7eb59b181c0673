"""Rule 2: surfaces read only through ``visible_to`` (or ``findable_by`` for identity, or ``of`` for open code lists)."""

from __future__ import annotations

import ast

from tests.architecture.sources import is_surface, python_files, tree, where

SCOPES = {"visible_to", "findable_by", "none"}


def unscoped(module: ast.Module) -> list[ast.AST]:
    """Every ``X.objects`` whose next call is not a scope."""
    scoped = {
        id(node.value)
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute) and node.attr in SCOPES and isinstance(node.value, ast.Attribute)
    }
    return [
        node
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute)
        and node.attr in {"objects", "_default_manager", "_base_manager"}
        and id(node) not in scoped
    ]


def test_surfaces_read_only_through_scopes():
    found = [where(p, node) for p in python_files() if is_surface(p) for node in unscoped(tree(p))]
    assert found == []


def test_the_guard_itself_sees_a_bare_read():
    assert unscoped(ast.parse("Case.objects.filter(pk=1)"))
    assert unscoped(ast.parse("Case.objects.all()"))
    assert not unscoped(ast.parse("Case.objects.visible_to(actor).filter(pk=1)"))


def test_surfaces_use_no_raw_sql():
    words = {"raw", "cursor", "execute"}
    found = [
        where(p, node)
        for p in python_files()
        if is_surface(p) and p.parts[-2:] != ("kyosei", "views.py")
        for node in ast.walk(tree(p))
        if isinstance(node, ast.Attribute) and node.attr in words
    ]
    assert found == []
