"""Processes that tests fork, to be killed."""

from __future__ import annotations

import os
from collections.abc import Callable

from django.db import connections


def in_a_child(call: Callable[[], object]) -> int:
    """``call`` in a process of its own, with connections of its own; returns its id.

    An event loop belongs to its process. Where browser tests set one going, the child sees none and would find the connection
    that the parent opened before it. What is inherited is forgotten: never spoken on, never closed.
    """
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        try:
            for inherited in connections.all(initialized_only=True):
                inherited.connection = None
            call()
        finally:
            os._exit(0)
    return pid
