"""Rows of history and logs for the tests of the chain, and how to tamper with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

from django.db import connection, transaction

from accounts.enums import Sector
from audit.actions import record_access
from audit.models import AccessKind
from budgets.models import FundingStream
from tests import factories as f


class Undo(Exception):
    """Leaves a savepoint with everything in it undone."""


@contextmanager
def tampering() -> Iterator[None]:
    """As somebody with the database's password would: triggers off. Everything is undone at the end."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL session_replication_role = replica")
            yield
            raise Undo
    except Undo:
        pass


def execute(sql: str, *params: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params or None)
        return cursor.fetchall() if cursor.description else []


def log_lines(actor, count: int, *, kind: str = AccessKind.VIEW, target: str = "cases.case") -> None:
    for n in range(count):
        record_access(
            actor=actor, kind=kind, target_type=target, target_id=str(n + 1), at=f.NOW + timedelta(seconds=n),
            path=f"/cases/R8-{n:05}/", remote_addr="10.0.0.1", ground="own_duty",
        )  # fmt: skip


def some_life(worker, colleague) -> None:
    """Writes that leave rows in many history tables and in both logs."""
    f.make_streams()
    FundingStream.objects.filter(code="care").update(short_name="包括")
    case = f.make_case(worker.actor, sectors=(Sector.ELDERLY, Sector.POVERTY))
    person = case.person
    person.given_name, person.phone, person.note = "和代", "0595-00-0000", "夜は つながりにくい"
    person.save()
    case.household.address = "美旗野市つつじが丘1番地"
    case.household.save()
    colleague.staff.kana = "にしお ゆう"
    colleague.staff.save()
    for n in range(6):
        f.make_person("架空", f"人{n}", phone=f"0595-00-{n:04}", note=f"控え {uuid4()}")
    log_lines(worker.actor, 40)
    log_lines(colleague.actor, 20, kind=AccessKind.PRINT)
