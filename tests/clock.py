"""The day on which the tests run: always the same, in Python and in the database, whatever the machine's clock says.

Time goes on from 2026-11-23 20:00 in Tokyo. The database's own now (``Now()`` in scopes, ``now()`` in triggers) is moved
by the same distance: functions of a schema that stands before ``pg_catalog`` in the search path of the test database.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import time_machine
from django.conf import settings
from django.db import connections

from tests.factories import NOW

# the evening of the day of NOW: what tests write at NOW, or an hour later, has happened
START = NOW.replace(hour=20)

_FUNCTIONS = ("now", "statement_timestamp", "transaction_timestamp", "clock_timestamp")


class TestClock:
    """Started once, before any test."""

    __test__ = False

    def __init__(self) -> None:
        self.shift = START - datetime.now(UTC)
        self._travel = time_machine.travel(START, tick=True)

    def start(self) -> None:
        self._travel.start()
        options = settings.DATABASES["default"].setdefault("OPTIONS", {})
        known = options.get("options", "").partition(" -c search_path=")[0]
        options["options"] = (
            f"{known} -c search_path=public,test_clock,pg_catalog -c kyosei.shift={self._seconds()}s"
        )

    def stop(self) -> None:
        self._travel.stop()

    def _seconds(self) -> int:
        return int(self.shift / timedelta(seconds=1))

    def move_database(self, on: timedelta = timedelta(0)) -> None:
        """Make the functions in the test database; connections that are open already take them up."""
        with connections["default"].cursor() as cursor:
            cursor.execute("CREATE SCHEMA IF NOT EXISTS test_clock")
            for name in _FUNCTIONS:
                cursor.execute(
                    f"CREATE OR REPLACE FUNCTION test_clock.{name}() RETURNS timestamptz LANGUAGE sql STABLE AS "
                    f"$$SELECT pg_catalog.{name}() + current_setting('kyosei.shift')::interval"
                    f" + interval '{int(on / timedelta(seconds=1))} seconds'$$"
                )

    @contextmanager
    def later(self, on: timedelta) -> Iterator[None]:
        """Time goes on from that much later, in Python and in a database whose transactions are real. Not nested."""
        with time_machine.travel(datetime.now(UTC) + on, tick=True):
            self.move_database(on)
            try:
                yield
            finally:
                self.move_database()
