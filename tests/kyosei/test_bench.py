"""The benchmark at its smallest: right rows, the shape of its report, query counts. Never a time."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.utils import timezone

from budgets.models import PersonnelCost, WorkEntry
from cases.models import Case, CaseGrant, Consultation, ProgressNote
from households.models import Household, HouseholdMember, Person
from kyosei.bench.coordination import measure_coordination
from kyosei.bench.generate import MODELS, generate_here
from kyosei.bench.household import measure_household
from kyosei.bench.money import measure_money
from kyosei.bench.pages import measure_pages
from kyosei.bench.report import line, show, write
from kyosei.bench.run import NotABenchDatabase, run
from kyosei.bench.scales import SCALES, share
from tests import factories as f

pytestmark = pytest.mark.django_db
SCALE = SCALES["demo"]


@pytest.fixture
def city(db):
    now = timezone.localtime().replace(microsecond=0)
    generate_here(SCALE, now)
    return now


def orphans(table: str) -> list[str]:
    """Foreign keys of ``table`` with rows that point to nothing."""
    with connection.cursor() as cursor:
        found = []
        for column, (other, key) in _foreign_keys(cursor, table):
            cursor.execute(
                f'SELECT count(*) FROM "{table}" a WHERE a."{column}" IS NOT NULL'
                f' AND NOT EXISTS (SELECT 1 FROM "{other}" b WHERE b."{key}" = a."{column}")'
            )
            if cursor.fetchone()[0]:
                found.append(f"{table}.{column}")
        return found


def _foreign_keys(cursor, table: str) -> list[tuple[str, tuple[str, str]]]:
    constraints = connection.introspection.get_constraints(cursor, table).values()
    return [(c["columns"][0], c["foreign_key"]) for c in constraints if c["foreign_key"]]


@pytest.mark.slow
def test_the_generated_city_is_whole(city):
    assert Person.objects.count() == SCALE.persons
    assert Case.objects.count() == SCALE.cases
    assert Consultation.objects.count() == SCALE.consultations
    assert ProgressNote.objects.count() == SCALE.notes
    assert HouseholdMember.objects.exists() and WorkEntry.objects.exists()
    assert [name for model in MODELS for name in orphans(model._meta.db_table)] == []
    led = CaseGrant.objects.filter(ends_at__isnull=True).values("content_object").distinct().count()
    assert led == SCALE.cases
    assert not Case.objects.filter(lead_agency__may_lead=False).exists()
    person = Person.objects.order_by("?").first()
    kept = (person.search_text, person.search_terms, person.kana_folded)
    person.fill_search()
    assert kept == (person.search_text, person.search_terms, person.kana_folded)


@pytest.mark.slow
def test_no_page_makes_too_many_queries(city, tmp_path):
    lines = measure_pages(SCALE, now=city, requests=2)
    large = measure_household(SCALE, now=city, requests=2)
    assert [row.name for row in large if row.unit in ("queries", "kB") and not row.holds] == []
    assert len(large) == 15  # with the load of the machine beside each
    lines += large
    unmeasured = [row for row in lines if row.value < 0]
    assert unmeasured == []
    many = [row for row in lines if row.unit == "queries" and not row.holds]
    assert many == []
    write(lines, tmp_path / "bench.json")
    written = json.loads((tmp_path / "bench.json").read_text())
    assert len(written) == len(lines)
    assert all(set(row) == {"name", "value", "unit", "bar", "holds"} for row in written)


@pytest.mark.slow
def test_the_directors_page_and_the_other_models_are_measured_and_undone(city):
    before = (Case.objects.count(), Household.objects.count())
    lines = measure_coordination(SCALE, now=city, requests=2)
    assert [row.name for row in lines if row.unit == "queries" and not row.holds] == []
    assert len(lines) == 8
    assert (Case.objects.count(), Household.objects.count()) == before


@pytest.mark.slow
def test_minutes_and_money_are_measured_and_undone(city):
    before = (WorkEntry.objects.count(), PersonnelCost.objects.count())
    lines = measure_money(SCALE, now=city, requests=2)
    held = {row.name.split("money, ")[1]: row.holds for row in lines if row.bar}
    assert held["week queries"]
    assert held["rule table told its progress"]
    assert not [row.name for row in lines if row.value < 0]
    assert [name for name in held if name.startswith("bad rows named")]
    assert all(holds for name, holds in held.items() if name.startswith("bad rows named"))
    assert (WorkEntry.objects.count(), PersonnelCost.objects.count()) == before


def test_lines_of_another_scale_stay_in_the_report(tmp_path):
    path = tmp_path / "bench.json"
    write([line("city: home p95", 40, "ms", at_most=100)], path)
    write([line("demo: home p95", 10, "ms")], path)
    write([line("city: home p95", 120, "ms", at_most=100)], path)
    rows = {row["name"]: row for row in json.loads(path.read_text())}
    assert rows["demo: home p95"]["holds"] is True
    assert rows["city: home p95"] == {
        "name": "city: home p95",
        "value": 120,
        "unit": "ms",
        "bar": "<= 100",
        "holds": False,
    }
    shown: list[str] = []
    show([line("city: home p95", 120, "ms", at_most=100)], shown.append)
    assert shown[-1] == "0 of 1 bars hold; not: city: home p95"


def test_the_chunks_share_out_every_row_once():
    for total in (0, 1, 7, 78_000):
        ids = [pk for n in range(16) for pk in share(total, 16, n)]
        assert ids == list(range(1, total + 1))


def test_a_database_with_anything_else_is_never_wiped(db):
    agency = f.make_agency()
    with pytest.raises(NotABenchDatabase):
        run(SCALE, keep=False, requests=1, say=lambda text: None)
    agency.refresh_from_db()


def test_production_is_never_wiped(db, settings):
    settings.KYOSEI_ENV = "production"
    with pytest.raises(NotABenchDatabase):
        run(SCALE, keep=False, requests=1, say=lambda text: None)
