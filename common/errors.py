"""Errors of the domain: a rule was broken, and the person who broke it reads why in Japanese."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.db.models import Model


class RuleViolation(Exception):
    """A rule of the domain forbids what was asked.

    ``message`` is one Japanese sentence for the person at the screen, ``field`` the name of the form field it
    belongs beside (``None``: the whole form), ``context`` whatever a page needs to explain it further.
    Surfaces answer it with HTTP 422 (``status``).
    """

    status = 422

    def __init__(self, message: str, field: str | None = None, **context: Any) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.context = context

    def __str__(self) -> str:
        return self.message


class StaleRecord(RuleViolation):
    """Somebody else saved the row after this person had opened it; ``current`` is the row as it stands
    now.
    """

    default_message = (
        "ほかの職員が先にこの記録を保存しました。相手の内容を確かめてから、もう一度保存してください。"
    )

    def __init__(
        self, message: str | None = None, field: str | None = None, *, current: Model, **context: Any
    ) -> None:
        super().__init__(message or self.default_message, field, **context)
        self.current = current


class Overlap(RuleViolation):
    """Two periods that must not share a day (or a minute) do."""


class InvalidTransition(RuleViolation):
    """The record's state does not allow this step."""


class NotAllowed(RuleViolation):
    """The actor may see the record but may not do this with it (HTTP 403)."""

    status = 403
