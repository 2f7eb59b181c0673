"""Rows on their way into a table by COPY, and the indexes that are put aside meanwhile."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, models
from django.db.backends.utils import CursorWrapper

NULL = "\\N"


class Sheet:
    """Lines for one table. Columns that are not named take their field's default; values hold no tab or backslash."""

    def __init__(self, model: type[models.Model], *columns: str) -> None:
        self.table = model._meta.db_table
        given = set(columns)
        rest = [
            field for field in model._meta.concrete_fields
            if field.column not in given and not field.primary_key and not field.null
            and not isinstance(field, models.GeneratedField)
        ]  # fmt: skip
        self.columns = [*columns, *(field.column for field in rest)]
        self._tail = "".join(f"\t{_default(field)}" for field in rest) + "\n"
        self.lines: list[str] = []

    def add(self, *values: object) -> None:
        self.lines.append("\t".join([NULL if v is None else str(v) for v in values]) + self._tail)

    def flush(self, cursor: CursorWrapper) -> int:
        """Copy the lines into the table and forget them; returns how many there were."""
        count = len(self.lines)
        if count:
            names = ", ".join(f'"{column}"' for column in self.columns)
            with cursor.copy(f'COPY "{self.table}" ({names}) FROM STDIN') as copy:
                for start in range(0, count, 5000):
                    copy.write("".join(self.lines[start : start + 5000]))
            self.lines.clear()
        return count


def _default(field: models.Field[Any, Any]) -> str:
    value = field.get_default()
    if isinstance(value, UUID) or value is None:
        raise ValueError(f"{field}: a value is needed in every row")
    if isinstance(value, (list, dict)) and not value:
        return "{}"
    return str(value)


def array(values: list[str]) -> str:
    """A PostgreSQL array of plain words."""
    return "{" + ",".join(values) + "}"


@dataclass(frozen=True, slots=True)
class PutAside:
    """What makes an index or constraint anew."""

    drop: str
    create: str
    size: int  # rows of its table weigh how long it will take


_INDEXES = """
    SELECT c.relname, i.relname, pg_get_indexdef(i.oid), NULL
      FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
     WHERE c.relname = ANY(%s) AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.oid AND k.contype <> 'f')
    UNION ALL
    SELECT c.relname, k.conname, NULL, pg_get_constraintdef(k.oid)
      FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
     WHERE c.relname = ANY(%s) AND k.contype IN ('u', 'x')"""


def put_aside_indexes(tables: list[str]) -> list[PutAside]:
    """Drop every index and unique or exclusion constraint of ``tables`` but the primary keys."""
    with connection.cursor() as cursor:
        cursor.execute(_INDEXES, [tables, tables])
        found = [
            PutAside(
                drop=f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"' if constraint else f'DROP INDEX "{name}"',
                create=f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" {constraint}' if constraint else index,
                size=tables.index(table),
            )
            for table, name, index, constraint in cursor.fetchall()
        ]  # fmt: skip
        for row in found:
            cursor.execute(row.drop)
    return found


def bring_back_indexes(aside: list[PutAside], *, workers: int = 4) -> None:
    """Make them again, several at a time; a row that breaks a constraint stops it here."""

    def make(row: PutAside) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET maintenance_work_mem = '768MB'")
            cursor.execute("SET max_parallel_maintenance_workers = 2")
            cursor.execute(row.create)
        connection.close()

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(make, sorted(aside, key=lambda row: (row.size, "terms)" not in row.create))))


def set_sequences(models_: list[type[models.Model]]) -> None:
    """Let the next row of each table take the id after the last one."""
    with connection.cursor() as cursor:
        for model in models_:
            table = model._meta.db_table
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence(%s, 'id'), COALESCE((SELECT max(id) FROM \"{table}\"), 0) + 1, false)",  # noqa: S608
                [table],
            )
