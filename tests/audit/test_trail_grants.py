"""The application's own database role can add to the trail, and nothing else."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import transaction
from django.db.utils import ProgrammingError

from audit.actions_chain import seal_chain
from audit.triggers import protected_tables
from audit.verification import check_chain
from tests import factories as f
from tests.audit.trail import execute, some_life

ROLE = "kyosei_app_of_a_test"


@pytest.fixture
def as_application(worker, colleague):
    """Everything after this runs with the rights of the role (undone with the test's transaction)."""
    some_life(worker, colleague)
    out = StringIO()
    call_command("trail_grants", ROLE, stdout=out)
    execute(f"CREATE ROLE {ROLE}")
    execute(out.getvalue())
    execute(f"SET LOCAL ROLE {ROLE}")
    yield
    execute("RESET ROLE")


def refused(statement: str) -> None:
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), transaction.atomic():
        execute(statement)


def test_the_application_writes_seals_and_verifies(as_application):
    f.make_person("新しい", "人")
    assert seal_chain(at=f.NOW) > 60
    report = check_chain()
    assert (report.breaks, report.unsealed) == ([], 0)


def test_the_application_changes_nothing_of_the_trail(as_application):
    for table in protected_tables():
        key = "pgh_id" if table.endswith("event") else "id"
        refused(f"UPDATE {table} SET {key} = {key}")
        refused(f"DELETE FROM {table}")
        refused(f"TRUNCATE {table}")
        refused(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    refused("SET session_replication_role = replica")
