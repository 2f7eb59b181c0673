"""Name and place of a conference reach a page only as its reader may know them (``{% sitting %}``, ``shown_title``)."""

from __future__ import annotations

import re

from tests.architecture.sources import ROOT

_TYPED = re.compile(r"conference\.(?:title|place)\b")
# what writes them, and what chooses between them and the kind's name
_SAID = {
    "referrals/actions/convene_conference.py", "referrals/actions/agenda.py", "referrals/selectors_conferences.py",
    "referrals/handover.py", "referrals/templatetags/sittings.py",
}  # fmt: skip


def test_no_template_and_no_surface_prints_what_was_typed():
    files = [
        *(ROOT / "templates").rglob("*.html"),
        *(ROOT / "referrals").rglob("*.py"),
        *(ROOT / "kyosei").glob("*.py"),
    ]
    found = {
        str(path.relative_to(ROOT))
        for path in files
        if "migrations" not in path.parts and _TYPED.search(path.read_text())
    }
    assert found == _SAID
