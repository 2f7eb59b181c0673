"""The project's own source files, for the guards."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# highest first; a "|" layer counts as one level
LAYERS = (
    "kyosei",
    "reports",
    "budgets|referrals",
    "resources",
    "cases",
    "households",
    "accounts",
    "audit",
    "common",
)
LEVEL = {app: len(LAYERS) - n for n, layer in enumerate(LAYERS) for app in layer.split("|")}
SURFACES = ("views", "api", "exports", "tasks", "forms", "filters", "serializers", "tables")


def python_files() -> Iterator[Path]:
    for app in LEVEL:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def is_surface(path: Path) -> bool:
    """A file that turns requests into answers: views.py, views/x.py, views_x.py, api.py, …"""
    relative = path.relative_to(ROOT)
    names = [*relative.parts[1:-1], relative.stem]
    return any(name == s or name.startswith(f"{s}_") for name in names for s in SURFACES)


def where(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', '?')}"
