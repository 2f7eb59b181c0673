"""The sender and the receiver read the same lines, and only of the chosen parts."""

from __future__ import annotations

from datetime import date

import pytest

from households.contact import Shield
from referrals import selectors_disclosure
from referrals.enums import SharedPart
from referrals.selectors_disclosure import as_lines, disclosure
from tests import factories as f
from tests.referrals.helpers import send


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (None, []),
        ("", []),
        ("一行目\n\n二行目", ["一行目", "二行目"]),
        (["料理が好き", "", "近所に友人"], ["料理が好き", "近所に友人"]),
        ({"name": "森下 和子", "age": 78, "note": ""}, ["森下 和子　78"]),
        ({"続柄": "長男", "生年月日": date(1990, 4, 1)}, ["続柄：長男　生年月日：平成2年4月1日（日）"]),
        ([{"name": "森下 和子"}, {"name": "森下 茂"}], ["森下 和子", "森下 茂"]),
        (0, ["0"]),
    ],
)
def test_as_lines(content, lines):
    assert as_lines(content) == lines


def test_only_the_chosen_parts_are_fetched(worker, monkeypatch):
    asked = []

    def read(case, parts, shield):
        asked.append(parts)
        return {part: f"{part}の中身" for part in SharedPart.values}

    monkeypatch.setattr(selectors_disclosure, "shared_parts", read)
    case = f.make_case(worker.actor)
    found = disclosure(case, ["concerns", "basic"], Shield())
    assert asked == [["basic", "concerns"]]
    assert [lines for _, _, lines in found.shown] == [("basicの中身",), ("concernsの中身",)]
    assert len(found.held_back) == len(SharedPart) - 2
    assert disclosure(case, [], Shield()).shown == ()
    assert len(asked) == 1


def test_both_ends_read_the_same(worker, center_worker, monkeypatch):
    secret = {part: f"<{part}の中身>" for part in SharedPart.values}
    monkeypatch.setattr(selectors_disclosure, "shared_parts", lambda case, parts, shield: secret)
    referral = send(worker.actor, f.make_case(worker.actor), center_worker.agency, parts=("notes",))
    pages = [who.client.get(f"/referrals/{referral.pk}/").content.decode() for who in (worker, center_worker)]
    for page in pages:
        assert "&lt;notesの中身&gt;" in page
        assert not [part for part in SharedPart.values if part != "notes" and f"{part}の中身" in page]
