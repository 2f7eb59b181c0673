"""Checking the chain: every block against the one before, and every row against its block."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from psycopg import sql

from audit.chain import (
    DIGEST_BYTES,
    NO_HASH,
    SealedTable,
    block_hash,
    canonical_session,
    row_digest,
    sealed_tables,
    table_columns,
)
from audit.models import ChainBlock

CHANGED, MISSING, INSERTED = "changed", "missing", "inserted"
BLOCK_EDITED, BLOCK_MISSING, COLUMN_GONE, TABLE_GONE = "block", "block_missing", "column_gone", "table_gone"
HEAD_GONE = "head_gone"
WORDS = {
    CHANGED: "内容が書き換えられています",
    MISSING: "行がありません",
    INSERTED: "後から行が入れられています",
    BLOCK_EDITED: "鎖の区切りそのものが書き換えられています",
    BLOCK_MISSING: "鎖の区切りがありません",
    COLUMN_GONE: "封じたときにあった列がありません",
    TABLE_GONE: "表がありません",
    HEAD_GONE: "控えのハッシュ値と合いません",
}
_LOWEST = -(2**63)


@dataclass(frozen=True, slots=True)
class Break:
    """One place where the chain does not hold. ``row_id`` is None where a whole block or table is meant."""

    table: str
    block: int
    row_id: int | None
    what: str

    def __str__(self) -> str:
        row = f"の行 {self.row_id}" if self.row_id is not None else ""
        return f"{self.table}{row}（区切り {self.block}）：{WORDS[self.what]}"


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found: places in the order of table and block, rows checked, rows that no block holds yet."""

    breaks: list[Break]
    rows: int
    blocks: int
    unsealed: int


def verify_chain(tables: Collection[str] | None = None) -> list[Break]:
    """Every place where the chain does not hold: the first broken row of each block. Empty means that it holds."""
    return check_chain(tables).breaks


def check_chain(tables: Collection[str] | None = None) -> Report:
    """``verify_chain`` with its counts."""
    known = {table.name: table for table in sealed_tables()}
    sealed = set(ChainBlock.objects.order_by("table_name").values_list("table_name", flat=True).distinct())
    names = sorted({*known, *sealed} if tables is None else set(tables))
    breaks: list[Break] = []
    rows = blocks = unsealed = 0
    for name in names:
        table = known.get(name)
        if table is None:
            breaks.append(Break(name, 0, None, TABLE_GONE))
            continue
        with canonical_session():
            held = _check_blocks(name)
            breaks += held.breaks
            breaks += _check_rows(table)
            rows, blocks = rows + held.rows, blocks + held.blocks
            unsealed += _count_after(table, held.last_id)
    return Report(
        sorted(breaks, key=lambda b: (b.table, b.block, b.row_id or _LOWEST)), rows, blocks, unsealed
    )


def missing_heads(heads: Collection[tuple[str, int, str]]) -> list[Break]:
    """Printed heads (table, block, hash in hex) that the chain does not show any more: its end was cut or rewritten."""
    found = {
        (table, number): bytes(value).hex()
        for table, number, value in ChainBlock.objects.filter(
            table_name__in={h[0] for h in heads}, number__in={h[1] for h in heads}
        ).values_list("table_name", "number", "hash")
    }
    return [
        Break(table, number, None, HEAD_GONE)
        for table, number, value in heads
        if found.get((table, number)) != value
    ]


# ── Blocks ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Held:
    breaks: list[Break]
    rows: int
    blocks: int
    last_id: int


def _blocks(table: str) -> Iterator[Sequence[Any]]:
    """Blocks in order, some hundred at a time, with the sha256 of their digests made in the database."""
    after: int | None = -1
    while after is not None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT number, columns, ids, sha256(digests), prev_hash, hash, sealed_at, first_id, last_id, row_count,"
                " length(digests) FROM audit_chainblock WHERE table_name = %s AND number > %s ORDER BY number LIMIT 500",
                [table, after],
            )
            chunk = cursor.fetchall()
        yield from chunk
        after = chunk[-1][0] if chunk else None


def _check_blocks(table: str) -> _Held:
    """Numbers without a gap, each hash right and standing on the former."""
    breaks: list[Break] = []
    prev_hash, expected, rows, last_id = NO_HASH, 1, 0, _LOWEST
    for row in _blocks(table):
        number, columns, ids, digests_hash, prev, value, sealed_at, first, last, count, length = row
        if number != expected:
            breaks.append(Break(table, expected, None, BLOCK_MISSING))
        elif bytes(prev) != prev_hash:
            breaks.append(Break(table, number, None, BLOCK_EDITED))
        if not _is_sound(
            table, number, columns, ids, bytes(digests_hash), bytes(prev), bytes(value), sealed_at
        ) or (ids[0], ids[-1], len(ids), len(ids) * DIGEST_BYTES) != (first, last, count, length):
            breaks.append(Break(table, number, None, BLOCK_EDITED))
        prev_hash, expected, rows, last_id = bytes(value), number + 1, rows + count, max(last_id, last)
    unique = list(dict.fromkeys(breaks))
    return _Held(unique, rows, expected - 1, last_id)


