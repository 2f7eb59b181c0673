"""The structure file stands for the migrations, to the last trigger and row."""

import os
import subprocess
import sys
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.db import connection
from psycopg import sql

from kyosei import structure


@pytest.fixture
def empty_database() -> Iterator[str]:
    server = os.environ["DATABASE_URL"]
    name = f"kyosei_empty_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def manage(database: str, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=structure.PROJECT, env={**os.environ, "DATABASE_URL": database},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


def test_it_is_made_of_the_migrations_as_they_are() -> None:
    assert structure.recorded() == structure.made_of(), "run: manage.py structure"


def test_it_is_what_the_migrations_make_of_an_empty_database() -> None:
    """Trigger by trigger and row by row; only the moments at which migrations ran may differ. Asked of the migrations
    themselves, some ten minutes, unless the file bears the mark of having been written from these very migrations.
    """
    if structure.is_proven():
        return
    made = structure.from_migrations(os.environ["DATABASE_URL"])
    assert made.count("\n") > 1_000
    difference = list(
        unified_diff(
            structure.without_times(structure.held()).splitlines(), structure.without_times(made).splitlines(),
            "kyosei/structure.sql", "the migrations", n=0, lineterm="",
        )
    )  # fmt: skip
    assert not difference, "\n".join(difference[:40])


def test_a_letter_a_migration_or_a_library_more_and_nothing_is_proven(monkeypatch, tmp_path) -> None:
    one, made = tmp_path / "one.sql", structure.made_of()
    monkeypatch.setattr(structure, "FILE", one)
    monkeypatch.setattr(structure, "from_migrations", lambda url: "SELECT 1;\nSELECT 2;\n")
    structure.write("")
    assert structure.is_proven()
    assert structure.held() == "SELECT 1;\nSELECT 2;\n"
    monkeypatch.setattr(structure, "made_of", lambda: made | {"cases/migrations/9999_more.py": "0" * 16})
    assert not structure.is_proven()
    monkeypatch.setattr(structure, "made_of", lambda: made | {"requirements/run.txt": "0" * 16})
    assert not structure.is_proven()
    monkeypatch.setattr(structure, "made_of", lambda: made)
    whole = one.read_text()
    one.write_text(whole.replace("SELECT 2", "SELECT 3"))
    assert not structure.is_proven()
    one.write_text(
        "".join(line for line in whole.splitlines(keepends=True) if not line.startswith("-- proven "))
    )
    assert not structure.is_proven()


def test_migrate_gives_an_empty_database_its_structure_and_leaves_it_alone_afterwards(
    empty_database: str,
) -> None:
    told = manage(empty_database, "migrate", "--noinput")
    assert "No migrations to apply" in told
    assert structure.without_times(structure.dump(empty_database)) == structure.without_times(
        structure.held()
    )
    assert "No migrations to apply" in manage(empty_database, "migrate", "--noinput")
    assert "No changes" in manage(empty_database, "makemigrations", "--check", "--dry-run")


def test_a_file_of_other_migrations_is_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One added migration may run on top of it; one that was changed or taken away may not."""
    now = structure.made_of()
    assert structure.is_usable()
    added = {**now, "cases/migrations/9999_added.py": "0"}
    changed = {**now, "cases/migrations/0001_initial.py": "0"}
    gone = {path: mark for path, mark in now.items() if path != "cases/migrations/0001_initial.py"}
    for is_usable, made_of in ((True, added), (False, changed), (False, gone)):
        monkeypatch.setattr(structure, "made_of", lambda made_of=made_of: made_of)
        assert structure.is_usable() is is_usable
    monkeypatch.setattr(structure, "FILE", tmp_path / "none.sql")
    assert not structure.is_usable()
    assert not structure.load_if_empty()


@pytest.mark.django_db
def test_a_database_with_tables_is_left_alone() -> None:
    assert not structure.load_if_empty()


@pytest.mark.django_db
def test_a_database_whose_tables_stand_elsewhere_is_left_alone() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA elsewhere")
        cursor.execute("SET LOCAL search_path = elsewhere")
        cursor.execute(structure._HAS_TABLES)
        assert cursor.fetchone() == (True,)
