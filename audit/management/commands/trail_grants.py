"""``manage.py trail_grants ROLE``: SQL that leaves a database role only what the application needs."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection
from psycopg import sql

from audit.triggers import protected_tables

_FOR_ALL = (
    "GRANT USAGE ON SCHEMA public TO {role};",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};",
    "GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO {role};",
)


class Command(BaseCommand):
    help = (
        "Print SQL for the role under which web server and worker run: it may add rows to history and logs, not change or "
        "remove them, and it cannot switch the triggers off. Migrations run as the owner of the tables."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("role")

    def handle(self, *args: Any, **options: Any) -> None:
        role = sql.Identifier(options["role"])
        lines = [sql.SQL(line).format(role=role) for line in _FOR_ALL]
        for table in protected_tables():
            names = {"table": sql.Identifier(table), "role": role}
            lines.append(
                sql.SQL("REVOKE UPDATE, DELETE, TRUNCATE, TRIGGER ON {table} FROM {role};").format(**names)
            )
        with connection.cursor() as cursor:
            for line in lines:
                self.stdout.write(line.as_string(cursor.connection))
