"""The migrated database of the tests, made once per state of the migrations and copied by every test process."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from kyosei import structure

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
        for stale in databases:
            if stale.startswith(_PREFIX):
                connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(stale)))
        unfinished = name + "_unfinished"  # under its own name only when it is whole
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(unfinished))
        )
        _migrate(urlunsplit(urlsplit(url)._replace(path=f"/{unfinished}")))
        connection.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(unfinished), sql.Identifier(name))
        )
    return name


def _state_of_the_migrations() -> str:
    """Changes with every migration, with the locked libraries and with the structure file."""
    text = repr(sorted(structure.made_of().items())).encode() + structure.FILE.read_bytes()
    return hashlib.sha256(text).hexdigest()[:16]


def _migrate(url: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--noinput", "-v", "0"],
        cwd=structure.PROJECT,
        env={**os.environ, "DATABASE_URL": url},
        stdin=subprocess.DEVNULL,
        check=True,
    )


if __name__ == "__main__":
    from common.embedded import ensure_services

    os.environ["KYOSEI_ENV"] = "test"
    ensure_services(profile="test")
    ensure_template(os.environ["DATABASE_URL"])
