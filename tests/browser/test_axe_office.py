"""No page beside casework breaks a rule that axe knows: つなぎ, conferences, work records, handover, money, in one world.

One page is signed in for each role, at both widths. That none is left out: tests/architecture/test_axe_sees_every_page.py.
"""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from tests.browser.office_pages import DESK, OFFICE_PAGES
from tests.browser.test_axe import check
from tests.budgets.work import derive, make_note, moment
from tests.referrals.outside import partner
from tests.scope import world as w


@pytest.fixture
def world(transactional_db) -> w.World:
    city = w.build()
    desk = city.people[DESK]
    contact = make_note(desk, city.case, moment(timezone.localdate(), "9:00"))
    own = partner(desk.actor, name="西 久子")
    city.ids |= {
        "lead": desk.staff.pk, "month": f"{timezone.localdate():%Y%m}", "entry": derive(contact, desk).pk,
        "own_partner": own.pk,
    }  # fmt: skip
    return city


@pytest.mark.parametrize("width", [1280, 768])
def test_pages_of_every_role(sign_in, live_server, world, width):
    by_role: dict[str, list[str]] = {}
    for role, paths in OFFICE_PAGES.values():
        by_role.setdefault(role, []).extend(path.format(**world.ids) for path in paths)
    wrong: list[object] = []
    for role, paths in by_role.items():
        page: Page = sign_in(world.people[role].staff, width=width)
        try:
            check(page, live_server.url, paths)
        except AssertionError as found:
            wrong.append((role, str(found)[:2000]))
        page.context.close()
    assert wrong == []
