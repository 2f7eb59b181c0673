"""The description of the API as a page of our own: readable by keyboard, on paper, and without another host's scripts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from accounts.access import no_permission

_ROOT: Final = "/api/v1/"
_TYPES: Final = {
    "string": "文字列", "integer": "整数", "number": "数", "boolean": "真偽", "object": "まとまり", "array": "並び",
}  # fmt: skip
_FORMATS: Final = {
    "date": "日付", "date-time": "日時", "uuid": "UUID", "uri": "アドレス", "email": "メールアドレス", "binary": "ファイル",
    "decimal": "小数",
}  # fmt: skip
_PLACES: Final = {"path": "アドレス", "query": "絞り込み", "header": "ヘッダー"}


@dataclass(frozen=True, slots=True)
class Part:
    """A parameter or a field: ``refs`` are the names of the descriptions that its type leads to."""

    name: str
    type: str
    is_needed: bool
    said: str
    place: str = ""
    refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    method: str
    path: str
    said: str
    parts: tuple[Part, ...]
    body: tuple[str, ...]
    answers: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(slots=True)
class Resource:
    """All that can be asked under one name."""

    name: str
    operations: list[Operation] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Description:
    resources: list[Resource]
    shapes: list[tuple[str, str, list[Part]]]


@lru_cache(maxsize=1)
def described() -> Description:
    """The schema that the program itself gives (``/api/schema/``), put in order for readers. Made once per process."""
    generator: Any = SchemaGenerator
    schema: dict[str, Any] = generator().get_schema(request=None, public=True)
    resources: dict[str, Resource] = {}
    for path, methods in schema["paths"].items():
        name = path.removeprefix(_ROOT).split("/")[0]
        resource = resources.setdefault(name, Resource(name))
        resource.operations += [_operation(path, method, said) for method, said in methods.items()]
    shapes = [
        (name, _words(shape.get("description")), list(_fields(shape)))
        for name, shape in sorted(schema["components"]["schemas"].items())
    ]
    return Description(list(resources.values()), shapes)


def _operation(path: str, method: str, said: dict[str, Any]) -> Operation:
    parts = tuple(
        Part(
            row["name"], _type(row.get("schema", {})), bool(row.get("required")), _words(row.get("description")),
            _PLACES.get(row["in"], row["in"]),
        )
        for row in sorted(said.get("parameters", ()), key=lambda row: list(_PLACES).index(row["in"]))
    )  # fmt: skip
    answers = tuple(
        (code, tuple(dict.fromkeys(_refs(answer.get("content", {})))))
        for code, answer in sorted(said.get("responses", {}).items())
    )
    body = tuple(dict.fromkeys(_refs(said.get("requestBody", {}).get("content", {}))))
    return Operation(method.upper(), path, _words(said.get("description")), parts, body, answers)


def _fields(shape: dict[str, Any]) -> Iterator[Part]:
    needed = set(shape.get("required", ()))
    for name, row in shape.get("properties", {}).items():
        is_read = row.get("readOnly", False)
        said = _words(row.get("description") or row.get("title"))
        yield Part(
            name,
            _type(row),
            name in needed and not is_read,
            said,
            "答えだけ" if is_read else "",
            tuple(_refs(row)),
        )
    if values := shape.get("enum"):
        yield Part("値", "・".join(map(str, values)), False, "")


def _words(text: str | None) -> str:
    return (text or "").strip()


def _type(row: dict[str, Any]) -> str:
    if values := row.get("enum"):
        return "・".join(str(value) for value in values if value not in ("", None))
    if "items" in row:
        return f"{_type(row['items']) or '項目'}の並び"
    if list(_refs(row)):
        return ""
    return _FORMATS.get(row.get("format", "")) or _TYPES.get(row.get("type", ""), "")


def _refs(row: Any) -> Iterator[str]:
    """The names of all descriptions that something leads to."""
    if isinstance(row, dict):
        if isinstance(row.get("$ref"), str):
            yield row["$ref"].rsplit("/", 1)[-1]
        for value in row.values():
            yield from _refs(value)
    elif isinstance(row, list | tuple):
        for value in row:
            yield from _refs(value)


@require_safe
@no_permission("what can be asked; every answer goes through its own scope")
def docs(request: HttpRequest) -> HttpResponse:
    return render(request, "api_docs.html", {"description": described()})
