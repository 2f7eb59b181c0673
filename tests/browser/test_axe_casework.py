"""No page of casework breaks a rule that axe knows, at a desk's and at a tablet's width, nor runs out of the page.

That none is left out is checked without a browser: tests/architecture/test_axe_sees_every_page.py.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.urls import resolve

from cases.masters import load_codes
from tests import factories as f
from tests.browser.casework_pages import PAGES, World, make_world
from tests.browser.test_axe import check

PARTS = 4  # a test each, so that none runs for minutes


@pytest.fixture
def world(transactional_db, worker, center_worker) -> World:
    load_codes()
    f.make_streams()
    return make_world(worker, center_worker)


@pytest.mark.parametrize("width", [1280, 768])
@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_of_casework(sign_in, live_server, worker, world, width, part):
    page = sign_in(worker.staff, width=width)
    paths = []
    for name in sorted(PAGES)[part::PARTS]:
        for path in PAGES[name](world):
            assert resolve(urlsplit(path).path).view_name == name
            paths.append(path)
    check(page, live_server.url, paths)
