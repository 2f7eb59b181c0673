"""The rules of one kind of conference."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts.enums import Ground
from common.forms import KyoseiForm, WarekiDateField
from referrals.enums import KIND_RULES, Attends, ConferenceKind, Convener, Decides


class RuleForm(KyoseiForm):
    kind = forms.ChoiceField(
        label="もとになる種類", choices=ConferenceKind.choices,
        help_text="法や要綱の決まりは、もとになる種類のものが残ります。",
    )  # fmt: skip
    name = forms.CharField(label="呼び名", max_length=40, help_text="例：包括的支援会議、まるごと会議")
    applies_from = WarekiDateField(label="適用開始日")
    is_used = forms.BooleanField(label="この種類の会議を招集できる", required=False, initial=True)
    conveners = forms.MultipleChoiceField(
        label="招集できる機関", choices=Convener.choices, widget=forms.CheckboxSelectMultiple
    )
    grounds = forms.MultipleChoiceField(
        label="使える根拠", required=False, choices=Ground.choices, widget=forms.CheckboxSelectMultiple
    )
    attends = forms.ChoiceField(label="招ける機関", choices=Attends.choices, widget=forms.RadioSelect)
    decides = forms.MultipleChoiceField(
        label="決められること", choices=Decides.choices, widget=forms.CheckboxSelectMultiple
    )
    note = forms.CharField(label="要綱・補足", required=False, max_length=300)

    def __init__(self, *args: Any, kind: str = "", **kwargs: Any) -> None:
        """``kind``: of a kind that is there; only what its law gives is offered. Without it a new one is made."""
        super().__init__(*args, **kwargs)
        if not kind:
            return
        law = KIND_RULES[ConferenceKind(kind)]
        self.fields["kind"].widget = forms.HiddenInput()
        offered = {
            "grounds": [(g.value, g.label) for g in law.grounds],
            "decides": [(d.value, d.label) for d in law.decides],
        }
        for name, choices in offered.items():
            self.fields[name].choices = choices  # type: ignore[attr-defined]
        if not law.grounds:
            del self.fields["grounds"]