def _is_sound(
    table: str, number: int, columns: list[str], ids: list[int], digests_hash: bytes, prev: bytes, value: bytes,
    sealed_at: datetime,
) -> bool:  # fmt: skip
    made = block_hash(
        prev_hash=prev, table=table, number=number, columns=columns, ids=ids, digests_hash=digests_hash,
        sealed_at=sealed_at,
    )  # fmt: skip
    return bool(ids) and made == value


# ── Rows ────────────────────────────────────────────────────────────────────────────────────────────────────

_SPANS = """
    SELECT number, columns, ids, digests, last_id,
           coalesce(lag(last_id) OVER (ORDER BY number), -9223372036854775808) AS after_id
      FROM audit_chainblock WHERE table_name = %s
"""


def _check_rows(table: SealedTable) -> list[Break]:
    """Blocks whose rows do not give their digests any more, each with its first broken row.

    A block answers for every id after the block before, so a row that was put in between is found too.
    """
    now = set(table_columns(table.name))
    breaks: list[Break] = []
    for columns in _column_lists(table.name):
        if not now.issuperset(columns):
            first = ChainBlock.objects.filter(table_name=table.name, columns=columns).order_by("number")[:1]
            breaks += [Break(table.name, block.number, None, COLUMN_GONE) for block in first]
            continue
        with connection.cursor() as cursor:
            cursor.execute(_mismatch_sql(table, columns), [table.name, columns])
            broken = cursor.fetchall()
        breaks += [_first_broken(table, columns, *row) for row in broken]
    return breaks


def _column_lists(table: str) -> list[list[str]]:
    rows = ChainBlock.objects.filter(table_name=table).order_by("columns")
    return list(rows.values_list("columns", flat=True).distinct())


def _names(table: SealedTable, columns: Sequence[str]) -> dict[str, sql.Composable]:
    return {
        "spans": sql.SQL(_SPANS), "name": sql.Identifier(table.name), "key": sql.Identifier(table.key),
        "digest": row_digest(columns),
    }  # fmt: skip


def _mismatch_sql(table: SealedTable, columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(
        "SELECT b.number, b.after_id, b.last_id, b.ids, b.digests FROM ({spans}) b CROSS JOIN LATERAL ("
        "SELECT string_agg({digest}, ''::bytea ORDER BY t.{key}) AS made FROM {name} t"
        " WHERE t.{key} > b.after_id AND t.{key} <= b.last_id) r"
        " WHERE b.columns = %s::varchar[] AND r.made IS DISTINCT FROM b.digests ORDER BY b.number"
    ).format(**_names(table, columns))


def _first_broken(
    table: SealedTable,
    columns: Sequence[str],
    number: int,
    after: int,
    last: int,
    ids: list[int],
    digests: bytes,
) -> Break:
    """The lowest id at which rows and block differ."""
    query = sql.SQL("SELECT t.{key}, {digest} FROM {name} t WHERE t.{key} > %s AND t.{key} <= %s").format(
        key=sql.Identifier(table.key), digest=row_digest(columns), name=sql.Identifier(table.name)
    )
    with connection.cursor() as cursor:
        cursor.execute(query, [after, last])
        rows = {key: bytes(digest) for key, digest in cursor.fetchall()}
    data = bytes(digests)
    sealed = {key: data[n * DIGEST_BYTES : (n + 1) * DIGEST_BYTES] for n, key in enumerate(ids)}
    for key in sorted({*rows, *sealed}):
        if key not in rows:
            return Break(table.name, number, key, MISSING)
        if key not in sealed:
            return Break(table.name, number, key, INSERTED)
        if rows[key] != sealed[key]:
            return Break(table.name, number, key, CHANGED)
    return Break(table.name, number, None, BLOCK_EDITED)


def _count_after(table: SealedTable, last_id: int) -> int:
    query = sql.SQL("SELECT count(*) FROM {} WHERE {} > %s").format(
        sql.Identifier(table.name), sql.Identifier(table.key)
    )
    with connection.cursor() as cursor:
        cursor.execute(query, [last_id])
        (count,) = cursor.fetchone()
    return count
