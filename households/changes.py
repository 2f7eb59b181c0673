"""What a movement changes, remembered row by row, so that withdrawing it puts everything back or says why it cannot."""

from __future__ import annotations

from typing import Any, Final

from django.apps import apps
from django.db import models
from django.db.models import ProtectedError

from common.errors import RuleViolation
from households.merging import row_values

CHANGED_SINCE: Final = "このあとに記録が変わっているため、取り消せません。あとの異動から順に取り消すか、世帯員を直接訂正してください。"


class Changes:
    """Writes rows and keeps, as JSON, what each was before and is after."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def add(self, row: models.Model) -> None:
        row.save()
        self._keep(row, None, row_values(row))

    def change(self, row: models.Model, **values: Any) -> None:
        before = _columns(row, values)
        for name, value in values.items():
            setattr(row, name, value)
        row.save(update_fields=list(values))
        self._keep(row, before, _columns(row, values))

    def remove(self, row: models.Model) -> None:
        before = row_values(row)
        self._keep(row, before, None)
        row.delete()

    def _keep(self, row: models.Model, before: Any, after: Any) -> None:
        self.rows.append({"model": row._meta.label_lower, "pk": row.pk, "before": before, "after": after})


def _columns(row: models.Model, names: Any) -> dict[str, Any]:
    columns = {row._meta.get_field(name).attname for name in names}  # type: ignore[union-attr]
    return {name: value for name, value in row_values(row).items() if name in columns}


def put_back(rows: list[dict[str, Any]]) -> None:
    """Undo in reverse order; RuleViolation when a row is no longer what the movement had made of it.

    A household that the movement made stays, empty: what was written in it since is never lost.
    """
    for kept in reversed(rows):
        model = apps.get_model(kept["model"])
        before, after = kept["before"], kept["after"]
        if after is None:
            _restore(model, before)
            continue
        row = model._default_manager.select_for_update(of=("self",)).filter(pk=kept["pk"]).first()
        if row is None or any(row_values(row)[name] != value for name, value in after.items()):
            if before is None and model._meta.model_name == "household":
                continue
            raise RuleViolation(CHANGED_SINCE)
        if before is None:
            _take_out(row)
        else:
            fields = {field.attname: field for field in model._meta.concrete_fields}
            for name, value in before.items():
                setattr(row, name, None if value is None else fields[name].to_python(value))
            row.save(update_fields=[fields[name].name for name in before])


def _take_out(row: models.Model) -> None:
    if row._meta.model_name == "household":
        return
    try:
        row.delete()
    except ProtectedError:
        raise RuleViolation(CHANGED_SINCE) from None


def _restore(model: type[models.Model], values: dict[str, Any]) -> None:
    fields = {field.attname: field for field in model._meta.concrete_fields}
    row = model(**{name: None if v is None else fields[name].to_python(v) for name, v in values.items()})
    row.save_base(raw=True)
