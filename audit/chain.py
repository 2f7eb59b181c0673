"""How rows of the trail become sums: which tables, the sum of a row (in SQL), the sum of a block."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from django.apps import apps
from django.db import connection, models, transaction
from pghistory.models import Event
from psycopg import sql

from audit.models import AccessRecord, ChangeRecord

DIGEST_BYTES = 32
NO_HASH = bytes(DIGEST_BYTES)  # what the first block of a table stands on
# what PostgreSQL's text of a value depends on, and how it finds the rows of a block
SESSION = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    # blocks are read by id: a table that was never analysed must not be read from end to end for each
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
}


@dataclass(frozen=True, slots=True)
class SealedTable:
    """A table whose rows are chained, and its primary key."""

    name: str
    key: str


def sealed_models() -> list[type[models.Model]]:
    """Both logs and every history table of pghistory."""
    events = [m for m in apps.get_models() if issubclass(m, Event) and m._meta.managed and not m._meta.proxy]
    return [AccessRecord, ChangeRecord, *sorted(events, key=lambda m: m._meta.db_table)]


def sealed_tables() -> list[SealedTable]:
    return [SealedTable(m._meta.db_table, str(m._meta.pk.column)) for m in sealed_models()]


@contextmanager
def canonical_session() -> Iterator[None]:
    """A transaction in which the text of a row is the same on every machine and for every user."""
    with transaction.atomic(), connection.cursor() as cursor:
        for name, value in SESSION.items():
            cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
        yield


def table_columns(table: str) -> list[str]:
    """The columns of a table in the order in which they were made; empty if there is no such table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped"
            " ORDER BY attnum",
            [f'public."{table}"'],
        )
        return [name for (name,) in cursor.fetchall()]


def row_digest(columns: Sequence[str]) -> sql.Composed:
    """SQL of the sum of one row: sha256 of the row's text over the named columns."""
    cells = sql.SQL(", ").join(sql.SQL("t.{}").format(sql.Identifier(name)) for name in columns)
    return sql.SQL("sha256(convert_to(ROW({})::text, 'UTF8'))").format(cells)


def block_hash(
    *,
    prev_hash: bytes,
    table: str,
    number: int,
    columns: Sequence[str],
    ids: Sequence[int],
    digests_hash: bytes,
    sealed_at: datetime,
) -> bytes:
    """The sum of a block over everything in it; ``digests_hash`` is the sha256 of its digests."""
    content = [
        prev_hash.hex(), table, number, list(columns), list(ids), digests_hash.hex(),
        sealed_at.astimezone(UTC).isoformat(timespec="microseconds"),
    ]  # fmt: skip
    return sha256(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()).digest()
