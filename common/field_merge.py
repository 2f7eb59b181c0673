"""Two people edit one record: what only one of them changed is kept from each; what both changed is put before the second.

A form carries the version that it was opened on. When somebody has saved since, the row of that version in the history
says what either of them changed. Fields that only the other changed are taken over, and the form is saved on top;
where both changed one field, nothing is saved and the page shows both values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django import forms
from django.db import models
from django.http import QueryDict
from django.utils import timezone

from common.errors import StaleRecord
from common.japan.wareki import format_wareki

_TRIES = 3


@dataclass(frozen=True, slots=True)
class FieldEdit:
    """One field: what stood when the form was opened (``known``), what stands now, what was typed."""

    name: str
    label: str
    base: Any
    theirs: Any
    mine: Any
    known: bool = True
    column: str = ""

    @property
    def differs(self) -> bool:
        return bool(self.theirs != self.mine)

    @property
    def is_theirs(self) -> bool:
        """Only the other changed it."""
        return self.differs and self.known and self.mine == self.base

    @property
    def is_conflict(self) -> bool:
        """Both changed it, to different values; or nobody can tell who did."""
        return self.differs and not (self.known and self.base in (self.mine, self.theirs))


@dataclass(frozen=True, slots=True)
class Saved:
    """The form is saved; ``taken`` are the labels of fields that the other's correction filled."""

    taken: tuple[str, ...] = ()

    def words(self, said: str) -> str:
        """「訂正を保存しました。」, with what was taken over from the other."""
        if not self.taken:
            return said
        return f"{said}同じ時に保存されたほかの職員の訂正（{'、'.join(self.taken)}）もあわせて残しました。"


@dataclass(frozen=True, slots=True)
class Conflict:
    """Nothing is saved. ``rows`` are for components/compare.html, ``data`` fills the form to be saved on top."""

    rows: list[dict[str, Any]]
    data: QueryDict
    current: Any


def save_merging(
    form: forms.Form,
    save: Callable[[], object],
    *,
    also: Callable[[Any], Mapping[str, tuple[str, Any, Any]]] | None = None,
) -> Saved | Conflict:
    """Call ``save`` (which reads ``form.cleaned_data``); on StaleRecord merge field by field and call it again.

    ``also``: of the current row, fields that its history does not hold, as name → (label, theirs, mine); where they
    differ, only a person can decide. Other errors of ``save`` go through.
    """
    taken: tuple[str, ...] = ()
    for _ in range(_TRIES):
        try:
            save()
        except StaleRecord as stale:
            current: Any = stale.current
            edits = field_edits(form, current) + _extra(also(current) if also else {})
            if any(edit.is_conflict for edit in edits):
                return Conflict(
                    [_row(edit, current) for edit in edits], _on_top(form, edits, current), current
                )
            for edit in edits:
                if edit.is_theirs:
                    form.cleaned_data[edit.name] = _cleaned(form, edit)
                    taken = (*taken, edit.label)
            form.cleaned_data["version"] = current.version
        else:
            return Saved(tuple(dict.fromkeys(taken)))
    raise StaleRecord(current=current)


def field_edits(form: forms.Form, current: Any) -> list[FieldEdit]:
    """The form's fields that are columns of the row; what stood before comes from the row's history.

    A form whose fields have other names than the columns says so in ``columns``; one in which several values mean the
    same (nothing chosen and the lead agency) says in ``alike``, by field, which value stands for which.
    """
    opened = form.cleaned_data["version"]
    base = current.events.filter(version=opened).order_by("-pgh_id").values().first()
    attnames = {field.name: field.attname for field in current._meta.concrete_fields}
    columns, alike = getattr(form, "columns", {}), getattr(form, "alike", {})
    edits = []
    for name, field in form.fields.items():
        column = columns.get(name, name)
        if column not in attnames or column == "version":
            continue
        attname, same = attnames[column], alike.get(name, {})
        values = (base[attname] if base else None, getattr(current, attname), form.cleaned_data.get(name))
        before, theirs, mine = (_one_for_all(_plain(value), same) for value in values)
        edits.append(
            FieldEdit(name, str(field.label), before, theirs, mine, known=base is not None, column=column)
        )
    return edits


