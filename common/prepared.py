"""Statements that the server prepares: planned once per connection, asked again by name.

The query of a scope takes PostgreSQL about as long to plan as to answer. Django binds parameters in the client, which
leaves nothing to prepare; a cursor from here binds them in the server, and psycopg prepares what one connection asks for
the third time. The plan is thrown away by PostgreSQL itself when a table or its statistics change; where a column got
another type, it refuses, and the question is asked again without its plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from psycopg import Cursor
from psycopg.errors import FeatureNotSupported
from psycopg.pq import TransactionStatus

FROM_THE: Final = 2  # asked so many times before it is prepared
AT_MOST: Final = 64  # plans that one connection holds; the one that was not asked for longest goes


@dataclass(frozen=True, slots=True)
class _Said:
    query: bytes


class _PreparingCursor(Cursor[Any]):
    """psycopg counts and prepares while the threshold stands; the connection's other cursors are left out of it."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        asked = self.connection
        asked.prepare_threshold, asked.prepared_max = FROM_THE, AT_MOST
        try:
            answer = super().execute(query, params, **options)
        except FeatureNotSupported:  # a column has another type than when it was planned
            if asked.info.transaction_status != TransactionStatus.IDLE:
                raise
            answer = super().execute(query, params, prepare=False)
        finally:
            asked.prepare_threshold = None
        if (
            self._query is None
        ):  # psycopg keeps no words of what was asked by name; Django's log of queries reads them
            self._query = _Said(str(query).encode())  # type: ignore[assignment]
        return answer


class PreparingConnection:
    """Django's connection for a compiler of one query: its cursors prepare. All else is the connection's own."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def cursor(self) -> Any:
        wrapped = self._connection.cursor()  # opened, with its zone, its log and its wrappers
        wrapped.cursor.close()
        wrapped.cursor = _PreparingCursor(self._connection.connection)
        return wrapped
