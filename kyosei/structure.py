"""The structure of the migrated database as one file, so that an empty database is not led through its whole history.

``structure.sql`` is what the migrations make of an empty database: tables, triggers, functions, and the rows that
migrations write. Its first lines say of which migrations and locked libraries it was made. Migrations that were only
added since run on top of it; if one of those named is another today, the file is left alone and all run one by one.
``manage.py structure`` writes it, with a mark over it and all that it was made of. Where the mark holds, it is what the
migrations make; where it does not, tests/kyosei/test_structure.py runs them all, which takes some ten minutes.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit
from uuid import uuid4

import psycopg
from django.db import connections, transaction
from psycopg import sql

from common.embedded import program

PROJECT = Path(__file__).resolve().parents[1]
FILE = PROJECT / "kyosei/structure.sql"
_MADE_OF = "-- made of "
_PROVEN = "-- proven "

_DUMP = ("--no-owner", "--no-privileges", "--no-publications", "--no-subscriptions", "--inserts")
_LEFT_OUT = re.compile(
    r"\\(un)?restrict .*|SET .*|SELECT pg_catalog\.set_config\('search_path'.*|COMMENT ON EXTENSION .*|--.*"
    r"|CREATE SCHEMA public;|COMMENT ON SCHEMA public .*"
)
# functions may name tables that come later
_SETTINGS = "SET LOCAL check_function_bodies = false; SET LOCAL search_path = ''"
_HAS_TABLES = """
    SELECT current_schema() IS DISTINCT FROM 'public' OR to_regclass('django_migrations') IS NOT NULL
        OR EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace)
"""
_TIME = re.compile(r"'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?[+-]\d\d(:\d\d)?'")


def made_of() -> dict[str, str]:
    """Our migrations as they are now, and the lock of the libraries, whose migrations count too; with their hashes."""
    paths = (*sorted(PROJECT.glob("*/migrations/*.py")), PROJECT / "requirements/run.txt")
    return {
        str(path.relative_to(PROJECT)): hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in paths
    }


def recorded() -> dict[str, str]:
    """What the file was made of; nothing if there is no file."""
    if not FILE.exists():
        return {}
    with FILE.open() as lines:
        words = (line.removeprefix(_MADE_OF).split() for line in lines if line.startswith(_MADE_OF))
        return {path: mark for path, mark in words}  # noqa: C416 - names the pair


def is_usable() -> bool:
    """Whether everything that the file was made of still stands as it was; migrations that were added run on top."""
    held = recorded()
    return bool(held) and held.items() <= made_of().items()


def held() -> str:
    """The file without its head."""
    lines = FILE.read_text().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith((_MADE_OF, _PROVEN)))


def _mark(text: str, made: dict[str, str]) -> str:
    return hashlib.sha256(
        "\n".join([*(f"{path} {mark}" for path, mark in made.items()), text]).encode()
    ).hexdigest()


def is_proven() -> bool:
    """Whether the file is, to the letter, what was written from the migrations and the lock as they are now."""
    with FILE.open() as lines:
        marks = [line.removeprefix(_PROVEN).strip() for line in lines if line.startswith(_PROVEN)]
    return marks == [_mark(held(), made_of())]


def load_if_empty(alias: str = "default") -> bool:
    """Give a database without any table its structure; False, and nothing done, if it has one or the file is too old."""
    if not is_usable():
        return False
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute(_HAS_TABLES)
        if cursor.fetchone()[0]:
            return False
        cursor.execute(_SETTINGS)
        cursor.execute(FILE.read_text())
    return True


def write(url: str) -> int:
    """Write the file anew from the migrations, in a database of its own on the server of ``url``; the lines written."""
    text, made = from_migrations(url), made_of()
    head = "".join(f"{_MADE_OF}{path} {mark}\n" for path, mark in made.items())
    FILE.write_text(f"{head}{_PROVEN}{_mark(text, made)}\n{text}")
    return text.count("\n")


def from_migrations(url: str) -> str:
    """What all migrations, one by one, make of an empty database; as it reads when it was loaded once, because
    PostgreSQL spells a condition that it reads back a little differently than one that it was given.
    """
    with _empty(url) as migrated, _empty(url) as again:
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--noinput", "--step-by-step", "-v", "0"],
            cwd=PROJECT, env={**os.environ, "DATABASE_URL": migrated}, stdin=subprocess.DEVNULL, check=True,
        )  # fmt: skip
        with psycopg.connect(again) as connection:
            connection.execute(_SETTINGS)
            connection.execute(dump(migrated).encode())
        return dump(again)


@contextmanager
def _empty(url: str) -> Iterator[str]:
    """The address of an empty database on the server of ``url``; dropped at the end."""
    name = f"kyosei_structure_{uuid4().hex[:12]}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        try:
            yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def dump(url: str) -> str:
    """What a database is made of, in SQL that one cursor can run: without settings, remarks and owners."""
    parts = urlsplit(url)
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    bare = urlunsplit(parts._replace(netloc=parts.netloc.replace(f"{user}:{password}@", f"{user}@", 1)))
    secret = {"PGPASSWORD": unquote(password)} if password else {}  # not among the words that `ps` shows
    told = subprocess.run(  # noqa: S603
        [program("pg_dump"), *_DUMP, "--dbname", bare],
        capture_output=True, text=True, check=True, env={**os.environ, **secret, "PGTZ": "UTC"},
    ).stdout  # fmt: skip
    return _without_remarks(told)


def without_times(text: str) -> str:
    """For comparing two: the moments at which migrations ran are never the same."""
    return _TIME.sub("'…'", text)


def _without_remarks(text: str) -> str:
    """Bodies of functions stay as they are: what stands between two ``$$`` or ``$name$`` is no remark."""
    kept, quoted = [], ""
    for line in text.splitlines():
        if not quoted and (not line or _LEFT_OUT.fullmatch(line)):
            continue
        for mark in re.findall(r"\$\w*\$", line):
            quoted = "" if mark == quoted else quoted or mark
        kept.append(line)
    return "\n".join(kept) + "\n"
