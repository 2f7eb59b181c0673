"""What the forms of one request refused, for the log: names of fields and codes, never what was typed."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

from django.core.exceptions import ValidationError

_said: Final[ContextVar[tuple[str, ...]]] = ContextVar("refusals", default=())
_IDS: Final = {"invalid_choice": "value", "invalid_pk_value": "pk"}


def begin() -> None:
    """A request begins: nothing has been refused yet."""
    _said.set(())


def said() -> tuple[str, ...]:
    """``field:code`` of what was refused since ``begin``; a number that is no choice of its field stands with it."""
    return _said.get()


def note(field: str | None, error: object) -> None:
    """One refusal of a form. A forged id is worth knowing; words somebody typed are not kept."""
    for one in _each(error):
        code = one.code or "rule"
        given = str((one.params or {}).get(_IDS.get(code, ""), "")) if isinstance(one.params, dict) else ""
        forged = f"={given}" if given.isascii() and given.isdecimal() and len(given) < 18 else ""
        _said.set((*_said.get(), f"{field or 'form'}:{code}{forged}"))


def _each(error: object) -> list[ValidationError]:
    if isinstance(error, ValidationError):
        return list(error.error_list) if hasattr(error, "error_list") else []
    return [ValidationError(str(error), code="rule")]
