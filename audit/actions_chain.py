"""Sealing the trail: rows that are committed for good become a block that stands on the block before."""

from __future__ import annotations

import time
from datetime import datetime
from hashlib import sha256

import structlog
from django.db import connection
from psycopg import sql

from audit.chain import (
    NO_HASH,
    SealedTable,
    block_hash,
    canonical_session,
    row_digest,
    sealed_tables,
    table_columns,
)
from audit.models import ChainBlock

log = structlog.get_logger(__name__)

BATCH = 1000
PATIENCE = 2.0  # seconds for which writers of one table are waited for
PAUSE = 0.02


def seal_chain(*, at: datetime, batch: int = BATCH) -> int:
    """Chain every row that is not chained yet, table by table; says how many.

    A table that one transaction has been writing to for more than two seconds is left for the next time.
    """
    count = 0
    for table in sealed_tables():
        last = _settled_last_id(table)
        while last is not None and (sealed := _seal_block(table, last, at=at, batch=batch)):
            count += sealed
    return count


def _last_sealed(table: str) -> ChainBlock | None:
    return ChainBlock.objects.filter(table_name=table).defer("ids", "digests").order_by("-number").first()


def _settled_last_id(table: SealedTable) -> int | None:
    """An id up to which no row can come any more; None if there is nothing new or the table is busy.

    An insert takes its lock on the table before it takes its id, and holds it until it commits. So once every
    transaction is over that held such a lock after the highest id was read, all rows up to this id are there to be
    read. Nobody is kept from writing meanwhile: a transaction that begins later takes a higher id.
    """
    before = _last_sealed(table.name)
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("SELECT max({}) FROM {}").format(sql.Identifier(table.key), sql.Identifier(table.name))
        )
        (newest,) = cursor.fetchone()
    if newest is None or (before is not None and newest <= before.last_id):
        return None
    writers, began = _writers(table.name), time.monotonic()
    while writers:
        if time.monotonic() - began > PATIENCE:
            log.info("chain_table_busy", table=table.name)
            return None
        time.sleep(PAUSE)
        writers &= _writers(table.name)
    return newest


def _writers(table: str) -> set[str]:
    """Other transactions that have written to a table, or are about to, and are not over."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND relation = to_regclass(%s)"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND mode = 'RowExclusiveLock' AND granted AND pid IS DISTINCT FROM pg_backend_pid()",
            [f'public."{table}"'],
        )
        return {name for (name,) in cursor.fetchall()}


def _seal_block(table: SealedTable, last: int, *, at: datetime, batch: int) -> int:
    """One block of at most ``batch`` rows up to the id ``last``; the number of rows, 0 when there are none left."""
    with canonical_session(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('chain'), hashtext(%s))", [table.name])
        if not cursor.fetchone()[0]:
            return 0  # another process seals this table
        before = _last_sealed(table.name)
        columns = table_columns(table.name)
        cursor.execute(_batch_sql(table, columns), [before.last_id if before else None, last, batch])
        ids, digests = cursor.fetchone()
        if not ids:
            return 0
        number = before.number + 1 if before else 1
        prev_hash = bytes(before.hash) if before else NO_HASH
        ChainBlock.objects.create(
            table_name=table.name, number=number, columns=columns, first_id=ids[0], last_id=ids[-1],
            row_count=len(ids), ids=ids, digests=digests, prev_hash=prev_hash, sealed_at=at,
            hash=block_hash(
                prev_hash=prev_hash, table=table.name, number=number, columns=columns, ids=ids,
                digests_hash=sha256(digests).digest(), sealed_at=at,
            ),
        )  # fmt: skip
        return len(ids)


def _batch_sql(table: SealedTable, columns: list[str]) -> sql.Composed:
    """Ids and joined digests of the next rows after an id (or from the start), in the order of the ids."""
    return sql.SQL(
        "SELECT array_agg(id ORDER BY id), string_agg(digest, ''::bytea ORDER BY id) FROM ("
        "SELECT t.{key} AS id, {digest} AS digest FROM {name} t"
        " WHERE t.{key} > coalesce(%s::bigint, -9223372036854775808) AND t.{key} <= %s ORDER BY t.{key} LIMIT %s) rows"
    ).format(key=sql.Identifier(table.key), digest=row_digest(columns), name=sql.Identifier(table.name))
