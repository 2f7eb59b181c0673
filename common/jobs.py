"""Putting a job on the queue after the commit, and telling how far it is.

What a job has to do is read from the database, so a lost message loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import structlog
from celery import current_app
from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.db import OperationalError as DatabaseUnavailable
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)


def enqueue(task: str) -> None:
    """Ask for ``task`` (its full name) once the transaction is committed; a queue that is down is only logged."""

    def send() -> None:
        try:
            current_app.send_task(task)
        except (OperationalError, RedisError, OSError) as error:
            log.warning("queue_down", task=task, error=type(error).__name__)

    transaction.on_commit(send)


@contextmanager
def only_one(lock: int, pk: int) -> Iterator[bool]:
    """Whether this connection alone works on row ``pk`` of the jobs ``lock``; it goes with a worker that dies."""
    keys = [lock, pk % 2**31]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", keys)
        (mine,) = cursor.fetchone()
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", keys)


Run = Callable[[str, Sequence[Any]], int | None]


@contextmanager
def beside() -> Iterator[Run]:
    """Statements on a connection of their own: seen by everybody at once, also while the job is within a transaction.

    The function returns how many rows it touched. It waits for a lock half a second at most, since the lock may in the
    end depend on the job itself; then, or where there is no connection, nothing is written and it returns None.
    """
    own = connections.create_connection(DEFAULT_DB_ALIAS)
    # none of the pool's: there the short patience would stay on it, for whoever comes next
    own.settings_dict = {**own.settings_dict, "OPTIONS": {**own.settings_dict["OPTIONS"], "pool": False}}

    def run(sql: str, params: Sequence[Any]) -> int | None:
        try:
            if own.connection is None:
                with own.cursor() as cursor:
                    cursor.execute("SET lock_timeout = '500ms'")
            with own.cursor() as cursor:
                cursor.execute(sql, params)
                return int(cursor.rowcount)
        except DatabaseUnavailable as error:
            log.info("progress_left_out", error=type(error.__cause__ or error).__name__)
            own.close()  # the next one connects anew
            return None

    try:
        yield run
    finally:
        own.close()
