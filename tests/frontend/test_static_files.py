"""Vendored files are what the manifest says; style sheets and scripts keep the house rules."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OWN_FILES = sorted((ROOT / "static" / "css").glob("*.css")) + sorted((ROOT / "static" / "js").glob("*.js"))


def test_vendored_files_match_manifest():
    subprocess.run([sys.executable, ROOT / "scripts" / "vendor.py", "--check"], check=True)


@pytest.mark.parametrize("path", OWN_FILES, ids=lambda path: path.name)
def test_own_static_files_are_short_and_load_nothing_from_elsewhere(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    assert not re.search(r"https?://", text)


def test_every_script_is_loaded_and_exists():
    """By the layout, or by the one page whose module it is."""
    templates = (ROOT / "templates").rglob("*.html")
    listed = {name for path in templates for name in re.findall(r"js/([\w-]+)\.js", path.read_text("utf-8"))}
    assert listed == {path.stem for path in OWN_FILES if path.suffix == ".js"}
