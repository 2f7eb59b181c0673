"""No page of casework is left out of the axe tests (tests/browser/test_axe_casework.py)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from tests.browser.casework_pages import JOINED, NAMESPACES, NO_PAGES, PAGES


def addresses(resolver: URLResolver, namespace: str = "", prefix: str = "") -> Iterator[tuple[str, str]]:
    """(name, route) of every address of casework and of the pages that join several apps."""
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            if pattern.namespace in NAMESPACES:
                yield from addresses(pattern, pattern.namespace, route)
        elif isinstance(pattern, URLPattern) and pattern.name and (namespace or pattern.name in JOINED):
            yield f"{namespace}:{pattern.name}" if namespace else pattern.name, route


def filled(route: str) -> str:
    """The route with something in the place of its parameters."""
    for parameter in ("<int:pk>", "<int:person_pk>", "<int:member_pk>", "<int:kinship_pk>", "<int:movement_pk>",
                      "<int:former_pk>", "<int:other_pk>", "<int:denial_pk>"):  # fmt: skip
        route = route.replace(parameter, "1")
    return "/" + route.replace("<str:number>", "K08-00001").replace("<str:receipt_no>", "U08-00001")


@pytest.mark.django_db
def test_every_page_of_casework_is_seen_by_axe(worker):
    client = worker.client
    found = dict(addresses(get_resolver()))
    unseen = []
    for name, route in found.items():
        path = filled(route)
        assert "<" not in path, path
        if name not in PAGES and name not in NO_PAGES and client.get(path).status_code != 405:
            unseen.append(name)
    assert unseen == []
    assert {*PAGES, *NO_PAGES} - found.keys() == set()
    assert not PAGES.keys() & NO_PAGES.keys()
