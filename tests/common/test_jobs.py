"""Progress that is told on a connection of its own, beside the transaction of the job."""

from __future__ import annotations

import pytest
from django.db import connection, connections, transaction

from accounts.models import Agency
from common.jobs import beside
from tests import factories as f

RENAME = "UPDATE accounts_agency SET name = %s WHERE id = %s"


@pytest.fixture
def agency(transactional_db):
    return f.make_agency()


def test_what_is_told_beside_stays_when_the_transaction_is_undone(agency):
    with beside() as run, transaction.atomic():
        assert run(RENAME, ["横で", agency.pk]) == 1
        transaction.set_rollback(True)
    assert Agency.objects.get(pk=agency.pk).name == "横で"


def test_a_row_that_the_job_itself_has_locked_is_left_out_and_not_waited_for(agency):
    with beside() as run:
        with transaction.atomic():
            Agency.objects.select_for_update(of=("self",)).get(pk=agency.pk)
            assert run(RENAME, ["横で", agency.pk]) is None
        assert run(RENAME, ["あとで", agency.pk]) == 1  # the lock is gone, the connection came back
    assert Agency.objects.get(pk=agency.pk).name == "あとで"


def test_it_is_another_connection_and_it_is_closed(agency):
    ask = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'beside'"
    with beside() as run:
        assert run("SET application_name = 'beside'", []) is not None
        with connection.cursor() as cursor:
            cursor.execute(ask)
            assert cursor.fetchone() == (1,)
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            for _ in range(100):
                cursor.execute(ask)
                if cursor.fetchone() == (0,):
                    break
                cursor.execute("SELECT pg_sleep(0.05)")
            else:
                raise AssertionError("still open")
    finally:
        other.close()


def test_it_is_never_a_connection_of_the_pool(agency, monkeypatch):
    """Whoever got it next would give up on every lock after half a second."""
    made = []
    real = connections.create_connection
    pooled = {
        **connection.settings_dict,
        "OPTIONS": {**connection.settings_dict["OPTIONS"], "pool": {"max_size": 2}},
    }

    def create(alias):
        own = real(alias)
        own.settings_dict = pooled
        made.append(own)
        return own

    monkeypatch.setattr(connections, "create_connection", create)
    with beside() as run:
        assert run(RENAME, ["池の外", agency.pk]) == 1
        assert made[0].pool is None
    assert pooled["OPTIONS"]["pool"]
