"""Sizes of files and functions, words of models, templates in use, migrations complete."""

from __future__ import annotations

import ast
import re
from io import StringIO

from django.apps import apps
from django.core.management import call_command

from tests.architecture.sources import LEVEL, ROOT, python_files, tree, where

# data tables are exempt from the length rules
DATA = ("masters.py", "names.py", "people.py", "story.py", "texts.py")


def test_files_are_at_most_500_lines():
    long = [
        f"{p.relative_to(ROOT)}: {n}"
        for p in python_files()
        if p.name not in DATA and (n := len(p.read_text().splitlines())) > 500
    ]
    assert long == []


def test_functions_are_at_most_60_lines():
    long = [
        f"{where(p, node)} {node.name}: {n}"
        for p in python_files()
        if p.name not in DATA
        for node in ast.walk(tree(p))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (n := (node.end_lineno or 0) - node.lineno + 1) > 60
    ]
    assert long == []


def test_verbose_names_stand_in_the_glossary():
    glossary = (ROOT / "docs" / "glossary.md").read_text()
    terms = {
        cell.strip()
        for line in glossary.splitlines()
        if line.startswith("|")
        for cell in line.split("|")[1:2]
    }
    missing = {
        f"{m._meta.label}: {m._meta.verbose_name}"
        for m in apps.get_models()
        if m._meta.app_label in LEVEL
        and not m.__name__.endswith("Event")
        and not m._meta.auto_created
        and str(m._meta.verbose_name) not in terms
    }
    assert missing == set()


def test_words_to_avoid_do_not_appear():
    """domain.md 7.6: the people are not クライアント, work is not a チケット, and nothing is クローズ."""
    avoid = re.compile("クライアント|チケット|クローズ|リファー")
    found = [
        f"{p.relative_to(ROOT)}: {match.group()}"
        for p in [*(ROOT / "templates").rglob("*.html"), *python_files()]
        if (match := avoid.search(p.read_text()))
    ]
    assert found == []


def test_every_template_is_used():
    names = {str(p.relative_to(ROOT / "templates")) for p in (ROOT / "templates").rglob("*.html")}
    text = "\n".join(p.read_text() for p in [*(ROOT / "templates").rglob("*.html"), *python_files()])
    by_library = re.compile(r"^(account/|django/|40[34]|500|rule_violation)")
    unused = {n for n in names if n not in text and not by_library.match(n)}
    assert unused == set()


def test_templates_ask_no_related_managers():
    """No query in a template: no ``.all``, ``.count`` of a manager, ``_set`` or ``.filter``."""
    pattern = re.compile(r"{[{%][^}%]*?(\.all\b|_set\b|\.filter\b|\.exists\b)")
    found = [
        f"{p.relative_to(ROOT)}: {match.group()}"
        for p in (ROOT / "templates").rglob("*.html")
        if (match := pattern.search(p.read_text()))
    ]
    assert found == []


def test_no_template_has_inline_script_or_style():
    pattern = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", re.I)
    found = [
        f"{p.relative_to(ROOT)}: {match.group()}"
        for p in (ROOT / "templates").rglob("*.html")
        if "print" not in p.name and "pdf" not in p.name and (match := pattern.search(p.read_text()))
    ]
    assert found == []


def test_migrations_are_complete(db):
    call_command("makemigrations", "--check", "--dry-run", stdout=StringIO())


def test_every_moment_has_its_person():
    """``x_at`` and ``x_by`` come as a pair where both exist, and a constraint holds them together."""
    loose = []
    for model in apps.get_models():
        if model._meta.app_label not in LEVEL or model.__name__.endswith("Event"):
            continue
        names = {f.name for f in model._meta.get_fields()}
        body = " ".join(str(c.condition) for c in model._meta.constraints if hasattr(c, "condition"))
        for name in names:
            if name.endswith("_by") and f"{name[:-3]}_at" in names:
                field = model._meta.get_field(name)
                if field.null and (name not in body or f"{name[:-3]}_at" not in body):
                    loose.append(f"{model.__name__}.{name}")
    assert sorted(set(loose) - {"HouseholdGrant.given_by", "CaseGrant.given_by"}) == []
