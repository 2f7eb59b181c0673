"""How fields are written: as Django's widget templates write them, without a template for the plain ones.

A page has dozens of fields, each of which Django writes by two or three templates; a choice by two for every option.
Inputs, text areas, choices and what is made of them are written here, everything else goes Django's own way. The test holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.forms.renderers import TemplatesSetting
from django.utils.formats import localize
from django.utils.html import conditional_escape, escape

Widget = Mapping[str, Any]
_DIRECTORY: Final = "django/forms/widgets/"
_INPUTS: Final = (
    "input", "text", "number", "email", "url", "password", "hidden", "date", "datetime", "time", "checkbox",
)  # fmt: skip
_OPTION: Final = f"{_DIRECTORY}select_option.html"


def _said(value: Any) -> str:
    return conditional_escape(value) if isinstance(value, str) else escape(str(value))


def _shown(value: Any) -> str:
    return conditional_escape(value if isinstance(value, str) else str(localize(value)))


def _attributes(attrs: Mapping[str, Any]) -> str:
    return "".join(
        f" {_shown(name)}" if value is True else f' {_shown(name)}="{_said(value)}"'
        for name, value in attrs.items()
        if value is not False
    )


def _input(widget: Widget) -> str:
    value = "" if widget["value"] is None else f' value="{_said(widget["value"])}"'
    kind, name = _shown(widget["type"]), _shown(widget["name"])
    return f'<input type="{kind}" name="{name}"{value}{_attributes(widget["attrs"])}>'


def _textarea(widget: Widget) -> str:
    value = _shown(widget["value"]) if widget["value"] else ""
    return f'<textarea name="{_shown(widget["name"])}"{_attributes(widget["attrs"])}>\n{value}</textarea>'


def _select(widget: Widget) -> str | None:
    parts = [f'<select name="{_shown(widget["name"])}"{_attributes(widget["attrs"])}>']
    for group, options, _ in widget["optgroups"]:
        if group:
            parts.append(f'<optgroup label="{_shown(group)}">')
        for option in options:
            if option["template_name"] != _OPTION:
                return None
            attrs = _attributes(option["attrs"])
            parts.append(
                f'<option value="{_said(option["value"])}"{attrs}>{_shown(option["label"])}</option>'
            )
        if group:
            parts.append("</optgroup>")
    return "\n".join([*parts, "</select>"])


def _option(widget: Widget) -> str | None:
    """One of the choices alone, as a page that writes their labels itself asks for it."""
    return None if widget.get("wrap_label") else _input(widget)


def _several(widget: Widget) -> str | None:
    """A widget of widgets: a day and a time."""
    parts = []
    for part in widget["subwidgets"]:
        write = _WRITERS.get(part["template_name"])
        if write is None or (written := write(part)) is None:
            return None
        parts.append(written)
    return "".join(parts)


_WRITERS: Final[dict[str, Callable[[Widget], str | None]]] = {
    **{f"{_DIRECTORY}{name}.html": _input for name in _INPUTS},
    f"{_DIRECTORY}textarea.html": _textarea,
    f"{_DIRECTORY}select.html": _select,
    **{f"{_DIRECTORY}{name}.html": _option for name in ("radio_option", "checkbox_option")},
    **{
        f"{_DIRECTORY}{name}.html": _several
        for name in ("multiwidget", "splitdatetime", "splithiddendatetime")
    },
}


class FormRenderer(TemplatesSetting):
    """``FORM_RENDERER`` of the settings."""

    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> str:
        write = _WRITERS.get(template_name)
        written = write(context["widget"]) if write is not None else None
        return super().render(template_name, context, request) if written is None else written
