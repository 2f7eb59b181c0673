"""TRUNCATE passes row triggers by: each table of the trail refuses it by a statement trigger of its own.

The triggers are put on after every migrate, so that a new history table has its own from the day it is made.
"""

from __future__ import annotations

from typing import Any

from django.db import connections
from psycopg import sql

from audit.chain import sealed_tables
from audit.models import ChainBlock

NAME = "trail_is_not_truncated"
_FUNCTION = """
    CREATE OR REPLACE FUNCTION trail_refuses_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'rows of % are never removed', TG_TABLE_NAME; END $$
"""


def protected_tables() -> list[str]:
    return [*(table.name for table in sealed_tables()), ChainBlock._meta.db_table]


def forbid_truncate(*, using: str = "default", **kwargs: Any) -> None:
    """Put the trigger on every table of the trail that lacks it (receiver of ``post_migrate``)."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            " AND relname = ANY(%s) AND NOT EXISTS"
            " (SELECT 1 FROM pg_trigger WHERE tgrelid = pg_class.oid AND tgname = %s)",
            [protected_tables(), NAME],
        )
        bare = [name for (name,) in cursor.fetchall()]
        if bare:
            cursor.execute(_FUNCTION)
        for name in bare:
            statement = sql.SQL(
                "CREATE TRIGGER {} BEFORE TRUNCATE ON {} FOR EACH STATEMENT EXECUTE FUNCTION trail_refuses_truncate()"
            )
            cursor.execute(statement.format(sql.Identifier(NAME), sql.Identifier(name)))