def _one_for_all(value: Any, same: Mapping[Any, Any]) -> Any:
    """The value that stands for all that mean the same."""
    return same.get(value, value) if same else value


def changed_rows(form: forms.Form, current: Any) -> list[dict[str, Any]]:
    """Where a valid form differs from the row: label, what stands, what was typed."""
    return [_row(edit, current) for edit in field_edits(form, current) if edit.differs]


def _extra(fields: Mapping[str, tuple[str, Any, Any]]) -> list[FieldEdit]:
    return [
        FieldEdit(name, label, None, theirs, mine, known=False)
        for name, (label, theirs, mine) in fields.items()
    ]


def _plain(value: Any) -> Any:
    """A value as both sides have it: ids instead of rows, words without the blanks around them, lists in order."""
    if isinstance(value, models.Model):
        return value.pk
    if isinstance(value, str):
        return value.strip().replace("\r\n", "\n")
    if isinstance(value, list | tuple):
        return sorted(value)
    return value


def _cleaned(form: forms.Form, edit: FieldEdit) -> Any:
    """Their value in the type that the form's own cleaning gives."""
    field = form.fields[edit.name]
    if isinstance(field, forms.ModelChoiceField) and edit.theirs is not None:
        rows: Any = field.queryset  # theirs may be a choice that this reader has not
        return rows.model._default_manager.get(pk=edit.theirs)
    if isinstance(field, forms.ModelChoiceField | forms.TypedChoiceField):
        return field.clean("" if edit.theirs is None else str(edit.theirs))
    return edit.theirs


def _on_top(form: forms.Form, edits: list[FieldEdit], current: Any) -> QueryDict:
    """What was sent, with the fields that only the other changed filled in, on the version that now stands."""
    data: QueryDict = form.data.copy()  # type: ignore[attr-defined]
    for edit in edits:
        if edit.is_theirs:
            _write(data, form, edit)
    data["version"] = str(current.version)
    return data


def _write(data: QueryDict, form: forms.Form, edit: FieldEdit) -> None:
    field, name = form.fields[edit.name], form.add_prefix(edit.name)
    widget = field.widget
    if isinstance(widget, forms.MultiWidget):
        for n, (part, value) in enumerate(
            zip(widget.widgets, widget.decompress(edit.theirs) or [], strict=True)
        ):
            data[f"{name}_{n}"] = part.format_value(value) or ""
    elif isinstance(edit.theirs, list):
        data.setlist(name, [str(value) for value in edit.theirs])
    else:
        shown_as = widget.format_value(field.prepare_value(edit.theirs))
        # a list of choices gives a list, of one or none
        data.setlist(name, [str(v) for v in (shown_as if isinstance(shown_as, list) else [shown_as or ""])])


def _row(edit: FieldEdit, current: Any) -> dict[str, Any]:
    return {
        "label": edit.label, "theirs": shown(current, edit.column or edit.name, edit.theirs),
        "mine": shown(current, edit.column or edit.name, edit.mine), "changed": edit.differs, "taken": edit.is_theirs,
        "conflict": edit.is_conflict,
    }  # fmt: skip


def shown(row: models.Model, name: str, value: Any) -> str:
    """A value of a record as the comparison prints it."""
    if isinstance(value, datetime):
        local = timezone.localtime(value)
        return f"{format_wareki(local.date())} {local:%H:%M}"
    if isinstance(value, date):
        return format_wareki(value)
    field = {f.name: f for f in row._meta.concrete_fields}.get(name)
    if isinstance(field, models.ForeignKey) and isinstance(value, int):
        return str(field.related_model._default_manager.filter(pk=value).first() or value)
    choices = dict(
        getattr(field, "choices", None) or getattr(getattr(field, "base_field", None), "choices", None) or ()
    )
    if isinstance(value, list):
        return "、".join(str(choices.get(v, v)) for v in value)
    return str(choices.get(value, value) if choices else value or "")
