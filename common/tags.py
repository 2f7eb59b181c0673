"""The tag of a row: whoever writes over it says which state of it they have read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

from django.utils.crypto import salted_hmac

from common.errors import StaleRecord

_LENGTH: Final = 16


def tag_of(row: Any) -> str:
    """The version of a row that has one; of another a digest of what its writes change (``tag_fields`` of its model).

    A digest says that somebody wrote, not how often: a row that is again what it was has its first tag again. It is
    keyed: among the fields are some that a reader may not know (the desk of a protected household), and a plain one
    would tell them to whoever tries the few values that they can have.
    """
    if (version := getattr(row, "version", None)) is not None:
        return str(version)
    names: tuple[str, ...] = getattr(type(row), "tag_fields", ())
    said = json.dumps([type(row).__name__, row.pk, *(_plain(getattr(row, name)) for name in names)])
    return salted_hmac("common.tags", said, algorithm="sha256").hexdigest()[:_LENGTH]


def check_tag(row: Any, tag: str | None) -> None:
    """Raise StaleRecord when ``row`` (locked, fresh from the database) is not what was read. None: nobody asks (a page)."""
    if tag is not None and tag_of(row) != tag:
        raise StaleRecord(current=row)


def _plain(value: object) -> str | None:
    """The same words for a value from the database and for one that was set a moment ago."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return None if value is None else str(value)
