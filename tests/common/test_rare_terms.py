"""The index is asked for one pair of characters of a place; found is who holds the whole of it."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common import rare_terms
from common.rare_terms import rarest
from households.contact import NOTHING_HIDDEN
from households.household_search import household_columns
from households.models import Household
from households.selectors_search import search_households
from tests import factories as f

pytestmark = pytest.mark.django_db


@pytest.fixture
def counted(worker):
    """A town of sixty households as ANALYZE saw it; its figures are forgotten afterwards."""
    for n in range(60):
        address = f"美旗野市{'桜木' if n % 20 == 0 else '本町'}{n % 3 + 1}丁目{n}番地"
        home = f.make_household(f"世帯{n}", agency=worker.agency, actor=worker.actor)
        columns = household_columns(name=home.name, address=address)
        Household.objects.filter(pk=home.pk).update(address=address, **columns)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE households_household")
    rare_terms._shares.cache_clear()
    yield worker.actor
    rare_terms._shares.cache_clear()


def test_what_few_rows_hold_is_asked_for(counted):
    assert rarest(Household, "search_terms", ["#1", "市桜", "旗野", "美旗"]) == ["市桜"]
    assert rarest(Household, "search_terms", ["#1", "美旗", "龘龘"]) == ["龘龘"]  # in no list of common ones
    with CaptureQueriesContext(connection) as asked:
        assert rarest(Household, "search_terms", ["旗野", "市桜"]) == ["市桜"]
        assert rarest(Household, "search_terms", ["旗野"]) == ["旗野"]
    assert not asked.captured_queries  # the statistics are read once


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("美旗野市桜木", {0, 20, 40}),
        ("美旗野市桜木3丁目", {20}),
        ("桜木3丁目20番地", {20}),
        ("野市本町 1丁目", {n for n in range(60) if n % 20 and n % 3 == 0}),
        ("木桜", set()),  # the characters stand in every address of that quarter, but not so
        ("桜木丁目", set()),
        ("世帯47", {47}),
    ],
)
def test_found_is_who_holds_the_whole(counted, typed, wanted):
    found = {hit.household.name for hit in search_households(counted, typed, NOTHING_HIDDEN)}
    assert found == {f"世帯{n}" for n in wanted}


def test_without_statistics_any_term_will_do(worker, monkeypatch):
    monkeypatch.setattr(rare_terms, "_shares", lambda *args: {})
    assert rarest(Household, "search_terms", ["丁目", "美旗", "龘龘"]) == ["丁目"]
