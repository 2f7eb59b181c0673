"""Putting a job on the queue after the commit. What a job has to do is read from the database, so a lost message loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from celery import current_app
from django.db import connection, transaction
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
