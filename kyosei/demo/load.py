"""Loading the demo in stages, each in one transaction: a load that was cut off goes on where it stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Agency
from kyosei.demo.masters import AGENCIES, load_masters

_LOCK: Final = 7009  # advisory lock: two loads at once would make everything twice
_MARK: Final = AGENCIES[0].code


def is_foreign() -> bool:
    """Whether there are agencies, and none of them is the demo's."""
    return Agency.objects.exists() and not Agency.objects.filter(code=_MARK).exists()


@transaction.atomic
def _run(is_done: Callable[[], bool], load: Callable[[], None]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    if is_done():
        return False
    load()
    return True


def load_demo(at: datetime | None = None) -> Iterator[str]:
    """Load every stage that is not there yet; yields the name of each one that was loaded."""
    at = at or timezone.now()
    is_new = not Agency.objects.filter(code=_MARK).exists()
    _run(lambda: False, load_masters)  # adds what a later version of the program has more
    if is_new:
        yield "圏域・機関・職員"
