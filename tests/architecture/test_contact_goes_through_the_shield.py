"""Where a person can be found is told through ``households.contact.Shield`` alone (支援措置): nothing else reads the fields."""

from __future__ import annotations

import ast
import re

from tests.architecture.sources import ROOT, python_files, tree, where

FIELDS = {"address", "postal_code", "workplace"}
# who writes them, keeps them, or is the shield itself
OWN = {
    "households/contact.py", "households/models/household.py", "households/models/person.py",
    "households/actions/persons.py", "households/actions/moves.py", "households/actions/split.py",
    "households/models/movement.py", "households/actions/register_import.py",
}  # fmt: skip
# an agency's telephone, and what a form shows to who typed it
TEMPLATES = re.compile(
    r"\b(?:person|household|case\.person|case\.household|chip\.person|row|member\.person)\.(?:phone|address|postal_code|workplace|area)\b"
)


def test_no_code_reads_a_contact_detail_past_the_shield():
    found = []
    for path in python_files():
        name = str(path.relative_to(ROOT))
        if name in OWN or name.startswith(("kyosei/demo", "kyosei/bench", "households/migrations")):
            continue
        found += [
            where(path, node)
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Attribute)
            and node.attr in FIELDS
            and not (
                isinstance(node.value, ast.Name) and node.value.id in ("home", "contact", "data", "self")
            )
        ]
    assert found == []


def test_no_template_reads_a_contact_detail_past_the_shield():
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in (ROOT / "templates").rglob("*.html")
        if not str(path).endswith("manage/agencies.html")
        for match in TEMPLATES.finditer(path.read_text())
    ]
    assert found == []


def test_the_guard_sees_a_bare_read():
    assert TEMPLATES.search("{{ case.household.address }}")
    assert TEMPLATES.search("{{ chip.person.phone|default:'' }}")
    assert not TEMPLATES.search("{{ contact.phone }}")
