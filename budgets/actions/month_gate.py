"""The gate of a month: whoever writes into it holds it open, whoever locks it waits until all are through."""

from __future__ import annotations

from datetime import date

from django.db import connection

from budgets.models.work import MONTH_GATE


def close_gate(month: date) -> None:
    """Wait for every transaction that writes into ``month``, and keep new ones out until this one ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [MONTH_GATE, month.year * 12 + month.month])
