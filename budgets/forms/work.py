"""Input of the week page: one line per day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms

from budgets.quick_entry import EXAMPLE, Choice
from common.errors import RuleViolation
from common.forms import KyoseiForm, RequestKeyField


def line_input(day: date, *, prefix: str = "line") -> forms.TextInput:
    return forms.TextInput(
        {
            "class": "input", "autocomplete": "off", "placeholder": "9:30 60 地域", "id": f"{prefix}-{day.isoformat()}",
            "data-quick-line": "", "enterkeyhint": "done",
        }
    )  # fmt: skip


class LineForm(KyoseiForm):
    """「9:30 60 地域づくり」: read by budgets.quick_entry."""

    line = forms.CharField(
        label="時刻 分 業務",
        max_length=200,
        error_messages={"required": f"時刻・分・業務を入力してください。{EXAMPLE}"},
    )

    def __init__(self, *args: Any, day: date, prefix_id: str = "line", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["line"].widget = line_input(day, prefix=prefix_id)

    def add_violation(self, violation: RuleViolation) -> None:
        """Whatever is wrong with the day, the minutes or the category is wrong with the one line."""
        self.add_error("line", violation.message)


class CategoryForm(KyoseiForm):
    """Another category for a derived entry, and why."""

    category = forms.ChoiceField(label="業務区分")
    reason = forms.CharField(
        label="直す理由", max_length=200, required=False, widget=forms.TextInput({"autocomplete": "off"})
    )

    def __init__(self, *args: Any, choices: Sequence[Choice], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"].choices = [(c.code, c.name) for c in choices]  # type: ignore[attr-defined]


class AddLineForm(LineForm):
    request_key = RequestKeyField()
