"""The migrated database of the tests, made once per state of the migrations and copied by every test process.

Rendering the models once per operation makes the migrations take a minute and more; a copy takes a second. When only
migrations were added, they are applied to a copy of the last template.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

PROJECT = Path(__file__).resolve().parents[1]
_PREFIX = "kyosei_migrated_"
_LOCK = 2026_1123


def ensure_template(url: str) -> str:
    """The name of a database with all migrations applied; made if it is not there. Safe to call from many processes."""
    name = _PREFIX + _state_of_the_migrations()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        databases = [row[0] for row in connection.execute("SELECT datname FROM pg_database")]
        if name in databases:
            return name
        unfinished = name + "_unfinished"  # under its own name only when it is whole
        former = _earlier(connection, databases)
        kept = [stale for stale in databases if stale.startswith(_PREFIX)]
        for stale in kept:
            if stale != former:
                connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(stale)))
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(unfinished), sql.Identifier(former or "template0")
            )
        )
        _migrate(urlunsplit(urlsplit(url)._replace(path=f"/{unfinished}")))
        connection.execute(
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(
                sql.Identifier(unfinished), sql.Literal(json.dumps(_files()))
            )
        )
        connection.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(unfinished), sql.Identifier(name))
        )
        if former:
            connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(former)))
    return name


def _earlier(connection: psycopg.Connection, databases: list[str]) -> str | None:
    """A template to which only migrations are to be added: everything that made it still stands as it was."""
    now = _files()
    locks = {path: mark for path, mark in now.items() if path.startswith("requirements")}
    for name in databases:
        if not name.startswith(_PREFIX) or name.endswith("_unfinished"):
            continue
        row = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
        ).fetchone()
        made_of: dict[str, str] = json.loads(row[0]) if row and row[0] else {}
        if made_of and made_of.items() <= now.items() and locks.items() <= made_of.items():
            return name
    return None


def _files() -> dict[str, str]:
    """What a template is made of: migrations and locked libraries, each with the hash of its content."""
    paths = (
        *sorted(PROJECT.glob("*/migrations/*.py")),
        *sorted((PROJECT / "requirements").glob("*.txt")),
    )
    return {
        str(path.relative_to(PROJECT)): hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in paths
    }


def _state_of_the_migrations() -> str:
    return hashlib.sha256(json.dumps(_files()).encode()).hexdigest()[:16]


def _migrate(url: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--noinput", "-v", "0"],
        cwd=PROJECT,
        env={**os.environ, "DATABASE_URL": url},
        stdin=subprocess.DEVNULL,
        check=True,
    )


if __name__ == "__main__":
    from common.embedded import ensure_services

    os.environ["KYOSEI_ENV"] = "test"
    ensure_services(profile="test")
    ensure_template(os.environ["DATABASE_URL"])
