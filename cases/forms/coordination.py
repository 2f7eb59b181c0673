"""The form of 連携の型."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts.models import Agency
from cases.coordination import RULES, Model, Project
from common.forms import KyoseiForm, WarekiDateField


class CoordinationForm(KyoseiForm):
    """One model from a day. ``operators()`` is what was chosen for each sub-project."""

    request_key = forms.UUIDField(widget=forms.HiddenInput)
    model = forms.ChoiceField(label="連携の型", choices=Model.choices, widget=forms.RadioSelect)
    starts_on = WarekiDateField(label="開始日")
    center = forms.ModelChoiceField(
        label="中心となる機関",
        queryset=Agency.objects.none(),
        required=False,
        help_text="「中央の」「推進員」「総合相談窓口」の型で選びます",
    )
    coordinator_may_lead = forms.BooleanField(
        label="調整役も主担当になれる",
        required=False,
        help_text="「中央の」「分野ごとの」の型で選べます。ほかの型では型が決めます",
    )
    conference_days = forms.IntegerField(
        label="複数の分野のケースの会議まで",
        required=False,
        help_text="開庁日で数えます。空欄なら型の既定の日数",
    )
    reason = forms.CharField(label="理由", max_length=300)

    def __init__(self, *args: Any, actor: object, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        agencies = Agency.objects.visible_to(actor).filter(closed_on__isnull=True).order_by("code")
        self.fields["center"].queryset = agencies  # type: ignore[attr-defined]
        choices = [(agency.pk, agency.name) for agency in agencies]
        for project in Project:
            field = forms.ModelMultipleChoiceField(
                label=project.label, queryset=agencies, required=False, widget=forms.CheckboxSelectMultiple
            )
            field.choices = choices
            self.fields[project.value] = field

    def projects(self) -> list[Any]:
        return [self[project.value] for project in Project]

    def operators(self) -> dict[str, list[Agency]]:
        return {p.value: list(self.cleaned_data[p.value]) for p in Project if self.cleaned_data.get(p.value)}


def models_in_words() -> list[dict[str, str]]:
    """For the page: what each model does, where it was seen."""
    return [
        {"value": model.value, "label": model.label, "place": rule.place, "says": rule.says, "center": rule.center}
        for model, rule in RULES.items()
    ]  # fmt: skip
