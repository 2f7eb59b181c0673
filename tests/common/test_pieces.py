"""Components that are rendered once: as an include would, whoever asked before."""

from pathlib import Path

import pytest
from django.template import engines
from django.utils.safestring import SafeString

from common.templatetags.pieces import piece

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
FIXED = (
    "components/sector.html", "components/badge.html", "components/key_hint.html", "components/_styles.html",
    "components/_scripts.html",
)  # fmt: skip


def rendered(source: str, **context: object) -> str:
    return engines["django"].from_string(source).render(context)


@pytest.mark.parametrize("code", ["elderly", "disability", "child", "poverty", "education", "gap"])
def test_as_an_include_would(code):
    included = rendered('{% include "components/sector.html" with code=code only %}', code=code)
    assert included == rendered('{% load pieces %}{% piece "components/sector.html" code=code %}', code=code)


def test_words_that_are_not_safe_are_escaped_whoever_asked_before():
    assert "<b>x</b>" in piece("components/badge.html", text=SafeString("<b>x</b>"))
    assert "<b>x</b>" not in piece("components/badge.html", text="<b>x</b>")


def test_only_fixed_components_are_kept():
    """Words about a person are never among them: sector codes, badges and keys whose text stands in the template, and what takes none."""
    for path in TEMPLATES.rglob("*.html"):
        for use in path.read_text().split("{% piece ")[1:]:
            name, *inputs = use.split("%}")[0].split(" ", 1)
            assert name.strip('"') in FIXED, path
            if "badge" in name or "key_hint" in name:
                assert 'text="' in inputs[0], path
            elif "sector" not in name:
                assert "=" not in "".join(inputs), path
