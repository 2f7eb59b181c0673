"""What every body that is sent to the API is read by: a key that nobody reads is refused, not dropped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from common.japan.numbers import parse_phone
from common.tags import tag_of

LONGEST = 60  # characters of a key that are said again


def _unknown(names: set[str]) -> dict[str, list[str]]:
    """The keys are a stranger's words: what no page and no table can hold (half a character, a zero byte) is not said again."""
    told = {"".join(char if char.isprintable() else "\ufffd" for char in name)[:LONGEST] for name in names}
    return {name: [f"「{name}」という項目はありません。"] for name in sorted(told)}


class Body(serializers.Serializer):
    """A body of the API. A misspelt or foreign key is said beside the other mistakes: it would otherwise look written."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = _unknown({str(key) for key in data} - set(self.fields)) if isinstance(data, Mapping) else {}
        try:
            said = super().to_internal_value(data)
        except ValidationError as error:
            if unknown and isinstance(error.detail, dict):
                raise ValidationError({**error.detail, **unknown}) from None
            raise
        if unknown:
            raise ValidationError(unknown)
        return said


def refuse_body(request: Request) -> None:
    """For what is done without a body: whoever sends one means something that would not happen."""
    if isinstance(request.data, Mapping) and request.data:
        raise ValidationError(_unknown({str(key) for key in request.data}))


class PhoneField(serializers.CharField):
    """A telephone number; read as its digits, "" if left empty."""

    def to_internal_value(self, data: Any) -> str:
        try:
            return parse_phone(super().to_internal_value(data))
        except ValueError as error:
            raise ValidationError(str(error)) from None


class TagField(serializers.CharField):
    """``etag`` of the row itself (``common.tags``): what is read in a list alone tells it there."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs |= {"source": "*", "read_only": True}
        kwargs.setdefault("help_text", "この行の版。引用符で囲んで If-Match に付ける")
        super().__init__(**kwargs)

    def to_representation(self, value: Any) -> str:
        return tag_of(value)
