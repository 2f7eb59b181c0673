"""The questionnaire after a conference."""

from __future__ import annotations

from typing import Any

from django import forms

from common.forms import KyoseiForm
from referrals.enums import Agreement
from referrals.models.survey import SURVEY


class SurveyForm(KyoseiForm):
    comment = forms.CharField(
        label="次の会議に向けて", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="人の名前やケースの中身は書かないでください。",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in SURVEY.items():
            self.fields[name] = forms.TypedChoiceField(
                label=label, choices=Agreement.choices, coerce=int, widget=forms.RadioSelect
            )
        self.order_fields([*SURVEY, "comment"])
