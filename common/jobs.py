"""Putting a job on the queue after the commit. What a job has to do is read from the database, so a lost message loses nothing."""

from __future__ import annotations

import structlog
from celery import current_app
from django.db import transaction
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
